//! Deterministic identifiers of cyber-observable objects: `UUIDv5` over their id-contributing properties (STIX 2.1 §2.9).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::id::StixId;
use super::json::{Json, Members};

/// The namespace that the standard reserves for these identifiers.
const NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

/// The one hash that contributes is the first of these that is present.
const HASH_PREFERENCE: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The identifier that §2.9 recommends for an observable of type `type_name` with these `properties`.
///
/// `properties` may be the whole object: what does not contribute is passed over. Where none of the four preferred hashes
/// is present, the alphabetically first contributes. `None` where the standard gives no deterministic identifier: no
/// contributing property is present, or the type is no observable of the standard, or is `process`.
pub fn sco_id(type_name: &str, properties: &Map<String, Value>) -> Option<StixId> {
    of_members(type_name, Json::deserialize(properties).ok()?.as_object()?)
}

/// The same of an object that was read strictly.
pub(super) fn of_members(type_name: &str, properties: &Members<'_>) -> Option<StixId> {
    let contributing: BTreeMap<&str, Contribution<'_>> =
        contributing(type_name).iter().filter_map(|name| Some((*name, contribution(name, properties.get(name)?)?))).collect();
    if contributing.is_empty() {
        return None;
    }
    let canonical = serde_json_canonicalizer::to_vec(&contributing).ok()?;
    Some(StixId::new(type_name, Uuid::new_v5(&NAMESPACE, &canonical)))
}

/// The id-contributing properties of each type (§6.1 to §6.18).
fn contributing(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "extensions", "parent_directory_ref"],
        "mutex" => &["name"],
        "network-traffic" => &["start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => &[],
    }
}

/// What a property contributes.
#[derive(Serialize)]
#[serde(untagged)]
enum Contribution<'o> {
    Whole(&'o Json<'o>),
    Hash(BTreeMap<&'o str, &'o Json<'o>>),
}

/// What a present property contributes: itself, but of `hashes` only one entry.
fn contribution<'o>(name: &str, value: &'o Json<'o>) -> Option<Contribution<'o>> {
    if name != "hashes" {
        return Some(Contribution::Whole(value));
    }
    let hashes = value.as_object()?;
    let preferred = HASH_PREFERENCE.into_iter().find_map(|algorithm| Some((algorithm, hashes.get(algorithm)?)));
    let hash = preferred.or_else(|| hashes.iter().min_by_key(|(algorithm, _)| *algorithm))?;
    Some(Contribution::Hash(BTreeMap::from([hash])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(type_name: &str, properties: &Value) -> Option<String> {
        sco_id(type_name, properties.as_object().unwrap()).map(|id| id.to_string())
    }

    #[test]
    fn s044_check_value_of_the_standard() {
        let plain = id("ipv4-addr", &json!({"value": "198.51.100.3"}));
        assert_eq!(plain.as_deref(), Some("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"));
        let whole = json!({"type": "ipv4-addr", "id": "ipv4-addr--0", "defanged": true, "value": "198.51.100.3"});
        assert_eq!(id("ipv4-addr", &whole), plain, "what does not contribute is passed over");
    }

    /// One observable of each type, with the identifier that python-stix2 3.0.2 gives it.
    #[test]
    fn s041_s043_s045_every_type_is_named_as_python_stix2_names_it() {
        let lines = include_str!("sco_id.jsonl").lines();
        let named: Vec<(Option<String>, String)> = lines
            .map(|line| {
                let object: Value = serde_json::from_str(line).unwrap();
                (id(object["type"].as_str().unwrap(), &object), object["id"].as_str().unwrap().to_owned())
            })
            .collect();
        assert_eq!(named.len(), 17);
        for (ours, theirs) in named {
            assert_eq!(ours, Some(theirs));
        }
    }

    #[test]
    fn s042_one_hash_contributes_and_it_is_the_preferred_one() {
        let md5 = id("file", &json!({"hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e"}}));
        assert!(md5.is_some());
        assert_eq!(id("file", &json!({"hashes": {"SHA-256": "e3b0", "MD5": "d41d8cd98f00b204e9800998ecf8427e"}})), md5);
        assert_ne!(id("file", &json!({"hashes": {"SHA-256": "e3b0"}})), md5);
        assert_eq!(id("file", &json!({"hashes": {"TLSH": "t", "SSDEEP": "s"}})), id("file", &json!({"hashes": {"SSDEEP": "s"}})));
        assert_ne!(id("file", &json!({"name": "a", "hashes": {"SHA-256": "e3b0"}})), id("file", &json!({"name": "a"})));
    }

    #[test]
    fn s040_without_a_contributing_property_there_is_no_deterministic_id() {
        assert_eq!(id("file", &json!({"size": 3})), None);
        assert_eq!(id("file", &json!({"hashes": {}})), None);
        assert_eq!(id("process", &json!({"pid": 3})), None);
        assert_eq!(id("indicator", &json!({"name": "a"})), None);
        assert_eq!(id("x-mine", &json!({"value": "a"})), None);
    }
}
