//! Runs of consecutive newest versions, kept in memory as ready text: a page is a few slices of them, cut without a copy.
//!
//! A cache and nothing else: the store is the truth. What a reader may see changes in two ways. It grows at its end, which no
//! segment minds. Or a version inside goes (superseded, deleted) or comes back: then the segment around it is dropped before
//! readers are shown the change, and what was built meanwhile is not kept ([`Segments::change`]).

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::text::Gathering;
use super::{HitCounter, Select};
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// The most octets of text in one segment, unless a single object is longer.
pub(super) const LENGTH: usize = 1 << 20;
/// How many positions are remembered that were asked for in vain.
const MISSED: usize = 4_096;
/// What a segment costs besides text and items.
const OVERHEAD: usize = 512;

/// The newest versions of one stretch of a collection.
#[derive(Debug)]
pub(super) struct Segment {
    /// It holds everything that was added after this,
    after: Stamp,
    /// up to and including this.
    upto: Stamp,
    /// The objects with commas between them.
    text: Bytes,
    items: Vec<Item>,
    /// The types of the objects, each once.
    types: Vec<Box<str>>,
    /// When it was last of use.
    used: AtomicU64,
}

/// What filters and the gate ask about an object.
#[derive(Debug, Clone, Copy)]
struct Item {
    added: Stamp,
    /// Only readers of what was added at or after this see it as the latest of its object (T-079).
    hidden_until: Stamp,
    /// Where its text ends.
    end: usize,
    /// Its place in [`Segment::types`].
    type_at: u32,
    level: Level,
}

/// How far a gathering came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The page is full.
    Full,
    /// Everything up to here is in it.
    Upto(Stamp),
}

/// An object for a segment.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) added: Stamp,
    pub(super) hidden_until: Stamp,
    pub(super) level: Level,
    pub(super) type_name: &'a str,
    pub(super) object: &'a [u8],
}

/// A segment in the making.
#[derive(Debug)]
pub(super) struct Builder {
    after: Stamp,
    text: Vec<u8>,
    items: Vec<Item>,
    types: Vec<Box<str>>,
}

impl Builder {
    /// An empty segment of what was added after a stamp.
    pub(super) fn new(after: Stamp) -> Self {
        Self { after, text: Vec::new(), items: Vec::new(), types: Vec::new() }
    }

    /// Adds the next object; `false` if the segment is long enough without it.
    pub(super) fn push(&mut self, piece: &Piece<'_>) -> bool {
        if !self.items.is_empty() {
            if self.text.len() + piece.object.len() >= LENGTH {
                return false;
            }
            self.text.push(b',');
        }
        self.text.extend_from_slice(piece.object);
        let type_at = place_of(&mut self.types, piece.type_name);
        self.items.push(Item { added: piece.added, hidden_until: piece.hidden_until, end: self.text.len(), type_at, level: piece.level });
        true
    }

    /// How many objects it has.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The segment: everything up to its last object, or up to `upto` if it is known that there is nothing between.
    pub(super) fn done(self, upto: Option<Stamp>) -> Segment {
        let last = self.items.last().map_or(self.after, |item| item.added);
        let Self { after, text, items, types } = self;
        Segment { after, upto: upto.unwrap_or(last), text: text.into(), items, types, used: AtomicU64::new(0) }
    }
}

