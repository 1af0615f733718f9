//! The embedded store: one directory, one process, one sled tree.
//!
//! One thread writes. It takes all envelopes that wait, writes their objects behind the last stamp of their collections,
//! where no reader looks, and then in one small batch the new last stamps with all that belongs to them; makes that durable;
//! lets readers see up to the new stamps; and answers. A crash leaves either the batch, or entries behind the last stamp,
//! which are removed at the next start. Only then, and again with a mark for crashes, superseded versions leave the newest.
//! Readers hold no lock: they work on the tree bounded by a view of what is durable.

pub mod copy;
mod disk;
mod keys;
mod plan;
mod read;
mod runs;
mod shelf;
pub(super) mod transfer;
mod view;
mod write;

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use sled::{Db, Tree};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::audit::{Act, Entry, Trail};
use super::directory::{Directory, Edit};
use super::paper::{Kind, Paper};
use super::segments::{Reach, Segments};
use super::text::{Gathering, Text};
use super::writes::{Write, Writes};
use super::{Added, Addition, Behind, Condition, EditError, Page, Removal, Select, StatusRecord, Store, StoreError, Versions};
use crate::stix::id::{StixId, type_of};
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;
use disk::{Disk, Seat};
use keys::Place;
use read::Reader;
use shelf::Shelf;
use view::{House, View};
use write::{Ended, Job, Writer};

/// What the keys and values of this version look like.
const FORMAT: &[u8] = b"taxiway 2";
/// Jobs that may wait for the writer; who brings more is told to come again.
const WAITING: usize = 1_024;
/// How often a reader begins again because versions were deleted under its hands, before it takes what it has.
const ATTEMPTS: usize = 64;
/// How many segments are looked through for objects of some types.
const PATIENCE: usize = 8;

/// How a store uses its machine.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Bytes of memory for pages of the tree.
    pub cache: u64,
    /// Bytes of memory for newest versions as ready text.
    pub segments: usize,
    /// Bytes that must stay free on the disk; a write that would use them is refused as [`StoreError::Full`].
    pub reserve: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache: 32 << 20, segments: 48 << 20, reserve: 64 << 20 }
    }
}

/// A store in a directory of this machine.
#[derive(Debug)]
pub struct SledStore {
    /// `None` while it closes.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<Ended>>,
    shared: Arc<Shared>,
    /// After the tree, which must be closed when the directory is left.
    seat: Seat,
}

/// What the writer and the readers have in common.
#[derive(Debug)]
struct Shared {
    db: Db,
    view: ArcSwap<View>,
    segments: Segments,
    /// Odd while versions are being removed; never the same again afterwards.
    removals: AtomicU64,
    writes: Writes,
}

impl SledStore {
    /// Opens the store in `dir`, which is made if it is not there; [`StoreError::Locked`] if another process has it open.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        let (seat, db) = Seat::take(dir, &options)?;
        let mut disk = Disk::new(dir, options.reserve)?;
        set_up(&db)?;
        let view = load(&db)?;
        undo(&db, &view, &disk)?;
        let purges = numbers(&db, keys::PURGE)?;
        let (view, segments) = (ArcSwap::from_pointee(view), Segments::new(options.segments));
        let shared = Arc::new(Shared { db, view, segments, removals: AtomicU64::new(0), writes: Writes::default() });
        // What was read just now may be no more than the system's cache of a disk that has not got it.
        shared.db.flush()?;
        disk.sync_all()?;
        let writer = Writer::new(shared.clone(), disk, purges);
        let (jobs, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(waiting));
        let writer = thread.map_err(|e| StoreError::Engine(format!("no thread for writing: {e}")))?;
        Ok(Self { jobs: Some(jobs), writer: Some(writer), shared, seat })
    }

    /// Has the writer do a job.
    async fn ask<T, E: From<StoreError>>(&self, job: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Job) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Engine("the writer has ended".into());
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.try_send(job(reply)).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Closed(_) => gone(),
        })?;
        answer.await.map_err(|_| gone())?
    }

    /// Reads where it may wait for the disk.
    async fn read<T: Send + 'static>(&self, work: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        done.map_err(|e| StoreError::Engine(format!("a reader ended: {e}")))?
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that has panicked has answered nobody; there is nothing left to tell.
            if writer.join().unwrap_or(Ended::Broken) == Ended::Broken {
                // After a failed write sled may wait for ever for bytes that nobody will write. The tree is left as it is,
                // together with readers who wait already; the next process reads from the log what was acknowledged.
                std::mem::forget(self.shared.clone());
                return self.seat.abandon();
            }
        }
        // Readers whose callers have gone are at their last page; the tree closes with the last of them.
        while Arc::strong_count(&self.shared) > 1 {
            std::thread::yield_now();
        }
    }
}

