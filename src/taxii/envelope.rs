//! Writes pages: envelopes, manifests and version lists, from raw slices.
//!
//! Ids, versions and cursors are of letters that JSON needs not escape: the gate and the cursor see to it.

use super::media;
use super::stamp::Stamp;

/// One stored version as a page shows it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its version (T-117).
    pub version: &'a str,
    /// Its date added.
    pub added: Stamp,
    /// The object as it came.
    pub object: &'a [u8],
}

/// What an empty page looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Without `objects`, as the standard wants it (T-094).
    Omit,
    /// With `"objects":[]`, for the one client that stumbles otherwise (Q16).
    List,
}

/// An envelope (§3.7). `more` is always there, because a client needs it on empty pages (Q15).
pub fn objects<'a>(items: impl Iterator<Item = Item<'a>> + Clone, next: Option<&str>, empty: Empty) -> Vec<u8> {
    let size = items.clone().map(|item| item.object.len() + 1).sum::<usize>();
    write("objects", items, next, empty, size, |out, item| out.extend_from_slice(item.object))
}

/// A manifest (§5.3.1).
pub fn manifest<'a>(items: impl Iterator<Item = Item<'a>>, next: Option<&str>, empty: Empty) -> Vec<u8> {
    write("objects", items, next, empty, 0, |out, item| {
        let Item { id, version, added, .. } = item;
        let record = format!(r#"{{"id":"{id}","date_added":"{added}","version":"{version}","media_type":"{}"}}"#, media::STIX);
        out.extend_from_slice(record.as_bytes());
    })
}

/// The versions of an object (§5.8.1).
pub fn versions<'a>(items: impl Iterator<Item = Item<'a>>, next: Option<&str>) -> Vec<u8> {
    write("versions", items, next, Empty::Omit, 0, |out, item| {
        out.push(b'"');
        out.extend_from_slice(item.version.as_bytes());
        out.push(b'"');
    })
}

/// A page whose list is called `name`; `size` is what its elements take, as far as it is known beforehand.
fn write<'a>(
    name: &str,
    items: impl Iterator<Item = Item<'a>>,
    next: Option<&str>,
    empty: Empty,
    size: usize,
    element: impl Fn(&mut Vec<u8>, Item<'a>),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 128 + next.map_or(0, str::len));
    out.extend_from_slice(br#"{"more":"#);
    match next {
        Some(next) => out.extend_from_slice(format!(r#"true,"next":"{next}""#).as_bytes()),
        None => out.extend_from_slice(b"false"),
    }
    let mut first = true;
    for item in items {
        if first {
            out.extend_from_slice(format!(r#","{name}":["#).as_bytes());
        } else {
            out.push(b',');
        }
        first = false;
        element(&mut out, item);
    }
    match (first, empty) {
        (false, _) => out.extend_from_slice(b"]}"),
        (true, Empty::Omit) => out.push(b'}'),
        (true, Empty::List) => out.extend_from_slice(format!(r#","{name}":[]}}"#).as_bytes()),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> [Item<'static>; 2] {
        [
            Item { id: "url--1", version: "2021-03-02T00:00:00Z", added: Stamp(1), object: br#"{ "b":1.0}"# },
            Item { id: "url--2", version: "2021-03-03T00:00:00Z", added: Stamp(2), object: br#"{"a":"\u00e4"}"# },
        ]
    }

    fn text(bytes: Vec<u8>) -> String {
        let text = String::from_utf8(bytes).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        text
    }

    #[test]
    fn t098_objects_are_copied_as_they_came() {
        let page = text(objects(items().into_iter(), Some("abc"), Empty::Omit));
        assert_eq!(page, r#"{"more":true,"next":"abc","objects":[{ "b":1.0},{"a":"\u00e4"}]}"#);
    }

    #[test]
    fn t094_q15_q16_empty_pages() {
        assert_eq!(text(objects([].into_iter(), None, Empty::Omit)), r#"{"more":false}"#);
        assert_eq!(text(objects([].into_iter(), None, Empty::List)), r#"{"more":false,"objects":[]}"#);
        assert_eq!(text(versions([].into_iter(), None)), r#"{"more":false}"#);
    }

    #[test]
    fn t133_manifest_records() {
        let page = text(manifest(items().into_iter().take(1), None, Empty::Omit));
        assert_eq!(
            page,
            r#"{"more":false,"objects":[{"id":"url--1","date_added":"1970-01-01T00:00:00.000001Z","version":"2021-03-02T00:00:00Z","media_type":"application/stix+json;version=2.1"}]}"#
        );
    }

    #[test]
    fn t168_versions_are_strings() {
        assert_eq!(text(versions(items().into_iter(), None)), r#"{"more":false,"versions":["2021-03-02T00:00:00Z","2021-03-03T00:00:00Z"]}"#);
    }
}
