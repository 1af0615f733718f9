//! The text by which an object is found: its names, its values, the constants of its pattern.
//!
//! Text is kept folded to lower case, in pieces between line feeds, of which the first is what the object is called. Hashes are most of the
//! text of many feeds: a piece that is nothing but the digits of a hash is kept as octets, which takes half the room.

use crate::feed::object::NAMES;
use crate::stix::json::{Json, Members};
use crate::stix::pattern::parts::Parts;

/// What stands between pieces of text; no piece holds it.
pub(super) const BETWEEN: char = '\n';
/// The same as it stands in the text.
pub(super) const BETWEEN_OCTET: u8 = BETWEEN as u8;
/// The most octets of a piece; of a longer one the beginning is kept.
pub(super) const LONGEST_PIECE: usize = 512;
/// The most octets of all pieces of an object.
pub(super) const LONGEST: usize = 4096;
/// The numbers of digits that make a piece a hash: those of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512, and of TLSH without its head.
const HASH_DIGITS: [usize; 7] = [32, 40, 56, 64, 70, 96, 128];

/// The text of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Telling {
    /// Pieces with [`BETWEEN`] between them.
    pub(super) text: String,
    /// Hashes: for each an octet that counts its octets, and these.
    pub(super) hashes: Vec<u8>,
}

/// The first piece of a text: what the object is called. Empty if there is no text.
pub(super) fn name(text: &[u8]) -> &[u8] {
    memchr::memchr(BETWEEN_OCTET, text).and_then(|end| text.get(..end)).unwrap_or(text)
}

impl Telling {
    /// The text of an object whose pattern has these parts.
    pub(super) fn of(object: &Members<'_>, parts: &Parts<'_>) -> Self {
        let mut telling = Self::default();
        // Of a pattern the parts are told, not the text.
        let names = NAMES.iter().filter(|name| **name != "pattern");
        names.filter_map(|name| object.text(name)).for_each(|piece| telling.push(piece));
        parts.values.iter().for_each(|piece| telling.push(piece));
        let list = |name| object.get(name).and_then(Json::as_list).unwrap_or_default().iter();
        list("aliases").filter_map(Json::as_text).for_each(|piece| telling.push(piece));
        let members = object.get("hashes").and_then(Json::as_object).into_iter().flat_map(Members::iter);
        members.filter_map(|(_, digest)| digest.as_text()).for_each(|piece| telling.push(piece));
        let references = list("external_references").filter_map(Json::as_object);
        references.filter_map(|reference| reference.text("external_id")).for_each(|piece| telling.push(piece));
        telling
    }

    /// Adds a piece, unless what is there holds it or there is no room.
    pub(super) fn push(&mut self, piece: &str) {
        let piece = fold(piece);
        let full = self.text.len() + self.hashes.len() + piece.len() > LONGEST;
        if piece.is_empty() || full || self.text.contains(&piece) {
            return;
        }
        // The first piece is what rows are sorted by, also if it is a hash.
        if let Some((count, octets)) = octets(&piece).filter(|_| !self.text.is_empty()) {
            self.hashes.push(count);
            self.hashes.extend(octets);
            return;
        }
        if !self.text.is_empty() {
            self.text.push(BETWEEN);
        }
        self.text.push_str(&piece);
    }
}

/// A piece in lower case and on one line, cut to [`LONGEST_PIECE`].
fn fold(piece: &str) -> String {
    let mut folded = String::with_capacity(piece.len().min(LONGEST_PIECE));
    for c in lower(piece.trim()) {
        if folded.len() + c.len_utf8() > LONGEST_PIECE {
            break;
        }
        folded.push(if c == BETWEEN { ' ' } else { c });
    }
    folded
}

/// The characters of a text in lower case, each by itself, so that a part of a text is folded as in the whole.
pub(super) fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// The octets that a piece of text writes as a hash, and how many.
fn octets(piece: &str) -> Option<(u8, Vec<u8>)> {
    let octets = HASH_DIGITS.contains(&piece.len()).then(|| hex::decode(piece).ok())??;
    Some((u8::try_from(octets.len()).ok()?, octets))
}

/// The hashes in what [`Telling::hashes`] holds.
pub(super) fn each_hash(mut hashes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (count, rest) = hashes.split_first()?;
        let (hash, rest) = rest.split_at_checked(usize::from(*count))?;
        hashes = rest;
        Some(hash)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::pattern::parse::parse;

    fn telling(object: &str, pattern: &str) -> Telling {
        let (json, tree) = (Json::parse(object).unwrap(), parse(pattern).unwrap());
        Telling::of(json.as_object().unwrap(), &Parts::of(&tree))
    }

    #[test]
    fn pieces_are_folded_and_what_is_there_is_not_added() {
        let told = telling(r#"{"name":" Web\nShell A.aspx ","aliases":["ÄRGER","web"]}"#, "[file:name = 'A.ASPX' OR file:name = 'Q']");
        assert_eq!(told, Telling { text: "web shell a.aspx\nq\närger".into(), hashes: Vec::new() });
    }

    #[test]
    fn hashes_are_kept_as_octets_unless_they_are_the_name() {
        let md5 = "0123456789ABCDEF0123456789abcdef";
        let told = telling(&format!(r#"{{"hashes":{{"MD5":"{md5}"}},"name":"a"}}"#), "[file:size = 1]");
        assert_eq!((told.text.as_str(), each_hash(&told.hashes).map(hex::encode).collect::<Vec<_>>()), ("a", vec![md5.to_lowercase()]));
        let told = telling(r#"{"a":1}"#, &format!("[file:hashes.MD5 = '{md5}']"));
        assert_eq!(told, Telling { text: md5.to_lowercase(), hashes: Vec::new() });
    }

    #[test]
    fn much_text_is_cut() {
        let mut told = Telling::default();
        told.push(&"ä".repeat(LONGEST_PIECE));
        assert_eq!(told.text.len(), LONGEST_PIECE);
        (0..100).for_each(|n| told.push(&format!("{n}{}", "x".repeat(100))));
        assert!(told.text.len() <= LONGEST + 100 && told.text.len() > LONGEST - 200);
    }
}
