//! What to write so that a collection follows its files: new entries, new versions of edited ones, revocations of those taken out.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::CuratedObject;
use crate::feed::object::{Properties, to_bytes};
use crate::stix::id::StixId;
use crate::stix::kind::{Class, class_of};
use crate::stix::time::{Instant, format_micros};

/// The outcome of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Objects to add, in this order.
    pub write: Vec<Vec<u8>>,
    /// Entries that are in the files and were revoked in the store, which is final (§3.6): nothing is written for them. They
    /// need a new identity; see the [module](super) for how.
    pub stays_revoked: Vec<CuratedObject>,
}

/// Compares what the files want of a collection with the newest stored version of each of its objects.
///
/// - Not stored: written as it is.
/// - Stored with the same content, `created` and `modified` aside: nothing.
/// - Stored with other content: written with the stored `created` and a `modified` of `now` in milliseconds, or a millisecond
///   after the stored one if that is later. An object that is not the publisher's own, such as a reference copy of ATT&CK, always
///   gets the latter, so that its creator's version stays the greatest.
/// - Stored and no longer wanted, created by `publisher` under an identifier that a feed gives (`UUIDv5`), and not revoked:
///   its stored content with `revoked: true`. What an analyst added by hand (`UUIDv4`) and what others have created stays.
/// - What has no versions (observables, markings) is added once and never changed.
pub fn reconcile<B: AsRef<[u8]>>(publisher: &StixId, wanted: &[CuratedObject], stored: &[(StixId, B)], now: &Instant) -> Reconciled {
    let newest: HashMap<&StixId, Option<Properties>> = stored.iter().map(|(id, bytes)| (id, parse(bytes.as_ref()))).collect();
    let mut outcome = Reconciled::default();
    for object in wanted {
        match newest.get(&object.id) {
            None => outcome.write.push(object.bytes.clone()),
            Some(Some(stored)) if is_revoked(stored) => outcome.stays_revoked.push(object.clone()),
            Some(stored) => outcome.write.extend(edited(publisher, object, stored.as_ref(), now)),
        }
    }
    let wanted: HashSet<&StixId> = wanted.iter().map(|object| &object.id).collect();
    for (id, _) in stored {
        let stored = newest.get(id).and_then(Option::as_ref);
        let withdrawn = stored.filter(|stored| !wanted.contains(id) && is_ours(publisher, id, stored) && !is_revoked(stored));
        outcome.write.extend(withdrawn.map(|stored| revoked(stored.clone(), now)));
    }
    outcome
}

/// The next version of an object whose content is not the stored one.
fn edited(publisher: &StixId, object: &CuratedObject, stored: Option<&Properties>, now: &Instant) -> Option<Vec<u8>> {
    let mut next = parse(&object.bytes)?;
    if !next.contains_key("modified") || stored.is_some_and(|stored| content(stored) == content(&next)) {
        return None;
    }
    let own = next.get("created_by_ref").and_then(Value::as_str) == Some(publisher.as_str());
    let modified = stamp(stored, own.then_some(now).into_iter().chain(time(&next, "modified").as_ref()));
    if let Some(created) = stored.and_then(|stored| stored.get("created")) {
        next.insert("created".into(), created.clone());
    }
    next.insert("modified".into(), json!(modified));
    Some(to_bytes(&next))
}

fn revoked(mut stored: Properties, now: &Instant) -> Vec<u8> {
    let modified = stamp(Some(&stored), std::iter::once(now));
    stored.insert("revoked".into(), json!(true));
    stored.insert("modified".into(), json!(modified));
    to_bytes(&stored)
}

/// The greatest of `times`, but at least a millisecond after the stored version.
fn stamp<'a>(stored: Option<&Properties>, times: impl Iterator<Item = &'a Instant>) -> String {
    let after_stored = stored.and_then(|stored| time(stored, "modified")).map(|modified| modified.micros() / 1000 + 1);
    let millis = times.map(|time| time.micros() / 1000).chain(after_stored).max().unwrap_or_default();
    format_micros(millis * 1000, 3)
}

fn time(object: &Properties, name: &str) -> Option<Instant> {
    object.get(name).and_then(Value::as_str).and_then(|text| Instant::parse(text).ok())
}

/// Everything but the times of the version.
fn content(object: &Properties) -> HashMap<&String, &Value> {
    object.iter().filter(|(name, _)| !matches!(name.as_str(), "created" | "modified")).collect()
}

/// Whether an object is one that this feed has made and may withdraw.
fn is_ours(publisher: &StixId, id: &StixId, stored: &Properties) -> bool {
    let by_us = stored.get("created_by_ref").and_then(Value::as_str) == Some(publisher.as_str());
    let by_a_feed = uuid::Uuid::parse_str(id.as_str().rsplit_once("--").map_or("", |(_, uuid)| uuid)).is_ok_and(|uuid| uuid.get_version_num() == 5);
    by_us && by_a_feed && matches!(class_of(id.type_name()), Some(Class::Sdo | Class::Sro))
}

fn is_revoked(object: &Properties) -> bool {
    object.get("revoked") == Some(&Value::Bool(true))
}

