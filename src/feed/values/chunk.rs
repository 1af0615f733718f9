//! Some hundred values in the order of lists.
//!
//! What is known of values stays in the packs in which it was read. Chunks of many values that were read at once say only where each of theirs is:
//! so nothing of a million is copied, and each takes its octets once. A chunk that is made anew gets a pack of its own.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::entry::{Object, Told};
use super::numbers::Numbers;
use super::order::{Head, Key};
use crate::feed::shelf::stretches::Stretch;
use crate::stix::ioc::Kind;
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// No confidence.
const UNSURE: u8 = u8::MAX;
/// No such time; later than all times.
const NEVER: u64 = u64::MAX;

/// Said of a value whose times were lost.
const NO_TIMES: Times = Times { created: 0, modified: 0, valid_from: 0, valid_until: NEVER };

/// Texts that stand together: the labels of an indicator.
type Texts = Box<[Box<str>]>;

/// A value as it is kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Packed {
    object: Object,
    added: u64,
    text: u32,
    value_length: u32,
    name_length: u16,
    /// Of an identifier that is not spelled as usual.
    id_length: u16,
    labels: u32,
    source: u32,
    times: u32,
    kind: Kind,
    level: Level,
    confidence: u8,
    sound: bool,
    revoked: bool,
    blocked: bool,
}

/// Times of an indicator, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Times {
    created: u64,
    modified: u64,
    valid_from: u64,
    valid_until: u64,
}

/// Values with what is known of them. They do not change.
#[derive(Debug, Default)]
pub(in crate::feed) struct Pack {
    rows: Vec<Packed>,
    text: String,
    labels: Vec<Texts>,
    /// Each of one text.
    sources: Vec<Texts>,
    times: Vec<Times>,
}

/// Where the values of chunks are.
#[derive(Debug)]
pub(super) struct Pool {
    packs: Vec<Arc<Pack>>,
    numbers: Arc<Numbers>,
}

/// Where a value is in its pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pack: u32,
    row: u32,
}

impl Packed {
    /// Octets of its texts.
    fn length(&self) -> u32 {
        self.value_length + u32::from(self.name_length) + u32::from(self.id_length)
    }
}

/// Values of one kind that follow each other. It does not change.
#[derive(Debug)]
pub struct Chunk {
    /// No two chunks of the program have the same.
    pub edition: u64,
    /// Names it among the chunks of the collection, and its successor.
    pub(super) serial: u32,
    /// The key of its first value.
    pub(super) first: Key<'static>,
    pool: Arc<Pool>,
    places: Box<[Place]>,
}

/// A value in its pool.
#[derive(Debug, Clone, Copy)]
pub struct Row<'c> {
    pool: &'c Pool,
    place: Place,
}

/// Puts values into a pack.
#[derive(Debug, Default, Clone)]
pub(in crate::feed) struct Builder {
    rows: Vec<Packed>,
    text: String,
    labels: Dictionary,
    sources: Dictionary,
    times: Vec<Times>,
    times_known: HashMap<Times, u32>,
}

/// What many values have in common, each once.
#[derive(Debug, Default, Clone)]
struct Dictionary {
    texts: Vec<Texts>,
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// What was looked up last: the next value often has it too.
    last: u32,
}

/// A value that is new.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fresh<'e> {
    pub(super) object: Object,
    pub(super) added: Stamp,
    pub(super) told: &'e Told<'e>,
    pub(super) kind: Kind,
    pub(super) value: &'e str,
    pub(super) sound: bool,
    pub(super) blocked: bool,
}

impl Pack {
    /// The values of a stretch, as [`Pack::unpack`] reads them.
    pub(super) fn pack(&self, stretch: Stretch) -> postcard::Result<Vec<u8>> {
        postcard::to_stdvec(&(stretch, &self.rows, &self.text, &self.labels, &self.sources, &self.times))
    }

    /// What was packed, and of which stretch.
    pub(super) fn unpack(octets: &[u8]) -> postcard::Result<(Stretch, Self)> {
        let (stretch, rows, text, labels, sources, times) = postcard::from_bytes(octets)?;
        Ok((stretch, Self { rows, text, labels, sources, times }))
    }

