//! Copies of a store: its compaction, since sled gives no disk back that it has once taken.

use std::path::Path;

use sled::{Db, IVec, Tree};

use super::Options;
use super::disk::{self, Disk, Seat};
use crate::store::StoreError;
use crate::store::transfer::{Copied, Tally};

/// Octets that are written between two looks at the room on the disk.
const STEP: usize = 4 << 20;
/// A value of so many octets is worth to be written once only.
const LARGE: usize = 100;
/// What a key and a value cost besides their own octets.
const OVERHEAD: usize = 64;

/// Copies the store in `from` to `to`, where nothing may be yet: everything, versions, stamps, users and statuses included. The copy is
/// read back and compared. `progress` is told the octets that were copied.
pub fn copy(from: &Path, to: &Path, options: &Options, progress: &mut dyn FnMut(u64)) -> Result<Copied, StoreError> {
    let (_held, source) = take(from, options)?;
    copy_tree(&source, to, options, progress)
}

/// Replaces the store in `dir` by a copy of itself without what sled has left behind; as it was before until the last moment.
pub fn compact(dir: &Path, options: &Options, progress: &mut dyn FnMut(u64)) -> Result<Copied, StoreError> {
    let dir = dir.canonicalize().map_err(|e| disk::of_io(&e, &dir.display().to_string()))?;
    let mut name = dir.file_name().map(ToOwned::to_owned).ok_or_else(|| StoreError::Engine(format!("{} has no name", dir.display())))?;
    name.push(".compacting");
    let beside = dir.with_file_name(name);
    disk::remove_all(&beside)?;
    let (held, source) = take(&dir, options)?;
    let copied = copy_tree(&source, &beside, options, progress)?;
    drop(source);
    // The lock lies in the old directory and holds as long as that is at its place.
    disk::exchange(&dir, &beside)?;
    drop(held);
    disk::remove_all(&beside)?;
    Ok(copied)
}

/// Holds the store in a directory, which must be one.
fn take(dir: &Path, options: &Options) -> Result<(Seat, Db), StoreError> {
    if !dir.join("db").exists() {
        return Err(StoreError::Name(format!("sled:{}", dir.display())));
    }
    let (mut seat, db) = Seat::take(dir, options)?;
    seat.abandon();
    super::set_up(&db)?;
    Ok((seat, db))
}

fn copy_tree(source: &Tree, to: &Path, options: &Options, progress: &mut dyn FnMut(u64)) -> Result<Copied, StoreError> {
    if to.exists() {
        return Err(StoreError::Engine(format!("{} is there already", to.display())));
    }
    let (mut seat, target) = Seat::take(to, options)?;
    seat.abandon();
    let mut disk = Disk::new(to, options.reserve)?;
    let mut tally = Tally::default();
    let mut hand = Hand { target: &target, disk: &disk, step: STEP };
    // sled writes a page anew each time that it is split. So the pages are made first, with nothing much in them, and then filled.
    for pair in source {
        let (key, value) = pair?;
        tally.parts([&key, &value]);
        hand.put(key, if value.len() < LARGE { value } else { IVec::default() })?;
    }
    let mut written = 0;
    for pair in source {
        let (key, value) = pair?;
        written += (key.len() + value.len()) as u64;
        if value.len() >= LARGE {
            hand.put(key, value)?;
            progress(written);
        }
    }
    target.flush()?;
    disk.sync_all()?;
    let mut back = Tally::default();
    for pair in &*target {
        let (key, value) = pair?;
        back.parts([&key, &value]);
    }
    let (copied, back) = (tally.done(), back.done());
    if copied == back { Ok(copied) } else { Err(StoreError::Damaged(format!("the copy in {} differs from what was copied", to.display()))) }
}

/// Writes, and looks for room on the disk now and then.
struct Hand<'a> {
    target: &'a Tree,
    disk: &'a Disk,
    /// Octets since the last look.
    step: usize,
}

impl Hand<'_> {
    fn put(&mut self, key: IVec, value: IVec) -> Result<(), StoreError> {
        self.step += key.len() + value.len() + OVERHEAD;
        if self.step >= STEP {
            self.disk.room(STEP + value.len())?;
            self.step = 0;
        }
        self.target.insert(key, value)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::store::contract::{self, id, object};
    use crate::store::sled::SledStore;
    use crate::store::{Addition, Page, Removal, Select, Store, Versions};
    use crate::taxii::stamp::Stamp;
    use uuid::Uuid;

    /// A store with objects of which some were superseded and some deleted.
    async fn used(dir: &Path) -> (Uuid, Page) {
        let store = SledStore::open(dir, Options::default()).unwrap();
        let collection = contract::collection(&store).await;
        for second in ["01", "02", "03"] {
            let objects = (0..200).map(|n| object(&id("indicator", n), second, "a")).collect();
            store.add(Addition { collection, objects, now: Stamp(5_000), receipt: None, act: None }).await.unwrap();
        }
        store.delete(collection, &id("indicator", 7), &Versions::All, Removal::Retired, None).await.unwrap();
        (collection, whole(&store, collection).await)
    }

    async fn whole(store: &SledStore, collection: Uuid) -> Page {
        store.page(collection, &Select { versions: Versions::All, ..contract::select() }).await.unwrap()
    }

    #[tokio::test]
    async fn a_copy_holds_every_version_at_its_place() {
        let dir = TempDir::new().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let (collection, expected) = used(&from).await;
        let copied = copy(&from, &to, &Options::default(), &mut |_| ()).unwrap();
        assert!(copied.records > 1_200 && copied.octets > 60_000);
        let store = SledStore::open(&to, Options::default()).unwrap();
        assert_eq!(whole(&store, collection).await, expected);
        drop(store);
        assert!(copy(&from, &to, &Options::default(), &mut |_| ()).is_err(), "a copy never writes over anything");
        assert!(matches!(copy(&dir.path().join("nothing"), &to, &Options::default(), &mut |_| ()), Err(StoreError::Name(_))));
    }

    #[tokio::test]
    async fn a_compacted_store_is_the_same_store() {
        let dir = TempDir::new().unwrap();
        let at = dir.path().join("store");
        let (collection, expected) = used(&at).await;
        let open = SledStore::open(&at, Options::default()).unwrap();
        assert!(matches!(compact(&at, &Options::default(), &mut |_| ()), Err(StoreError::Locked(_))));
        drop(open);
        // What an earlier attempt left that did not come to its end.
        std::fs::create_dir(dir.path().join("store.compacting")).unwrap();
        compact(&at, &Options::default(), &mut |_| ()).unwrap();
        assert_eq!(whole(&SledStore::open(&at, Options::default()).unwrap(), collection).await, expected);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
