//! An object mentioned on a page: its kind, its name and the way to it.

use askama::Template;
use askama::filters::HtmlSafe;

use super::kind::Kind;
use super::said::Said;
use crate::console::paths::Href;

/// A mention of an object.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/reference.html")]
pub struct Reference {
    /// Its type.
    pub kind: Kind,
    /// Its name, or what stands for one: a value, a pattern, an id.
    pub name: Said,
    /// Where it is shown; `None` when it is not here, or not for this visitor to see.
    pub href: Option<Href>,
}

impl HtmlSafe for Reference {}

/// An address that somebody wrote into an object: a link if it may be one, text otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/outward.html")]
pub struct Outward {
    /// What is shown.
    pub text: Said,
    /// Where it leads.
    pub href: Option<Href>,
}

impl HtmlSafe for Outward {}

impl Outward {
    /// The address itself, shown as it is.
    pub fn of(address: &str) -> Self {
        Self { text: address.into(), href: Href::outward(address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_text() {
        let shown = Outward::of("javascript:alert(1)").to_string();
        assert!(!shown.contains("href"), "{shown}");
        let shown = Outward::of("https://example.org/?a=1&b='x'").to_string();
        assert!(shown.contains("href=\"https://example.org/?a=1&#38;b=&#39;x&#39;\""), "{shown}");
        assert!(shown.contains("rel=\"noopener noreferrer nofollow\""));
    }

    #[test]
    fn what_cannot_be_shown_is_no_link() {
        let hidden = Reference { kind: Kind::of("malware"), name: "<b>".into(), href: None }.to_string();
        assert!(!hidden.contains("<a") && !hidden.contains("<b>"), "{hidden}");
    }
}