    /// Says anew of each value whether it is blocked.
    pub(super) fn block(&mut self, is_blocked: impl Fn(Kind, &str) -> bool) {
        for packed in &mut self.rows {
            packed.blocked = is_blocked(packed.kind, piece(&self.text, packed.text, packed.value_length));
        }
    }

    fn octets(&self) -> usize {
        let texts = self.labels.iter().chain(&self.sources).flatten();
        let texts: usize = texts.map(|text| text.len() + size_of::<Box<str>>()).sum();
        self.rows.capacity() * size_of::<Packed>() + self.text.capacity() + texts + self.times.capacity() * size_of::<Times>()
    }
}

impl Pool {
    /// Without a value.
    pub(super) fn new(numbers: Arc<Numbers>) -> Self {
        Self { packs: Vec::new(), numbers }
    }

    /// Takes a pack more. Returns which it is.
    pub(super) fn push(&mut self, pack: Arc<Pack>) -> u32 {
        let place = self.count();
        self.packs.push(pack);
        place
    }

    /// Its values.
    pub(super) fn rows(&self) -> impl IndexedParallelIterator<Item = Row<'_>> {
        let mut end = 0;
        let ends: Vec<usize> = self.packs.iter().map(|pack| (end += pack.rows.len(), end).1).collect();
        (0..end).into_par_iter().map(move |at| {
            let pack = ends.partition_point(|end| *end <= at);
            let before = pack.checked_sub(1).map_or(0, |before| ends[before]);
            let [pack, row] = [pack, at - before].map(|place| u32::try_from(place).unwrap_or(u32::MAX));
            self.row(Place { pack, row })
        })
    }

    /// The values of a pack.
    pub(super) fn rows_of(&self, pack: u32) -> impl Iterator<Item = Row<'_>> {
        (0..).zip(&self.packs[pack as usize].rows).map(move |(row, _)| self.row(Place { pack, row }))
    }

    /// The value at a place of this pool.
    pub(super) fn row(&self, place: Place) -> Row<'_> {
        Row { pool: self, place }
    }

    /// The octets that it takes.
    pub(super) fn octets(&self) -> usize {
        self.packs.iter().map(|pack| pack.octets()).sum()
    }

    /// Packs are read a page at a time: there are not so many.
    fn count(&self) -> u32 {
        u32::try_from(self.packs.len()).unwrap_or(u32::MAX)
    }
}

impl Chunk {
    /// Some values where they are in a pool.
    pub(super) fn of<'c>(pool: &'c Arc<Pool>, rows: impl Iterator<Item = Row<'c>>, edition: u64) -> Self {
        let mut rows = rows.peekable();
        let first = rows.peek().map(|row| row.key().into_owned()).unwrap_or_default();
        Self { edition, serial: 0, first, pool: pool.clone(), places: rows.map(|row| row.place).collect() }
    }

    /// Some values in a pack of their own.
    pub(super) fn copied<'c>(rows: impl ExactSizeIterator<Item = Row<'c>>, numbers: &Arc<Numbers>, edition: u64) -> Self {
        let mut copy = Builder::with_capacity(rows.len());
        for row in rows {
            copy.copy(row);
        }
        let mut pool = Pool::new(numbers.clone());
        let pack = pool.push(copy.finish_in_order().into());
        let pool = Arc::new(pool);
        Self::of(&pool, pool.rows_of(pack), edition)
    }

    /// Its values in their order; of values that are the same the most confident one first, of those the newest.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.places.iter().map(|place| self.pool.row(*place))
    }

    /// What sort of things its values are.
    pub fn kind(&self) -> Option<Kind> {
        self.rows().next().map(Row::kind)
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where its values are.
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The octets that it takes besides its pool.
    pub(super) fn octets(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.places)
    }
}

impl<'c> Row<'c> {
    /// What sort of thing the value is.
    pub fn kind(self) -> Kind {
        self.packed().kind
    }

