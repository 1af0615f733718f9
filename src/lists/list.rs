//! Lists as they stand: made of parts, each of which is made anew only when its values have changed, and kept within a budget.
//!
//! What is known of a list (its tag, its counts, its parts without their texts) is kept for the lists that were asked for last. Texts are a
//! cache beside that: a text that is not there any more is made again, of the same values and as of the same time, and so is the same.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::http::StatusCode;
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use tokio::sync::{Mutex, Semaphore};
use xxhash_rust::xxh3::Xxh3Default;

use super::format::{Shape, Sum};
use super::part::{Chosen, Part, Recipe};
use crate::door::error::Failure;
use crate::door::validator::Tag;
use crate::feed::Feed;
use crate::feed::access::{Denied, Reading};
use crate::feed::values::Snapshot;
use crate::stix::ioc::Kind;
use crate::taxii::stamp::Stamp;

/// So many lists are remembered.
const REMEMBERED: usize = 256;
/// About how long the text of a part is; the cache plans for as many as then fit into it.
const USUAL: usize = 16 << 10;
/// Microseconds of a second, which is as exact as HTTP tells times.
const SECOND: u64 = 1_000_000;

/// The lists of all collections.
pub struct Lists {
    slots: Cache<String, Arc<Slot>>,
    texts: Cache<Key, Bytes, Octets>,
    /// No more lists are made at once than there are cores.
    making: Semaphore,
    /// Numbers of slots, of which each is given once.
    next: std::sync::atomic::AtomicU64,
}

/// One list, and its turn to be made.
struct Slot {
    number: u64,
    made: ArcSwapOption<Made>,
    turn: Mutex<()>,
}

/// Which text: of the list of a slot, the edition of what it is made of, of one kind, and whether it is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    slot: u64,
    edition: u64,
    made: Stamp,
    kind: Option<Kind>,
    /// Whether it is compressed.
    pub deflated: bool,
}

#[derive(Clone)]
struct Octets;

impl Weighter<Key, Bytes> for Octets {
    fn weight(&self, _: &Key, text: &Bytes) -> u64 {
        text.len() as u64 + 128
    }
}

/// A piece of a list.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Text between the parts.
    Frame(Bytes),
    /// A part, by what is known of it.
    Part(Part),
}

/// A list as it was made.
pub struct Made {
    /// What it was made by.
    pub recipe: Recipe,
    /// What it is made of, in its order.
    pub pieces: Vec<Piece>,
    /// What became of the values.
    pub sum: Sum,
    /// Names its content.
    pub tag: Tag,
    /// When it became what it is, in whole seconds.
    pub changed: Stamp,
    /// How long it is, in octets.
    pub octets: u64,
    slot: u64,
    snapshot: Snapshot,
    good_until: Stamp,
}