impl Shared {
    fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError> {
        let mut attempts = 0;
        loop {
            let before = self.removals.load(Ordering::SeqCst);
            let view = self.view.load_full();
            let number = view.house.number(collection)?;
            let page = Reader::new(Shelf { tree: &self.db, number }, &view, select).page()?;
            attempts += 1;
            let untouched = before.is_multiple_of(2) && before == self.removals.load(Ordering::SeqCst);
            if untouched || attempts == ATTEMPTS {
                return Ok(page);
            }
        }
    }

    /// The text of a page, if the segments have all of it. Looks at memory only.
    fn ready(&self, collection: Uuid, select: &Select) -> Result<Option<Text>, StoreError> {
        let view = self.view.load();
        let number = view.house.number(collection)?;
        let (top, mut position) = (view.top(number), select.from.max(select.after));
        let rows = self.segments.rows();
        let mut gathering = Gathering::new(select);
        let mut patience = PATIENCE;
        while position < top {
            let Some(segment) = rows.around(number, position).filter(|_| patience > 0) else { return Ok(None) };
            // Where a filter leaves little, the indexes of the tree are quicker.
            patience -= usize::from(select.types.is_some());
            self.segments.touch(segment);
            match segment.gather(&mut gathering, select, position) {
                Reach::Full => break,
                Reach::Upto(reached) => position = reached,
            }
        }
        Ok(Some(gathering.done()))
    }

    /// The text of a page, for which segments are built if it is asked for again.
    fn text(&self, collection: Uuid, select: &Select) -> Result<Text, StoreError> {
        let number = self.view.load().house.number(collection)?;
        if select.types.is_none() && self.segments.wants(number, select.from.max(select.after)) {
            for _ in 0..ATTEMPTS {
                let Some(epoch) = self.segments.epoch() else { break };
                let view = self.view.load_full();
                let text = Reader::new(Shelf { tree: &self.db, number }, &view, select).text(&self.segments, epoch)?;
                // What changed under its hands may stand in it as it was before and as it is now.
                if self.segments.epoch() == Some(epoch) {
                    return Ok(text);
                }
            }
        }
        self.page(collection, select).map(Text::from)
    }

    fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        let view = self.view.load_full();
        let number = view.house.number(collection)?;
        Reader::new(Shelf { tree: &self.db, number }, &view, select).behind()
    }

    fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError> {
        // Behind the last entry that is durable nobody looks.
        let end = trail.before.min(Stamp(self.view.load().audited.0.saturating_add(1)));
        if trail.after >= end {
            return Ok(Vec::new());
        }
        let range = (Bound::Excluded(keys::audit(trail.after)), Bound::Excluded(keys::audit(end)));
        let entries = self.db.range(range).map(|pair| {
            let (key, text) = pair?;
            serde_json::from_slice(&text).map_err(|e| StoreError::Damaged(format!("the entry {} of the audit log: {e}", key.escape_ascii())))
        });
        if trail.latest_first { entries.rev().take(trail.limit).collect() } else { entries.take(trail.limit).collect() }
    }

    fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        let Some(text) = self.db.get(keys::status(id))? else { return Ok(None) };
        let record: StatusRecord = serde_json::from_slice(&text).map_err(|e| StoreError::Damaged(format!("status {id}: {e}")))?;
        Ok(Some(record).filter(|record| record.expires > now))
    }
}

#[async_trait]
impl Store for SledStore {
    async fn directory(&self) -> Result<Directory, StoreError> {
        Ok(self.shared.view.load().house.directory.clone())
    }