    /// The value, in the normal form of its kind if it is [sound](Row::is_sound).
    pub fn value(self) -> &'c str {
        piece(&self.pack().text, self.packed().text, self.packed().value_length)
    }

    /// Whether the value is that of another indicator too.
    pub fn is_of_value(self, other: Self) -> bool {
        self.kind() == other.kind() && self.value() == other.value()
    }

    /// Whether the value is in normal form.
    pub fn is_sound(self) -> bool {
        self.packed().sound
    }

    /// The numbers of the collection's values.
    pub fn numbers(self) -> &'c Numbers {
        &self.pool.numbers
    }

    /// The name of the indicator.
    pub fn name(self) -> &'c str {
        piece(&self.pack().text, self.packed().text + self.packed().value_length, self.packed().name_length.into())
    }

    /// The id of the indicator.
    pub fn id(self) -> String {
        let odd = self.odd_id();
        if odd.is_empty() { self.packed().object.id() } else { odd.to_owned() }
    }

    /// Its labels and types, sorted.
    pub fn labels(self) -> &'c [Box<str>] {
        self.pack().labels.get(self.packed().labels as usize).map_or(&[], |labels| labels)
    }

    /// The id of who made it; empty if it does not say.
    pub fn source(self) -> &'c str {
        self.pack().sources.get(self.packed().source as usize).and_then(|texts| texts.first()).map_or("", |source| source)
    }

    /// Its TLP level.
    pub fn level(self) -> Level {
        self.packed().level
    }

    /// 0 to 100.
    pub fn confidence(self) -> Option<u8> {
        Some(self.packed().confidence).filter(|confidence| *confidence != UNSURE)
    }

    /// When this version was added to the collection.
    pub fn added(self) -> Stamp {
        Stamp(self.packed().added)
    }

    /// When the indicator was made.
    pub fn created(self) -> Stamp {
        Stamp(self.times().created)
    }

    /// When this version of it was made.
    pub fn modified(self) -> Stamp {
        Stamp(self.times().modified)
    }

    /// When it begins to be valid.
    pub fn valid_from(self) -> Stamp {
        Stamp(self.times().valid_from)
    }

    /// When it ends, if it does.
    pub fn valid_until(self) -> Option<Stamp> {
        Some(self.times().valid_until).filter(|micros| *micros != NEVER).map(Stamp)
    }

    /// Whether it was taken back.
    pub fn is_revoked(self) -> bool {
        self.packed().revoked
    }

    /// Whether a warning list blocks the value.
    pub fn is_blocked(self) -> bool {
        self.packed().blocked
    }

    pub(super) fn object(self) -> Object {
        self.packed().object
    }

    pub(super) fn key(self) -> Key<'c> {
        Key::of(self.kind(), self.value(), self.is_sound())
    }

    pub(super) fn place(self) -> Place {
        self.place
    }

    fn packed(self) -> &'c Packed {
        &self.pack().rows[self.place.row as usize]
    }

    fn pack(self) -> &'c Pack {
        &self.pool.packs[self.place.pack as usize]
    }

    fn times(self) -> &'c Times {
        self.pack().times.get(self.packed().times as usize).unwrap_or(&NO_TIMES)
    }

    fn odd_id(self) -> &'c str {
        let from = self.packed().text + self.packed().value_length + u32::from(self.packed().name_length);
        piece(&self.pack().text, from, self.packed().id_length.into())
    }
}

impl Builder {
    /// For so many values.
    pub(super) fn with_capacity(values: usize) -> Self {
        Self { rows: Vec::with_capacity(values), ..Self::default() }
    }

    /// The octets that its values take, but for what many have in common.
    pub(super) fn octets(&self) -> usize {
        self.rows.len() * size_of::<Packed>() + self.text.len()
    }

    /// Adds a value of a pool.
    fn copy(&mut self, row: Row<'_>) {
        let (value, name, id) = (row.value(), row.name(), row.odd_id());
        let (labels, source) = (self.labels.place(row.labels()), self.sources.place(&[row.source()]));
        let times = self.times(*row.times());
        self.push(Packed { labels, source, times, ..*row.packed() }, [value, name, id]);
    }

