//! Writes pages: envelopes, manifests and version lists, from raw slices.
//!
//! Ids, versions and cursors are of letters that JSON needs not escape: the gate and the cursor see to it.

use bytes::Bytes;

use super::media;
use super::stamp::Stamp;

/// One stored version as a manifest shows it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its version (T-117).
    pub version: &'a str,
    /// Its date added.
    pub added: Stamp,
}

/// What an empty page looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Without `objects`, as the standard wants it (T-094).
    Omit,
    /// With `"objects":[]`, for the one client that stumbles otherwise (Q16).
    List,
}

/// A page is copied together if it is in more pieces than this: few octets each would cost more to send than to copy.
const MOST_PIECES: usize = 8;

/// An envelope (§3.7) of objects that are in pieces, with commas inside of them; what is long is not copied. `more` is always there,
/// because a client needs it on empty pages (Q15).
pub fn objects(pieces: Vec<Bytes>, next: Option<&str>, empty: Empty) -> Vec<Bytes> {
    match (pieces.is_empty(), empty) {
        (true, Empty::Omit) => return vec![Bytes::from_static(br#"{"more":false}"#)],
        (true, Empty::List) => return vec![Bytes::from_static(br#"{"more":false,"objects":[]}"#)],
        _ => {}
    }
    let mut head = Vec::with_capacity(64 + next.map_or(0, str::len));
    more(&mut head, next);
    head.extend_from_slice(br#","objects":["#);
    if pieces.len() > MOST_PIECES {
        head.reserve_exact(pieces.iter().map(|piece| piece.len() + 1).sum::<usize>() + 1);
        for (at, piece) in pieces.iter().enumerate() {
            head.extend_from_slice(if at == 0 { b"" } else { b"," });
            head.extend_from_slice(piece);
        }
        head.extend_from_slice(b"]}");
        return vec![head.into()];
    }
    let mut page = Vec::with_capacity(2 * pieces.len() + 1);
    page.push(head.into());
    for (at, piece) in pieces.into_iter().enumerate() {
        if at > 0 {
            page.push(Bytes::from_static(b","));
        }
        page.push(piece);
    }
    page.push(Bytes::from_static(b"]}"));
    page
}

/// A manifest (§5.3.1).
pub fn manifest<'a>(items: impl Iterator<Item = Item<'a>>, next: Option<&str>, empty: Empty) -> Vec<u8> {
    write("objects", items, next, empty, |out, item| {
        let Item { id, version, added, .. } = item;
        let record = format!(r#"{{"id":"{id}","date_added":"{added}","version":"{version}","media_type":"{}"}}"#, media::STIX);
        out.extend_from_slice(record.as_bytes());
    })
}

/// The versions of an object (§5.8.1).
pub fn versions<'a>(items: impl Iterator<Item = Item<'a>>, next: Option<&str>) -> Vec<u8> {
    write("versions", items, next, Empty::Omit, |out, item| {
        out.push(b'"');
        out.extend_from_slice(item.version.as_bytes());
        out.push(b'"');
    })
}

/// The beginning of every page.
fn more(out: &mut Vec<u8>, next: Option<&str>) {
    match next {
        Some(next) => [r#"{"more":true,"next":""#, next, "\""].iter().for_each(|part| out.extend_from_slice(part.as_bytes())),
        None => out.extend_from_slice(br#"{"more":false"#),
    }
}

/// A page whose list is called `name`.
fn write<'a>(
    name: &str,
    items: impl Iterator<Item = Item<'a>>,
    next: Option<&str>,
    empty: Empty,
    element: impl Fn(&mut Vec<u8>, Item<'a>),
) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + next.map_or(0, str::len));
    more(&mut out, next);
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
            Item { id: "url--1", version: "2021-03-02T00:00:00Z", added: Stamp(1) },
            Item { id: "url--2", version: "2021-03-03T00:00:00Z", added: Stamp(2) },
        ]
    }

    fn text(bytes: Vec<u8>) -> String {
        let text = String::from_utf8(bytes).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        text
    }

    fn page(pieces: &[&'static str], next: Option<&str>, empty: Empty) -> (String, usize) {
        let page = objects(pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect(), next, empty);
        (text(page.concat()), page.len())
    }

    #[test]
    fn t098_objects_stand_as_they_came_in_few_pieces_or_in_many() {
        let (few, many) = (r#"{ "b":1.0},{"a":"\u00e4"}"#, [r#"{ "b":1.0}"#; 20]);
        let expected = format!(r#"{{"more":true,"next":"abc","objects":[{few},{few}]}}"#);
        assert_eq!(page(&[few, few], Some("abc"), Empty::Omit), (expected, 5));
        assert_eq!(page(&many, None, Empty::Omit), (format!(r#"{{"more":false,"objects":[{}]}}"#, many.join(",")), 1));
    }

    #[test]
    fn t094_q15_q16_empty_pages() {
        assert_eq!(page(&[], None, Empty::Omit).0, r#"{"more":false}"#);
        assert_eq!(page(&[], None, Empty::List).0, r#"{"more":false,"objects":[]}"#);
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
