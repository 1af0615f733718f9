//! `ETag` and `If-None-Match` (RFC 9110 §8.8.3, §13.1.2): what a client has already is not sent again.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xxhash_rust::xxh3::Xxh3Default;

use super::compress::Coding;

/// Names the content of an answer, whichever server gives it, and before or after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(u128);

impl Tag {
    /// The tag of what a resource of this kind (in a collection) is when it has the digest, and goes on at `next`.
    pub fn of(kind: &str, digest: u128, next: &str) -> Self {
        let mut tag = Xxh3Default::new();
        for part in [kind.as_bytes(), b"\n", next.as_bytes(), &digest.to_be_bytes()] {
            tag.update(part);
        }
        Self(tag.digest128())
    }

    /// The header for the content in a coding: a strong validator differs between codings.
    pub fn header(self, coding: Option<Coding>) -> Option<HeaderValue> {
        let suffix = coding.map_or("", Coding::name);
        let separator = if suffix.is_empty() { "" } else { "-" };
        HeaderValue::try_from(format!("\"{}{separator}{suffix}\"", self.text())).ok()
    }

    /// Whether the client says that it has this, in any coding.
    pub fn is_known(self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
        if given.peek().is_none() {
            return false;
        }
        let text = self.text();
        given.flat_map(|list| list.split(',')).map(str::trim).any(|one| {
            let opaque = one.strip_prefix("W/").unwrap_or(one).trim_matches('"');
            one == "*" || opaque.strip_prefix(&text).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }

    fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(tag: Tag, text: &str) -> bool {
        tag.is_known(&[(header::IF_NONE_MATCH, HeaderValue::from_str(text).unwrap())].into_iter().collect())
    }

    #[test]
    fn a_tag_is_known_by_itself_in_any_coding_and_weakly() {
        let tag = Tag::of("objects", 7, "");
        let text = tag.header(None).unwrap().to_str().unwrap().to_owned();
        let gzip = tag.header(Some(Coding::Gzip)).unwrap().to_str().unwrap().to_owned();
        assert_ne!(text, gzip);
        for known in [&text, &gzip, &format!("W/{text}"), &format!("\"a\", {gzip}"), "*"] {
            assert!(knows(tag, known), "{known}");
        }
        for other in ["", "\"\"", "\"a\"", Tag::of("objects", 8, "").header(None).unwrap().to_str().unwrap()] {
            assert!(!knows(tag, other), "{other}");
        }
        assert_ne!(Tag::of("objects", 7, "n"), tag);
        assert_ne!(Tag::of("manifest", 7, ""), tag);
        assert!(!tag.is_known(&HeaderMap::new()));
    }
}
