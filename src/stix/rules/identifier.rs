//! The deterministic identifiers of observables (STIX 2.1 §2.9).

use uuid::Uuid;

use super::check::Check;
use crate::stix::finding::Path;
use crate::stix::sco_id;

impl Check<'_, '_> {
    /// The identifier of an observable should follow from its properties. Whoever chose a random one had reasons that nobody here
    /// can know, so that only what claims to be derived is derived again.
    pub(super) fn deterministic_id(&mut self) {
        let (object, at) = (self.object, Path::Root.key("id"));
        let Some((kind, uuid)) = object.text("id").and_then(|id| id.split_once("--")) else { return };
        let Ok(uuid) = Uuid::try_parse(uuid) else { return };
        let is_known = !self.kind.name.is_empty();
        if uuid.get_version_num() == 4 || !is_known || !self.findings.errors.is_empty() {
            return;
        }
        // A producer who gives an observable versions must derive its identifier in a namespace of his own (§3.6).
        let is_versioned = object.has("created") || object.has("modified");
        let Some(derived) = sco_id::of_members(kind, object) else {
            return self.findings.warn(&at, "§2.9", "should be a UUIDv4: nothing in this object contributes to a deterministic identifier");
        };
        let is_derived = derived.as_str().eq_ignore_ascii_case(&format!("{kind}--{uuid}"));
        if is_derived && is_versioned {
            self.findings.warn(&at, "§3.6", "should not be of the namespace of the standard, as the object has versions");
        } else if !is_derived && !is_versioned && uuid.get_version_num() == 5 {
            self.findings.warn(&at, "§2.9", format_args!("is not the deterministic identifier, which is {derived}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{judged, minimal, takes, warns, with};

    const DERIVED: &str = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4";

    #[test]
    fn s032_any_uuid_may_name_what_is_no_observable() {
        for version in 1..=5 {
            takes(&with("indicator", &json!({"id": format!("indicator--8e2e2d2b-17d4-{version}cbf-938f-98ee46b3cd3f")})));
        }
    }

    #[test]
    fn s033_any_uuid_may_name_an_observable() {
        takes(&with("ipv4-addr", &json!({"value": "198.51.100.3"})));
        takes(&with("ipv4-addr", &json!({"value": "198.51.100.3", "id": "ipv4-addr--8e2e2d2b-17d4-1cbf-938f-98ee46b3cd3f"})));
        let custom = "new-sco-type--8e2e2d2b-17d4-5cbf-938f-98ee46b3cd3f";
        let extension = json!({"extension-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f": {"extension_type": "new-sco"}});
        takes(&json!({"type": "new-sco-type", "id": custom, "spec_version": "2.1", "value": "x", "extensions": extension}));
    }

    #[test]
    fn s033_without_a_contributing_property_the_uuid_is_random() {
        warns(&with("process", &json!({"id": "process--8e2e2d2b-17d4-5cbf-938f-98ee46b3cd3f"})), &["id"]);
        takes(&minimal("process"));
    }

    #[test]
    fn s044_a_derived_identifier_is_derived_again() {
        takes(&with("ipv4-addr", &json!({"value": "198.51.100.3", "id": DERIVED})));
        takes(&with("ipv4-addr", &json!({"value": "198.51.100.3", "id": format!("ipv4-addr--{}", DERIVED[11..].to_uppercase())})));
        let other = with("ipv4-addr", &json!({"value": "198.51.100.4", "id": DERIVED}));
        warns(&other, &["id"]);
        let said = judged(&other).unwrap().warnings.remove(0).to_string();
        let right = said.split(' ').find(|word| word.starts_with("ipv4-addr--")).unwrap();
        takes(&with("ipv4-addr", &json!({"value": "198.51.100.4", "id": right})));
    }

    #[test]
    fn s053_an_observable_with_versions_is_named_in_another_namespace() {
        let versions = json!({"value": "198.51.100.3", "created": "2021-03-02T12:00:00.000Z", "modified": "2021-03-02T12:00:00.000Z"});
        let mut object = with("ipv4-addr", &versions);
        object["id"] = "ipv4-addr--8e2e2d2b-17d4-5cbf-938f-98ee46b3cd3f".into();
        warns(&object, &["created", "modified"]);
        object["id"] = DERIVED.into();
        warns(&object, &["created", "modified", "id"]);
    }
}
