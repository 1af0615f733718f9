//! The keys of the one sled tree, and the value that holds an object.
//!
//! Numbers are big-endian, so that the order of keys is the order of what they name:
//!
//! | key | value | what it is |
//! | --- | --- | --- |
//! | `n` collection stamp | [`Entry`] | a version that may be the latest of its object for some reader |
//! | `h` collection stamp | [`Entry`] | a version that a later arrival has superseded |
//! | `v` collection id `00` instant | stamp | every version of an object, oldest first |
//! | `c` collection id `00` stamp | | a version that holds this object |
//! | `g` collection id `00` instant | JSON | a version that was deleted for good |
//! | `t` collection type `00` stamp | stamps | a run of the versions under `n` of a type, see [`runs`](super::runs) |
//! | `l` collection | stamp | the last stamp given; what stands behind it was never acknowledged |
//! | `m` collection stamp | | a version that is to be moved from `n` to `h` |
//! | `p` collection | | a removed collection whose objects are to be purged |
//! | `a` stamp | JSON | an entry of the audit log |
//! | `k` kind UUID | paper | a paper: its end, the length of its owner's name, the name, the text |
//! | `x` stamp kind UUID | | a paper by the time of its end |
//! | `s` UUID | JSON | a status |
//! | `e` stamp UUID | | a status by the time of its end |
//! | `d` | JSON | the directory |
//! | `f` | text | the format of all this |

use bytes::Bytes;
use sled::IVec;
use uuid::Uuid;

use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::only::Header;
use crate::store::paper::{Kind, Paper};
use crate::store::{Record, StoreError};
use crate::taxii::stamp::Stamp;

/// Where a version is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among those that may be the latest of their object.
    Newest = b'n' as isize,
    /// Among the superseded.
    History = b'h' as isize,
}

/// Key of the directory.
pub(super) const DIRECTORY: &[u8] = b"d";
/// Key of the format.
pub(super) const FORMAT: &[u8] = b"f";
/// First bytes of the keys that hold last stamps, moves and purges.
pub(super) const LAST: u8 = b'l';
pub(super) const MOVE: u8 = b'm';
pub(super) const PURGE: u8 = b'p';
/// First byte of the keys that hold statuses by their end.
pub(super) const EXPIRY: u8 = b'e';

/// All that begins with `first` and belongs to a collection.
pub(super) fn of(first: u8, collection: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.push(first);
    key.extend_from_slice(&collection.to_be_bytes());
    key
}

/// A stored version.
pub(super) fn entry(place: Place, collection: u32, stamp: Stamp) -> Vec<u8> {
    stamped(of(place as u8, collection), stamp)
}

/// All versions of an object.
pub(super) fn versions(collection: u32, id: &str) -> Vec<u8> {
    named(b'v', collection, id)
}

/// One version of an object.
pub(super) fn version(collection: u32, id: &str, instant: &Instant) -> Vec<u8> {
    let mut key = versions(collection, id);
    key.extend_from_slice(&instant.to_key());
    key
}

/// All versions that hold an object.
pub(super) fn holders(collection: u32, id: &str) -> Vec<u8> {
    named(b'c', collection, id)
}

/// A version that holds an object.
pub(super) fn holder(collection: u32, id: &str, stamp: Stamp) -> Vec<u8> {
    stamped(holders(collection, id), stamp)
}

/// First byte of the keys of what was deleted for good.
pub(super) const GRAVE: u8 = b'g';

/// All versions of an object that were deleted for good.
pub(super) fn graves(collection: u32, id: &str) -> Vec<u8> {
    named(GRAVE, collection, id)
}

/// A version that was deleted for good.
pub(super) fn grave(collection: u32, id: &str, instant: &Instant) -> Vec<u8> {
    let mut key = graves(collection, id);
    key.extend_from_slice(&instant.to_key());
    key
}

