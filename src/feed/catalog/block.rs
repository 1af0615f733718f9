//! Some thousands of rows, packed: 64 octets each, with the words that repeat in dictionaries of the block, and the text side by side.
//!
//! Since dictionaries and text belong to the block, whatever was superseded is given back when the block is rebuilt or dropped.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU64;
use std::ops::Range;

use hashbrown::HashTable;
use uuid::Uuid;

use super::entry::{Entry, Key, Sort};
use super::telling::{self, Telling};
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// The most rows in a block: few enough that their numbers fit 16 bits.
pub(super) const ROWS: usize = 1 << 14;
/// The part of [`Packed::mark`] that is the level.
const LEVEL: u8 = 0b111;
/// The object is revoked.
const REVOKED: u8 = 1 << 3;
/// The row is no more: superseded or deleted.
const DEAD: u8 = 1 << 4;
/// No confidence.
const UNSURE: u8 = u8::MAX;
/// No such time; later than all times.
const NEVER: u64 = u64::MAX;

/// A row as it is kept. Its text is what stands between the end of the row before it and its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    added: u64,
    modified: u64,
    valid_until: u64,
    digest: Option<NonZeroU64>,
    uuid: Uuid,
    text_end: u32,
    hashes_end: u32,
    sort: u16,
    labels: u16,
    source: u16,
    confidence: u8,
    /// [`LEVEL`], [`REVOKED`], [`DEAD`].
    mark: u8,
}

/// Values that repeat, each once.
#[derive(Debug)]
pub(super) struct Dictionary<T> {
    values: Vec<T>,
    places: HashTable<u16>,
    hasher: RandomState,
    /// Octets of the values on the heap.
    octets: usize,
}

/// What takes room on the heap.
pub(super) trait Heap {
    /// How many octets.
    fn heap(&self) -> usize;
}

/// A reference from a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Whereto.
    pub(super) target: Uuid,
    row: u16,
    sort: u16,
}

/// What names have in common.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names<'n> {
    /// How they all begin; of no names: `None`.
    pub(super) common: Option<&'n [u8]>,
    pub(super) longest: usize,
}

/// The rows with their dictionaries.
#[derive(Debug, Default)]
pub(super) struct Block {
    rows: Vec<Packed>,
    /// How the names of all rows begin, dead ones included; of no names: `None`.
    common_name: Option<Box<[u8]>>,
    longest_name: usize,
    text: Vec<u8>,
    hashes: Vec<u8>,
    sorts: Dictionary<Sort>,
    labels: Dictionary<Box<[Box<str>]>>,
    sources: Dictionary<Box<str>>,
    /// Ascending by row.
    links: Vec<Link>,
    references: Dictionary<Sort>,
    /// Identifiers that are not spelled as usual, by row.
    odd: BTreeMap<u16, Box<str>>,
    dead: usize,
    /// The latest stamp of all rows, dead ones included.
    newest: u64,
}

/// A row with its block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'b> {
    block: &'b Block,
    packed: &'b Packed,
    /// Its number in the block.
    pub(super) row: u16,
}

impl Block {
    /// Whether the next row should go to another block, where a block has so many rows.
    pub(super) fn is_full(&self, most: usize) -> bool {
        self.rows.len() >= most.min(ROWS) || self.references.values.len() > usize::from(u16::MAX / 2)
    }

