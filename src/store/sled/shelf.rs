//! One collection in the tree: its entries and the versions of its objects.

use std::ops::Bound;

use serde::{Deserialize, Serialize};
use sled::{IVec, Tree};

use super::keys::{self, Entry, Place};
use super::runs;
use crate::stix::id::StixId;
use crate::stix::json;
use crate::stix::time::Instant;
use crate::store::holding::{Stored, Version};
use crate::store::{NewObject, StoreError};
use crate::taxii::stamp::Stamp;

/// One collection as the tree holds it, whatever the reader may see of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shelf<'a> {
    /// Where everything is kept.
    pub(super) tree: &'a Tree,
    /// The collection's number.
    pub(super) number: u32,
}

/// An entry and its place in the order.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) added: Stamp,
    pub(super) entry: Entry,
}

/// What is kept of a version that was deleted for good.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Grave {
    /// What is said to who brings it again.
    pub(super) said: String,
    /// The hexadecimal digest of its content.
    pub(super) digest: String,
}

impl Stored for Shelf<'_> {
    fn latest(&self, id: &StixId) -> Result<Option<Version>, StoreError> {
        let last = self.versions(id.as_str())?.pop();
        last.map_or(Ok(None), |(_, added)| self.version(added))
    }

    fn holders(&self, id: &StixId) -> Result<Vec<Version>, StoreError> {
        let keys = self.tree.scan_prefix(keys::holders(self.number, id.as_str())).keys();
        // The key of a version that was deleted may have stayed.
        keys.filter_map(|key| key.map_err(StoreError::from).and_then(|key| self.version(keys::stamp_of(&key)?)).transpose()).collect()
    }
}

impl<'a> Shelf<'a> {
    /// The version of this stamp and how high it counts.
    fn version(self, added: Stamp) -> Result<Option<Version>, StoreError> {
        let Some(found) = self.fetch(added)? else { return Ok(None) };
        Ok(StixId::parse(found.entry.id()).ok().map(|id| Version { id, added, level: found.entry.level() }))
    }

    /// The entries after `from` up to and including `to`, ascending.
    pub(super) fn scan(self, place: Place, from: Stamp, to: Stamp) -> impl Iterator<Item = Result<Found, StoreError>> + use<'a> {
        self.range(&keys::entry(place, self.number, from), &keys::entry(place, self.number, to)).map(|pair| {
            let (key, value) = pair?;
            Ok(Found { added: keys::stamp_of(&key)?, entry: Entry::read(value)? })
        })
    }

    /// The stamps of the versions of a type under [`Place::Newest`], after `from` up to and including `to`, ascending.
    pub(super) fn scan_type(
        self,
        type_name: &str,
        from: Stamp,
        to: Stamp,
    ) -> Result<impl Iterator<Item = Result<Stamp, StoreError>> + use<'a>, StoreError> {
        let first = self.run_at(type_name, from)?.map(|(_, value)| Ok(value));
        let later = self.range(&keys::run(self.number, type_name, from), &keys::run(self.number, type_name, to));
        let runs = first.into_iter().chain(later.map(|pair| Ok(pair?.1)));
        let stamps = runs.flat_map(|run| match run {
            Ok(run) => runs::read(&run).into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        });
        Ok(stamps.filter(move |stamp| stamp.as_ref().map_or(true, |stamp| *stamp > from && *stamp <= to)))
    }

    /// The run of a type in which a stamp stands or would stand, with its key.
    pub(super) fn run_at(self, type_name: &str, stamp: Stamp) -> Result<Option<(IVec, IVec)>, StoreError> {
        let range = keys::runs(self.number, type_name)..=keys::run(self.number, type_name, stamp);
        Ok(self.tree.range(range).next_back().transpose()?)
    }

    /// Takes a stamp out of the runs of its type.
    pub(super) fn strike(self, type_name: &str, stamp: Stamp) -> Result<(), StoreError> {
        let mut changes = runs::Changes::new(self, type_name);
        changes.remove(stamp)?;
        for (key, run) in changes.done() {
            match run {
                Some(run) => self.tree.insert(key, run)?,
                None => self.tree.remove(key)?,
            };
        }
        Ok(())
    }

    /// The entry of this stamp, wherever it is.
    pub(super) fn fetch(self, added: Stamp) -> Result<Option<Found>, StoreError> {
        // In this order: an entry that is moved meanwhile is put into the history before it leaves the newest.
        for place in [Place::Newest, Place::History] {
            if let Some(found) = self.fetch_from(place, added)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The entry of this stamp, if it is there.
    pub(super) fn fetch_from(self, place: Place, added: Stamp) -> Result<Option<Found>, StoreError> {
        let value = self.tree.get(keys::entry(place, self.number, added))?;
        value.map(|value| Ok(Found { added, entry: Entry::read(value)? })).transpose()
    }

    /// What is said of the version of an object that was deleted for good, or of an SCO of the same content.
    pub(super) fn grave(self, new: &NewObject) -> Result<Option<String>, StoreError> {
        let said = |value: &[u8]| serde_json::from_slice(value).map_err(|e| StoreError::Damaged(format!("a deletion of {}: {e}", new.id)));
        if let Some((_, instant)) = &new.version {
            let value = self.tree.get(keys::grave(self.number, new.id.as_str(), instant))?;
            return value.map(|value| said(&value).map(|grave: Grave| grave.said)).transpose();
        }
        let digest = hex::encode(json::digest(&new.object));
        for value in self.tree.scan_prefix(keys::graves(self.number, new.id.as_str())).values() {
            let grave: Grave = said(&value?)?;
            if grave.digest == digest {
                return Ok(Some(grave.said));
            }
        }
        Ok(None)
    }

    /// All versions of an object with their stamps, ascending by instant.
    pub(super) fn versions(self, id: &str) -> Result<Vec<(Instant, Stamp)>, StoreError> {
        let prefix = keys::versions(self.number, id);
        let pairs = self.tree.scan_prefix(&prefix);
        pairs
            .map(|pair| {
                let (key, value) = pair?;
                Ok((keys::instant_of(&key, prefix.len())?, keys::stamp_of(&value)?))
            })
            .collect()
    }

    fn range(self, after: &[u8], to: &[u8]) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<'a> {
        let bounds = (Bound::Excluded(IVec::from(after)), Bound::Included(IVec::from(to)));
        self.tree.range::<IVec, _>(bounds).map(|pair| Ok(pair?))
    }
}

/// For each version of an object (ascending by instant) where it belongs: `Some(hidden_until)` among the newest, `None` in the history.
///
/// A reader who asks for what was added after some stamp sees as latest the greatest version among those (T-079). So a version
/// may be somebody's latest if and only if it was added after all greater versions; it is then for those who begin at or after
/// the last of these.
pub(super) fn places(versions: &[(Instant, Stamp)]) -> Vec<Option<Stamp>> {
    let mut last_of_greater = Stamp::ZERO;
    let mut places: Vec<Option<Stamp>> = versions
        .iter()
        .rev()
        .map(|(_, added)| {
            let place = (*added > last_of_greater).then_some(last_of_greater);
            last_of_greater = last_of_greater.max(*added);
            place
        })
        .collect();
    places.reverse();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t079_a_late_arrival_of_an_old_version_stays_among_the_newest() {
        let versions: Vec<(Instant, Stamp)> = [40, 10, 30, 20].iter().zip(1..).map(|(added, n)| (Instant::from_micros(n), Stamp(*added))).collect();
        assert_eq!(places(&versions), [Some(Stamp(30)), None, Some(Stamp(20)), Some(Stamp::ZERO)]);
        assert!(places(&[]).is_empty());
    }
}
