//! The values of one collection: chunks in their order, and where those of each indicator are.

use std::cmp::{Ordering, Reverse};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64};

use arc_swap::ArcSwap;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use xxhash_rust::xxh3::Xxh3Default;

use super::Snapshot;
use super::chunk::{Builder, Chunk, Fresh, Row};
use super::entry::{Entry, Object};
use super::order::key;
use crate::feed::guard::lists::Lists;
use crate::feed::shelf::Index;
use crate::stix::id::StixId;
use crate::stix::ioc::Kind;
use crate::store::Record;
use crate::taxii::stamp::Stamp;

/// The most values in a chunk, unless more have the same key.
pub(super) const FULL: usize = 512;
/// So many indicators at least are gathered, while more come, before they are put into chunks.
const GATHERED: usize = 100_000;
/// Where the numbers of values begin: below, others number their own.
const FIRST_NUMBER: u32 = 9_000_000;

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
    /// The values that have each number, as digests. A value keeps its number for when it comes again.
    numbers: HashMap<u32, u64>,
    /// What was read and is in no chunk yet.
    gathered: Vec<Entry>,
    published: Arc<ArcSwap<Snapshot>>,
    /// The most values in a chunk.
    full: usize,
}

/// A value that is to be put into a chunk, with its key.
struct Keyed<'e> {
    key: Vec<u8>,
    fresh: Fresh<'e>,
}

impl Index for Table {
    type Entry = Entry;
    type Reader = Arc<Lists>;

    fn read(lists: &Arc<Lists>, record: &Record) -> Option<Entry> {
        Entry::of(record, lists)
    }

    fn clear(&mut self) {
        // Editions go on, since what was made of the old chunks may still be there.
        let numbers = std::mem::take(&mut self.numbers);
        *self = Self { numbers, ..Self::new(self.published.clone(), self.full) };
    }

    fn take(&mut self, fresh: Vec<Entry>) {
        self.gathered.extend(fresh);
        // As many as there are, so that putting them costs each of those once.
        if self.gathered.len() >= self.places.len().max(GATHERED) {
            self.put_gathered();
        }
    }

    fn correct(&mut self, ids: &[StixId], entries: Vec<Entry>) {
        self.put_gathered();
        // Also where no indicator went: something else did.
        self.edition = next_edition();
        let doomed: HashSet<Object> = ids.iter().filter_map(|id| Object::of(id.as_str())).collect();
        self.change(&doomed, &entries);
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
        chunks + self.places.allocation_size() + self.numbers.capacity() * size_of::<(u32, u64)>()
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
            numbers: HashMap::new(),
            gathered: Vec::new(),
            published,
            full,
        }
    }

    /// Puts what was read into chunks: of each indicator the latest, if that is later than what is there.
    fn put_gathered(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        let mut latest: HashMap<Object, Entry> = HashMap::with_capacity(gathered.len());
        for entry in gathered {
            if latest.get(&entry.object).is_none_or(|other| other.added < entry.added) {
                latest.insert(entry.object, entry);
            }
        }
        let entries: Vec<Entry> = latest.into_values().filter(|entry| self.added(entry.object).is_none_or(|added| added < entry.added)).collect();
        if entries.is_empty() {
            return;
        }
        let doomed = entries.iter().map(|entry| entry.object).collect();
        self.change(&doomed, &entries);
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
    fn change(&mut self, doomed: &HashSet<Object>, entries: &[Entry]) {
        let touched: HashSet<u32> = doomed.iter().flat_map(|object| self.serials_of(*object)).collect();
        let keyed = self.keyed(entries);
        if touched.is_empty() && keyed.is_empty() {
            return;
        }
        self.edition = next_edition();
        let jobs = self.jobs(&touched, &keyed);
        let full = self.full;
        let built: Vec<_> = jobs.par_iter().map(|(chunk, fresh)| rebuilt(chunk.as_deref(), doomed, fresh, full)).collect();
        drop(jobs);
        self.replace(built);
    }

    /// The values of some indicators in their order, numbered.
    fn keyed<'e>(&mut self, entries: &'e [Entry]) -> Vec<Keyed<'e>> {
        let mut keyed = Vec::with_capacity(entries.len());
        for Entry { object, added, told, values } in entries {
            for (at, (value, blocked)) in values.iter().enumerate() {
                // A pattern may name a value twice.
                if values.iter().take(at).any(|(other, _)| other == value) {
                    continue;
                }
                let number = self.number(value.kind, &value.text);
                let (kind, sound, blocked) = (value.kind, value.sound, *blocked);
                let fresh = Fresh { object: *object, added: *added, told, kind, value: &value.text, sound, blocked, number };
                keyed.push(Keyed { key: key(kind, &value.text, sound), fresh });
            }
        }
        keyed.par_sort_unstable_by(|one, other| one.key.cmp(&other.key).then_with(|| rank(&one.fresh).cmp(&rank(&other.fresh))));
        keyed
    }

    /// The number of a value: that which follows from its digest, or the next that is free.
    fn number(&mut self, kind: Kind, value: &str) -> u32 {
        let mut digest = Xxh3Default::new();
        digest.update(&[kind as u8]);
        digest.update(value.as_bytes());
        let digest = digest.digest();
        let range = u32::MAX - FIRST_NUMBER;
        let mut number = FIRST_NUMBER + u32::try_from(digest % u64::from(range)).unwrap_or_default();
        while *self.numbers.entry(number).or_insert(digest) != digest {
            number = if number == u32::MAX { FIRST_NUMBER } else { number + 1 };
        }
        number
    }

    /// Every chunk that is to be built anew, with the values that come into it.
    fn jobs<'k, 'e>(&self, touched: &HashSet<u32>, keyed: &'k [Keyed<'e>]) -> Vec<(Option<Arc<Chunk>>, &'k [Keyed<'e>])> {
        if self.chunks.is_empty() {
            return vec![(None, keyed)];
        }
        let mut jobs = Vec::new();
        let mut rest = keyed;
        for (at, chunk) in self.chunks.iter().enumerate() {
            // What comes before the first chunk goes into it.
            let here = match self.chunks.get(at + 1) {
                Some(next) => rest.partition_point(|keyed| *keyed.key < *next.first),
                None => rest.len(),
            };
            let (fresh, others) = rest.split_at(here);
            rest = others;
            if !fresh.is_empty() || touched.contains(&chunk.serial) {
                jobs.push((Some(chunk.clone()), fresh));
            }
        }
        jobs
    }

    /// Puts new chunks into the place of old ones.
    fn replace(&mut self, built: Vec<(Option<u32>, Vec<Builder>)>) {
        let mut places: HashMap<u32, Vec<Arc<Chunk>>> = HashMap::with_capacity(built.len());
        let mut first = Vec::new();
        for (serial, builders) in built {
            let mut keeps = serial;
            let mut chunks = Vec::with_capacity(builders.len());
            for mut builder in builders {
                let serial = keeps.take().unwrap_or_else(|| self.new_serial());
                chunks.push(Arc::new(builder.finish(serial, next_edition())));
            }
            if let Some(serial) = serial {
                self.forget(serial);
            }
            for chunk in &chunks {
                self.remember(chunk);
            }
            match serial {
                Some(serial) => drop(places.insert(serial, chunks)),
                None => first = chunks,
            }
        }
        let old = std::mem::take(&mut self.chunks);
        self.chunks = old.into_iter().flat_map(|chunk| places.remove(&chunk.serial).unwrap_or_else(|| vec![chunk])).collect();
        self.chunks.extend(first);
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
    fn remember(&mut self, chunk: &Arc<Chunk>) {
        self.serials.insert(chunk.serial, chunk.clone());
        for row in chunk.rows() {
            let (place, hasher) = ((row.object(), chunk.serial), &self.hasher);
            let hash = hasher.hash_one(row.object());
            if self.places.find(hash, |its| *its == place).is_none() {
                self.places.insert_unique(hash, place, |(object, _)| hasher.hash_one(object));
            }
        }
    }
}

