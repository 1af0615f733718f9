//! The latest versions of one collection: blocks of rows, and where the row of each object is.
//!
//! A row that is superseded stays in its block, dead, until half of the block is: then the block is rebuilt, or what is left of it moves to
//! the block that is being filled.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem;

use hashbrown::HashTable;
use uuid::Uuid;

use super::block::{Block, Line};
use super::entry::{Entry, Key};
use crate::feed::shelf::Index;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::Record;
use crate::taxii::stamp::Stamp;

/// A block is not rebuilt for fewer dead rows than this part of the rows that fit it.
const LEAST_PART: usize = 16;
/// A block with at most this part of the rows that fit it gives them to the block that is being filled.
const SMALL_PART: usize = 4;

/// Where a row is: the number of its block, and its own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(u32);

/// The rows of one collection.
#[derive(Debug)]
pub(super) struct Rows {
    blocks: Vec<Option<Box<Block>>>,
    /// Numbers of blocks that are not in use.
    free: Vec<usize>,
    /// The block that is being filled.
    open: usize,
    /// By the UUID of the object.
    places: HashTable<At>,
    hasher: RandomState,
    /// The most rows in a block.
    block_length: usize,
    /// How many rows there are of each level.
    levels: [usize; 6],
    /// Of what was added up to here some is left out.
    left_out: Option<Stamp>,
}

impl At {
    fn new(block: usize, row: u16) -> Self {
        Self(u32::try_from(block).unwrap_or(u32::MAX) << 14 | u32::from(row))
    }

    fn block(self) -> usize {
        (self.0 >> 14) as usize
    }

    fn row(self) -> u16 {
        u16::try_from(self.0 & 0x3fff).unwrap_or_default()
    }
}

impl Index for Rows {
    type Batch = Vec<Entry>;
    type Reader = ();
    /// Blocks of objects that came together are quick to browse by time.
    const IN_ORDER: bool = true;

    fn read((): &(), records: &[Record]) -> Vec<Entry> {
        records.iter().filter_map(Entry::of).collect()
    }

    fn clear(&mut self) {
        *self = Self::new(self.block_length);
    }

    fn take(&mut self, fresh: Vec<Entry>) {
        for entry in fresh {
            if self.find(&entry.key).is_none_or(|line| line.added() < entry.added) {
                self.put(&entry);
            }
        }
    }

    fn correct(&mut self, ids: &[StixId], now: Vec<Entry>) {
        let entries: HashMap<&Key, &Entry> = now.iter().map(|entry| (&entry.key, entry)).collect();
        for key in ids.iter().filter_map(|id| Key::of(id.as_str())) {
            match entries.get(&key) {
                Some(entry) => self.put(entry),
                None => self.remove(&key),
            }
        }
    }

    fn octets(&self) -> usize {
        let blocks: usize = self.blocks.iter().flatten().map(|block| block.octets()).sum();
        blocks + self.places.allocation_size() + self.blocks.capacity() * size_of::<Option<Box<Block>>>()
    }
}

impl Rows {
    /// No rows, in blocks of at most so many.
    pub(super) fn new(block_rows: usize) -> Self {
        Self {
            blocks: Vec::new(),
            free: Vec::new(),
            open: 0,
            places: HashTable::new(),
            hasher: RandomState::new(),
            block_length: block_rows,
            levels: [0; 6],
            left_out: None,
        }
    }

