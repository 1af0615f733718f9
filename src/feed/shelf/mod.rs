//! An index of one collection, and how it follows it: page by page from the last stamp, each object read once.
//!
//! Who asks catches up itself, if there is little to catch up with; the first time, or after a long while, a task of its own does it.
//! Nobody waits for a lock while the store is asked: what was read is taken only if nothing was taken meanwhile, else it is read again.
//!
//! An index that wants no order is begun by as many readers as there are cores, each at a stretch of its own.

pub(in crate::feed) mod stretches;

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{FuturesUnordered, TryStreamExt};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use uuid::Uuid;

use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::{Page, Record, Select, Store, StoreError, Versions};
use crate::taxii::stamp::Stamp;
use stretches::{Stretch, Stretches};

/// Objects that are read from the store at once.
const PAGE: usize = 4_000;
/// Octets of objects that are read from the store at once.
const PAGE_OCTETS: usize = 16 << 20;
/// Objects of a stretch that are read at once.
pub(in crate::feed) const STRETCH_PAGE: usize = 1_000;
/// Readers for each core: one waits for the store while another looks into what it has read.
const READERS: usize = 2;
/// Objects that one thread looks into at once.
const PIECE: usize = 250;
/// How long those who were answered have the processors for themselves before it is tidied.
const TIDY: Duration = Duration::from_millis(500);
/// Objects that are fetched by their ids at once.
const FETCH: usize = 50;
/// When more objects than this are doubtful, everything is read anew.
pub(in crate::feed) const MOST_DOUBTS: usize = 10_000;

/// What is kept of the latest versions of a collection.
pub(in crate::feed) trait Index: Send + Sync + 'static {
    /// What is kept of some objects.
    type Batch: Send;
    /// What reading an object needs besides.
    type Reader: Send + Sync;
    /// Whether it wants objects in the order of the collection. If not, the first reading is quicker.
    const IN_ORDER: bool;

    /// Reads some objects.
    fn read(reader: &Self::Reader, records: &[Record]) -> Self::Batch;

    /// Forgets everything.
    fn clear(&mut self);

    /// Takes what was read; what is older than what is kept of its object is passed over.
    fn take(&mut self, fresh: Self::Batch);

    /// Takes what has become of some objects: those that are not in it are no more.
    fn correct(&mut self, ids: &[StixId], now: Self::Batch);

    /// Nothing more comes for now: everything up to this stamp was taken.
    fn settle(&mut self, _: Stamp) {}

    /// Does what can wait until those who wait were answered.
    fn tidy(&mut self) {}

    /// The octets that it takes.
    fn octets(&self) -> usize;
}

/// Who looks after all shelves together.
#[async_trait]
pub(in crate::feed) trait Keeper<I: Index>: Send + Sync + 'static {
    /// Something was taken.
    fn fit(&self) {}

    /// The stretches of a collection, in its order, that were read before and are kept.
    async fn kept(&self, _collection: Uuid, _reader: &I::Reader, _store: &dyn Store) -> Result<Vec<Stretch>, StoreError> {
        Ok(Vec::new())
    }

    /// What is kept of such a stretch; `None` if it must be read after all.
    async fn fetch(&self, _collection: Uuid, _stretch: Stretch, _reader: &I::Reader, _store: &dyn Store) -> Result<Option<I::Batch>, StoreError> {
        Ok(None)
    }
}

/// One collection.
#[derive(Debug)]
pub(in crate::feed) struct Shelf<I: Index> {
    pub(in crate::feed) collection: Uuid,
    reader: I::Reader,
    index: RwLock<I>,
    place: Mutex<Place>,
    phase: watch::Sender<Phase>,
    octets: AtomicUsize,
}

/// How far the index follows the collection.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Everything up to here is in the index,
    position: Stamp,
    /// but for what these may have become. With the number of the doubt, so that a later one is told from it.
    doubtful: BTreeMap<StixId, u64>,
    doubts: u64,
    /// The index is of no use any more: the next batch begins it anew.
    afresh: bool,
    /// Grows with every batch.
    turn: u64,
}

