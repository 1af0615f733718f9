//! Papers: what people have in hand besides objects, each for a time.

use bytes::Bytes;
use uuid::Uuid;

use crate::taxii::stamp::Stamp;

/// What a paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// What an analyst reviews before it is published.
    Draft = 1,
    /// What became of an import.
    Import = 2,
    /// A person who is logged in.
    Session = 3,
    /// What became of the lines of an import.
    Lines = 4,
    /// That lists of a collection were asked for; its id is the collection's.
    Listed = 5,
    /// How a link stands; its id is the link's.
    Link = 6,
    /// What a consumer was handed.
    Handed = 7,
    /// Which stretches of a collection were read for lists; its id is the collection's.
    Kept = 8,
    /// What was read of such a stretch.
    Values = 9,
}

impl Kind {
    /// Every kind that a copy of the store takes along: what cannot be made anew.
    pub(super) const COPIED: [Self; 7] = [Self::Draft, Self::Import, Self::Session, Self::Lines, Self::Listed, Self::Link, Self::Handed];
}

/// A paper. What its text says is the business of who keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// What it is.
    pub kind: Kind,
    /// Its name among those of its kind.
    pub id: Uuid,
    /// The user whose it is.
    pub owner: String,
    /// When it is forgotten.
    pub expires: Stamp,
    /// What stands on it.
    pub text: Bytes,
}
