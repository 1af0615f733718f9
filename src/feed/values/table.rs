//! The values of one collection: chunks in their order, and where those of each indicator are.

use std::cmp::{Ordering, Reverse};
use std::hash::BuildHasher;
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Snapshot;
use super::chunk::{Builder, Chunk, Pack, Place, Pool, Row};
use super::entry::{self, Object};
use super::numbers::Numbers;
use super::order::{Head, Key};
use crate::feed::guard::lists::Lists;
use crate::feed::shelf::Index;
use crate::stix::id::StixId;
use crate::store::Record;
use crate::taxii::stamp::Stamp;

/// The most values in a chunk, unless more have the same key.
pub(super) const FULL: usize = 512;
/// So many chunks at most are made anew by one thread at a time.
const JOB: usize = 16;

/// The values of a collection.
#[derive(Debug)]
pub(super) struct Table {
    chunks: Vec<Arc<Chunk>>,
    /// For each indicator the serials of the chunks that hold values of it,
    places: Places,
    /// but for these.
    late: Vec<Arc<Chunk>>,
    /// The chunks by their serials.
    serials: HashMap<u32, Arc<Chunk>>,
    next_serial: u32,
    /// Where the values are that were read first, as long as chunks say where in it theirs are; at the beginning so many did.
    pool: (Weak<Pool>, usize),
    edition: u64,
    numbers: Arc<Numbers>,
    gathered: Gathered,
    published: Arc<ArcSwap<Snapshot>>,
    /// The most values in a chunk.
    full: usize,
}

/// What was read and has no place yet, in no order.
#[derive(Debug)]
struct Gathered {
    pool: Pool,
    newest: Newest,
}

/// Which versions are the latest.
#[derive(Debug, Default)]
struct Newest {
    /// Of each indicator a value of its latest version, with a digest of the indicator.
    table: HashTable<(u32, Place)>,
    hasher: DefaultHashBuilder,
    /// The versions that are not the latest.
    old: HashSet<(Object, Stamp)>,
}

/// In which chunks the values of each indicator may be.
#[derive(Debug, Default)]
struct Places {
    /// Digests of indicators: where two have the same, a chunk may have no value of the one that is asked for.
    table: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

/// A value that is to be put into a chunk, with the head of its key.
#[derive(Debug, Clone, Copy)]
struct Keyed<'c> {
    head: Head,
    row: Row<'c>,
}

impl Index for Table {
    type Batch = Arc<Pack>;
    type Reader = Arc<Lists>;
    const IN_ORDER: bool = false;

    fn read(lists: &Arc<Lists>, records: &[Record]) -> Arc<Pack> {
        let mut values = Builder::with_capacity(records.len());
        entry::read(records, lists, &mut values);
        values.finish().into()
    }

    fn clear(&mut self) {
        // Editions go on, since what was made of the old chunks may still be there.
        *self = Self::numbered(self.numbers.clone(), self.published.clone(), self.full);
    }

    fn take(&mut self, fresh: Arc<Pack>) {
        let Gathered { pool, newest } = &mut self.gathered;
        let fresh = pool.push(fresh);
        newest.take(pool, fresh);
    }

    fn correct(&mut self, ids: &[StixId], now: Arc<Pack>) {
        self.put_gathered();
        // Also where no indicator went: something else did.
        self.edition = next_edition();
        let doomed = ids.iter().filter_map(|id| Object::of(id.as_str())).collect();
        let mut pool = Pool::new(self.numbers.clone());
        pool.push(now);
        self.change(&doomed, &pool.into(), |_| true);
    }

    fn settle(&mut self, latest: Stamp) {
        self.put_gathered();
        let before = self.published.load_full();
        let same = before.edition == self.edition;
        if !same || before.latest != latest {
            let chunks = if same { before.chunks.clone() } else { self.chunks.as_slice().into() };
            self.published.store(Arc::new(Snapshot { chunks, latest, edition: self.edition }));
        }
    }

