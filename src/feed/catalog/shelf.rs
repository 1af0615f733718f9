//! The rows of one collection, and how they follow it: page by page from the last stamp, each object read once.
//!
//! Who asks catches up itself, if there is little to catch up with; the first time, or after a long while, a task of its own does it.
//! Nobody waits for a lock while the store is asked: what was read is taken only if nothing was taken meanwhile, else it is read again.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Catalog;
use super::entry::{Entry, Key};
use super::rows::Rows;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::{Page, Record, Select, Store, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// Objects that are read from the store at once.
const PAGE: usize = 1_000;
/// Octets of objects that are read from the store at once.
const PAGE_OCTETS: usize = 16 << 20;
/// Objects that are fetched by their ids at once.
const FETCH: usize = 50;
/// When more objects than this are doubtful, everything is read anew.
pub(super) const MOST_DOUBTS: usize = 10_000;

/// One collection.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) collection: Uuid,
    rows: RwLock<Rows>,
    place: Mutex<Place>,
    phase: watch::Sender<Phase>,
    octets: AtomicUsize,
    oldest: AtomicU64,
}

/// How far the rows follow the collection.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Everything up to here is in the rows,
    position: Stamp,
    /// but for what these may have become. With the number of the doubt, so that a later one is told from it.
    doubtful: BTreeMap<StixId, u64>,
    doubts: u64,
    /// The rows are of no use any more: the next batch begins them anew.
    afresh: bool,
    /// Grows with every batch.
    turn: u64,
}

/// Whether the rows were once all there.
#[derive(Debug, Clone)]
enum Phase {
    /// Not all, and nobody reads them.
    Idle,
    /// They are being read.
    Loading,
    /// All were there when somebody looked last.
    Loaded,
    /// Reading them failed.
    Failed(StoreError),
}

/// What was read to be taken.
#[derive(Debug)]
struct Batch {
    /// Where the place was.
    place: Place,
    fresh: Page,
    /// What has become of the doubtful ones.
    again: Vec<Record>,
}

impl Shelf {
    /// A shelf that is to follow a collection from its beginning.
    pub(super) fn new(collection: Uuid, block_rows: usize) -> Self {
        Self {
            collection,
            rows: RwLock::new(Rows::new(block_rows)),
            place: Mutex::default(),
            phase: watch::Sender::new(Phase::Idle),
            octets: AtomicUsize::new(0),
            oldest: AtomicU64::new(u64::MAX),
        }
    }

