//! External references to the catalogues that the standard names (STIX 2.1 §4.1, §4.19).

use super::check::Check;
use crate::stix::finding::Path;
use crate::stix::json::{Json, Members};

/// An attack pattern refers to CAPEC by `CAPEC-<number>`.
pub(super) fn capec(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let is_capec = |id: &str| id.strip_prefix("CAPEC-").is_some_and(is_number);
    catalogue(check, object, at, ("capec", "§4.1", "must be CAPEC- and a number"), is_capec);
}

/// A vulnerability refers to CVE by `CVE-<year>-<number>`.
pub(super) fn cve(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let is_cve = |id: &str| {
        let parts = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
        parts.is_some_and(|(year, number)| year.len() == 4 && is_number(year) && number.len() >= 4 && is_number(number))
    };
    catalogue(check, object, at, ("cve", "§4.19", "must be CVE-, a year, - and a number"), is_cve);
}

/// Every reference to the source has an `external_id` that fits.
fn catalogue(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>, rule: (&str, &'static str, &str), fits: impl Fn(&str) -> bool) {
    let (source, section, message) = rule;
    let list = at.key("external_references");
    let references = object.get("external_references").and_then(Json::as_list).unwrap_or_default();
    for (index, reference) in references.iter().enumerate() {
        let Some(reference) = reference.as_object().filter(|its| its.text("source_name") == Some(source)) else { continue };
        if !reference.text("external_id").is_some_and(&fits) {
            check.findings.error(&list.item(index).key("external_id"), section, message);
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