/// The instant at the end of a version's key, whose first `prefix` bytes name the object.
pub(super) fn instant_of(key: &[u8], prefix: usize) -> Result<Instant, StoreError> {
    key.get(prefix..).and_then(Instant::from_key).ok_or_else(|| damaged(key))
}

/// All runs of a type.
pub(super) fn runs(collection: u32, type_name: &str) -> Vec<u8> {
    named(b't', collection, type_name)
}

/// A run of a type, which begins at or before its first stamp.
pub(super) fn run(collection: u32, type_name: &str, begin: Stamp) -> Vec<u8> {
    stamped(runs(collection, type_name), begin)
}

/// A version that is to be moved.
pub(super) fn moving(collection: u32, stamp: Stamp) -> Vec<u8> {
    stamped(of(MOVE, collection), stamp)
}

/// First byte of the keys of the audit log.
pub(super) const AUDIT: u8 = b'a';

/// An entry of the audit log.
pub(super) fn audit(at: Stamp) -> Vec<u8> {
    stamped(vec![AUDIT], at)
}

/// All papers of a kind.
pub(super) fn papers(kind: Kind) -> [u8; 2] {
    [b'k', kind as u8]
}

/// A paper.
pub(super) fn paper(kind: Kind, id: Uuid) -> Vec<u8> {
    [&papers(kind)[..], id.as_bytes()].concat()
}

/// First byte of the keys that hold papers by their end.
pub(super) const PAPER_EXPIRY: u8 = b'x';

/// A paper by its end.
pub(super) fn paper_expiry(expires: Stamp, kind: Kind, id: Uuid) -> Vec<u8> {
    [&[PAPER_EXPIRY][..], &expires.0.to_be_bytes(), &[kind as u8], id.as_bytes()].concat()
}

/// Behind every paper that ends at `now`.
pub(super) fn papers_expired(now: Stamp) -> Vec<u8> {
    [&[PAPER_EXPIRY][..], &now.0.to_be_bytes(), &[u8::MAX]].concat()
}

/// The key of the paper that an expiry key names.
pub(super) fn expired_paper(key: &[u8]) -> Result<Vec<u8>, StoreError> {
    key.get(9..).filter(|rest| rest.len() == 17).map(|rest| [b"k", rest].concat()).ok_or_else(|| damaged(key))
}

/// The value of a paper.
pub(super) fn write_paper(paper: &Paper) -> Result<Vec<u8>, StoreError> {
    let owner = u16::try_from(paper.owner.len()).map_err(|_| StoreError::Engine("the owner's name is too long to be stored".into()))?;
    Ok([&paper.expires.0.to_be_bytes()[..], &owner.to_be_bytes(), paper.owner.as_bytes(), &paper.text].concat())
}

/// The paper that a key and its value hold.
pub(super) fn read_paper(kind: Kind, key: &[u8], value: IVec) -> Result<Paper, StoreError> {
    let parts = || {
        let (expires, rest) = value.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let owner = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        Some((Stamp(u64::from_be_bytes(*expires)), std::str::from_utf8(owner).ok()?.to_owned()))
    };
    let (expires, owner) = parts().ok_or_else(|| damaged(key))?;
    let text = Bytes::from_owner(value).slice(10 + owner.len()..);
    Ok(Paper { kind, id: uuid_of(key)?, owner, expires, text })
}

/// A status.
pub(super) fn status(id: Uuid) -> Vec<u8> {
    [b"s", id.as_bytes().as_slice()].concat()
}

/// A status by its end.
pub(super) fn expiry(expires: Stamp, id: Uuid) -> Vec<u8> {
    [&[EXPIRY][..], &expires.0.to_be_bytes(), id.as_bytes()].concat()
}

/// The UUID at the end of a key.
pub(super) fn uuid_of(key: &[u8]) -> Result<Uuid, StoreError> {
    key.last_chunk::<16>().map(|bytes| Uuid::from_bytes(*bytes)).ok_or_else(|| damaged(key))
}

/// The collection after the first byte of a key.
pub(super) fn collection_of(key: &[u8]) -> Result<u32, StoreError> {
    key.get(1..).and_then(<[u8]>::first_chunk).map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(|| damaged(key))
}

