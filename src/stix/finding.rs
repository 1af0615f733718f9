//! What the gate finds in an object, and where.

use std::fmt;
use std::ops::Range;

/// Whether a finding keeps an object out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The standard forbids it: the object is refused.
    Error,
    /// The standard advises against it: the object is taken.
    Warning,
}

/// One departure of an object from the standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it keeps the object out.
    pub severity: Severity,
    /// Where: `external_references[0].url`; empty for the object as a whole.
    pub path: String,
    /// The section of STIX 2.1 that says so, e.g. `§3.2`.
    pub section: &'static str,
    /// What was found, as a lower-case fragment.
    pub message: String,
    /// The bytes of the value's text that it is about, if it is about a part of a pattern.
    pub span: Option<Range<usize>>,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        if let Some(span) = &self.span {
            write!(out, "at byte {}: ", span.start)?;
        }
        write!(out, "{} (STIX 2.1 {})", self.message, self.section)
    }
}

/// So many findings of one severity are kept of one object, so that a hostile one cannot be answered by a flood.
const MOST: usize = 100;

/// The findings of one object while it is judged.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) errors: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
}

impl Findings {
    /// Records what the standard forbids.
    pub(super) fn error(&mut self, at: &Path<'_>, section: &'static str, message: impl fmt::Display) {
        self.record(Severity::Error, at, section, message, None);
    }

    /// Records what the standard advises against.
    pub(super) fn warn(&mut self, at: &Path<'_>, section: &'static str, message: impl fmt::Display) {
        self.record(Severity::Warning, at, section, message, None);
    }

    /// Records what is about the bytes `span` of a value.
    pub(super) fn within(&mut self, severity: Severity, at: &Path<'_>, span: Range<usize>, section: &'static str, message: impl fmt::Display) {
        self.record(severity, at, section, message, Some(span));
    }

    fn record(&mut self, severity: Severity, at: &Path<'_>, section: &'static str, message: impl fmt::Display, span: Option<Range<usize>>) {
        let to = if severity == Severity::Error { &mut self.errors } else { &mut self.warnings };
        if to.len() < MOST {
            to.push(Finding { severity, path: at.to_string(), section, message: message.to_string(), span });
        }
    }
}

/// The way from an object to a value inside it; it lives on the stack and is written only when something is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    /// The object itself.
    Root,
    /// A member of what the path before leads to.
    Key(&'p Path<'p>, &'p str),
    /// An element of what the path before leads to.
    Item(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    /// The path to a member of this value.
    pub(super) fn key(&'p self, name: &'p str) -> Path<'p> {
        Path::Key(self, name)
    }

    /// The path to an element of this value.
    pub(super) fn item(&'p self, at: usize) -> Path<'p> {
        Path::Item(self, at)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, name) => Clip(name).fmt(out),
            Self::Key(before, name) => write!(out, "{before}.{}", Clip(name)),
            Self::Item(before, at) => write!(out, "{before}[{at}]"),
        }
    }
}

/// Text from outside in a message: without control characters, and not endless.
pub struct Clip<'t>(pub &'t str);

impl fmt::Display for Clip<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        let end = self.0.char_indices().nth(LONGEST).map_or(self.0.len(), |(at, _)| at);
        let (shown, rest) = self.0.split_at(end);
        shown.chars().try_for_each(|c| if c.is_control() { write!(out, "{}", c.escape_default()) } else { write!(out, "{c}") })?;
        if rest.is_empty() { Ok(()) } else { out.write_str("…") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_what_and_which_section() {
        let (list, item) = (Path::Root.key("external_references"), 0);
        let mut findings = Findings::default();
        findings.error(&list.item(item).key("url"), "§2.5", "not an RFC 3986 URL");
        findings.warn(&Path::Root, "§8", "odd");
        assert_eq!(findings.errors[0].to_string(), "external_references[0].url: not an RFC 3986 URL (STIX 2.1 §2.5)");
        assert_eq!(findings.warnings[0].to_string(), "odd (STIX 2.1 §8)");
    }

    #[test]
    fn texts_from_outside_are_clipped_and_harmless() {
        assert_eq!(Clip("a\n\u{1b}[2J").to_string(), "a\\n\\u{1b}[2J");
        assert_eq!(Clip(&"é".repeat(100)).to_string(), format!("{}…", "é".repeat(80)));
    }

    #[test]
    fn a_flood_is_cut() {
        let mut findings = Findings::default();
        (0..1000).for_each(|_| findings.error(&Path::Root, "§1", "x"));
        assert_eq!(findings.errors.len(), MOST);
    }
}
