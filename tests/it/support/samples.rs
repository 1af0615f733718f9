//! STIX objects to fill a server with. The same number gives the same object.

use serde_json::{Value, json};
use taxiway::stix::marking::Level;

/// `created` and `modified` of every sample.
pub(crate) const CREATED: &str = "2021-03-02T00:00:00.000Z";

/// The id of the sample `number` of a type.
pub(crate) fn id(type_name: &str, number: usize) -> String {
    format!("{type_name}--5a4d7b1e-0000-4000-8000-{number:012x}")
}

/// The versioned objects have these in common.
fn domain_object(type_name: &str, number: usize, own: Value) -> Value {
    let mut object = json!({
        "type": type_name,
        "spec_version": "2.1",
        "id": id(type_name, number),
        "created": CREATED,
        "modified": CREATED,
    });
    merge(&mut object, own);
    object
}

fn merge(object: &mut Value, own: Value) {
    if let (Value::Object(members), Value::Object(own)) = (object, own) {
        members.extend(own);
    }
}

pub(crate) fn indicator(number: usize) -> Value {
    let own = json!({
        "name": format!("sample {number}"),
        "indicator_types": ["malicious-activity"],
        "pattern": format!("[domain-name:value = 'n{number}.example.com']"),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": CREATED,
    });
    domain_object("indicator", number, own)
}

/// The first `count` indicators.
pub(crate) fn indicators(count: usize) -> Vec<Value> {
    (0..count).map(indicator).collect()
}

pub(crate) fn malware(number: usize) -> Value {
    domain_object("malware", number, json!({ "name": format!("sample {number}"), "is_family": false }))
}

pub(crate) fn identity(number: usize) -> Value {
    domain_object("identity", number, json!({ "name": format!("sample {number}"), "identity_class": "organization" }))
}

pub(crate) fn relationship(number: usize) -> Value {
    let ends = json!({ "relationship_type": "indicates", "source_ref": id("indicator", number), "target_ref": id("malware", number) });
    domain_object("relationship", number, ends)
}

pub(crate) fn language_content(number: usize) -> Value {
    let own = json!({
        "object_ref": id("indicator", number),
        "object_modified": CREATED,
        "contents": { "de": { "name": "Beispiel" } },
    });
    domain_object("language-content", number, own)
}

pub(crate) fn extension_definition(number: usize) -> Value {
    let own = json!({
        "created_by_ref": id("identity", 0),
        "name": format!("sample {number}"),
        "schema": "https://example.com/schema.json",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    });
    domain_object("extension-definition", number, own)
}

/// An object whose version is `created` (T-151).
pub(crate) fn marking_definition(number: usize) -> Value {
    json!({
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id("marking-definition", number),
        "created": CREATED,
        "definition_type": "statement",
        "definition": { "statement": format!("sample {number}") },
    })
}

/// An object without any time of its own (T-152).
pub(crate) fn url(number: usize) -> Value {
    json!({ "type": "url", "spec_version": "2.1", "id": id("url", number), "value": format!("https://n{number}.example.com/") })
}

/// This object as of another time.
pub(crate) fn revised(object: &Value, modified: &str) -> Value {
    with(object, json!({ "modified": modified }))
}

/// This object with other properties.
pub(crate) fn with(object: &Value, properties: Value) -> Value {
    let mut object = object.clone();
    merge(&mut object, properties);
    object
}

/// This object under TLP 2.0 marking.
pub(crate) fn marked(object: &Value, level: Level) -> Value {
    let marking = match level {
        Level::Unmarked => return object.clone(),
        Level::Clear => "94868c89-83c2-464b-929b-a1a8aa3c8487",
        Level::Green => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        Level::Amber => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        Level::AmberStrict => "939a9414-2ddd-4d32-a0cd-375ea402b003",
        Level::Red => "e828b379-4e03-4974-9ac4-e53a884c97c1",
    };
    with(object, json!({ "object_marking_refs": [format!("marking-definition--{marking}")] }))
}
