//! Some hundred values in the order of lists, with what is known of them, packed.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use serde::{Deserialize, Serialize};

use super::entry::{Object, Told};
use super::numbers::Numbers;
use super::order::Key;
use crate::feed::shelf::stretches::Stretch;
use crate::stix::ioc::Kind;
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// No confidence.
const UNSURE: u8 = u8::MAX;
/// No such time; later than all times.
const NEVER: u64 = u64::MAX;

/// Texts that stand together: the labels of an indicator.
type Texts = Box<[Box<str>]>;

/// A value as it is kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Packed {
    object: Object,
    added: u64,
    created: u64,
    modified: u64,
    valid_from: u64,
    valid_until: u64,
    number: u32,
    text: u32,
    value_length: u32,
    name_length: u16,
    /// Of an identifier that is not spelled as usual.
    id_length: u16,
    labels: u32,
    source: u32,
    kind: Kind,
    level: Level,
    confidence: u8,
    sound: bool,
    revoked: bool,
    blocked: bool,
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
    rows: Vec<Packed>,
    text: String,
    labels: Vec<Texts>,
    /// Each of one text.
    sources: Vec<Texts>,
}

/// A value in its chunk.
#[derive(Debug, Clone, Copy)]
pub struct Row<'c> {
    chunk: &'c Chunk,
    packed: &'c Packed,
}

/// Puts values into a chunk.
#[derive(Debug, Default, Clone)]
pub(in crate::feed) struct Builder {
    rows: Vec<Packed>,
    text: String,
    labels: Dictionary,
    sources: Dictionary,
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

impl Chunk {
    /// Its values in their order; of values that are the same the most confident one first, of those the newest.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|packed| Row { chunk: self, packed })
    }

    /// What sort of things its values are.
    pub fn kind(&self) -> Option<Kind> {
        self.rows.first().map(|packed| packed.kind)
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The octets that it takes.
    pub(super) fn octets(&self) -> usize {
        let texts = self.labels.iter().chain(&self.sources).flatten();
        let texts: usize = texts.map(|text| text.len() + size_of::<Box<str>>()).sum();
        size_of::<Self>() + self.rows.capacity() * size_of::<Packed>() + self.text.capacity() + texts
    }
}

impl<'c> Row<'c> {
    /// What sort of thing the value is.
    pub fn kind(self) -> Kind {
        self.packed.kind
    }

    /// The value, in the normal form of its kind if it is [sound](Row::is_sound).
    pub fn value(self) -> &'c str {
        piece(&self.chunk.text, self.packed.text, self.packed.value_length)
    }

    /// Whether the value is that of another indicator too.
    pub fn is_of_value(self, other: Self) -> bool {
        self.kind() == other.kind() && self.value() == other.value()
    }

    /// Whether the value is in normal form.
    pub fn is_sound(self) -> bool {
        self.packed.sound
    }

    /// A number from 9,000,000 up that no other value of the collection has.
    pub fn number(self) -> u32 {
        self.packed.number
    }

    /// The name of the indicator.
    pub fn name(self) -> &'c str {
        piece(&self.chunk.text, self.packed.text + self.packed.value_length, self.packed.name_length.into())
    }

    /// The id of the indicator.
    pub fn id(self) -> String {
        let odd = self.odd_id();
        if odd.is_empty() { self.packed.object.id() } else { odd.to_owned() }
    }

    /// Its labels and types, sorted.
    pub fn labels(self) -> &'c [Box<str>] {
        self.chunk.labels.get(self.packed.labels as usize).map_or(&[], |labels| labels)
    }

    /// The id of who made it; empty if it does not say.
    pub fn source(self) -> &'c str {
        self.chunk.sources.get(self.packed.source as usize).and_then(|texts| texts.first()).map_or("", |source| source)
    }

    /// Its TLP level.
    pub fn level(self) -> Level {
        self.packed.level
    }

    /// 0 to 100.
    pub fn confidence(self) -> Option<u8> {
        Some(self.packed.confidence).filter(|confidence| *confidence != UNSURE)
    }

    /// When this version was added to the collection.
    pub fn added(self) -> Stamp {
        Stamp(self.packed.added)
    }

    /// When the indicator was made.
    pub fn created(self) -> Stamp {
        Stamp(self.packed.created)
    }

    /// When this version of it was made.
    pub fn modified(self) -> Stamp {
        Stamp(self.packed.modified)
    }

    /// When it begins to be valid.
    pub fn valid_from(self) -> Stamp {
        Stamp(self.packed.valid_from)
    }

    /// When it ends, if it does.
    pub fn valid_until(self) -> Option<Stamp> {
        Some(self.packed.valid_until).filter(|micros| *micros != NEVER).map(Stamp)
    }

    /// Whether it was taken back.
    pub fn is_revoked(self) -> bool {
        self.packed.revoked
    }

    /// Whether a warning list blocks the value.
    pub fn is_blocked(self) -> bool {
        self.packed.blocked
    }

    pub(super) fn object(self) -> Object {
        self.packed.object
    }

    pub(super) fn key(self) -> Key<'c> {
        Key::of(self.kind(), self.value(), self.is_sound())
    }

    fn odd_id(self) -> &'c str {
        let from = self.packed.text + self.packed.value_length + u32::from(self.packed.name_length);
        piece(&self.chunk.text, from, self.packed.id_length.into())
    }
}