/// The place of a name in a list of names, to which it is added if it is not there.
fn place_of(types: &mut Vec<Box<str>>, name: &str) -> u32 {
    let at = types.iter().position(|known| **known == *name).unwrap_or_else(|| {
        types.push(name.into());
        types.len() - 1
    });
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Segment {
    /// Gathers what the selection wants after `position`, which is inside.
    pub(super) fn gather(&self, gathering: &mut Gathering<'_>, select: &Select, position: Stamp) -> Reach {
        let wanted: Option<Vec<bool>> =
            select.types.as_ref().map(|types| self.types.iter().map(|name| types.iter().any(|wanted| **wanted == **name)).collect());
        let is_wanted = |item: &Item| {
            let of_type = |wanted: &Vec<bool>| wanted.get(item.type_at as usize).copied().unwrap_or(false);
            item.hidden_until <= select.after && item.level <= select.clearance && wanted.as_ref().is_none_or(of_type)
        };
        let first = self.items.partition_point(|item| item.added <= position);
        let mut begin = first.checked_sub(1).and_then(|before| self.items.get(before)).map_or(0, |before| before.end + 1);
        // The objects that were admitted since the last gap.
        let mut run = begin..begin;
        for item in self.items.iter().skip(first) {
            let here = std::mem::replace(&mut begin, item.end + 1);
            if !is_wanted(item) {
                gathering.add(&self.text, std::mem::replace(&mut run, begin..begin));
            } else if gathering.admit(item.added, item.end - here) {
                run.end = item.end;
            } else {
                gathering.add(&self.text, run);
                return Reach::Full;
            }
        }
        gathering.add(&self.text, run);
        Reach::Upto(self.upto)
    }

    fn size(&self) -> usize {
        self.text.len() + self.items.len() * size_of::<Item>() + OVERHEAD
    }

    /// Whether it is worth a copy to join the two: each octet is then copied a few times only, however small the steps are by which
    /// a collection grows.
    fn should_join(&self, next: &Self) -> bool {
        self.upto == next.after && self.text.len() <= 2 * next.text.len() && self.text.len() + next.text.len() < LENGTH
    }

    fn join(&self, next: &Self) -> Self {
        let mut text = Vec::with_capacity(self.text.len() + 1 + next.text.len());
        text.extend_from_slice(&self.text);
        if !self.items.is_empty() && !next.items.is_empty() {
            text.push(b',');
        }
        let shift = text.len();
        text.extend_from_slice(&next.text);
        let mut types = self.types.clone();
        let places: Vec<u32> = next.types.iter().map(|name| place_of(&mut types, name)).collect();
        let moved = next.items.iter().map(|item| {
            let type_at = places.get(item.type_at as usize).copied().unwrap_or(u32::MAX);
            Item { end: item.end + shift, type_at, ..*item }
        });
        let items = self.items.iter().copied().chain(moved).collect();
        Self { after: self.after, upto: next.upto, text: text.into(), items, types, used: AtomicU64::new(next.used.load(Ordering::Relaxed)) }
    }
}

/// The segments of one collection by where they end; no two overlap.
type Row = BTreeMap<Stamp, Arc<Segment>>;

/// The segments of a store's collections, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Rows(HashMap<u32, Row>);

impl Rows {
    /// The segment in which the object after `position` is, if there is one.
    pub(super) fn around(&self, number: u32, position: Stamp) -> Option<&Arc<Segment>> {
        self.first_after(number, position).filter(|segment| segment.after <= position)
    }

    /// Where the first segment behind `position` begins.
    pub(super) fn begin_after(&self, number: u32, position: Stamp) -> Option<Stamp> {
        self.first_after(number, position).map(|segment| segment.after)
    }

    fn first_after(&self, number: u32, position: Stamp) -> Option<&Arc<Segment>> {
        let behind = (Bound::Excluded(position), Bound::Unbounded);
        self.0.get(&number)?.range(behind).next().map(|(_, segment)| segment)
    }
}

/// The segments of a store, within a budget.
#[derive(Debug, Default)]
pub(super) struct Segments {
    budget: usize,
    rows: ArcSwap<Rows>,
    /// Octets of all; held while the rows are replaced.
    total: Mutex<usize>,
    /// Odd while something changes inside of what readers may see; never the same again afterwards.
    epoch: AtomicU64,
    /// Counts uses, so that the one that was of no use for longest can go.
    uses: AtomicU64,
    /// Positions that were asked for a while ago, each in its slot.
    missed: Box<[AtomicU64]>,
    /// Pages that were asked for, and whether all of it was here.
    pub(super) asked: HitCounter,
}

impl Segments {
    /// No segments yet, and never more octets than `budget`.
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, missed: (0..MISSED).map(|_| AtomicU64::new(0)).collect(), ..Self::default() }
    }

    /// Whether it is worth building segments for a page that begins after `position`: only what is asked for again is worth the copy and
    /// the place of something else. A reader who goes through everything once leaves no trace.
    pub(super) fn wants(&self, number: u32, position: Stamp) -> bool {
        let mark = position.0 ^ (u64::from(number) << 56) | 1;
        let slot = usize::try_from(xxh3_64(&mark.to_be_bytes())).unwrap_or_default() % MISSED;
        self.budget > OVERHEAD && self.missed.get(slot).is_some_and(|slot| slot.swap(mark, Ordering::Relaxed) == mark)
    }

    /// The segments as they are now. All of them tell of one state, or of later ones that differ from it at the end only.
    pub(super) fn rows(&self) -> Guard<Arc<Rows>> {
        self.rows.load()
    }

    /// Notes that a segment was of use.
    pub(super) fn touch(&self, segment: &Segment) {
        segment.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The state of what can be read; `None` while it changes.
    pub(super) fn epoch(&self) -> Option<u64> {
        Some(self.epoch.load(Ordering::SeqCst)).filter(|epoch| epoch.is_multiple_of(2))
    }

    /// Makes a change that readers see, to versions of these stamps in collections of these numbers: nothing that was built before
    /// the change is kept beyond it.
    pub(super) fn change<T>(&self, versions: &[(u32, Stamp)], change: impl FnOnce() -> T) -> T {
        if versions.is_empty() {
            return change();
        }
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.drop_around(versions);
        let done = change();
        self.epoch.fetch_add(1, Ordering::SeqCst);
        done
    }

    /// Keeps a segment that was built in the state of `epoch`, unless that is over.
    pub(super) fn keep(&self, number: u32, epoch: u64, segment: Arc<Segment>) {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::SeqCst) != epoch {
            return;
        }
        let mut rows = self.rows.load().0.clone();
        let row = rows.entry(number).or_default();
        if overlaps(row, &segment) {
            return;
        }
        self.touch(&segment);
        let mut segment = segment;
        while let Some(before) = row.range(..=segment.after).next_back().map(|(_, before)| before.clone()).filter(|b| b.should_join(&segment)) {
            *total -= before.size();
            row.remove(&before.upto);
            segment = Arc::new(before.join(&segment));
        }
        *total += segment.size();
        row.insert(segment.upto, segment);
        self.evict(&mut rows, &mut total);
        self.rows.store(Arc::new(Rows(rows)));
    }

    /// Forgets a collection.
    pub(super) fn forget(&self, number: u32) {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = self.rows.load().0.clone();
        let gone = rows.remove(&number).unwrap_or_default();
        *total -= gone.values().map(|segment| segment.size()).sum::<usize>();
        self.rows.store(Arc::new(Rows(rows)));
    }

    fn drop_around(&self, versions: &[(u32, Stamp)]) {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = self.rows.load().0.clone();
        for (number, stamp) in versions {
            let Some(row) = rows.get_mut(number) else { continue };
            let around = row.range(stamp..).next().filter(|(_, segment)| segment.after < *stamp).map(|(upto, _)| *upto);
            *total -= around.and_then(|upto| row.remove(&upto)).map_or(0, |segment| segment.size());
        }
        self.rows.store(Arc::new(Rows(rows)));
    }

    /// Lets go what was of no use for longest, until the rest is within the budget.
    fn evict(&self, rows: &mut HashMap<u32, Row>, total: &mut usize) {
        while *total > self.budget {
            let all = rows.iter().flat_map(|(number, row)| row.values().map(|segment| (*number, segment.clone())));
            let Some((number, oldest)) = all.min_by_key(|(_, segment)| segment.used.load(Ordering::Relaxed)) else { return };
            *total -= oldest.size();
            rows.entry(number).or_default().remove(&oldest.upto);
        }
    }
}

