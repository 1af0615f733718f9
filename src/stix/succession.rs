//! What the versions of one object owe to each other (STIX 2.1 §3.6).

use std::borrow::Cow;

use serde::Deserialize;

use super::finding::{Finding, Findings, Path};
use super::time::Instant;

/// What is odd about `new` as a version of an object whose latest version so far is `latest`; both have passed the gate.
///
/// These are warnings, as versions may arrive in any order. What the other version holds is not told: who writes need not be
/// allowed to read.
pub fn compare(latest: &[u8], new: &[u8]) -> Vec<Finding> {
    let (Some(latest), Some(new)) = (Header::read(latest), Header::read(new)) else { return Vec::new() };
    let mut findings = Findings::default();
    let mut warn = |name, what| findings.warn(&Path::Root.key(name), "§3.6", what);
    if latest.created_by_ref != new.created_by_ref {
        warn("created_by_ref", "differs from the version stored before; only the creator makes versions");
    }
    if latest.instant(|its| &its.created) != new.instant(|its| &its.created) {
        warn("created", "differs from the version stored before; all versions share it");
    }
    if latest.revoked && latest.instant(|its| &its.modified) < new.instant(|its| &its.modified) {
        warn("modified", "later than the version that is revoked, which is the last");
    }
    findings.warnings
}

/// What is compared of a version.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow)]
    modified: Option<Cow<'a, str>>,
    #[serde(borrow)]
    created_by_ref: Option<Cow<'a, str>>,
    #[serde(default)]
    revoked: bool,
}

impl<'a> Header<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    fn instant(&self, text: impl Fn(&Self) -> &Option<Cow<'a, str>>) -> Option<Instant> {
        text(self).as_deref().and_then(|text| Instant::parse(text).ok())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::compare;

    fn paths(latest: &Value, new: &Value) -> Vec<String> {
        compare(latest.to_string().as_bytes(), new.to_string().as_bytes()).into_iter().map(|finding| finding.path).collect()
    }

    fn version(modified: &str) -> Value {
        json!({"created": "2021-03-02T12:00:00.000Z", "modified": modified, "created_by_ref": "identity--1"})
    }

    #[test]
    fn s051_the_creator_and_the_time_of_creation_never_change() {
        let (old, mut new) = (version("2021-03-02T12:00:00.000Z"), version("2021-03-03T12:00:00.000Z"));
        assert!(paths(&old, &new).is_empty());
        new["created"] = "2021-03-02T12:00:00.000000Z".into();
        assert!(paths(&old, &new).is_empty(), "the same instant");
        new["created"] = "2021-03-02T12:00:00.001Z".into();
        new["created_by_ref"] = "identity--2".into();
        assert_eq!(paths(&old, &new), ["created_by_ref", "created"]);
    }

    #[test]
    fn s052_nothing_follows_a_revocation() {
        let mut old = version("2021-03-03T12:00:00.000Z");
        old["revoked"] = true.into();
        assert_eq!(paths(&old, &version("2021-03-04T12:00:00.000Z")), ["modified"]);
        assert!(paths(&old, &version("2021-03-02T12:00:00.000Z")).is_empty(), "an older version that arrives late");
        assert!(paths(&version("2021-03-03T12:00:00.000Z"), &version("2021-03-04T12:00:00.000Z")).is_empty());
    }
}
