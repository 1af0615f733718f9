//! STIX objects as properties, and how they are written.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// The properties of an object.
pub type Properties = Map<String, Value>;

/// Properties that say what an object is, the best first.
pub const NAMES: [&str; 14] = [
    "name",
    "value",
    "pattern",
    "display_name",
    "account_login",
    "user_id",
    "subject",
    "key",
    "path",
    "command_line",
    "abstract",
    "opinion",
    "relationship_type",
    "attribute_key",
];

/// The order in which properties are written; those not named follow by name.
const ORDER: &[&str] = &[
    "type",
    "spec_version",
    "id",
    "created_by_ref",
    "created",
    "modified",
    "revoked",
    "name",
    "description",
    "abstract",
    "content",
    "explanation",
    "opinion",
    "authors",
    "aliases",
    "relationship_type",
    "source_ref",
    "target_ref",
    "sighting_of_ref",
    "where_sighted_refs",
    "count",
    "indicator_types",
    "pattern",
    "pattern_type",
    "pattern_version",
    "valid_from",
    "valid_until",
    "first_seen",
    "last_seen",
    "published",
    "kill_chain_phases",
    "value",
    "hashes",
    "labels",
    "confidence",
    "external_references",
    "object_marking_refs",
    "object_refs",
];

/// Writes an object in the fixed order.
pub fn to_bytes(properties: &Properties) -> Vec<u8> {
    struct Ordered<'a>(&'a Properties);
    impl Serialize for Ordered<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut members: Vec<_> = self.0.iter().collect();
            members.sort_by_key(|(name, _)| (ORDER.iter().position(|n| n == name).unwrap_or(ORDER.len()), name.as_str()));
            let mut map = to.serialize_map(Some(members.len()))?;
            for (name, value) in members {
                map.serialize_entry(name, value)?;
            }
            map.end()
        }
    }
    // Writing a JSON value to memory cannot fail: its keys are strings and its numbers finite.
    serde_json::to_vec(&Ordered(properties)).unwrap_or_default()
}

/// The identifiers that an object refers to, wherever they stand in it.
pub fn references(properties: &Properties) -> Vec<&str> {
    let mut found = Vec::new();
    for (name, value) in properties {
        collect(name, value, &mut found);
    }
    found
}

fn collect<'a>(name: &str, value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(id) if name.ends_with("_ref") => found.push(id),
        Value::Array(ids) if name.ends_with("_refs") => found.extend(ids.iter().filter_map(Value::as_str)),
        Value::Array(items) => items.iter().for_each(|item| collect("", item, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| collect(name, value, found)),
        _ => {}
    }
}
