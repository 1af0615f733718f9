//! How sure somebody is, as a meter with its number and the word of the standard.

use askama::Template;
use askama::filters::HtmlSafe;

/// The `confidence` of an object, if it says one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(path = "parts/confidence.html")]
pub struct Confidence(pub Option<u8>);

impl HtmlSafe for Confidence {}

impl Confidence {
    /// The number, and its word on the None/Low/Med/High scale (STIX 2.1, appendix A).
    fn told(self) -> Option<(u8, &'static str)> {
        let word = |value| match value {
            0 => "none",
            1..=29 => "low",
            30..=69 => "medium",
            _ => "high",
        };
        self.0.map(|value| (value, word(value)))
    }
}