    fn tidy(&mut self) {
        let late = std::mem::take(&mut self.late);
        self.places.reserve(late.iter().map(|chunk| chunk.len()).sum());
        for chunk in late {
            self.places.remember(&chunk);
        }
    }

    fn octets(&self) -> usize {
        let first = self.pool.0.upgrade();
        let own = |chunk: &&Arc<Chunk>| first.as_ref().is_none_or(|first| !Arc::ptr_eq(chunk.pool(), first));
        let pools = self.chunks.iter().filter(own).map(|chunk| chunk.pool().octets()).sum::<usize>() + first.as_ref().map_or(0, |pool| pool.octets());
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.octets()).sum();
        chunks + pools + self.places.table.allocation_size() + self.numbers.octets()
    }
}

impl Table {
    /// No values, in chunks of at most so many; what becomes of them is published there.
    pub(super) fn new(published: Arc<ArcSwap<Snapshot>>, full: usize) -> Self {
        Self::numbered(Arc::default(), published, full)
    }

    /// The same, where numbers have been given already.
    fn numbered(numbers: Arc<Numbers>, published: Arc<ArcSwap<Snapshot>>, full: usize) -> Self {
        Self {
            chunks: Vec::new(),
            places: Places::default(),
            late: Vec::new(),
            serials: HashMap::new(),
            next_serial: 0,
            pool: (Weak::new(), 0),
            edition: next_edition(),
            gathered: Gathered::new(&numbers),
            numbers,
            published,
            full,
        }
    }

    /// Puts what was read into chunks: of each indicator the latest version, if that is later than what is there.
    fn put_gathered(&mut self) {
        self.tidy();
        let Gathered { pool, newest: Newest { table, mut old, .. } } = std::mem::replace(&mut self.gathered, Gathered::new(&self.numbers));
        let mut doomed = HashSet::new();
        // Before the first chunks there is nothing to look a million up in.
        let known = table.iter().filter(|_| !self.chunks.is_empty());
        for row in known.map(|(_, place)| pool.row(*place)) {
            match self.added(row.object()) {
                Some(there) if there < row.added() => doomed.insert(row.object()),
                Some(_) => old.insert((row.object(), row.added())),
                None => false,
            };
        }
        self.change(&doomed, &pool.into(), |row| !old.contains(&(row.object(), row.added())));
    }

    /// When the version of an indicator was added whose values are in the chunks.
    fn added(&self, object: Object) -> Option<Stamp> {
        let chunks = self.places.of(object).filter_map(|serial| self.serials.get(&serial));
        chunks.flat_map(|chunk| chunk.rows()).find(|row| row.object() == object).map(Row::added)
    }

    /// Takes the values of some indicators out, and puts others in.
    fn change(&mut self, doomed: &HashSet<Object>, pool: &Arc<Pool>, is_wanted: impl Fn(Row<'_>) -> bool) {
        // What was gathered may just have made the first chunks.
        self.tidy();
        let touched: HashSet<u32> = doomed.iter().flat_map(|object| self.places.of(*object)).collect();
        let fresh = sorted(pool, is_wanted);
        if touched.is_empty() && fresh.is_empty() {
            return;
        }
        self.edition = next_edition();
        let full = self.full;
        let built = if self.chunks.is_empty() {
            let built: Vec<_> = cut(&fresh, full * JOB).par_iter().map(|fresh| (None, first_chunks(pool, fresh, full))).collect();
            self.pool = (Arc::downgrade(pool), built.iter().map(|(_, chunks)| chunks.len()).sum());
            built
        } else {
            let jobs = self.jobs(&touched, &fresh);
            jobs.par_iter().map(|(chunk, fresh)| (Some(chunk.serial), self.rebuilt(chunk, doomed, fresh))).collect()
        };
        self.replace(built);
    }

    /// A chunk without the values of some indicators and with new ones, as one chunk or several.
    fn rebuilt(&self, chunk: &Chunk, doomed: &HashSet<Object>, fresh: &[Keyed<'_>]) -> Vec<Chunk> {
        let kept = chunk.rows().filter(|row| !doomed.contains(&row.object())).map(Keyed::new);
        let mut values: Vec<Keyed<'_>> = kept.chain(fresh.iter().copied()).collect();
        values.sort_by(Keyed::order);
        divided(&values, self.full).map(|piece| Chunk::copied(piece.iter().map(|keyed| keyed.row), &self.numbers, next_edition())).collect()
    }

    /// Every chunk that is to be built anew, with the values that come into it.
    fn jobs<'k, 'c>(&self, touched: &HashSet<u32>, fresh: &'k [Keyed<'c>]) -> Vec<(Arc<Chunk>, &'k [Keyed<'c>])> {
        let (first, chunks) = &self.pool;
        // What few need is not kept for them.
        let is_worn = first.strong_count() < chunks / 2;
        let mut jobs = Vec::new();
        let mut rest = fresh;
        for (at, chunk) in self.chunks.iter().enumerate() {
            // What comes before the first chunk goes into it.
            let here = match self.chunks.get(at + 1) {
                Some(next) => rest.partition_point(|fresh| fresh.is_before(&next.first)),
                None => rest.len(),
            };
            let (fresh, others) = rest.split_at(here);
            rest = others;
            if !fresh.is_empty() || touched.contains(&chunk.serial) || is_worn && first.as_ptr() == Arc::as_ptr(chunk.pool()) {
                jobs.push((chunk.clone(), fresh));
            }
        }
        jobs
    }