/// Whether a row has some of what a segment tells already: another reader was there first.
fn overlaps(row: &Row, segment: &Segment) -> bool {
    let behind = (Bound::Excluded(segment.after), Bound::Unbounded);
    row.range(behind).next().is_some_and(|(_, next)| next.after < segment.upto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract;
    use crate::store::text::Text;

    fn select(limit: usize) -> Select {
        Select { limit, clearance: Level::Clear, ..contract::select() }
    }

    /// A segment of objects whose text is their stamp.
    fn segment(after: u64, stamps: &[u64], upto: u64) -> Arc<Segment> {
        let mut builder = Builder::new(Stamp(after));
        for stamp in stamps {
            let level = if stamp.is_multiple_of(10) { Level::Red } else { Level::Clear };
            let type_name = if stamp.is_multiple_of(2) { "even" } else { "odd" };
            let object = stamp.to_string();
            assert!(builder.push(&Piece { added: Stamp(*stamp), hidden_until: Stamp::ZERO, level, type_name, object: object.as_bytes() }));
        }
        Arc::new(builder.done(Some(Stamp(upto))))
    }

    fn gather(segments: &Segments, select: &Select) -> (Text, Reach) {
        let (rows, mut gathering) = (segments.rows(), Gathering::new(select));
        let mut reach = Reach::Upto(select.from);
        while let Reach::Upto(position) = reach {
            let Some(segment) = rows.around(0, position) else { break };
            reach = segment.gather(&mut gathering, select, position);
        }
        (gathering.done(), reach)
    }

    fn parts(text: &Text) -> Vec<&str> {
        text.parts.iter().map(|part| std::str::from_utf8(part).unwrap()).collect()
    }

    fn filled(budget: usize) -> Segments {
        let segments = Segments::new(budget);
        let epoch = segments.epoch().unwrap();
        // The second is so much longer that the first is joined to it, the third too short for that.
        for new in [segment(0, &[1, 2, 3], 5), segment(5, &[7, 8, 9, 10, 11], 12), segment(12, &[13], 20)] {
            segments.keep(0, epoch, new);
        }
        segments
    }

    #[test]
    fn slices_of_segments_make_a_page() {
        let segments = filled(usize::MAX);
        let (text, reach) = gather(&segments, &select(100));
        assert_eq!((parts(&text), reach), (vec!["1,2,3,7,8,9", "11", "13"], Reach::Upto(Stamp(20))));
        assert_eq!((text.count, text.dates, text.more), (8, Some((Stamp(1), Stamp(13))), false));
        let (text, reach) = gather(&segments, &Select { from: Stamp(2), ..select(3) });
        assert_eq!((parts(&text), reach, text.more), (vec!["3,7,8"], Reach::Full, true));
        let (text, _) = gather(&segments, &Select { types: Some(vec!["odd".into()]), clearance: Level::Red, ..select(100) });
        assert_eq!(parts(&text), ["1", "3,7", "9", "11", "13"]);
        let (text, _) = gather(&segments, &Select { octets: 3, ..select(100) });
        assert_eq!((parts(&text), text.more), (vec!["1,2,3"], true));
    }

    #[test]
    fn a_change_inside_drops_the_segment_around_it_and_what_is_built_meanwhile() {
        let segments = filled(usize::MAX);
        let epoch = segments.epoch().unwrap();
        segments.change(&[(0, Stamp(4))], || assert_eq!(segments.epoch(), None));
        segments.keep(0, epoch, segment(0, &[1, 2], 12));
        assert!(segments.rows().around(0, Stamp(3)).is_none());
        assert!(segments.rows().around(0, Stamp(15)).is_some());
        segments.forget(0);
        assert!(segments.rows().around(0, Stamp(15)).is_none());
        assert_eq!(*segments.total.lock().unwrap(), 0);
    }

    #[test]
    fn what_was_of_no_use_for_longest_goes_first() {
        let segments = filled(usize::MAX);
        let size = *segments.total.lock().unwrap();
        let segments = Segments { budget: size, ..segments };
        segments.touch(segments.rows().around(0, Stamp(0)).unwrap());
        segments.keep(0, segments.epoch().unwrap(), segment(30, &[31], 32));
        let rows = segments.rows();
        assert!(rows.around(0, Stamp(0)).is_some() && rows.around(0, Stamp(15)).is_none() && rows.around(0, Stamp(30)).is_some());
        assert!(*segments.total.lock().unwrap() <= size);
    }

    #[test]
    fn what_is_asked_for_once_is_not_built() {
        let segments = Segments::new(usize::MAX);
        assert!(!segments.wants(0, Stamp(7)) && !segments.wants(1, Stamp(7)) && !segments.wants(0, Stamp(8)));
        assert!(segments.wants(0, Stamp(7)));
        let none = Segments::new(0);
        assert!(!none.wants(0, Stamp(7)) && !none.wants(0, Stamp(7)));
    }

    #[test]
    fn two_readers_who_build_the_same_keep_one() {
        let segments = filled(usize::MAX);
        let before = *segments.total.lock().unwrap();
        segments.keep(0, segments.epoch().unwrap(), segment(3, &[7], 8));
        assert_eq!(*segments.total.lock().unwrap(), before);
    }
}