impl Lists {
    /// No lists; of their texts so many octets are kept.
    pub fn new(budget: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            slots: Cache::new(REMEMBERED),
            texts: Cache::with_weighter(budget / USUAL + 16, budget as u64, Octets),
            making: Semaphore::new(cores),
            next: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// A list as it is now. If it cannot be made, it is as it was.
    pub async fn list(self: &Arc<Self>, feed: &Feed, reading: &Reading, recipe: Recipe) -> Result<Arc<Made>, Failure> {
        let snapshot = feed.values(reading).await?;
        let now = feed.clock().now();
        let slot = self.slot(&recipe);
        if let Some(made) = slot.current(&snapshot, now) {
            return Ok(made);
        }
        let _turn = slot.turn.lock().await;
        if let Some(made) = slot.current(&snapshot, now) {
            return Ok(made);
        }
        let old = slot.made.load_full();
        let making = self.making.acquire().await;
        let (lists, number, before) = (self.clone(), slot.number, old.clone());
        let made = tokio::task::spawn_blocking(move || lists.make(number, recipe, snapshot, before.as_deref(), now)).await;
        drop(making);
        match made {
            Ok(made) => {
                let made = Arc::new(made.ok_or_else(|| Failure::from(Denied::Hidden))?);
                slot.made.store(Some(made.clone()));
                Ok(made)
            }
            Err(error) => {
                tracing::error!(%error, "a list could not be made");
                old.ok_or_else(|| {
                    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the list could not be made; the operator finds the reason in the log")
                })
            }
        }
    }

    /// A text that is kept.
    pub fn kept(&self, made: &Made, part: &Part, deflated: bool) -> Option<Bytes> {
        self.texts.get(&made.key(part, deflated))
    }

    /// Keeps a text.
    pub fn keep(&self, made: &Made, part: &Part, deflated: bool, text: Bytes) {
        self.texts.insert(made.key(part, deflated), text);
    }

    fn slot(&self, recipe: &Recipe) -> Arc<Slot> {
        let new = || {
            let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(Arc::new(Slot { number, made: ArcSwapOption::empty(), turn: Mutex::default() }))
        };
        match self.slots.get_or_insert_with(&recipe.key(), new) {
            Ok(slot) => slot,
        }
    }

    /// Makes a list; `None` if its format has no such file.
    fn make(&self, slot: u64, recipe: Recipe, snapshot: Snapshot, old: Option<&Made>, now: Stamp) -> Option<Made> {
        let parts = self.parts(slot, &recipe, &snapshot, old, now)?;
        let sum = parts.iter().fold(Sum::default(), |sum, part| sum.plus(part.sum));
        let good_until = parts.iter().map(|part| part.good_until).min().unwrap_or(Stamp(u64::MAX));
        let tag = tag(&recipe, &framed(&recipe, &parts, &sum, Stamp::ZERO));
        let second = Stamp(now.0 / SECOND * SECOND);
        let changed = match old {
            Some(old) if old.tag == tag => old.changed,
            // Who only asks whether it has changed since a second gets a later one for every change.
            Some(old) => second.max(Stamp(old.changed.0 + SECOND)),
            None => second,
        };
        let pieces = framed(&recipe, &parts, &sum, changed);
        let octets = pieces.iter().map(Piece::octets).sum();
        Some(Made { recipe, pieces, sum, tag, changed, octets, slot, snapshot, good_until })
    }

    /// The parts of a list: those of the old one that are still good, the others anew.
    fn parts(&self, slot: u64, recipe: &Recipe, snapshot: &Snapshot, old: Option<&Made>, now: Stamp) -> Option<Vec<Part>> {
        let keep = |(part, text): (Part, Bytes)| {
            self.texts.insert(key(slot, &part, false), text);
            part
        };
        match recipe.format.shape() {
            Shape::Whole | Shape::Events => return Some(vec![keep(recipe.whole(snapshot, now)?)]),
            Shape::Objects => return Some(vec![recipe.objects(snapshot, now)]),
            Shape::Lines => {}
        }
        if let Some(most) = recipe.selection.asked.max_entries {
            return Some(recipe.most_confident(snapshot, most, now).into_iter().map(keep).collect());
        }
        let known: HashMap<u64, &Part> = old.iter().flat_map(|old| old.parts()).map(|part| (part.edition, part)).collect();
        let good = |edition| known.get(&edition).filter(|part| now < part.good_until).map(|part| Part::clone(part));
        let chunks: Vec<_> = recipe.chunks(snapshot).collect();
        Some(chunks.par_iter().map(|chunk| good(chunk.edition).unwrap_or_else(|| keep(recipe.part(chunk, now)))).collect())
    }
}

impl Slot {
    /// The list, if it is still what it is.
    fn current(&self, snapshot: &Snapshot, now: Stamp) -> Option<Arc<Made>> {
        self.made.load_full().filter(|made| made.snapshot.edition == snapshot.edition && now < made.good_until && made.holds(snapshot.latest))
    }
}

impl Made {
    /// The text of a part, made again.
    pub fn text(&self, part: &Part) -> Bytes {
        let again = match &part.chunk {
            Some(chunk) => Some(self.recipe.part(chunk, part.made)),
            None => match self.recipe.selection.asked.max_entries {
                Some(most) if self.recipe.format.shape() == Shape::Lines => {
                    let parts = self.recipe.most_confident(&self.snapshot, most, part.made);
                    parts.into_iter().find(|(other, _)| other.kind == part.kind)
                }
                _ => self.recipe.whole(&self.snapshot, part.made),
            },
        };
        again.map(|(_, text)| text).unwrap_or_default()
    }

    /// Whether nothing has come that such a list is made of, but its values.
    fn holds(&self, latest: Stamp) -> bool {
        self.recipe.format.shape() != Shape::Objects || self.snapshot.latest == latest
    }

    /// The indicators of a file of objects. For threads that may block.
    pub fn chosen(&self) -> Chosen {
        self.parts().next().map(|part| self.recipe.chosen_objects(&self.snapshot, part.made)).unwrap_or_default()
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(part) => Some(part),
            Piece::Frame(_) => None,
        })
    }

    fn key(&self, part: &Part, deflated: bool) -> Key {
        key(self.slot, part, deflated)
    }
}

impl Piece {
    /// How long it is.
    pub fn octets(&self) -> u64 {
        match self {
            Self::Frame(text) => text.len() as u64,
            Self::Part(part) => part.octets,
        }
    }
}

fn key(slot: u64, part: &Part, deflated: bool) -> Key {
    Key { slot, edition: part.edition, made: part.made, kind: part.kind, deflated }
}

/// Parts with what stands around them.
fn framed(recipe: &Recipe, parts: &[Part], sum: &Sum, changed: Stamp) -> Vec<Piece> {
    let (format, about) = (recipe.format, recipe.about(changed));
    let mut pieces = Vec::with_capacity(parts.len() + 4);
    let mut frame = String::new();
    if format.shape() != Shape::Lines {
        return parts.iter().cloned().map(Piece::Part).collect();
    }
    format.head(&about, &mut frame);
    for kind in recipe.file.kinds.iter().copied().filter(|kind| recipe.wants(*kind)) {
        let of_kind: Vec<&Part> = parts.iter().filter(|part| part.kind == Some(kind)).collect();
        let held = of_kind.iter().map(|part| part.sum.held).sum();
        format.open(&about, kind, held, &mut frame);
        pieces.push(Piece::Frame(std::mem::take(&mut frame).into()));
        pieces.extend(of_kind.into_iter().cloned().map(Piece::Part));
        format.close(&about, kind, held, &mut frame);
    }
    format.foot(&about, sum, &mut frame);
    pieces.push(Piece::Frame(frame.into()));
    pieces.retain(|piece| piece.octets() > 0);
    pieces
}

/// Names the content of a list, on any server and after a restart.
fn tag(recipe: &Recipe, pieces: &[Piece]) -> Tag {
    let mut digest = Xxh3Default::new();
    for piece in pieces {
        match piece {
            Piece::Frame(text) => digest.update(text),
            Piece::Part(part) => digest.update(&part.digest.to_be_bytes()),
        }
    }
    Tag::of("list", digest.digest128() ^ recipe.collection.0.as_u128(), &recipe.name)
}