impl Builder {
    /// For so many values.
    pub(super) fn with_capacity(values: usize) -> Self {
        Self { rows: Vec::with_capacity(values), ..Self::default() }
    }

    /// How many values are in it.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The octets that its values take, but for what many have in common.
    pub(super) fn octets(&self) -> usize {
        self.rows.len() * size_of::<Packed>() + self.text.len()
    }

    /// Adds a value of a chunk.
    pub(super) fn copy(&mut self, row: Row<'_>) {
        let (value, name, id) = (row.value(), row.name(), row.odd_id());
        let (labels, source) = (self.labels.place(row.labels()), self.sources.place(&[row.source()]));
        self.push(Packed { labels, source, ..*row.packed }, [value, name, id]);
    }

    /// Adds a value that is new, and has no number yet.
    pub(super) fn add(&mut self, fresh: &Fresh<'_>) {
        let Fresh { object, added, told, kind, value, sound, blocked } = *fresh;
        let (labels, source) = (self.labels.place(&told.labels), self.sources.place(&[told.source]));
        let packed = Packed {
            object,
            added: added.0,
            created: told.created.0,
            modified: told.modified.0,
            valid_from: told.valid_from.0,
            valid_until: told.valid_until.map_or(NEVER, |until| until.0),
            number: 0,
            text: 0,
            value_length: 0,
            name_length: 0,
            id_length: 0,
            labels,
            source,
            kind,
            level: told.level,
            confidence: told.confidence.unwrap_or(UNSURE),
            sound,
            revoked: told.revoked,
            blocked,
        };
        self.push(packed, [value, told.name, told.odd_id]);
    }

    fn push(&mut self, packed: Packed, [value, name, id]: [&str; 3]) {
        let text = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.extend([value, name, id]);
        // An object is no longer than a request, which is no longer than these can count; names are cut.
        let value_length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        let [name_length, id_length] = [name, id].map(|text| u16::try_from(text.len()).unwrap_or(u16::MAX));
        self.rows.push(Packed { text, value_length, name_length, id_length, ..packed });
    }

    /// The values of a stretch, as [`Builder::unpack`] reads them.
    pub(super) fn pack(&self, stretch: Stretch) -> postcard::Result<Vec<u8>> {
        postcard::to_stdvec(&(stretch, &self.rows, &self.text, &self.labels.texts, &self.sources.texts))
    }

    /// What was packed, and of which stretch; nothing can be added to it.
    pub(super) fn unpack(octets: &[u8]) -> postcard::Result<(Stretch, Self)> {
        let (stretch, rows, text, labels, sources) = postcard::from_bytes(octets)?;
        let [labels, sources] = [labels, sources].map(|texts| Dictionary { texts, ..Dictionary::default() });
        Ok((stretch, Self { rows, text, labels, sources }))
    }

    /// Says anew of each value whether it is blocked.
    pub(super) fn block(&mut self, is_blocked: impl Fn(Kind, &str) -> bool) {
        for packed in &mut self.rows {
            packed.blocked = is_blocked(packed.kind, piece(&self.text, packed.text, packed.value_length));
        }
    }

    /// Gives each value its number.
    pub(super) fn number(&mut self, numbers: &mut Numbers) {
        let Self { rows, text, .. } = self;
        for packed in rows {
            packed.number = numbers.of(packed.kind, piece(text, packed.text, packed.value_length));
        }
    }

    /// The chunk.
    pub(super) fn finish(self, edition: u64) -> Chunk {
        let Self { mut rows, mut text, labels, sources } = self;
        rows.shrink_to_fit();
        text.shrink_to_fit();
        let key = |row: &Packed| Key::of(row.kind, piece(&text, row.text, row.value_length), row.sound).into_owned();
        let first = rows.first().map(key).unwrap_or_default();
        Chunk { edition, serial: 0, first, rows, text, labels: labels.texts, sources: sources.texts }
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