/// Whether everything was once there.
#[derive(Debug, Clone)]
enum Phase {
    /// Not all, and nobody reads it.
    Idle,
    /// It is being read.
    Loading,
    /// All were there when somebody looked last.
    Loaded,
    /// Reading it failed.
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

impl<I: Index> Shelf<I> {
    /// A shelf that is to follow a collection from its beginning.
    pub(in crate::feed) fn new(collection: Uuid, reader: I::Reader, index: I) -> Self {
        let (index, phase) = (RwLock::new(index), watch::Sender::new(Phase::Idle));
        Self { collection, reader, index, place: Mutex::default(), phase, octets: AtomicUsize::new(0) }
    }

    /// The index. For threads that may block: they wait while something is being taken.
    pub(in crate::feed) fn index(&self) -> RwLockReadGuard<'_, I> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the index, as who looks after it sees fit. For threads that may block.
    pub(in crate::feed) fn change<T>(&self, change: impl FnOnce(&mut I) -> T) -> T {
        let mut index = self.index_mut();
        let result = change(&mut index);
        self.octets.store(index.octets(), Ordering::Relaxed);
        result
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, I> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The octets that the index takes.
    pub(in crate::feed) fn octets(&self) -> usize {
        self.octets.load(Ordering::Relaxed)
    }

    /// Whether everything was once there.
    pub(in crate::feed) fn is_loaded(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Loaded)
    }

    /// Whether everything is being read now.
    pub(in crate::feed) fn is_loading(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Loading)
    }

    /// What the index says of an object may be wrong: it is looked up before anybody is answered.
    pub(in crate::feed) fn doubt(&self, id: StixId) {
        let mut place = self.place();
        place.doubts += 1;
        let doubt = place.doubts;
        place.doubtful.insert(id, doubt);
        if place.doubtful.len() > MOST_DOUBTS {
            *place = Place { doubts: doubt, afresh: true, turn: place.turn + 1, ..Place::default() };
        }
    }

    /// Sees to it that the index is as the store is now. May take long the first time, and goes on if nobody waits for it any more.
    pub(in crate::feed) async fn follow(self: &Arc<Self>, keeper: &Arc<impl Keeper<I>>, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        loop {
            if self.is_loaded() && self.catch_up(keeper, &**store).await? {
                return Ok(());
            }
            self.load(keeper, store);
            let phase = self.phase.subscribe().wait_for(|phase| !matches!(phase, Phase::Loading)).await.map(|phase| phase.clone());
            if let Ok(Phase::Failed(error)) = phase {
                return Err(error);
            }
        }
    }

    /// Takes what is new, unless that is more than a page. Returns whether nothing is left.
    async fn catch_up(self: &Arc<Self>, keeper: &Arc<impl Keeper<I>>, store: &dyn Store) -> Result<bool, StoreError> {
        // Whoever reads everything needs no help, and would lose what was taken meanwhile.
        while self.is_loaded() {
            let batch = self.read(store).await?;
            if batch.is_empty() {
                return Ok(true);
            }
            let more = batch.fresh.more;
            if self.clone().take(keeper.clone(), batch).await? {
                return Ok(!more);
            }
        }
        Ok(false)
    }

    /// Starts the task that reads everything, unless it is running.
    fn load(self: &Arc<Self>, keeper: &Arc<impl Keeper<I>>, store: &Arc<dyn Store>) {
        let start = |phase: &mut Phase| !matches!(mem::replace(phase, Phase::Loading), Phase::Loading);
        if self.phase.send_if_modified(start) {
            let (this, keeper, store) = (self.clone(), keeper.clone(), store.clone());
            tokio::spawn(async move {
                let loaded = this.read_all(&keeper, &*store).await;
                this.phase.send_replace(loaded.map_or_else(Phase::Failed, |()| Phase::Loaded));
                sleep(TIDY).await;
                let tidied = in_background(move || this.change(Index::tidy)).await;
                tidied.unwrap_or_else(|error| tracing::error!(%error, "an index is not tidy"));
            });
        }
    }

