//! The bundle: what objects travel in outside of TAXII (STIX 2.1 §8). It is no object itself.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::finding::{Finding, Findings, Path};
use super::id;

/// What is wrong with a bundle itself, errors first; the objects in it are not looked at.
pub fn judge(text: &str) -> Vec<Finding> {
    let mut findings = Findings::default();
    match serde_json::from_str(text) {
        Ok(bundle) => check(&bundle, &mut findings),
        Err(error) => findings.error(&Path::Root, "§8", format_args!("no bundle: {error}")),
    }
    findings.errors.into_iter().chain(findings.warnings).collect()
}

/// The members of a bundle.
#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    spec_version: Option<IgnoredAny>,
    objects: Option<Vec<IgnoredAny>>,
}

fn check(bundle: &Bundle<'_>, findings: &mut Findings) {
    let at = Path::Root;
    let id = bundle.id.map(|id| serde_json::from_str::<String>(id.get()).unwrap_or_default());
    match id.as_deref().map(|id| (id::type_of(id), id::check(id))) {
        None => findings.error(&at.key("id"), "§8", "is required"),
        Some((_, Err(error))) => findings.error(&at.key("id"), "§2.9", format_args!("is no identifier: {error}")),
        Some(("bundle", Ok(()))) => {}
        Some(_) => findings.error(&at.key("id"), "§2.9", "the type before -- is not bundle"),
    }
    if bundle.objects.as_ref().is_some_and(Vec::is_empty) {
        findings.error(&at.key("objects"), "§2.12", "a list must not be empty");
    }
    if bundle.spec_version.is_some() {
        findings.warn(&at.key("spec_version"), "§8", "is for bundles of STIX 2.0; here each object says it");
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::stix::finding::Severity;

    fn told(text: &str) -> Vec<(Severity, String)> {
        judge(text).into_iter().map(|finding| (finding.severity, finding.path)).collect()
    }

    #[test]
    fn s143_a_bundle_has_an_id_and_objects_that_are_not_none() {
        let id = "bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        assert_eq!(told(&format!(r#"{{"type":"bundle","id":"{id}","objects":[{{}}]}}"#)), []);
        assert_eq!(told(&format!(r#"{{"type":"bundle","id":"{id}","x_mine":1}}"#)), []);
        let (error, warning) = (|path: &str| (Severity::Error, path.to_owned()), |path: &str| (Severity::Warning, path.to_owned()));
        assert_eq!(told(r#"{"type":"bundle","objects":[],"spec_version":"2.1"}"#), [error("id"), error("objects"), warning("spec_version")]);
        for wrong in ["indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "bundle--1", ""] {
            assert_eq!(told(&format!(r#"{{"type":"bundle","id":"{wrong}"}}"#)), [error("id")]);
        }
        for wrong in [r#"{"id":1}"#, r#"{"id":null,"objects":[{}]}"#] {
            assert_eq!(told(wrong), [error("id")]);
        }
        assert_eq!(told(&format!(r#"{{"id":"{id}","objects":1}}"#)), [error("")]);
        assert_eq!(told(&format!(r#"{{"id":"{id}","id":"{id}"}}"#)), [error("")]);
    }
}