    /// Puts new chunks into the place of old ones; what has no place comes to the end.
    fn replace(&mut self, built: Vec<(Option<u32>, Vec<Chunk>)>) {
        let mut replaced: HashMap<u32, Vec<Arc<Chunk>>> = HashMap::with_capacity(built.len());
        let mut added = Vec::new();
        for (old, chunks) in built {
            if let Some(chunk) = old.and_then(|serial| self.serials.remove(&serial)) {
                self.places.forget(&chunk);
            }
            let mut kept = old;
            let chunks = chunks.into_iter().map(|mut chunk| {
                chunk.serial = kept.take().unwrap_or_else(|| self.new_serial());
                let chunk = Arc::new(chunk);
                self.serials.insert(chunk.serial, chunk.clone());
                chunk
            });
            let chunks: Vec<_> = chunks.collect();
            match old {
                Some(serial) => {
                    for chunk in &chunks {
                        self.places.remember(chunk);
                    }
                    replaced.insert(serial, chunks);
                }
                None => added.extend(chunks),
            }
        }
        self.late.extend(added.iter().cloned());
        let old = std::mem::take(&mut self.chunks);
        self.chunks = old.into_iter().flat_map(|chunk| replaced.remove(&chunk.serial).unwrap_or_else(|| vec![chunk])).chain(added).collect();
    }

    fn new_serial(&mut self) -> u32 {
        self.next_serial += 1;
        self.next_serial
    }
}

impl Gathered {
    fn new(numbers: &Arc<Numbers>) -> Self {
        Self { pool: Pool::new(numbers.clone()), newest: Newest::default() }
    }
}

impl Newest {
    /// Takes values that are new in a pool.
    fn take(&mut self, pool: &Pool, fresh: u32) {
        let Self { table, hasher, old } = self;
        for row in pool.rows_of(fresh) {
            let digest = digest(hasher, row.object());
            let is_same = |(its, place): &(u32, Place)| *its == digest && pool.row(*place).object() == row.object();
            match table.entry(hasher.hash_one(digest), is_same, |(digest, _)| hasher.hash_one(*digest)) {
                Entry::Vacant(entry) => drop(entry.insert((digest, row.place()))),
                Entry::Occupied(mut entry) => {
                    let known = pool.row(entry.get().1).added();
                    if known != row.added() {
                        old.insert((row.object(), known.min(row.added())));
                    }
                    if known < row.added() {
                        entry.get_mut().1 = row.place();
                    }
                }
            }
        }
    }
}

impl Places {
    /// The serials of the chunks that may hold values of an indicator.
    fn of(&self, object: Object) -> impl Iterator<Item = u32> {
        let digest = digest(&self.hasher, object);
        let found = self.table.iter_hash(self.hasher.hash_one(digest));
        found.filter(move |(its, _)| *its == digest).map(|(_, serial)| *serial)
    }