    async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        self.ask(|reply| Job::Edit(edits, act, reply)).await
    }

    async fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError> {
        {
            // Most polls find nothing new, which is known without a look at the tree.
            let view = self.shared.view.load();
            if view.top(view.house.number(collection)?) <= select.from {
                return Ok(Page::default());
            }
        }
        let select = select.clone();
        self.read(move |shared| shared.page(collection, &select)).await
    }

    async fn text(&self, collection: Uuid, select: &Select) -> Result<Text, StoreError> {
        if select.ids.is_some() || select.versions != Versions::LAST || select.only.is_some() {
            return self.page(collection, select).await.map(Text::from);
        }
        let ready = self.shared.ready(collection, select)?;
        self.shared.segments.asked.count(ready.is_some());
        if let Some(text) = ready {
            return Ok(text);
        }
        let select = select.clone();
        self.read(move |shared| shared.text(collection, &select)).await
    }

    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        {
            let view = self.shared.view.load();
            if view.top(view.house.number(collection)?) <= select.from {
                return Ok(Behind::default());
            }
        }
        let select = Select { octets: usize::MAX, ..select.clone() };
        self.read(move |shared| shared.behind(collection, &select)).await
    }

    async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError> {
        let view = self.shared.view.load();
        Ok(view.top(view.house.number(collection)?))
    }

    async fn add(&self, addition: Addition) -> Result<Added, StoreError> {
        self.ask(|reply| Job::Add(addition, reply)).await
    }

    async fn delete(&self, collection: Uuid, id: &StixId, versions: &Versions, removal: Removal, act: Option<Act>) -> Result<usize, StoreError> {
        let (id, versions) = (id.clone(), versions.clone());
        self.ask(|reply| Job::Delete(collection, id, versions, removal, act, reply)).await
    }

    async fn log(&self, act: Act) -> Result<(), StoreError> {
        self.ask(|reply| Job::Log(act, reply)).await
    }

    async fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError> {
        let trail = *trail;
        self.read(move |shared| shared.trail(&trail)).await
    }

    async fn keep(&self, paper: Paper) -> Result<(), StoreError> {
        self.ask(|reply| Job::Keep(paper, reply)).await
    }

    async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError> {
        self.read(move |shared| {
            let key = keys::paper(kind, id);
            let paper = shared.db.get(&key)?.map(|value| keys::read_paper(kind, &key, value)).transpose()?;
            Ok(paper.filter(|paper| paper.expires > now))
        })
        .await
    }

    async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError> {
        self.read(move |shared| {
            let all = shared.db.scan_prefix(keys::papers(kind)).map(|pair| {
                let (key, value) = pair?;
                keys::read_paper(kind, &key, value)
            });
            all.filter(|paper| paper.as_ref().map_or(true, |paper| paper.expires > now)).collect()
        })
        .await
    }

    async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        self.ask(|reply| Job::Discard(kind, id, reply)).await
    }

    async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        self.read(move |shared| shared.status(id, now)).await
    }

    async fn sweep(&self, now: Stamp) -> Result<usize, StoreError> {
        self.ask(|reply| Job::Sweep(now, reply)).await
    }

    fn hear(&self) -> Option<Vec<Write>> {
        self.shared.writes.hear()
    }

    fn condition(&self) -> Condition {
        let waiting = self.jobs.as_ref().map_or(0, |jobs| jobs.max_capacity() - jobs.capacity());
        // A size that cannot be read is none that could be told.
        let octets = self.shared.db.size_on_disk().unwrap_or_default();
        Condition { waiting: waiting as u64, octets, ready: self.shared.segments.asked.hits() }
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(e) => disk::of_io(&e, "sled"),
            sled::Error::Corruption { .. } => Self::Damaged(error.to_string()),
            other => Self::Engine(other.to_string()),
        }
    }
}

/// Makes an empty tree a store, and refuses what is no store of this format.
fn set_up(db: &Tree) -> Result<(), StoreError> {
    match db.get(keys::FORMAT)? {
        Some(format) if format == FORMAT => Ok(()),
        Some(format) => {
            Err(StoreError::Damaged(format!("its format is '{}', this program reads '{}'", format.escape_ascii(), FORMAT.escape_ascii())))
        }
        None if db.is_empty() => {
            db.insert(keys::FORMAT, FORMAT)?;
            Ok(())
        }
        None => Err(StoreError::Damaged("the directory holds a sled database of something else".into())),
    }
}

/// The state that was last committed.
fn load(db: &Tree) -> Result<View, StoreError> {
    let directory = match db.get(keys::DIRECTORY)? {
        Some(text) => serde_json::from_slice(&text).map_err(|e| StoreError::Damaged(format!("the directory: {e}")))?,
        None => Directory::default(),
    };
    let mut tops = HashMap::new();
    for pair in db.scan_prefix([keys::LAST]) {
        let (key, value) = pair?;
        tops.insert(keys::collection_of(&key)?, keys::stamp_of(&value)?);
    }
    let mut moving = HashSet::new();
    for key in db.scan_prefix([keys::MOVE]).keys() {
        let key = key?;
        moving.insert((keys::collection_of(&key)?, keys::stamp_of(&key)?));
    }
    let audited = db.scan_prefix([keys::AUDIT]).next_back().transpose()?.map_or(Ok(Stamp::ZERO), |(key, _)| keys::stamp_of(&key))?;
    let has_graves = |number: &u32| db.scan_prefix(keys::of(keys::GRAVE, *number)).next().is_some();
    let graves = directory.collections.keys().copied().filter(has_graves).collect();
    Ok(View { house: Arc::new(House::new(directory)), tops, moving, graves, audited })
}

