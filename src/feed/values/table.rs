//! The values of one collection: chunks in their order, and where those of each indicator are.

use std::cmp::{Ordering, Reverse};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64};

use arc_swap::ArcSwap;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::Snapshot;
use super::chunk::{Builder, Chunk, Row};
use super::entry::{self, Object};
use super::numbers::Numbers;
use super::order::Key;
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
    /// For each indicator the serials of the chunks that hold values of it.
    places: HashTable<(Object, u32)>,
    hasher: DefaultHashBuilder,
    /// The chunks by their serials.
    serials: HashMap<u32, Arc<Chunk>>,
    next_serial: u32,
    edition: u64,
    numbers: Numbers,
    /// What was read and has no place yet, in no order.
    gathered: Vec<Chunk>,
    /// Of each indicator in it when its latest version was added.
    newest: HashMap<Object, Stamp>,
    published: Arc<ArcSwap<Snapshot>>,
    /// The most values in a chunk.
    full: usize,
}

/// A value that is to be put into a chunk, with its key.
struct Keyed<'c> {
    key: Key<'c>,
    row: Row<'c>,
}

impl Index for Table {
    type Batch = Builder;
    type Reader = Arc<Lists>;
    const IN_ORDER: bool = false;

    fn read(lists: &Arc<Lists>, records: &[Record]) -> Builder {
        let mut values = Builder::with_capacity(records.len());
        entry::read(records, lists, &mut values);
        values
    }

    fn clear(&mut self) {
        // Editions go on, since what was made of the old chunks may still be there.
        let numbers = std::mem::take(&mut self.numbers);
        *self = Self { numbers, ..Self::new(self.published.clone(), self.full) };
    }

    fn take(&mut self, fresh: Builder) {
        let fresh = self.numbered(fresh);
        for row in fresh.rows() {
            let newest = self.newest.entry(row.object()).or_default();
            *newest = row.added().max(*newest);
        }
        self.gathered.push(fresh);
    }

    fn correct(&mut self, ids: &[StixId], now: Builder) {
        self.put_gathered();
        // Also where no indicator went: something else did.
        self.edition = next_edition();
        let doomed = ids.iter().filter_map(|id| Object::of(id.as_str())).collect();
        let now = self.numbered(now);
        self.change(&doomed, now.rows().collect());
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

    fn octets(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.octets()).sum();
        chunks + self.places.allocation_size() + self.numbers.octets()
    }
}

impl Table {
    /// No values, in chunks of at most so many; what becomes of them is published there.
    pub(super) fn new(published: Arc<ArcSwap<Snapshot>>, full: usize) -> Self {
        Self {
            chunks: Vec::new(),
            places: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            serials: HashMap::new(),
            next_serial: 0,
            edition: next_edition(),
            numbers: Numbers::default(),
            gathered: Vec::new(),
            newest: HashMap::new(),
            published,
            full,
        }
    }

    /// What was read, with numbers.
    fn numbered(&mut self, mut read: Builder) -> Chunk {
        read.number(&mut self.numbers);
        read.finish(next_edition())
    }

    /// Puts what was read into chunks: of each indicator the latest version, if that is later than what is there.
    fn put_gathered(&mut self) {
        let (gathered, mut newest) = (std::mem::take(&mut self.gathered), std::mem::take(&mut self.newest));
        let mut doomed = HashSet::new();
        newest.retain(|object, added| match self.added(*object) {
            Some(there) if there < *added => doomed.insert(*object),
            there => there.is_none(),
        });
        let is_newest = |row: &Row<'_>| newest.get(&row.object()) == Some(&row.added());
        let fresh = gathered.par_iter().flat_map_iter(Chunk::rows).filter(is_newest).collect();
        drop(newest);
        self.change(&doomed, fresh);
    }

    /// When the version of an indicator was added whose values are in the chunks.
    fn added(&self, object: Object) -> Option<Stamp> {
        let serial = self.serials_of(object).next()?;
        self.serials.get(&serial)?.rows().find(|row| row.object() == object).map(Row::added)
    }