fn parse(bytes: &[u8]) -> Option<Properties> {
    serde_json::from_slice(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHER: &str = "identity--5ab98d49-471f-55b1-b9bd-6a051ab0f225";
    const OURS: &str = "malware--28bb3599-77cd-5a82-a950-b5bc3caf07c4";
    const BY_HAND: &str = "malware--28bb3599-77cd-4a82-a950-b5bc3caf07c4";

    fn object(id: &str, by: &str, modified: &str, more: &Value) -> CuratedObject {
        let mut properties = json!({"type": "malware", "spec_version": "2.1", "id": id, "created_by_ref": by, "created": "2021-03-02T00:00:00.000Z", "modified": modified});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        CuratedObject { id: StixId::parse(id).unwrap(), bytes: to_bytes(properties.as_object().unwrap()), entry: "software.toml:1".to_owned() }
    }

    fn ours(modified: &str, more: &Value) -> CuratedObject {
        object(OURS, PUBLISHER, modified, more)
    }

    fn compare(wanted: &[CuratedObject], stored: &[CuratedObject]) -> Reconciled {
        let stored: Vec<_> = stored.iter().map(|o| (o.id.clone(), o.bytes.clone())).collect();
        reconcile(&StixId::parse(PUBLISHER).unwrap(), wanted, &stored, &Instant::parse("2026-11-23T12:00:00.123456Z").unwrap())
    }

    #[test]
    fn what_is_new_is_written_as_it_is_and_what_is_stored_is_left() {
        let new = ours("2021-03-02T00:00:00.000Z", &json!({"name": "a"}));
        assert_eq!(compare(std::slice::from_ref(&new), &[]).write, std::slice::from_ref(&new.bytes));
        assert_eq!(compare(std::slice::from_ref(&new), &[ours("2025-01-01T00:00:00.000Z", &json!({"name": "a"}))]), Reconciled::default());
    }

    #[test]
    fn s051_an_edit_is_a_later_version_with_the_first_created() {
        let mut stored = ours("2021-03-02T00:00:00.000Z", &json!({"name": "a"}));
        stored.bytes = String::from_utf8(stored.bytes).unwrap().replace("\"created\":\"2021-03-02", "\"created\":\"2021-03-01").into_bytes();
        let wanted = ours("2021-03-02T00:00:00.000Z", &json!({"name": "b"}));
        let written: Value = serde_json::from_slice(&compare(&[wanted], &[stored]).write[0]).unwrap();
        assert_eq!(
            (&written["name"], &written["modified"], &written["created"]),
            (&json!("b"), &json!("2026-11-23T12:00:00.123Z"), &json!("2021-03-01T00:00:00.000Z"))
        );
    }

    #[test]
    fn an_edit_is_later_than_a_stored_version_from_the_future() {
        let wanted = ours("2021-03-02T00:00:00.000Z", &json!({"name": "b"}));
        let written: Value =
            serde_json::from_slice(&compare(&[wanted], &[ours("2027-01-01T00:00:00.000999Z", &json!({"name": "a"}))]).write[0]).unwrap();
        assert_eq!(written["modified"], "2027-01-01T00:00:00.001Z");
    }

    #[test]
    fn a_reference_copy_stays_older_than_its_creators_version() {
        let mitre = "identity--c78cb6e5-0c4b-4611-8297-d1b8b55e40b5";
        let copy = |name| object(BY_HAND, mitre, "2021-03-02T00:00:00.000Z", &json!({"name": name}));
        let written: Value = serde_json::from_slice(&compare(&[copy("b")], &[copy("a")]).write[0]).unwrap();
        assert_eq!(written["modified"], "2021-03-02T00:00:00.001Z");
        assert_eq!(compare(&[], &[copy("a")]), Reconciled::default(), "not ours to withdraw");
    }

    #[test]
    fn what_is_taken_out_is_revoked_once() {
        let stored = ours("2021-03-02T00:00:00.000Z", &json!({"name": "a", "labels": ["x"]}));
        let written = compare(&[], &[stored]).write;
        let expected = ours("2026-11-23T12:00:00.123Z", &json!({"name": "a", "labels": ["x"], "revoked": true}));
        assert_eq!(written, std::slice::from_ref(&expected.bytes));
        assert_eq!(compare(&[], &[expected]), Reconciled::default());
    }

    #[test]
    fn what_people_added_stays() {
        let stranger = "identity--28bb3599-77cd-5a82-a950-b5bc3caf07c4";
        let by_hand = object(BY_HAND, PUBLISHER, "2021-03-02T00:00:00.000Z", &json!({}));
        let by_another = object(OURS, stranger, "2021-03-02T00:00:00.000Z", &json!({}));
        assert_eq!(compare(&[], &[by_hand]), Reconciled::default());
        assert_eq!(compare(&[], &[by_another]), Reconciled::default());
    }

    #[test]
    fn s052_what_was_revoked_stays_revoked() {
        let wanted = ours("2021-03-02T00:00:00.000Z", &json!({"name": "a"}));
        let outcome = compare(std::slice::from_ref(&wanted), &[ours("2022-01-01T00:00:00.000Z", &json!({"name": "a", "revoked": true}))]);
        assert_eq!(outcome, Reconciled { write: Vec::new(), stays_revoked: vec![wanted] });
    }

    #[test]
    fn what_has_no_versions_is_added_once() {
        let address = |marking: &str| {
            CuratedObject {
            id: StixId::parse("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4").unwrap(),
            bytes: format!(r#"{{"type":"ipv4-addr","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","object_marking_refs":["{marking}"],"value":"198.51.100.3"}}"#)
                .into_bytes(),
            entry: String::new(),
        }
        };
        assert_eq!(compare(&[address("a")], &[]).write.len(), 1);
        assert_eq!(compare(&[address("b")], &[address("a")]), Reconciled::default());
        assert_eq!(compare(&[], &[address("a")]), Reconciled::default());
    }
}