    /// Takes everything there is. The next page is read while one is being taken.
    async fn read_all(self: &Arc<Self>, keeper: &Arc<impl Keeper<I>>, store: &dyn Store) -> Result<(), StoreError> {
        if !I::IN_ORDER && self.begins() {
            self.read_side_by_side(keeper, store).await?;
        }
        let mut batch = self.read(store).await?;
        while !batch.is_empty() {
            let next = batch.place_after();
            let (taken, ahead) = tokio::join!(self.clone().take(keeper.clone(), batch), self.read_from(next, store));
            batch = if taken? { ahead? } else { self.read(store).await? };
        }
        Ok(())
    }

    /// Takes, in no order, everything that is there now: what is kept as it is, the rest from the store.
    async fn read_side_by_side(self: &Arc<Self>, keeper: &Arc<impl Keeper<I>>, store: &dyn Store) -> Result<(), StoreError> {
        let this = self.clone();
        let turn = in_background(move || this.begin_afresh()).await?;
        let mut kept = keeper.kept(self.collection, &self.reader, store).await?;
        let upto = store.top(self.collection).await?;
        let mut rest = Stretches::new(upto, &kept);
        let readers = READERS * std::thread::available_parallelism().map_or(1, usize::from);
        let mut reading = FuturesUnordered::new();
        loop {
            while reading.len() < readers {
                let fetched = kept.pop();
                let Some(stretch) = fetched.or_else(|| rest.take()) else { break };
                reading.push(self.take_stretch(stretch, fetched.is_some(), keeper, store));
            }
            match reading.try_next().await? {
                Some(left) => left.into_iter().for_each(|left| rest.put(left)),
                None => break,
            }
        }
        let (this, keeper) = (self.clone(), keeper.clone());
        in_background(move || {
            this.end_at(turn, upto);
            keeper.fit();
        })
        .await
    }

    /// Takes what is kept of a stretch, else a page of it. Returns what is left.
    async fn take_stretch(
        self: &Arc<Self>,
        stretch: Stretch,
        is_kept: bool,
        keeper: &Arc<impl Keeper<I>>,
        store: &dyn Store,
    ) -> Result<Option<Stretch>, StoreError> {
        let this = self.clone();
        if is_kept && let Some(kept) = keeper.fetch(self.collection, stretch, &self.reader, store).await? {
            in_background(move || this.index_mut().take(kept)).await?;
            return Ok(None);
        }
        let (records, left) = page_of(store, self.collection, stretch, STRETCH_PAGE).await?;
        in_background(move || {
            let read = I::read(&this.reader, &records);
            this.index_mut().take(read);
        })
        .await?;
        Ok(left)
    }

    /// Whether nothing was taken yet, or nothing that is still of use.
    fn begins(&self) -> bool {
        let place = self.place();
        place.position == Stamp::ZERO || place.afresh
    }

    /// Forgets everything; what is doubted stays doubtful. Returns the turn that begins. For threads that may block.
    fn begin_afresh(&self) -> u64 {
        let mut index = self.index_mut();
        index.clear();
        let mut place = self.place();
        *place = Place { position: Stamp::ZERO, afresh: false, turn: place.turn + 1, ..mem::take(&mut place) };
        place.turn
    }

    /// Everything up to a stamp was taken, unless another turn has begun. For threads that may block.
    fn end_at(&self, turn: u64, upto: Stamp) {
        let mut index = self.index_mut();
        if self.place().turn != turn {
            return;
        }
        index.settle(upto);
        self.octets.store(index.octets(), Ordering::Relaxed);
        let mut place = self.place();
        if place.turn == turn {
            place.position = upto;
            place.turn += 1;
        }
    }

    async fn read(&self, store: &dyn Store) -> Result<Batch, StoreError> {
        let place = self.place().clone();
        self.read_from(place, store).await
    }