    /// Adds a value that is new.
    pub(super) fn add(&mut self, fresh: &Fresh<'_>) {
        let Fresh { object, added, told, kind, value, sound, blocked } = *fresh;
        let (labels, source) = (self.labels.place(&told.labels), self.sources.place(&[told.source]));
        let valid_until = told.valid_until.map_or(NEVER, |until| until.0);
        let times = Times { created: told.created.0, modified: told.modified.0, valid_from: told.valid_from.0, valid_until };
        let packed = Packed {
            object,
            added: added.0,
            text: 0,
            value_length: 0,
            name_length: 0,
            id_length: 0,
            labels,
            source,
            times: self.times(times),
            kind,
            level: told.level,
            confidence: told.confidence.unwrap_or(UNSURE),
            sound,
            revoked: told.revoked,
            blocked,
        };
        self.push(packed, [value, told.name, told.odd_id]);
    }

    /// The place of some times, which are put there if they are not.
    fn times(&mut self, times: Times) -> u32 {
        let next = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        let place = *self.times_known.entry(times).or_insert(next);
        if place == next {
            self.times.push(times);
        }
        place
    }

    fn push(&mut self, packed: Packed, [value, name, id]: [&str; 3]) {
        let text = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.extend([value, name, id]);
        // An object is no longer than a request, which is no longer than these can count; names are cut.
        let value_length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let [name_length, id_length] = [name, id].map(|text| u16::try_from(text.len()).unwrap_or(u16::MAX));
        self.rows.push(Packed { text, value_length, name_length, id_length, ..packed });
    }

    /// The pack, nearly in the order of lists: whoever puts many together goes through each from the front to the back.
    pub(super) fn finish(self) -> Pack {
        let head = |row: &Packed| Key::of(row.kind, piece(&self.text, row.text, row.value_length), row.sound).head;
        let mut order: Vec<(Head, usize)> = self.rows.iter().map(head).zip(0..).collect();
        order.sort_unstable();
        let (mut rows, mut text) = (Vec::with_capacity(self.rows.len()), String::with_capacity(self.text.len()));
        for row in order.into_iter().filter_map(|(_, at)| self.rows.get(at)) {
            rows.push(Packed { text: u32::try_from(text.len()).unwrap_or(u32::MAX), ..*row });
            text.push_str(piece(&self.text, row.text, row.length()));
        }
        Self { rows, text, ..self }.finish_in_order()
    }

    /// The pack of values that were added in their order.
    fn finish_in_order(self) -> Pack {
        let Self { mut rows, mut text, labels, sources, times, .. } = self;
        rows.shrink_to_fit();
        text.shrink_to_fit();
        Pack { rows, text, labels: labels.texts, sources: sources.texts, times }
    }
}

impl Dictionary {
    /// The place of some texts, which are put there if they are not.
    fn place(&mut self, wanted: &[impl AsRef<str>]) -> u32 {
        let is_at =
            |place: &u32| self.texts.get(*place as usize).is_some_and(|texts| texts.iter().map(AsRef::as_ref).eq(wanted.iter().map(AsRef::as_ref)));
        if is_at(&self.last) {
            return self.last;
        }
        let hash = hash(&self.hasher, wanted);
        let found = self.places.find(hash, is_at).copied();
        self.last = found.unwrap_or_else(|| self.put(hash, wanted));
        self.last
    }

    fn put(&mut self, hash_of_wanted: u64, wanted: &[impl AsRef<str>]) -> u32 {
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(wanted.iter().map(|text| text.as_ref().into()).collect());
        let Self { texts, hasher, .. } = self;
        self.places.insert_unique(hash_of_wanted, place, |place| texts.get(*place as usize).map_or(0, |texts| hash(hasher, texts)));
        place
    }
}

fn hash(hasher: &DefaultHashBuilder, texts: &[impl AsRef<str>]) -> u64 {
    let mut hash = hasher.build_hasher();
    for text in texts {
        text.as_ref().hash(&mut hash);
    }
    hash.finish()
}

fn piece(text: &str, from: u32, length: u32) -> &str {
    text.get(from as usize..(from + length) as usize).unwrap_or_default()
}
