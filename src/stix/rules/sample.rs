//! Objects to test with: of every type the least that is valid, and one with every property there is.

use serde_json::{Value, json};

use crate::stix::finding::Severity;
use crate::stix::kind::{Class, class_of};
use crate::stix::object::{Object, judge};
use crate::stix::time::Instant;

pub(in crate::stix) const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

/// An identifier of a type.
pub(in crate::stix) fn id(kind: &str) -> String {
    format!("{kind}--{UUID}")
}

/// What the clock says in these tests.
pub(in crate::stix) fn now() -> Instant {
    Instant::parse("2024-01-01T00:00:00Z").unwrap()
}

/// The least valid object of a type.
pub(in crate::stix) fn minimal(kind: &str) -> Value {
    merged(&common(kind), &sample(kind, "least"))
}

/// An object of a type with every property of its own.
pub(in crate::stix) fn full(kind: &str) -> Value {
    merged(&minimal(kind), &sample(kind, "more"))
}

/// The names of all types.
pub(in crate::stix) fn kinds() -> Vec<String> {
    samples().as_object().unwrap().keys().cloned().collect()
}

/// The least valid object of a type, with these members put in their places.
pub(in crate::stix) fn with(kind: &str, members: &Value) -> Value {
    merged(&minimal(kind), members)
}

/// The least valid object of a type, without one member.
pub(in crate::stix) fn without(kind: &str, name: &str) -> Value {
    let mut object = minimal(kind);
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

fn merged(object: &Value, members: &Value) -> Value {
    let mut merged = object.clone();
    merged.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    merged
}

/// Judges an object: what it is, or the paths of its errors.
pub(in crate::stix) fn judged(object: &Value) -> Result<Object, Vec<String>> {
    judge(&object.to_string(), &now()).map_err(|refusal| {
        let errors = refusal.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| finding.path.clone()).collect()
    })
}

/// Asserts that an object is taken without a word.
#[track_caller]
pub(in crate::stix) fn takes(object: &Value) {
    match judge(&object.to_string(), &now()) {
        Ok(judged) => assert_eq!(judged.warnings, [], "{object}"),
        Err(refusal) => panic!("{object}: {:?}", refusal.findings),
    }
}

/// Asserts that an object is taken with a warning at each of these paths.
#[track_caller]
pub(in crate::stix) fn warns(object: &Value, paths: &[&str]) {
    let judged = judge(&object.to_string(), &now()).unwrap_or_else(|refusal| panic!("{object}: {:?}", refusal.findings));
    assert_eq!(judged.warnings.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), paths, "{object}");
}

/// Asserts that an object is refused for an error at each of these paths.
#[track_caller]
pub(in crate::stix) fn refuses(object: &Value, paths: &[&str]) {
    assert_eq!(judged(object).err().unwrap_or_default(), paths, "{object}");
}

/// The required common properties of a type.
fn common(kind: &str) -> Value {
    let then = "2021-03-02T12:00:00.000Z";
    match kind {
        "marking-definition" => json!({"type": kind, "id": id(kind), "spec_version": "2.1", "created": then}),
        _ if class_of(kind) == Some(Class::Sco) => json!({"type": kind, "id": id(kind)}),
        _ => json!({"type": kind, "id": id(kind), "spec_version": "2.1", "created": then, "modified": then}),
    }
}

/// The entry of a type: `least` of its own properties, and `more`, which are all the others.
fn sample(kind: &str, part: &str) -> Value {
    samples()[kind][part].clone()
}

/// The entries of all types. `--*` stands for the UUID of every identifier.
fn samples() -> Value {
    serde_json::from_str(&include_str!("sample.json").replace("--*", &id(""))).unwrap()
}