/// The stamp at the end of a key, or that is a value.
pub(super) fn stamp_of(bytes: &[u8]) -> Result<Stamp, StoreError> {
    bytes.last_chunk().map(|bytes| Stamp(u64::from_be_bytes(*bytes))).ok_or_else(|| damaged(bytes))
}

fn named(first: u8, collection: u32, name: &str) -> Vec<u8> {
    let mut key = of(first, collection);
    key.extend_from_slice(name.as_bytes());
    key.push(0);
    key
}

fn stamped(mut key: Vec<u8>, stamp: Stamp) -> Vec<u8> {
    key.extend_from_slice(&stamp.0.to_be_bytes());
    key
}

fn damaged(bytes: &[u8]) -> StoreError {
    StoreError::Damaged(format!("the key or value {} cannot be read", bytes.escape_ascii()))
}

/// Bytes before the id: level, flags, `hidden_until`, length of the id, length of the version.
const HEADER: usize = 1 + 1 + 8 + 2 + 4;
/// Flag of an object that says `revoked: true`.
const REVOKED: u8 = 1;
/// Flag of an object that came from somewhere: sixteen octets in front of it say from where.
const FROM: u8 = 2;

/// What is kept of an object: a fixed header, so that filters read no JSON, then id, version and the object as it came.
#[derive(Debug)]
pub(super) struct Entry {
    value: IVec,
    /// Where the version begins.
    version: usize,
    /// Where the version ends, and what says where the object came from begins.
    origin: usize,
    /// Where the object begins.
    object: usize,
}

/// The parts of an entry that is to be written.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// The object's TLP level.
    pub(super) level: Level,
    /// Whether it says `revoked: true`.
    pub(super) revoked: bool,
    /// Where it came from.
    pub(super) origin: Option<Uuid>,
    /// See [`Entry::hidden_until`].
    pub(super) hidden_until: Stamp,
    /// The object's id.
    pub(super) id: &'a str,
    /// Its version as TAXII writes it.
    pub(super) version: &'a str,
    /// The object as it came.
    pub(super) object: &'a [u8],
}

impl Parts<'_> {
    /// The value that [`Entry::read`] reads back.
    pub(super) fn write(&self) -> Result<Vec<u8>, StoreError> {
        let too_long = |_| StoreError::Engine(format!("the id or version of {} is too long to be stored", self.id));
        let mut value = Vec::with_capacity(HEADER + self.id.len() + self.version.len() + self.object.len());
        value.push(self.level as u8);
        value.push(if self.revoked { REVOKED } else { 0 } | if self.origin.is_some() { FROM } else { 0 });
        value.extend_from_slice(&self.hidden_until.0.to_be_bytes());
        value.extend_from_slice(&u16::try_from(self.id.len()).map_err(too_long)?.to_be_bytes());
        value.extend_from_slice(&u32::try_from(self.version.len()).map_err(too_long)?.to_be_bytes());
        value.extend_from_slice(self.id.as_bytes());
        value.extend_from_slice(self.version.as_bytes());
        value.extend_from_slice(self.origin.as_ref().map_or(&[], |origin| origin.as_bytes().as_slice()));
        value.extend_from_slice(self.object);
        Ok(value)
    }
}

impl Entry {
    /// Reads a value.
    pub(super) fn read(value: IVec) -> Result<Self, StoreError> {
        let lengths = value.get(10..HEADER).and_then(|l| Some((u16::from_be_bytes(*l.first_chunk()?), u32::from_be_bytes(*l.last_chunk()?))));
        let (id, version) = lengths.ok_or_else(|| damaged(&value))?;
        let version_at = HEADER + usize::from(id);
        let object_at = version_at.saturating_add(usize::try_from(version).unwrap_or(usize::MAX));
        let is_text = |range: std::ops::Range<usize>| value.get(range).is_some_and(|part| std::str::from_utf8(part).is_ok());
        if !is_text(HEADER..version_at) || !is_text(version_at..object_at) {
            return Err(damaged(&value[..HEADER]));
        }
        let origin = if value[1] & FROM == 0 { 0 } else { 16 };
        if value.len() < object_at + origin {
            return Err(damaged(&value[..HEADER]));
        }
        Ok(Self { origin: object_at, object: object_at + origin, value, version: version_at })
    }

