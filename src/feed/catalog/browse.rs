//! What may be asked of the index.

use serde::{Deserialize, Serialize};

use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// The kind of an indicator whose pattern is about objects of several types.
pub const MULTI: &str = "multi";

/// A selection of objects, in an order, and a page of them. The default selects everything, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Browse {
    /// Only objects of one of these types; empty: of all.
    pub types: Vec<String>,
    /// Only indicators of one of these kinds: the type of object that the pattern is about (`ipv4-addr`, `file`, …), [`MULTI`], or the
    /// `pattern_type` if that is not `stix`; empty: all objects.
    pub kinds: Vec<String>,
    /// Words that all stand in the name, a value, an alias, an external id or a constant of the pattern, in any case. Of each of these the
    /// first 512 octets are searched, and 4096 of an object; in hashes, runs of four digits and more. The id of an object finds it too.
    pub text: String,
    /// Only objects that carry all of these, as `labels` or `indicator_types`.
    pub labels: Vec<String>,
    /// Only objects with one of these as `created_by_ref`; empty: of all sources, and of none.
    pub sources: Vec<String>,
    /// Only objects of one of these levels; empty: of all that may be seen.
    pub levels: Vec<Level>,
    /// Only objects with at least this `confidence`.
    pub confidence_from: Option<u8>,
    /// Only objects with at most this `confidence`.
    pub confidence_to: Option<u8>,
    /// When the object was added to its collection.
    pub added: Span,
    /// When the object was modified; those without `modified` are never in a span.
    pub modified: Span,
    /// Only revoked objects, or only others.
    pub revoked: Option<bool>,
    /// Only objects whose `valid_until` has come, or only others.
    pub expired: Option<bool>,
    /// Only objects whose `valid_until` is before this.
    pub expires_before: Option<Stamp>,
    /// What the objects are sorted by. Those that have no such thing come last.
    pub order: Order,
    /// The greatest first. Of equals the newest comes first, either way.
    pub descending: bool,
    /// How many objects to pass over.
    pub offset: usize,
    /// How many objects to return; at most [`MOST_ROWS`](super::listing::MOST_ROWS).
    pub limit: usize,
}

/// A stretch of time; open where it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Span {
    /// From here on.
    pub from: Option<Stamp>,
    /// Up to here, and not here.
    pub to: Option<Stamp>,
}

/// What objects are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// When they were added to their collections.
    #[default]
    Added,
    /// `modified`.
    Modified,
    /// What they are called, in lower case: the name, else the value, else the first constant of the pattern; by code points.
    Name,
    /// `confidence`.
    Confidence,
    /// `valid_until`.
    ValidUntil,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 5] = [Self::Added, Self::Modified, Self::Name, Self::Confidence, Self::ValidUntil];

    /// Its name, as in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Name => "name",
            Self::Confidence => "confidence",
            Self::ValidUntil => "valid_until",
        }
    }
}

impl Default for Browse {
    fn default() -> Self {
        Self {
            types: Vec::new(),
            kinds: Vec::new(),
            text: String::new(),
            labels: Vec::new(),
            sources: Vec::new(),
            levels: Vec::new(),
            confidence_from: None,
            confidence_to: None,
            added: Span::default(),
            modified: Span::default(),
            revoked: None,
            expired: None,
            expires_before: None,
            order: Order::Added,
            descending: true,
            offset: 0,
            limit: 50,
        }
    }
}

impl Span {
    /// Whether a time lies in it.
    pub(super) fn holds(self, micros: Option<u64>) -> bool {
        let after = |from: Stamp| micros.is_some_and(|micros| micros >= from.0);
        let before = |to: Stamp| micros.is_some_and(|micros| micros < to.0);
        self.from.is_none_or(after) && self.to.is_none_or(before)
    }
}