    fn reserve(&mut self, values: usize) {
        self.table.reserve(values, |(digest, _)| self.hasher.hash_one(*digest));
    }

    /// The values of a chunk are there.
    fn remember(&mut self, chunk: &Chunk) {
        let hasher = &self.hasher;
        for row in chunk.rows() {
            let place = (digest(hasher, row.object()), chunk.serial);
            if let Entry::Vacant(entry) = self.table.entry(hasher.hash_one(place.0), |its| *its == place, |(digest, _)| hasher.hash_one(*digest)) {
                entry.insert(place);
            }
        }
    }

    /// The values of a chunk are not there any more.
    fn forget(&mut self, chunk: &Chunk) {
        for row in chunk.rows() {
            let place = (digest(&self.hasher, row.object()), chunk.serial);
            if let Ok(entry) = self.table.find_entry(self.hasher.hash_one(place.0), |its| *its == place) {
                entry.remove();
            }
        }
    }
}

impl<'c> Keyed<'c> {
    fn new(row: Row<'c>) -> Self {
        Self { head: row.key().head, row }
    }

    /// By their keys; where these are the same by value, then the most confident first, then the newest.
    fn order(&self, other: &Self) -> Ordering {
        let rank = |row: Row<'c>| (row.value(), Reverse(row.confidence()), Reverse(row.added()), row.object());
        self.key_order(other).then_with(|| rank(self.row).cmp(&rank(other.row)))
    }

    fn key_order(&self, other: &Self) -> Ordering {
        self.head.cmp(&other.head).then_with(|| self.row.key().cmp(&other.row.key()))
    }

    fn is_before(&self, key: &Key<'_>) -> bool {
        self.head.cmp(&key.head).then_with(|| self.row.key().cmp(key)).is_lt()
    }
}

/// What an indicator is found by. Another may have the same.
fn digest(hasher: &DefaultHashBuilder, object: Object) -> u32 {
    u32::try_from(hasher.hash_one(object) >> 32).unwrap_or_default()
}

/// A number that nothing else was given in this program.
fn next_edition() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, atomic::Ordering::Relaxed) + 1
}

/// The values of a pool that are wanted, in their order.
fn sorted(pool: &Pool, is_wanted: impl Fn(Row<'_>) -> bool) -> Vec<Keyed<'_>> {
    let mut keyed: Vec<Keyed<'_>> = pool.rows().map(Keyed::new).collect();
    keyed.retain(|keyed| is_wanted(keyed.row));
    keyed.par_sort_unstable_by(Keyed::order);
    keyed
}

/// Values in pieces of at least so many, none of which ends between values of one key.
fn cut<'k, 'c>(mut values: &'k [Keyed<'c>], least: usize) -> Vec<&'k [Keyed<'c>]> {
    let mut pieces = Vec::new();
    while let Some(last) = values.get(..least).and_then(<[_]>::last) {
        let end = values.partition_point(|value| value.key_order(last).is_le());
        let (piece, rest) = values.split_at(end);
        pieces.push(piece);
        values = rest;
    }
    pieces.push(values);
    pieces
}

/// Values in pieces of one kind, of evenly so many that few have more than `full`.
fn divided<'k, 'c>(values: &'k [Keyed<'c>], full: usize) -> impl Iterator<Item = &'k [Keyed<'c>]> {
    let even = values.len().div_ceil(values.len().div_ceil(full).max(1)).max(1);
    let kinds = values.chunk_by(|one, other| one.head.is_of_kind(other.head));
    kinds.flat_map(move |values| cut(values, even)).filter(|piece| !piece.is_empty())
}

/// The chunks of some values, which stay where they are.
fn first_chunks(pool: &Arc<Pool>, values: &[Keyed<'_>], full: usize) -> Vec<Chunk> {
    divided(values, full).map(|piece| Chunk::of(pool, piece.iter().map(|keyed| keyed.row), next_edition())).collect()
}
