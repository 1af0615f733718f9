//! The pattern of an indicator (STIX 2.1 §4.7, §9).

use super::check::Check;
use crate::stix::finding::Path;
use crate::stix::json::Members;

/// A pattern says something; patterns of other languages than STIX are opaque.
pub(super) fn pattern(check: &mut Check<'_, '_>, object: &Members<'_>, at: &Path<'_>) {
    if object.text("pattern").is_some_and(|pattern| pattern.trim().is_empty()) {
        check.findings.error(&at.key("pattern"), "§4.7", "must not be empty");
    }
}