    fn serials_of(&self, object: Object) -> impl Iterator<Item = u32> {
        let places = self.places.iter_hash(self.hasher.hash_one(object));
        places.filter(move |(its, _)| *its == object).map(|(_, serial)| *serial)
    }

    /// Takes the values of some indicators out, and puts others in.
    fn change(&mut self, doomed: &HashSet<Object>, fresh: Vec<Row<'_>>) {
        let touched: HashSet<u32> = doomed.iter().flat_map(|object| self.serials_of(*object)).collect();
        if touched.is_empty() && fresh.is_empty() {
            return;
        }
        self.edition = next_edition();
        let mut fresh: Vec<Keyed<'_>> = fresh.into_par_iter().map(|row| Keyed { key: row.key(), row }).collect();
        fresh.par_sort_unstable_by(|one, other| one.key.cmp(&other.key).then_with(|| rank(one.row).cmp(&rank(other.row))));
        let full = self.full;
        let built = if self.chunks.is_empty() {
            cut(&fresh, full * JOB).par_iter().map(|fresh| (None, rebuilt(None, doomed, fresh, full))).collect()
        } else {
            let jobs = self.jobs(&touched, &fresh);
            jobs.par_iter().map(|(chunk, fresh)| (Some(chunk.serial), rebuilt(Some(chunk), doomed, fresh, full))).collect()
        };
        self.replace(built);
    }

    /// Every chunk that is to be built anew, with the values that come into it.
    fn jobs<'k, 'c>(&self, touched: &HashSet<u32>, fresh: &'k [Keyed<'c>]) -> Vec<(Arc<Chunk>, &'k [Keyed<'c>])> {
        let mut jobs = Vec::new();
        let mut rest = fresh;
        for (at, chunk) in self.chunks.iter().enumerate() {
            // What comes before the first chunk goes into it.
            let here = match self.chunks.get(at + 1) {
                Some(next) => rest.partition_point(|fresh| fresh.key < next.first),
                None => rest.len(),
            };
            let (fresh, others) = rest.split_at(here);
            rest = others;
            if !fresh.is_empty() || touched.contains(&chunk.serial) {
                jobs.push((chunk.clone(), fresh));
            }
        }
        jobs
    }

    /// Puts new chunks into the place of old ones; what has no place comes to the end.
    fn replace(&mut self, built: Vec<(Option<u32>, Vec<Chunk>)>) {
        let mut replaced: HashMap<u32, Vec<Arc<Chunk>>> = HashMap::with_capacity(built.len());
        let mut added = Vec::new();
        let (rows, hasher) = (built.iter().flat_map(|(_, chunks)| chunks).map(Chunk::len).sum(), &self.hasher);
        self.places.reserve(rows, |(object, _)| hasher.hash_one(object));
        for (old, chunks) in built {
            if let Some(serial) = old {
                self.forget(serial);
            }
            let mut kept = old;
            let chunks = chunks.into_iter().map(|mut chunk| {
                chunk.serial = kept.take().unwrap_or_else(|| self.new_serial());
                self.remember(chunk)
            });
            let chunks = chunks.collect();
            match old {
                Some(serial) => drop(replaced.insert(serial, chunks)),
                None => added.extend(chunks),
            }
        }
        let old = std::mem::take(&mut self.chunks);
        self.chunks = old.into_iter().flat_map(|chunk| replaced.remove(&chunk.serial).unwrap_or_else(|| vec![chunk])).chain(added).collect();
    }

    fn new_serial(&mut self) -> u32 {
        self.next_serial += 1;
        self.next_serial
    }

    /// The values of a chunk are not there any more.
    fn forget(&mut self, serial: u32) {
        let Some(chunk) = self.serials.remove(&serial) else { return };
        for row in chunk.rows() {
            let hash = self.hasher.hash_one(row.object());
            if let Ok(place) = self.places.find_entry(hash, |place| *place == (row.object(), serial)) {
                place.remove();
            }
        }
    }

    /// The values of a chunk are there.
    fn remember(&mut self, chunk: Chunk) -> Arc<Chunk> {
        let chunk = Arc::new(chunk);
        self.serials.insert(chunk.serial, chunk.clone());
        for row in chunk.rows() {
            let (place, hasher) = ((row.object(), chunk.serial), &self.hasher);
            let hash = hasher.hash_one(row.object());
            if self.places.find(hash, |its| *its == place).is_none() {
                self.places.insert_unique(hash, place, |(object, _)| hasher.hash_one(object));
            }
        }
        chunk
    }
}

