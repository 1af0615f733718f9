//! Every address of the console, and the one type that may stand in a link.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in a path segment as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address that a link may lead to: a path of this console, or `http(s)://…`. Never a script, whatever a stored text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Href(String);

impl Href {
    /// An address that somebody wrote into an object, if it is one that a link may lead to.
    pub fn outward(text: &str) -> Option<Self> {
        let rest = ["https://", "http://"].iter().find_map(|scheme| {
            let (head, rest) = text.split_at_checked(scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then_some(rest)
        })?;
        let fit = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '\\' | '"' | '<' | '>' | '`');
        (rest.starts_with(|c: char| c.is_alphanumeric() || c == '[') && text.chars().all(fit)).then(|| Self(text.to_owned()))
    }

    /// A path below `/console/`, of these segments.
    pub fn within(segments: &[&str]) -> Self {
        let mut path = "/console/".to_owned();
        for segment in segments {
            path.extend(utf8_percent_encode(segment, SEGMENT));
            path.push('/');
        }
        Self(path)
    }

    /// The same address with these parameters instead of those it has.
    #[must_use]
    pub fn with_query<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let path = self.0.split(['?', '#']).next().unwrap_or("/console/");
        Self(if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
    }

    /// The same address, at this place of the page.
    #[must_use]
    pub fn at(&self, place: &'static str) -> Self {
        Self(format!("{}#{place}", self.0.split('#').next().unwrap_or_default()))
    }

    /// A path below `/console/` that came back from a form, to go on to after the form; anything else is the first page.
    pub fn back_to(text: &str) -> Self {
        let ours = text.starts_with("/console/") && !text.contains("//") && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if ours { Self(text.to_owned()) } else { overview() }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first page.
pub fn overview() -> Href {
    Href::within(&[])
}

/// Where one logs in.
pub fn login() -> Href {
    Href::within(&["login"])
}

/// Where objects are found; the form that acts on a selection goes to `act` below it.
pub fn browse() -> Href {
    Href::within(&["browse"])
}

/// An object of a collection.
pub fn object(root: &str, collection: &str, id: &str) -> Href {
    Href::within(&["objects", root, collection, id])
}

/// Where indicators are added.
pub fn add() -> Href {
    Href::within(&["add"])
}

/// A draft: its review; `defaults` and `publish` are steps below it.
pub fn draft(id: &str) -> Href {
    Href::within(&["add", id])
}

/// The list of campaigns.
pub fn campaigns() -> Href {
    Href::within(&["campaigns"])
}

/// One campaign.
pub fn campaign(root: &str, collection: &str, id: &str) -> Href {
    Href::within(&["campaigns", root, collection, id])
}

/// The imports.
pub fn imports() -> Href {
    Href::within(&["imports"])
}

/// One import; `progress` (JSON) and `undo` are below it.
pub fn import(id: &str) -> Href {
    Href::within(&["imports", id])
}

/// Who did what.
pub fn audit() -> Href {
    Href::within(&["audit"])
}

/// The collections.
pub fn collections() -> Href {
    Href::within(&["collections"])
}

/// One collection, with its connection cards.
pub fn collection(root: &str, collection: &str) -> Href {
    Href::within(&["collections", root, collection])
}

/// What is shared with whom, and who has got how far.
pub fn sharing() -> Href {
    Href::within(&["sharing"])
}

/// The users.
pub fn users() -> Href {
    Href::within(&["users"])
}

/// One user, with its tokens.
pub fn user(name: &str) -> Href {
    Href::within(&["users", name])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_http_leads_outward() {
        for good in ["https://example.org/a?b=c#d", "HTTP://example.org", "http://[::1]:8080/"] {
            assert_eq!(Href::outward(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " https://example.org",
            "https://",
            "https:///x",
            "https://a b",
            "https://a\u{0}b",
            "https://a\nb",
            "https://a\"onclick=x",
            "//example.org",
            "/console/",
            "data:text/html,x",
            "ftp://example.org",
            "é",
        ] {
            assert_eq!(Href::outward(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn forms_lead_back_into_the_console_only() {
        assert_eq!(Href::back_to("/console/browse/?q=a").as_str(), "/console/browse/?q=a");
        for bad in ["https://evil.example", "//evil.example", "/console/\\evil", "/console//evil.example", "/admin/", "", "/console/\u{202e}"] {
            assert_eq!(Href::back_to(bad), overview(), "{bad:?}");
        }
    }

    #[test]
    fn segments_and_parameters_are_encoded() {
        assert_eq!(user("a/b ?ü").as_str(), "/console/users/a%2Fb%20%3F%C3%BC/");
        assert_eq!(browse().with_query([("q", "a&b"), ("kind", "x y")]).as_str(), "/console/browse/?q=a%26b&kind=x+y");
        assert_eq!(browse().with_query([("q", "a")]).with_query([]).at("rows").as_str(), "/console/browse/#rows");
    }

    proptest! {
        #[test]
        fn a_segment_stays_one_segment(segment in ".+") {
            let href = user(&segment);
            prop_assert_eq!(href.as_str().matches('/').count(), 4);
            prop_assert_eq!(Href::back_to(href.as_str()), href);
        }
    }
}
