//! `next`: a position that carries its own query, so that it works without the parameters it came from (Q1), with them (Q2), long
//! after (Q3), after a restart and on another server. It is untrusted and grants nothing (T-053).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::query::Filter;
use super::stamp::Stamp;

/// The first byte: tells this layout from later ones.
const LAYOUT: u8 = 1;
/// Layout, collection, `after`, `position`.
const HEAD: usize = 1 + 16 + 8 + 8;
/// Bytes of the check sum, which tells a damaged cursor from one of ours (T-052); it is no protection.
const SUM: usize = 6;

/// Where a page ended, and what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The collection that was read.
    pub collection: Uuid,
    /// `added_after` of the query, or zero.
    pub after: Stamp,
    /// The stamp of the last record that was returned.
    pub position: Stamp,
    /// The `match` fields of the query.
    pub filter: Filter,
}

impl Cursor {
    /// The text for `next`: letters, digits, `-` and `_` only, so that it survives URL encoding (T-051).
    pub fn write(&self) -> String {
        let mut bytes = Vec::with_capacity(HEAD + 64);
        bytes.push(LAYOUT);
        bytes.extend_from_slice(self.collection.as_bytes());
        bytes.extend_from_slice(&self.after.0.to_be_bytes());
        bytes.extend_from_slice(&self.position.0.to_be_bytes());
        if self.filter != Filter::default() {
            // A struct of optional string lists always has a JSON form.
            bytes.extend(serde_json::to_vec(&self.filter).unwrap_or_default());
        }
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum[..SUM]);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// Reads a cursor; `None` if it is damaged or nobody gave it out.
pub fn read(text: &str) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    let (head, filter) = body.split_at_checked(HEAD)?;
    if head[0] != LAYOUT || Sha256::digest(body)[..SUM] != *sum {
        return None;
    }
    let filter: Filter = if filter.is_empty() { Filter::default() } else { serde_json::from_slice(filter).ok()? };
    // A forged version list must not get further than a forged parameter would.
    filter.choice().ok()?;
    Some(Cursor {
        collection: Uuid::from_slice(&head[1..17]).ok()?,
        after: Stamp(u64::from_be_bytes(head[17..25].try_into().ok()?)),
        position: Stamp(u64::from_be_bytes(head[25..33].try_into().ok()?)),
        filter,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor() -> Cursor {
        let filter = Filter { types: Some(vec!["indicator".into(), "x-ünïcode".into()]), ..Filter::default() };
        Cursor { collection: Uuid::from_u128(7), after: Stamp(5), position: Stamp(1_614_643_200_000_000), filter }
    }

    #[test]
    fn t051_goes_round_in_url_safe_letters() {
        let text = cursor().write();
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(read(&text), Some(cursor()));
        let plain = Cursor { filter: Filter::default(), ..cursor() };
        assert_eq!(read(&plain.write()), Some(plain));
    }

    #[test]
    fn t052_one_changed_letter_is_noticed() {
        let text = cursor().write();
        for at in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(std::str::from_utf8(&damaged).unwrap()), None, "letter {at}");
            assert_eq!(read(&text[..at]), None, "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[A-Za-z0-9_-]{0,120}", any in ".{0,50}") {
            prop_assert_eq!(read(&text), None);
            prop_assert_eq!(read(&any), None);
        }
    }
}