    /// The object's TLP level.
    pub(super) fn level(&self) -> Level {
        Level::from_byte(self.value[0])
    }

    /// What filters and the gate ask.
    pub(super) fn header(&self) -> Header {
        Header { level: self.level(), origin: self.origin(), revoked: self.value[1] & REVOKED != 0 }
    }

    /// Where the object came from.
    fn origin(&self) -> Option<Uuid> {
        self.value.get(self.origin..self.object).and_then(|bytes| Uuid::from_slice(bytes).ok())
    }

    /// What is told of it.
    pub(super) fn record(&self, added: Stamp) -> Record {
        let (id, version) = (self.id().into(), self.version().into());
        Record { added, id, version, level: self.level(), origin: self.origin(), object: self.object() }
    }

    /// The value with another level.
    pub(super) fn raise(&self, level: Level) -> Vec<u8> {
        let mut value = self.value.to_vec();
        value[0] = level as u8;
        value
    }

    /// The last stamp of a greater version that arrived earlier: only readers of what was added at or after it see this
    /// version as the latest (T-079). Zero for nearly all.
    pub(super) fn hidden_until(&self) -> Stamp {
        stamp_of(&self.value[2..10]).unwrap_or_default()
    }

    /// The object's id.
    pub(super) fn id(&self) -> &str {
        std::str::from_utf8(&self.value[HEADER..self.version]).unwrap_or_default()
    }

    /// Its version as TAXII writes it.
    pub(super) fn version(&self) -> &str {
        std::str::from_utf8(&self.value[self.version..self.origin]).unwrap_or_default()
    }

    /// The object as it came, without a copy.
    pub(super) fn object(&self) -> Bytes {
        Bytes::from_owner(self.value.clone()).slice(self.object..)
    }

    /// The value with another [`Entry::hidden_until`].
    pub(super) fn hide_until(&self, stamp: Stamp) -> Vec<u8> {
        let mut value = self.value.to_vec();
        value[2..10].copy_from_slice(&stamp.0.to_be_bytes());
        value
    }

    /// Its length in the store.
    pub(super) fn len(&self) -> usize {
        self.value.len()
    }

    /// The value as it is stored.
    pub(super) fn into_value(self) -> IVec {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn entries_go_round(id in "[a-z-]{0,40}", version in ".{0,40}", object: Vec<u8>, hidden: u64, origin: Option<u128>) {
            let (origin, hidden_until) = (origin.map(Uuid::from_u128), Stamp(hidden));
            let parts = Parts { level: Level::Amber, revoked: true, origin, hidden_until, id: &id, version: &version, object: &object };
            let entry = Entry::read(parts.write().unwrap().into()).unwrap();
            prop_assert_eq!((entry.level(), entry.hidden_until()), (Level::Amber, Stamp(hidden)));
            prop_assert_eq!((entry.id(), entry.version(), &entry.object()[..]), (&id[..], &version[..], &object[..]));
            prop_assert_eq!((entry.origin(), entry.header().revoked), (origin, true));
            prop_assert_eq!(Entry::read(entry.raise(Level::Red).into()).unwrap().record(Stamp(7)).level, Level::Red);
            prop_assert_eq!(Entry::read(entry.hide_until(Stamp(7)).into()).unwrap().hidden_until(), Stamp(7));
        }

        #[test]
        fn no_value_is_read_beyond_its_end(value: Vec<u8>) {
            if let Ok(entry) = Entry::read(value.into()) {
                let _ = (entry.id(), entry.version(), entry.object());
            }
        }
    }
}
