//! The index by type: the stamps of what stands among the newest, in runs.
//!
//! A run holds its stamps one after the other, eight bytes each, ascending. Its key ends in a stamp that is not after any of
//! them, and the next run of the type begins behind the last of them. So one key serves many objects: sled keeps something in
//! memory for every few keys, whatever the caches are set to.

use std::collections::BTreeMap;

use super::keys;
use super::shelf::Shelf;
use crate::store::StoreError;
use crate::taxii::stamp::Stamp;

/// Stamps that a new run has at the most. Moving one version into the history writes its run anew.
const LENGTH: usize = 32;

/// The runs of new versions of one type, whose stamps ascend: keys and values.
pub(super) fn of(collection: u32, type_name: &str, stamps: &[Stamp]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    stamps.chunks(LENGTH).filter_map(move |run| Some((keys::run(collection, type_name, *run.first()?), write(run))))
}

/// The stamps of a run.
pub(super) fn read(value: &[u8]) -> Vec<Stamp> {
    value.as_chunks().0.iter().map(|bytes| Stamp(u64::from_be_bytes(*bytes))).collect()
}

fn write(stamps: &[Stamp]) -> Vec<u8> {
    stamps.iter().flat_map(|stamp| stamp.0.to_be_bytes()).collect()
}

/// Changes to the runs of one type, to be written together.
pub(super) struct Changes<'a> {
    shelf: Shelf<'a>,
    type_name: &'a str,
    runs: BTreeMap<Vec<u8>, Vec<Stamp>>,
}

impl<'a> Changes<'a> {
    /// None yet.
    pub(super) fn new(shelf: Shelf<'a>, type_name: &'a str) -> Self {
        Self { shelf, type_name, runs: BTreeMap::new() }
    }

    /// A version has come back among the newest.
    pub(super) fn insert(&mut self, stamp: Stamp) -> Result<(), StoreError> {
        let run = self.around(stamp)?;
        if let Err(at) = run.binary_search(&stamp) {
            run.insert(at, stamp);
        }
        Ok(())
    }

    /// A version has left the newest.
    pub(super) fn remove(&mut self, stamp: Stamp) -> Result<(), StoreError> {
        self.around(stamp)?.retain(|held| *held != stamp);
        Ok(())
    }

    /// The changed runs: keys, and values unless nothing is left of them.
    pub(super) fn done(self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
        self.runs.into_iter().map(|(key, run)| (key, (!run.is_empty()).then(|| write(&run))))
    }

    /// The run in which a stamp stands or would stand.
    fn around(&mut self, stamp: Stamp) -> Result<&mut Vec<Stamp>, StoreError> {
        let key = keys::run(self.shelf.number, self.type_name, stamp);
        let stored = self.shelf.run_at(self.type_name, stamp)?;
        let changed = self.runs.range(..=key.clone()).next_back().map(|(key, _)| key.clone());
        let (key, run) = match stored {
            Some((at, value)) if changed.as_deref().is_none_or(|changed| changed < &*at) => (at.to_vec(), read(&value)),
            _ => (changed.unwrap_or(key), Vec::new()),
        };
        Ok(self.runs.entry(key).or_insert(run))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use sled::{Batch, Config};

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever is inserted and removed, and in which steps: a scan from any stamp finds what a set would hold.
        #[test]
        fn runs_hold_what_a_set_holds(
            fresh in prop::collection::btree_set(1_u64..400, 0..200),
            steps in prop::collection::vec(prop::collection::vec((any::<bool>(), 1_u64..400), 1..6), 0..20),
            (from, to) in (0_u64..400, 0_u64..400),
        ) {
            let db = Config::new().temporary(true).open().unwrap();
            let shelf = Shelf { tree: &db, number: 3 };
            let mut expected: BTreeSet<Stamp> = fresh.into_iter().map(Stamp).collect();
            for (key, value) in of(3, "file", &expected.iter().copied().collect::<Vec<_>>()) {
                db.insert(key, value).unwrap();
            }
            // Neighbours in the order of keys, which are nobody's business here.
            for (number, type_name) in [(2, "file"), (3, "domain-name"), (3, "file-x"), (4, "file")] {
                db.insert(keys::run(number, type_name, Stamp(1)), write(&[Stamp(1), Stamp(399)])).unwrap();
            }
            for step in steps {
                let mut changes = Changes::new(shelf, "file");
                for (is_insert, stamp) in step {
                    if is_insert {
                        changes.insert(Stamp(stamp)).unwrap();
                        expected.insert(Stamp(stamp));
                    } else {
                        changes.remove(Stamp(stamp)).unwrap();
                        expected.remove(&Stamp(stamp));
                    }
                }
                let mut batch = Batch::default();
                for (key, value) in changes.done() {
                    match value {
                        Some(value) => batch.insert(key, value),
                        None => batch.remove(key),
                    }
                }
                db.apply_batch(batch).unwrap();
            }
            let found: Vec<Stamp> = shelf.scan_type("file", Stamp(from), Stamp(to)).unwrap().map(Result::unwrap).collect();
            let range: Vec<Stamp> = expected.into_iter().filter(|stamp| stamp.0 > from && stamp.0 <= to).collect();
            prop_assert_eq!(found, range);
        }
    }
}