/// A number that nothing else was given in this program.
fn next_edition() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, atomic::Ordering::Relaxed) + 1
}

/// In which order values of one key stand: by value, then the most confident first, then the newest.
fn rank<'e>(fresh: &Fresh<'e>) -> (&'e str, Reverse<Option<u8>>, Reverse<Stamp>, Object) {
    (fresh.value, Reverse(fresh.told.confidence), Reverse(fresh.added), fresh.object)
}

fn rank_of(row: Row<'_>) -> (&str, Reverse<Option<u8>>, Reverse<Stamp>, Object) {
    (row.value(), Reverse(row.confidence()), Reverse(row.added()), row.object())
}

/// A chunk without the values of some indicators and with new ones, as one chunk or several.
fn rebuilt(chunk: Option<&Chunk>, doomed: &HashSet<Object>, fresh: &[Keyed<'_>], full: usize) -> (Option<u32>, Vec<Builder>) {
    let kept = chunk.into_iter().flat_map(Chunk::rows).filter(|row| !doomed.contains(&row.object()));
    let mut kept = kept.map(|row| (row.key(), row)).peekable();
    let mut out = Pieces::of(chunk.map_or(0, Chunk::len) + fresh.len(), full);
    let mut fresh = fresh.iter().peekable();
    loop {
        let order = match (kept.peek(), fresh.peek()) {
            (Some((key, row)), Some(new)) => key.cmp(&new.key).then_with(|| rank_of(*row).cmp(&rank(&new.fresh))),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        if order == Ordering::Less {
            kept.next().into_iter().for_each(|(key, row)| out.take(key, |builder, key| builder.copy(row, key)));
        } else {
            fresh.next().into_iter().for_each(|new| out.take(new.key.clone(), |builder, key| builder.add(&new.fresh, key)));
        }
    }
    (chunk.map(|chunk| chunk.serial), out.finish())
}

/// Values on their way into chunks.
struct Pieces {
    /// The most in each chunk.
    most: usize,
    done: Vec<Builder>,
    building: Builder,
    last: Vec<u8>,
}

impl Pieces {
    /// For so many values, which are divided evenly.
    fn of(count: usize, full: usize) -> Self {
        let most = count.div_ceil(count.div_ceil(full).max(1)).max(1);
        Self { most, done: Vec::new(), building: Builder::default(), last: Vec::new() }
    }

    /// Adds a value; a new chunk begins with each kind and when one is full, but not between values of one key.
    fn take(&mut self, key: Vec<u8>, add: impl FnOnce(&mut Builder, &[u8])) {
        let same_kind = self.last.first() == key.first();
        if self.building.len() > 0 && (!same_kind || self.building.len() >= self.most && self.last != key) {
            self.done.push(std::mem::take(&mut self.building));
        }
        add(&mut self.building, &key);
        self.last = key;
    }

    fn finish(mut self) -> Vec<Builder> {
        if self.building.len() > 0 {
            self.done.push(self.building);
        }
        self.done
    }
}
