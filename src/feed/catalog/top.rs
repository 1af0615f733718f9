//! A page of many rows in an order, without sorting the others: every row gets a key that sorts as it does, the keys at the two ends of the
//! page are selected, and only what lies between them is compared in full.

use std::cmp::Ordering;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::block::{Block, Line, Names};
use super::browse::{Browse, Order};
use super::rows::{At, Rows};
use crate::stix::marking::Level;

/// The key of a row that has no such thing: it comes last, whatever the direction.
const LAST: u64 = u64::MAX;

/// The rows of a block that are selected.
#[derive(Debug)]
pub(super) struct Matched<'r> {
    /// The place of its shelf.
    pub(super) shelf: usize,
    /// The number of the block.
    pub(super) number: usize,
    pub(super) block: &'r Block,
    pub(super) rows: Vec<u16>,
}

/// A row on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) shelf: usize,
    pub(super) at: At,
}

/// How rows are compared.
#[derive(Debug, Clone, Copy)]
struct Ranking<'r> {
    rows: &'r [(&'r Rows, Level)],
    order: Order,
    descending: bool,
}

/// The rows of the page that a question asks for, in their order.
pub(super) fn page(rows: &[(&Rows, Level)], matched: &[Matched<'_>], browse: &Browse) -> Vec<Found> {
    let ranking = Ranking { rows, order: browse.order, descending: browse.descending };
    let range = (browse.offset, browse.offset.saturating_add(browse.limit));
    let (before, mut found) = match browse.order {
        Order::Name => {
            let names = matched.iter().map(|of| of.block.names()).fold(Names::default(), Names::join);
            between(matched, range, |line| ranking.name_key(line, names))
        }
        _ => between(matched, range, |line| ranking.key(line)),
    };
    found.sort_unstable_by(|one, other| ranking.compare(one, other));
    found.into_iter().skip(browse.offset.saturating_sub(before)).take(browse.limit).collect()
}

/// All rows whose keys are not before that of the first row of a range nor after that of its last, and how many rows come before them.
fn between(matched: &[Matched<'_>], (from, to): (usize, usize), key: impl Fn(Line<'_>) -> u128 + Sync) -> (usize, Vec<Found>) {
    let keys: Vec<Vec<u128>> = matched.par_iter().map(|of| of.lines().map(&key).collect()).collect();
    // Of each block only as many can be on the page as end before it, or on it.
    let mut first: Vec<u128> = keys.par_iter().map(|keys| smallest(keys, to)).flatten_iter().collect();
    let last = to.min(first.len());
    if from >= last {
        return (from, Vec::new());
    }
    let (_, low, above) = first.select_nth_unstable(from);
    let low = *low;
    let high = match (last - from).checked_sub(2) {
        Some(more) => *above.select_nth_unstable(more).1,
        None => low,
    };
    let before = |keys: &Vec<u128>| keys.iter().filter(|key| **key < low).count();
    let on_page = |(of, keys): (&Matched<'_>, &Vec<u128>)| {
        let rows: Vec<u16> = of.rows.iter().zip(keys).filter(|(_, key)| (low..=high).contains(*key)).map(|(row, _)| *row).collect();
        let (shelf, number) = (of.shelf, of.number);
        rows.into_iter().map(move |row| Found { shelf, at: Rows::at(number, row) })
    };
    let before = keys.par_iter().map(before).sum();
    (before, matched.par_iter().zip(&keys).flat_map_iter(on_page).collect())
}

/// The smallest of some keys, at most so many, in no order.
fn smallest(keys: &[u128], most: usize) -> Vec<u128> {
    let mut keys = keys.to_vec();
    if most < keys.len() {
        keys.select_nth_unstable(most);
        keys.truncate(most);
    }
    keys
}

impl<'r> Matched<'r> {
    fn lines(&self) -> impl Iterator<Item = Line<'r>> {
        self.rows.iter().filter_map(|row| self.block.line(*row))
    }
}

impl Ranking<'_> {
    /// The time or number that it is sorted by, and the newest first.
    fn key(&self, line: Line<'_>) -> u128 {
        let number = match self.order {
            Order::Added | Order::Name => Some(line.added().0),
            Order::Modified => line.modified(),
            Order::Confidence => line.confidence().map(u64::from),
            Order::ValidUntil => line.valid_until(),
        };
        self.key_of(number, line)
    }

    fn key_of(&self, number: Option<u64>, line: Line<'_>) -> u128 {
        // Neither a time nor the beginning of a text has all bits set, so that keys stay clear of `LAST`.
        let key = number.map_or(LAST, |number| if self.descending { (LAST - 1).saturating_sub(number) } else { number });
        u128::from(key) << 64 | u128::from(!line.added().0)
    }

    /// The beginning of the name after what all have in common. If half a key holds all of that, the other half is as in
    /// [`Ranking::key`]; else names of one key are compared in full.
    fn name_key(&self, line: Line<'_>, names: Names<'_>) -> u128 {
        let common = names.common.map_or(0, <[u8]>::len);
        if names.longest - common <= size_of::<u64>() {
            return self.key_of(line.name_head(common).map(u64::from_be_bytes), line);
        }
        match line.name_head(common).map(u128::from_be_bytes) {
            Some(head) if self.descending => (u128::MAX - 1).saturating_sub(head),
            Some(head) => head,
            None => u128::MAX,
        }
    }

    /// By what it is sorted by; then the newest first, and by collection as the caller named them.
    fn compare(&self, one: &Found, other: &Found) -> Ordering {
        let (Some(first), Some(second)) = (self.line(one), self.line(other)) else { return Ordering::Equal };
        let by_order = match self.order {
            Order::Name => self.compare_names(first.name(), second.name()),
            _ => self.key(first).cmp(&self.key(second)),
        };
        by_order.then(second.added().cmp(&first.added())).then(one.shelf.cmp(&other.shelf))
    }

    fn compare_names(&self, one: &[u8], other: &[u8]) -> Ordering {
        let by_name = if self.descending { other.cmp(one) } else { one.cmp(other) };
        one.is_empty().cmp(&other.is_empty()).then(by_name)
    }

    fn line(&self, found: &Found) -> Option<Line<'_>> {
        self.rows.get(found.shelf)?.0.line(found.at)
    }
}