    /// Appends a row, to a block that is not full.
    pub(super) fn push(&mut self, entry: &Entry) -> u16 {
        let row = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        self.text.extend_from_slice(entry.telling.text.as_bytes());
        self.hashes.extend_from_slice(&entry.telling.hashes);
        for (reference, target) in &entry.references {
            // Thousands of types in the references of a single object: what is beyond them is not drawn.
            let Some(sort) = self.references.place(reference) else { break };
            self.links.push(Link { target: *target, row, sort });
        }
        if let Some(odd) = &entry.key.odd {
            self.odd.insert(row, odd.clone());
        }
        self.newest = self.newest.max(entry.added.0);
        self.take_name(telling::name(entry.telling.text.as_bytes()));
        let sort = Sort { type_name: entry.key.type_name.clone(), kind: entry.kind.clone() };
        self.rows.push(Packed {
            added: entry.added.0,
            modified: entry.modified.unwrap_or(NEVER),
            valid_until: entry.valid_until.unwrap_or(NEVER),
            digest: entry.digest,
            uuid: entry.key.uuid,
            text_end: end(&self.text),
            hashes_end: end(&self.hashes),
            sort: self.sorts.place(&sort).unwrap_or_default(),
            labels: self.labels.place(&entry.labels).unwrap_or_default(),
            source: self.sources.place(&entry.source).unwrap_or_default(),
            confidence: entry.confidence.unwrap_or(UNSURE),
            mark: entry.level as u8 | if entry.revoked { REVOKED } else { 0 },
        });
        row
    }

    fn take_name(&mut self, name: &[u8]) {
        let (before, now) = (self.names(), self.names().join(Names::of(name)));
        if before.common.map(<[u8]>::len) != now.common.map(<[u8]>::len) {
            self.common_name = now.common.map(Into::into);
        }
        self.longest_name = self.longest_name.max(name.len());
    }

    /// What the names of the rows have in common, dead ones included.
    pub(super) fn names(&self) -> Names<'_> {
        Names { common: self.common_name.as_deref(), longest: self.longest_name }
    }

    /// A row that is alive.
    pub(super) fn line(&self, row: u16) -> Option<Line<'_>> {
        let packed = self.rows.get(usize::from(row)).filter(|packed| packed.mark & DEAD == 0)?;
        Some(Line { block: self, packed, row })
    }

    /// The rows that are alive, in their order.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let alive = (0..=u16::MAX).zip(&self.rows).filter(|(_, packed)| packed.mark & DEAD == 0);
        alive.map(|(row, packed)| Line { block: self, packed, row })
    }

    /// A row is no more.
    pub(super) fn kill(&mut self, row: u16) {
        if let Some(packed) = self.rows.get_mut(usize::from(row)).filter(|packed| packed.mark & DEAD == 0) {
            packed.mark |= DEAD;
            self.dead += 1;
        }
    }

    /// How many rows it has, dead ones included.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows are alive.
    pub(super) fn live(&self) -> usize {
        self.rows.len() - self.dead
    }

    /// The latest stamp that a row of it had; `None` if no row is alive.
    pub(super) fn newest(&self) -> Option<Stamp> {
        (self.live() > 0).then_some(Stamp(self.newest))
    }

    /// Gives room back that was kept for more rows.
    pub(super) fn seal(&mut self) {
        self.rows.shrink_to_fit();
        self.text.shrink_to_fit();
        self.hashes.shrink_to_fit();
        self.links.shrink_to_fit();
        self.sorts.shrink();
        self.labels.shrink();
        self.sources.shrink();
        self.references.shrink();
    }

    /// Octets of memory, but for what the allocator adds.
    pub(super) fn octets(&self) -> usize {
        let odd: usize = self.odd.values().map(|id| id.len() + 32).sum();
        let dictionaries = self.sorts.octets() + self.labels.octets() + self.sources.octets() + self.references.octets();
        let rows = self.rows.capacity() * size_of::<Packed>() + self.links.capacity() * size_of::<Link>();
        size_of::<Self>() + rows + dictionaries + self.text.capacity() + self.hashes.capacity() + odd
    }

    /// What the rows are, in the order of [`Line::sort_place`].
    pub(super) fn sorts(&self) -> &[Sort] {
        &self.sorts.values
    }

    /// Sets of labels, in the order of [`Line::labels_place`].
    pub(super) fn label_sets(&self) -> &[Box<[Box<str>]>] {
        &self.labels.values
    }

    /// Sources, in the order of [`Line::source_place`].
    pub(super) fn sources(&self) -> &[Box<str>] {
        &self.sources.values
    }

    /// The text of all rows, and where that of each ends.
    pub(super) fn text(&self) -> (&[u8], impl Iterator<Item = usize>) {
        (&self.text, self.rows.iter().map(|packed| packed.text_end as usize))
    }

    /// The hashes of all rows, and where those of each end.
    pub(super) fn hashes(&self) -> (&[u8], impl Iterator<Item = usize>) {
        (&self.hashes, self.rows.iter().map(|packed| packed.hashes_end as usize))
    }

    /// Every reference whose row is alive and whose target is wanted, with its row and what it says.
    pub(super) fn links_to(&self, wanted: impl Fn(&Uuid) -> bool) -> impl Iterator<Item = (Line<'_>, &Sort, Uuid)> {
        let links = self.links.iter().filter(move |link| wanted(&link.target));
        links.filter_map(|link| Some((self.line(link.row)?, self.references.get(link.sort)?, link.target)))
    }

    fn links_of(&self, row: u16) -> &[Link] {
        let from = self.links.partition_point(|link| link.row < row);
        let to = self.links.partition_point(|link| link.row <= row);
        self.links.get(from..to).unwrap_or_default()
    }
}