/// A number that nothing else was given in this program.
fn next_edition() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, atomic::Ordering::Relaxed) + 1
}

/// In which order values of one key stand: by value, then the most confident first, then the newest.
fn rank(row: Row<'_>) -> (&str, Reverse<Option<u8>>, Reverse<Stamp>, Object) {
    (row.value(), Reverse(row.confidence()), Reverse(row.added()), row.object())
}

/// Values in pieces of at least so many, none of which ends between values of one key.
fn cut<'k, 'c>(mut values: &'k [Keyed<'c>], least: usize) -> Vec<&'k [Keyed<'c>]> {
    let mut pieces = Vec::new();
    while let Some(last) = values.get(..least).and_then(<[_]>::last) {
        let end = values.partition_point(|value| value.key <= last.key);
        let (piece, rest) = values.split_at(end);
        pieces.push(piece);
        values = rest;
    }
    pieces.push(values);
    pieces
}

/// A chunk without the values of some indicators and with new ones, as one chunk or several.
fn rebuilt(chunk: Option<&Chunk>, doomed: &HashSet<Object>, fresh: &[Keyed<'_>], full: usize) -> Vec<Chunk> {
    let kept = chunk.into_iter().flat_map(Chunk::rows).filter(|row| !doomed.contains(&row.object()));
    let mut kept = kept.map(|row| (row.key(), row)).peekable();
    let mut fresh = fresh.iter().map(|fresh| (&fresh.key, fresh.row)).peekable();
    let mut out = Pieces::of(chunk.map_or(0, Chunk::len) + fresh.len(), full);
    loop {
        let order = match (kept.peek(), fresh.peek()) {
            (Some((key, row)), Some((other_key, other))) => key.cmp(other_key).then_with(|| rank(*row).cmp(&rank(*other))),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return out.finish(),
        };
        if order == Ordering::Less {
            kept.next().into_iter().for_each(|(key, row)| out.take(&key, row));
        } else {
            fresh.next().into_iter().for_each(|(key, row)| out.take(key, row));
        }
    }
}

/// Values on their way into chunks.
struct Pieces<'k> {
    /// The most in each chunk.
    most: usize,
    done: Vec<Chunk>,
    building: Builder,
    last: Key<'k>,
}

impl<'k> Pieces<'k> {
    /// For so many values, which are divided evenly.
    fn of(count: usize, full: usize) -> Self {
        let most = count.div_ceil(count.div_ceil(full).max(1)).max(1);
        Self { most, done: Vec::new(), building: Builder::with_capacity(most), last: Key::default() }
    }

    /// Adds a value; a new chunk begins with each kind and when one is full, but not between values of one key.
    fn take(&mut self, key: &Key<'k>, row: Row<'_>) {
        let is_full = self.building.len() >= self.most && self.last != *key;
        if self.building.len() > 0 && (is_full || !self.last.is_of_kind(key)) {
            self.cut();
        }
        self.building.copy(row);
        self.last.clone_from(key);
    }

    fn cut(&mut self) {
        let full = std::mem::replace(&mut self.building, Builder::with_capacity(self.most));
        self.done.push(full.finish(next_edition()));
    }

    fn finish(mut self) -> Vec<Chunk> {
        if self.building.len() > 0 {
            self.cut();
        }
        self.done
    }
}