    /// The rows. For threads that may block: they wait while rows are being taken.
    pub(super) fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the rows were once all there.
    pub(super) fn is_loaded(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Loaded)
    }

    /// The octets that it takes.
    pub(super) fn octets(&self) -> usize {
        self.octets.load(Ordering::Relaxed)
    }

    /// How new the block is that [`Shelf::drop_oldest`] would drop; [`Stamp`] of `u64::MAX` if there is none.
    pub(super) fn oldest(&self) -> Stamp {
        Stamp(self.oldest.load(Ordering::Relaxed))
    }

    /// Leaves the oldest rows out. For threads that may block.
    pub(super) fn drop_oldest(&self) -> bool {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let dropped = rows.drop_oldest();
        self.measure(&rows);
        dropped
    }

    /// What the rows say of an object may be wrong: it is looked up before anybody is answered.
    pub(super) fn doubt(&self, id: StixId) {
        let mut place = self.place();
        place.doubts += 1;
        let doubt = place.doubts;
        place.doubtful.insert(id, doubt);
        if place.doubtful.len() > MOST_DOUBTS {
            *place = Place { doubts: doubt, afresh: true, turn: place.turn + 1, ..Place::default() };
        }
    }

    /// Sees to it that the rows are as the store is now. May take long the first time, and goes on if nobody waits for it any more.
    pub(super) async fn follow(self: &Arc<Self>, catalog: &Arc<Catalog>, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        loop {
            if self.is_loaded() && self.catch_up(catalog, &**store).await? {
                return Ok(());
            }
            self.load(catalog, store);
            let phase = self.phase.subscribe().wait_for(|phase| !matches!(phase, Phase::Loading)).await.map(|phase| phase.clone());
            if let Ok(Phase::Failed(error)) = phase {
                return Err(error);
            }
        }
    }

    /// Takes what is new, unless that is more than a page. Returns whether nothing is left.
    async fn catch_up(self: &Arc<Self>, catalog: &Arc<Catalog>, store: &dyn Store) -> Result<bool, StoreError> {
        loop {
            let batch = self.read(store).await?;
            if batch.is_empty() {
                return Ok(true);
            }
            let more = batch.fresh.more;
            if self.clone().take(catalog.clone(), batch).await? {
                return Ok(!more);
            }
        }
    }

    /// Starts the task that reads everything, unless it is running.
    fn load(self: &Arc<Self>, catalog: &Arc<Catalog>, store: &Arc<dyn Store>) {
        let start = |phase: &mut Phase| !matches!(mem::replace(phase, Phase::Loading), Phase::Loading);
        if self.phase.send_if_modified(start) {
            let (this, catalog, store) = (self.clone(), catalog.clone(), store.clone());
            tokio::spawn(async move {
                let loaded = async {
                    while !this.catch_up(&catalog, &*store).await? {}
                    Ok(())
                }
                .await;
                this.phase.send_replace(loaded.map_or_else(Phase::Failed, |()| Phase::Loaded));
            });
        }
    }

    async fn read(&self, store: &dyn Store) -> Result<Batch, StoreError> {
        let place = self.place().clone();
        // Among all versions, as for who starts at the beginning: an old version that comes late is not the latest.
        let select = Select { from: place.position, limit: PAGE, octets: PAGE_OCTETS, ..everything() };
        let fresh = store.page(self.collection, &select).await?;
        let again = fetch(store, self.collection, place.doubtful.keys().cloned().collect(), Level::Red).await?;
        Ok(Batch { place, fresh, again })
    }

    /// Takes a batch, unless another was taken since it was read. Returns whether it was taken.
    async fn take(self: Arc<Self>, catalog: Arc<Catalog>, batch: Batch) -> Result<bool, StoreError> {
        let taken = spawn_blocking(move || {
            let read = |records: &[Record]| -> Vec<Option<Entry>> { records.par_iter().map(Entry::of).collect() };
            let (fresh, again) = (read(&batch.fresh.records), read(&batch.again));
            let taken = self.enter(&batch, &fresh, &again);
            catalog.fit();
            taken
        });
        taken.await.map_err(|error| StoreError::Engine(format!("the catalog could not read objects: {error}")))
    }

    fn enter(&self, batch: &Batch, fresh: &[Option<Entry>], again: &[Option<Entry>]) -> bool {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if self.place().turn != batch.place.turn {
            return false;
        }
        if batch.place.afresh {
            rows.clear();
        }
        let is_new = |rows: &Rows, entry: &Entry| rows.find(&entry.key).is_none_or(|line| line.added() < entry.added);
        for entry in fresh.iter().flatten() {
            if is_new(&rows, entry) {
                rows.put(entry);
            }
        }
        let again: HashMap<&Key, &Entry> = again.iter().flatten().map(|entry| (&entry.key, entry)).collect();
        for key in batch.place.doubtful.keys().filter_map(|id| Key::of(id.as_str())) {
            match again.get(&key) {
                Some(entry) => rows.put(entry),
                None => rows.remove(&key),
            }
        }
        self.measure(&rows);
        let mut place = self.place();
        if place.turn != batch.place.turn {
            // Too much was doubted in this moment.
            return false;
        }
        place.position = batch.fresh.dates().map_or(place.position, |(_, last)| last);
        place.doubtful.retain(|id, doubt| batch.place.doubtful.get(id) != Some(doubt));
        place.afresh = false;
        place.turn += 1;
        true
    }

    fn measure(&self, rows: &Rows) {
        self.octets.store(rows.octets(), Ordering::Relaxed);
        self.oldest.store(rows.oldest().map_or(u64::MAX, |stamp| stamp.0), Ordering::Relaxed);
    }

    /// Held for the time of a copy at most.
    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.fresh.records.is_empty() && self.place.doubtful.is_empty() && !self.place.afresh
    }
}

/// The latest version of everything.
fn everything() -> Select {
    Select { limit: PAGE, ..Select::all(Versions::LAST, Level::Red) }
}

/// The latest versions of some objects, as far as a clearance may see them.
pub(super) async fn fetch(store: &dyn Store, collection: Uuid, ids: Vec<StixId>, clearance: Level) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::with_capacity(ids.len());
    for ids in ids.chunks(FETCH) {
        let select = Select { limit: ids.len(), ids: Some(ids.to_vec()), clearance, ..everything() };
        records.extend(store.page(collection, &select).await?.records);
    }
    Ok(records)
}