/// Removes what a crash has left behind the last stamps: objects of envelopes that were never committed.
fn undo(db: &Tree, view: &View, disk: &Disk) -> Result<(), StoreError> {
    for number in view.house.directory.collections.keys() {
        let shelf = Shelf { tree: db, number: *number };
        for place in [Place::Newest, Place::History] {
            for found in shelf.scan(place, view.top(*number), Stamp(u64::MAX)) {
                let found = found?;
                disk.room_at_start(found.entry.len())?;
                let id = found.entry.id();
                let instant = Instant::parse(found.entry.version()).map_err(|e| StoreError::Damaged(format!("a version of {id}: {e}")))?;
                shelf.strike(type_of(id), found.added)?;
                db.remove(keys::version(*number, id, &instant))?;
                // Last: as long as it is there, a crash in here is made good at the next start.
                db.remove(keys::entry(place, *number, found.added))?;
            }
        }
    }
    Ok(())
}

fn numbers(db: &Tree, first: u8) -> Result<VecDeque<u32>, StoreError> {
    db.scan_prefix([first]).keys().map(|key| keys::collection_of(&key?)).collect()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::store::NewObject;
    use crate::store::contract::{self, model};

    fn open(dir: &TempDir) -> SledStore {
        SledStore::open(dir.path(), Options::default()).unwrap()
    }

    fn fresh() -> (SledStore, TempDir) {
        let dir = TempDir::new().unwrap();
        (open(&dir), dir)
    }

    contract::suite!(async || Some(fresh()));

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
        #[test]
        fn agrees_with_the_model(steps in model::steps()) {
            let dir = TempDir::new().unwrap();
            let reopen = |_: &_, store: SledStore| {
                drop(store);
                open(&dir)
            };
            model::check(|_| open(&dir), reopen, &steps);
        }
    }

    #[test]
    fn a_second_opening_is_told_that_the_store_is_in_use() {
        let (store, dir) = fresh();
        assert!(matches!(SledStore::open(dir.path(), Options::default()), Err(StoreError::Locked(_))));
        drop(store);
        drop(open(&dir));
    }

    /// The places an id stands in, as first bytes of keys.
    fn traces(store: &SledStore, id: &StixId) -> String {
        let all = store.shared.db.iter().map(Result::unwrap);
        let of_id = |part: &[u8]| part.windows(id.as_str().len()).any(|window| window == id.as_str().as_bytes());
        all.filter(|(key, value)| of_id(key) || of_id(value)).map(|(key, _)| char::from(key[0])).collect()
    }

    async fn add(store: &SledStore, collection: Uuid, object: NewObject) {
        store.add(Addition { collection, objects: vec![object], now: Stamp(5_000), receipt: None, act: None }).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_crash_left_uncommitted_is_removed() {
        let (store, dir) = fresh();
        let collection = contract::collection(&store).await;
        let [kept, late, old] = [1, 2, 3].map(|n| contract::id("indicator", n));
        for id in [&kept, &late, &old] {
            add(&store, collection, contract::object(id, "01", "a")).await;
        }
        store.delete(collection, &late, &Versions::All, Removal::Retired, None).await.unwrap();
        let tree = &store.shared.db;
        let shelf = Shelf { tree, number: 0 };
        let first = shelf.scan(Place::Newest, Stamp::ZERO, Stamp(u64::MAX)).next().unwrap().unwrap();
        // The log as it is when the last stamp was not yet written: one object among the newest, one already superseded.
        tree.insert(keys::of(keys::LAST, 0), &first.added.0.to_be_bytes()).unwrap();
        let third = shelf.scan(Place::Newest, first.added, Stamp(u64::MAX)).next().unwrap().unwrap();
        tree.insert(keys::entry(Place::History, 0, Stamp(third.added.0 + 1)), third.entry.into_value()).unwrap();
        drop(store);
        let store = open(&dir);
        assert_eq!((traces(&store, &old).as_str(), traces(&store, &kept).as_str()), ("", "nv"));
        let page = store.page(collection, &contract::select()).await.unwrap();
        assert_eq!(page.records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [kept.as_str()]);
        assert_eq!(store.shared.db.scan_prefix(b"t").count(), 1);
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_what_is_turned_away_is_not_stored() {
        let (store, _dir) = fresh();
        let collection = contract::collection(&store).await;
        let one = |n| {
            store.add(Addition {
                collection,
                objects: vec![contract::object(&contract::id("indicator", n), "01", "a")],
                now: Stamp(5_000),
                receipt: None,
                act: None,
            })
        };
        // All of them are sent before the first answer is looked at.
        let answers = futures_util::future::join_all((0..4 * WAITING as u128).map(one)).await;
        let taken = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(StoreError::Busy))));
        assert!(taken >= WAITING);
        let page = store.page(collection, &Select { limit: usize::MAX, ..contract::select() }).await.unwrap();
        assert_eq!(page.records.len(), taken);
    }

    #[tokio::test]
    async fn a_snapshot_that_was_not_finished_is_no_damage() {
        let (store, dir) = fresh();
        let collection = contract::collection(&store).await;
        add(&store, collection, contract::object(&contract::id("indicator", 1), "01", "a")).await;
        drop(store);
        // As sled names it: later than any that is whole.
        std::fs::write(dir.path().join("snap.7FFFFFFFFFFFFFFF.generating"), "half").unwrap();
        let page = open(&dir).page(collection, &contract::select()).await.unwrap();
        assert_eq!(page.records.len(), 1);
    }

    #[tokio::test]
    async fn a_move_that_a_crash_interrupted_is_finished_and_never_seen() {
        let (store, dir) = fresh();
        let collection = contract::collection(&store).await;
        let id = contract::id("indicator", 1);
        for second in ["01", "02"] {
            add(&store, collection, contract::object(&id, second, "a")).await;
        }
        // A sweep comes behind the move that follows the second object.
        store.sweep(Stamp::ZERO).await.unwrap();
        assert_eq!(traces(&store, &id), "hnvv");
        let tree = &store.shared.db;
        let (key, old) = tree.scan_prefix(b"h").next().unwrap().unwrap();
        let added = keys::stamp_of(&key).unwrap();
        tree.insert(keys::entry(Place::Newest, 0, added), old).unwrap();
        tree.insert(keys::run(0, "indicator", added), &added.0.to_be_bytes()).unwrap();
        tree.insert(keys::moving(0, added), &[]).unwrap();
        tree.remove(key).unwrap();
        drop(store);
        let store = open(&dir);
        for types in [None, Some(vec!["indicator".to_owned()])] {
            let page = store.page(collection, &Select { types, ..contract::select() }).await.unwrap();
            assert_eq!(page.records.len(), 1);
            assert!(page.records[0].version.ends_with("02Z"));
        }
        store.sweep(Stamp::ZERO).await.unwrap();
        assert_eq!(traces(&store, &id), "hnvv");
        assert_eq!(store.shared.db.scan_prefix(b"t").count() + store.shared.db.scan_prefix(b"m").count(), 1);
    }

    #[tokio::test]
    async fn a_purge_goes_on_after_a_restart() {
        let (store, dir) = fresh();
        let collection = contract::collection(&store).await;
        let objects = (0..3_000).map(|n| contract::object(&contract::id("indicator", n), "01", "a")).collect();
        store.add(Addition { collection, objects, now: Stamp(5_000), receipt: None, act: None }).await.unwrap();
        store.edit(vec![Edit::RemoveCollection(collection)], None).await.unwrap();
        drop(store);
        let store = open(&dir);
        let left = || b"nhvtmlp".iter().map(|first| store.shared.db.scan_prefix([*first]).count()).sum::<usize>();
        while left() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(store.shared.db.iter().count(), 2, "the directory and the format");
    }

    #[test]
    fn another_format_is_refused() {
        let dir = TempDir::new().unwrap();
        sled::open(dir.path()).unwrap().insert(keys::FORMAT, b"taxiway 3").unwrap();
        assert!(matches!(SledStore::open(dir.path(), Options::default()), Err(StoreError::Damaged(text)) if text.contains("taxiway 3")));
        let other = TempDir::new().unwrap();
        sled::open(other.path()).unwrap().insert(b"key", b"value").unwrap();
        assert!(matches!(SledStore::open(other.path(), Options::default()), Err(StoreError::Damaged(_))));
    }
}
