//! Data markings: the definitions, the fixed ones of TLP, and selectors (STIX 2.1 §7.2).

use super::check::Check;
use crate::stix::finding::{Clip, Path};
use crate::stix::json::{Json, Members};
use crate::stix::marking::{TLP_2_EXTENSION, Tlp};
use crate::stix::time::Instant;

/// The rules of a marking definition that hold between its properties.
pub(super) fn definition(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    defined(check, object, at);
    fixed(check, object, at);
    itself(check, object, at);
}

/// Either extensions, or a type and a definition that fits it.
fn defined(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let definition = object.get("definition").and_then(Json::as_object);
    match object.text("definition_type") {
        Some("statement") if definition.is_some_and(|its| its.len() == 1 && its.text("statement").is_some()) => {}
        Some("statement") if definition.is_some() => check.findings.error(&at.key("definition"), "§7.2.1.3", "must be {\"statement\": string}"),
        Some("statement" | "tlp") | None => {}
        Some(other) => {
            let other = Clip(other).to_string();
            check.findings.warn(&at.key("definition_type"), "§7.2.1", format_args!("{other:?} is neither statement nor tlp"));
        }
    }
    for name in ["definition_type", "definition"] {
        let lonely = object.has("definition_type") || object.has("definition");
        if !object.has(name) && (lonely || !object.has("extensions")) {
            check.findings.error(&at.key(name), "§7.2.1", "is required unless there are extensions");
        }
    }
}

/// TLP is meant only by the fixed objects, and those are as they were published. A foreign object that claimed a level would
/// mark others with a level that nobody can read off its id.
fn fixed(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let extension = object.get("extensions").and_then(Json::as_object).and_then(|its| its.get(TLP_2_EXTENSION));
    let claims = object.text("definition_type") == Some("tlp") || extension.is_some();
    let Some(tlp) = object.text("id").and_then(Tlp::of_id) else {
        if claims {
            check.findings.error(&at.key("id"), "§7.2.1.4", "TLP has fixed marking definitions, and this is none of them");
        }
        return;
    };
    let value = if tlp.version == 1 {
        object.get("definition").and_then(Json::as_object).filter(|its| its.len() == 1).and_then(|its| its.text("tlp"))
    } else {
        extension.and_then(Json::as_object).and_then(|its| its.text("tlp_2_0"))
    };
    let kind = object.text("definition_type");
    if value != Some(tlp.value) || kind != (tlp.version == 1).then_some("tlp") {
        check.findings.error(at, "§7.2.1.4", format_args!("{} is altered: its definition is not {}", tlp.name, tlp.value));
    }
    if object.text("created").map(Instant::parse) != Some(Instant::parse(tlp.created)) {
        check.findings.error(&at.key("created"), "§7.2.1.4", format_args!("{} is altered: it was created {}", tlp.name, tlp.created));
    }
    if object.has("name") && object.text("name") != Some(tlp.name) {
        check.findings.error(&at.key("name"), "§7.2.1.4", format_args!("{} is altered: that is its name", tlp.name));
    }
}

/// A marking definition never marks itself.
fn itself(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let Some(own) = object.text("id") else { return };
    if markings(object).any(|marking| marking == own) {
        check.findings.error(at, "§3.2", "a marking definition must not mark itself");
    }
}

/// The ids of all marking definitions that mark an object or a part of it.
pub(in crate::stix) fn markings<'o>(object: &'o Members<'_>) -> impl Iterator<Item = &'o str> {
    let list = |name| object.get(name).and_then(Json::as_list).unwrap_or_default().iter();
    let whole = list("object_marking_refs").filter_map(Json::as_text);
    whole.chain(list("granular_markings").filter_map(|marking| marking.as_object()?.text("marking_ref")))
}

impl Check<'_, '_> {
    /// A selector leads to something that is there.
    pub(super) fn selector(&mut self, text: &str, at: &Path<'_>) {
        if resolve(self.object, text).is_none() {
            self.findings.error(at, "§7.2.3", format_args!("{:?} selects nothing in this object", Clip(text).to_string()));
        }
    }
}

/// What a selector selects: names and `[n]`, joined by dots.
fn resolve<'o, 'j>(object: &'o Members<'j>, selector: &str) -> Option<&'o Json<'j>> {
    let mut steps = selector.split('.');
    let first = object.get(steps.next()?)?;
    steps.try_fold(first, |value, step| match (value, step.strip_prefix('[')) {
        (Json::List(list), Some(rest)) => list.get(index(rest.strip_suffix(']')?)?),
        (Json::Object(members), None) => members.get(step),
        _ => None,
    })
}

/// A position in a list: digits only, which `parse` alone would not ask for.
fn index(digits: &str) -> Option<usize> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}
