//! The pattern of an indicator (STIX 2.1 §4.7, §9).

use super::check::Check;
use crate::stix::finding::{Path, Severity};
use crate::stix::json::Members;
use crate::stix::pattern::check::PatternFinding;
use crate::stix::pattern::tree::Pattern;
use crate::stix::pattern::{check, foreign, parse};

/// A pattern says something: in the language of STIX what that language allows, in others whatever they take for a pattern.
pub(super) fn pattern(judging: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    let at = at.key("pattern");
    let Some(text) = object.text("pattern") else { return };
    if text.trim().is_empty() {
        return judging.findings.error(&at, "§4.7", "must not be empty");
    }
    let found = match object.text("pattern_type") {
        Some("stix") => stix(text, judging.show),
        Some(other) => foreign::check_foreign(other, text),
        None => Vec::new(),
    };
    for PatternFinding { severity, span, section, message } in found {
        judging.findings.within(severity, &at, span, section, message);
    }
}

fn stix(text: &str, show: &mut dyn FnMut(&Pattern<'_>)) -> Vec<PatternFinding> {
    match parse::parse(text) {
        Ok(pattern) => {
            show(&pattern);
            check::check(&pattern)
        }
        Err(error) => vec![PatternFinding { severity: Severity::Error, span: error.span, section: "§9", message: error.message }],
    }
}