    async fn read_from(&self, place: Place, store: &dyn Store) -> Result<Batch, StoreError> {
        // Among all versions, as for who starts at the beginning: an old version that comes late is not the latest.
        let select = Select { from: place.position, limit: PAGE, octets: PAGE_OCTETS, ..everything() };
        let fresh = store.page(self.collection, &select).await?;
        let again = fetch(store, self.collection, place.doubtful.keys().cloned().collect(), Level::Red).await?;
        Ok(Batch { place, fresh, again })
    }

    /// Takes a batch, unless another was taken since it was read. Returns whether it was taken.
    async fn take(self: Arc<Self>, keeper: Arc<impl Keeper<I>>, batch: Batch) -> Result<bool, StoreError> {
        in_background(move || {
            let fresh = batch.fresh.records.par_chunks(PIECE).map(|records| I::read(&self.reader, records)).collect();
            let again = I::read(&self.reader, &batch.again);
            let taken = self.enter(&batch, fresh, again);
            keeper.fit();
            taken
        })
        .await
    }

    fn enter(&self, batch: &Batch, fresh: Vec<I::Batch>, again: I::Batch) -> bool {
        let mut index = self.index_mut();
        if self.place().turn != batch.place.turn {
            return false;
        }
        if batch.place.afresh {
            index.clear();
        }
        for fresh in fresh {
            index.take(fresh);
        }
        if !batch.place.doubtful.is_empty() {
            let doubtful: Vec<StixId> = batch.place.doubtful.keys().cloned().collect();
            index.correct(&doubtful, again);
        }
        let Place { position, .. } = batch.place_after();
        if !batch.fresh.more {
            index.settle(position);
        }
        self.octets.store(index.octets(), Ordering::Relaxed);
        let mut place = self.place();
        if place.turn != batch.place.turn {
            // Too much was doubted in this moment.
            return false;
        }
        place.position = position;
        place.doubtful.retain(|id, doubt| batch.place.doubtful.get(id) != Some(doubt));
        place.afresh = false;
        place.turn += 1;
        true
    }

    /// Held for the time of a copy at most.
    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Where the place is when this was taken, if nothing is doubted meanwhile.
    fn place_after(&self) -> Place {
        let position = self.fresh.dates().map_or(self.place.position, |(_, last)| last);
        Place { position, doubts: self.place.doubts, turn: self.place.turn + 1, ..Place::default() }
    }

    fn is_empty(&self) -> bool {
        self.fresh.records.is_empty() && self.place.doubtful.is_empty() && !self.place.afresh
    }
}

/// Does what takes a while where that holds up nobody.
pub(in crate::feed) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    spawn_blocking(work).await.map_err(|error| StoreError::Engine(format!("an index could not read objects: {error}")))
}

/// The latest versions at the beginning of a stretch, so many at most, and what is left of it.
pub(in crate::feed) async fn page_of(
    store: &dyn Store,
    collection: Uuid,
    stretch: Stretch,
    most: usize,
) -> Result<(Vec<Record>, Option<Stretch>), StoreError> {
    // No two stand at the same stamp.
    let limit = usize::try_from(stretch.width()).map_or(most, |width| width.clamp(1, most));
    let select = Select { from: stretch.after, limit, octets: PAGE_OCTETS, ..everything() };
    let Page { mut records, more } = store.page(collection, &select).await?;
    let left = records.last().filter(|_| more).and_then(|last| stretch.behind(last.added));
    records.truncate(records.partition_point(|record| record.added <= stretch.upto));
    Ok((records, left))
}

/// The latest version of everything.
fn everything() -> Select {
    Select { limit: PAGE, ..Select::all(Versions::LAST, Level::Red) }
}

/// The latest versions of some objects, as far as a clearance may see them.
pub(in crate::feed) async fn fetch(store: &dyn Store, collection: Uuid, ids: Vec<StixId>, clearance: Level) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::with_capacity(ids.len());
    for ids in ids.chunks(FETCH) {
        let select = Select { limit: ids.len(), ids: Some(ids.to_vec()), clearance, ..everything() };
        records.extend(store.page(collection, &select).await?.records);
    }
    Ok(records)
}