    /// The row of an object.
    pub(super) fn find(&self, key: &Key) -> Option<Line<'_>> {
        let at = self.places.find(self.hash(key.uuid), |at| line(&self.blocks, *at).is_some_and(|line| line.is(key)))?;
        self.line(*at)
    }

    /// The row of an object, however its identifier is spelled.
    pub(super) fn named(&self, type_name: &str, uuid: Uuid) -> Option<Line<'_>> {
        let same = |line: Line<'_>| line.uuid() == uuid && line.type_name() == type_name;
        let at = self.places.find(self.hash(uuid), |at| self.line(*at).is_some_and(same))?;
        self.line(*at)
    }

    /// A row that is alive.
    pub(super) fn line(&self, at: At) -> Option<Line<'_>> {
        line(&self.blocks, at)
    }

    /// The blocks with their numbers, the last first.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        self.blocks.iter().enumerate().rev().filter_map(|(number, block)| Some((number, &**block.as_ref()?)))
    }

    /// Where a row of a block is.
    pub(super) fn at(block: usize, row: u16) -> At {
        At::new(block, row)
    }

    /// How many rows there are up to a level.
    pub(super) fn count(&self, clearance: Level) -> usize {
        self.levels.iter().take(clearance as usize + 1).sum()
    }

    /// Up to which stamp some is left out; `None` if everything is there.
    pub(super) fn left_out(&self) -> Option<Stamp> {
        self.left_out
    }

    /// Takes a version for the latest of its object.
    pub(super) fn put(&mut self, entry: &Entry) {
        self.remove(&entry.key);
        let hash = self.hash(entry.key.uuid);
        let Some(at) = self.append(entry) else {
            self.left_out = self.left_out.max(Some(entry.added));
            return;
        };
        if let Some(count) = self.levels.get_mut(entry.level as usize) {
            *count += 1;
        }
        let (blocks, hasher) = (&self.blocks, &self.hasher);
        self.places.insert_unique(hash, at, |at| hasher.hash_one(line(blocks, *at).map(Line::uuid)));
    }

    /// An object is no more.
    pub(super) fn remove(&mut self, key: &Key) {
        let (hash, blocks) = (self.hash(key.uuid), &self.blocks);
        let Ok(found) = self.places.find_entry(hash, |at| line(blocks, *at).is_some_and(|line| line.is(key))) else { return };
        let (at, _) = found.remove();
        self.kill(at);
        self.tidy(at.block());
    }

    /// Drops the block whose newest row is the oldest of all. Returns whether there was one.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let newest = self.blocks().filter_map(|(number, block)| Some((block.newest()?, number)));
        let Some((newest, number)) = newest.min() else { return false };
        let Some(block) = self.blocks.get(number).and_then(Option::as_deref) else { return false };
        let rows: Vec<(u16, Uuid)> = block.lines().map(|line| (line.row, line.uuid())).collect();
        for (row, uuid) in rows {
            let at = At::new(number, row);
            self.unplace(uuid, at);
            self.kill(at);
        }
        self.left_out = self.left_out.max(Some(newest));
        self.tidy(number);
        let (blocks, hasher) = (&self.blocks, &self.hasher);
        self.places.shrink_to_fit(|at| hasher.hash_one(line(blocks, *at).map(Line::uuid)));
        true
    }

    /// How new the block is that [`Rows::drop_oldest`] would drop.
    pub(super) fn oldest(&self) -> Option<Stamp> {
        self.blocks().filter_map(|(_, block)| block.newest()).min()
    }

    fn hash(&self, uuid: Uuid) -> u64 {
        self.hasher.hash_one(Some(uuid))
    }

    fn unplace(&mut self, uuid: Uuid, at: At) {
        let hash = self.hash(uuid);
        if let Ok(found) = self.places.find_entry(hash, |its| *its == at) {
            found.remove();
        }
    }

    fn kill(&mut self, at: At) {
        let Some(level) = self.line(at).map(Line::level) else { return };
        if let Some(count) = self.levels.get_mut(level as usize) {
            *count -= 1;
        }
        if let Some(block) = self.block_mut(at.block()) {
            block.kill(at.row());
        }
    }

    fn block_mut(&mut self, number: usize) -> Option<&mut Block> {
        self.blocks.get_mut(number)?.as_deref_mut()
    }

    /// Packs a row into the block that is being filled; `None` if there are more blocks than can be numbered.
    fn append(&mut self, entry: &Entry) -> Option<At> {
        let most = self.block_length;
        if self.block_mut(self.open).is_none_or(|block| block.is_full(most)) {
            if let Some(full) = self.block_mut(self.open) {
                full.seal();
            }
            self.open = self.new_block()?;
        }
        let open = self.open;
        Some(At::new(open, self.block_mut(open)?.push(entry)))
    }

    fn new_block(&mut self) -> Option<usize> {
        let number = self.free.pop().unwrap_or(self.blocks.len());
        if number >> 18 != 0 {
            return None;
        }
        match self.blocks.get_mut(number) {
            Some(slot) => *slot = Some(Box::default()),
            None => self.blocks.push(Some(Box::default())),
        }
        Some(number)
    }

    /// Gives back the room of dead rows, if it is worth the work.
    fn tidy(&mut self, number: usize) {
        let Some(block) = self.block_mut(number) else { return };
        let (live, dead) = (block.live(), block.len() - block.live());
        if live == 0 {
            self.blocks.get_mut(number).map(mem::take);
            self.free.push(number);
        } else if dead >= live && dead * LEAST_PART >= self.block_length {
            self.rebuild(number);
        }
    }

    fn rebuild(&mut self, number: usize) {
        let Some(old) = self.blocks.get_mut(number).and_then(Option::take) else { return };
        let is_small = old.live() * SMALL_PART <= self.block_length && number != self.open;
        let mut fresh = Box::<Block>::default();
        for line in old.lines() {
            let entry = line.entry();
            let new = if is_small { self.append(&entry) } else { Some(At::new(number, fresh.push(&entry))) };
            let (hash, before) = (self.hash(line.uuid()), At::new(number, line.row));
            let Ok(mut place) = self.places.find_entry(hash, |at| *at == before) else { continue };
            match new {
                // The number of the old block is not given to another before all its rows have moved, so places do not meet.
                Some(new) => *place.get_mut() = new,
                None => drop(place.remove()),
            }
        }
        if is_small {
            self.free.push(number);
        } else {
            if number != self.open {
                fresh.seal();
            }
            if let Some(slot) = self.blocks.get_mut(number) {
                *slot = Some(fresh);
            }
        }
    }
}

fn line(blocks: &[Option<Box<Block>>], at: At) -> Option<Line<'_>> {
    blocks.get(at.block())?.as_deref()?.line(at.row())
}
