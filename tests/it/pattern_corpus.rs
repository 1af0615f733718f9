//! Patterns with known verdicts: the examples of the standard, and the cases the OASIS validator is tested with.
//!
//! A file has a pattern a line; `#` begins a comment. A line of `fail.txt` is invalid by the grammar or by what it cannot say.

use taxiway::stix::finding::Severity;
use taxiway::stix::pattern::check::check;
use taxiway::stix::pattern::parse::parse;

pub(crate) const PASS: &str = include_str!("../data/pattern/pass.txt");
pub(crate) const FAIL: &str = include_str!("../data/pattern/fail.txt");

pub(crate) fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What keeps a text from being a valid pattern.
fn errors(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(pattern) => check(&pattern).into_iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.message).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn s200_known_patterns_pass() {
    assert!(lines(PASS).count() > 50);
    for text in lines(PASS) {
        assert_eq!(errors(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn s200_known_faults_are_found() {
    assert!(lines(FAIL).count() > 40);
    for text in lines(FAIL) {
        assert!(!errors(text).is_empty(), "{text}");
    }
}