fn end(text: &[u8]) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn time(micros: u64) -> Option<u64> {
    Some(micros).filter(|micros| *micros != NEVER)
}

impl<'b> Line<'b> {
    /// Its place in the collection's order.
    pub(super) fn added(self) -> Stamp {
        Stamp(self.packed.added)
    }

    pub(super) fn uuid(self) -> Uuid {
        self.packed.uuid
    }

    /// What it is.
    pub(super) fn sort(self) -> Option<&'b Sort> {
        self.block.sorts.get(self.packed.sort)
    }

    /// Its type.
    pub(super) fn type_name(self) -> &'b str {
        self.sort().map_or("", |sort| &sort.type_name)
    }

    /// The place of its sort in [`Block::sorts`].
    pub(super) fn sort_place(self) -> usize {
        self.packed.sort.into()
    }

    /// The place of its labels in [`Block::label_sets`].
    pub(super) fn labels_place(self) -> usize {
        self.packed.labels.into()
    }

    /// The place of its source in [`Block::sources`].
    pub(super) fn source_place(self) -> usize {
        self.packed.source.into()
    }

    /// Its source; empty if it has none.
    pub(super) fn source(self) -> &'b str {
        self.block.sources.get(self.packed.source).map_or("", |source| source)
    }

    pub(super) fn level(self) -> Level {
        Level::from_byte(self.packed.mark & LEVEL)
    }

    pub(super) fn is_revoked(self) -> bool {
        self.packed.mark & REVOKED != 0
    }

    pub(super) fn confidence(self) -> Option<u8> {
        Some(self.packed.confidence).filter(|confidence| *confidence != UNSURE)
    }

    /// Microseconds.
    pub(super) fn modified(self) -> Option<u64> {
        time(self.packed.modified)
    }

    /// Microseconds.
    pub(super) fn valid_until(self) -> Option<u64> {
        time(self.packed.valid_until)
    }

    pub(super) fn digest(self) -> Option<NonZeroU64> {
        self.packed.digest
    }

    /// Its identifier in parts.
    pub(super) fn key(self) -> Key {
        Key { type_name: self.type_name().into(), uuid: self.uuid(), odd: self.block.odd.get(&self.row).cloned() }
    }

    /// Whether it is the object of this identifier.
    pub(super) fn is(self, key: &Key) -> bool {
        self.uuid() == key.uuid && self.type_name() == &*key.type_name && self.block.odd.get(&self.row) == key.odd.as_ref()
    }

    /// What it is called, folded; empty if it has no text.
    pub(super) fn name(self) -> &'b [u8] {
        telling::name(self.text())
    }

    /// The octets of its name after so many that all names begin with, as many as fit and zeros then, which sort as that part of the name
    /// does; `None` if it has no name.
    pub(super) fn name_head<const N: usize>(self, common: usize) -> Option<[u8; N]> {
        let text = self.text();
        let mut head = [0; N];
        let rest = text.get(common..).unwrap_or_default();
        let octets = rest.iter().take_while(|octet| **octet != telling::BETWEEN_OCTET);
        head.iter_mut().zip(octets).for_each(|(head, octet)| *head = *octet);
        (!text.is_empty()).then_some(head)
    }

    /// Its references.
    pub(super) fn references(self) -> impl Iterator<Item = (&'b Sort, Uuid)> {
        self.block.links_of(self.row).iter().filter_map(|link| Some((self.block.references.get(link.sort)?, link.target)))
    }

    fn text(self) -> &'b [u8] {
        self.block.text.get(self.part(|packed| packed.text_end)).unwrap_or_default()
    }

    fn part(self, end: fn(&Packed) -> u32) -> Range<usize> {
        let before = usize::from(self.row).checked_sub(1).and_then(|at| self.block.rows.get(at));
        before.map_or(0, end) as usize..end(self.packed) as usize
    }

    /// The row unpacked again.
    pub(super) fn entry(self) -> Entry {
        let hashes = self.block.hashes.get(self.part(|packed| packed.hashes_end)).unwrap_or_default();
        Entry {
            added: self.added(),
            key: self.key(),
            kind: self.sort().map(|sort| sort.kind.clone()).unwrap_or_default(),
            level: self.level(),
            revoked: self.is_revoked(),
            confidence: self.confidence(),
            modified: self.modified(),
            valid_until: self.valid_until(),
            digest: self.digest(),
            source: self.source().into(),
            labels: self.block.labels.get(self.packed.labels).cloned().unwrap_or_default(),
            telling: Telling { text: String::from_utf8_lossy(self.text()).into_owned(), hashes: hashes.to_vec() },
            references: self.references().map(|(sort, target)| (sort.clone(), target)).collect(),
        }
    }
}

impl<'n> Names<'n> {
    /// Of one name; an empty one does not count.
    fn of(name: &'n [u8]) -> Self {
        Self { common: Some(name).filter(|name| !name.is_empty()), longest: name.len() }
    }

    /// Of both.
    pub(super) fn join(self, other: Self) -> Self {
        let common = match (self.common, other.common) {
            (Some(one), Some(other)) => {
                let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
                one.get(..same)
            }
            (one, other) => one.or(other),
        };
        Self { common, longest: self.longest.max(other.longest) }
    }
}

impl<T: Clone + Eq + Hash + Heap> Dictionary<T> {
    /// The place of a value, which is taken up if it is new; `None` if there is no room for it.
    fn place(&mut self, value: &T) -> Option<u16> {
        let hash = self.hasher.hash_one(Some(value));
        if let Some(place) = self.places.find(hash, |place| self.get(*place) == Some(value)) {
            return Some(*place);
        }
        let place = u16::try_from(self.values.len()).ok()?;
        self.octets += value.heap();
        self.values.push(value.clone());
        let (values, hasher) = (&self.values, &self.hasher);
        self.places.insert_unique(hash, place, |place| hasher.hash_one(values.get(usize::from(*place))));
        Some(place)
    }
}

impl<T: Hash> Dictionary<T> {
    fn get(&self, place: u16) -> Option<&T> {
        self.values.get(usize::from(place))
    }

    fn shrink(&mut self) {
        let (values, hasher) = (&self.values, &self.hasher);
        self.places.shrink_to_fit(|place| hasher.hash_one(values.get(usize::from(*place))));
        self.values.shrink_to_fit();
    }

    fn octets(&self) -> usize {
        self.values.capacity() * size_of::<T>() + self.places.allocation_size() + self.octets
    }
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { values: Vec::new(), places: HashTable::new(), hasher: RandomState::new(), octets: 0 }
    }
}

impl Heap for Box<str> {
    fn heap(&self) -> usize {
        self.len()
    }
}

impl Heap for Box<[Box<str>]> {
    fn heap(&self) -> usize {
        self.iter().map(|label| label.len() + size_of::<Box<str>>()).sum()
    }
}

impl Heap for Sort {
    fn heap(&self) -> usize {
        self.type_name.len() + self.kind.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_64_octets() {
        assert_eq!(size_of::<Packed>(), 64);
        assert_eq!(size_of::<Link>(), 20);
    }
}
