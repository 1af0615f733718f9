//! The first of many rows in an order, without sorting the others.

use std::cmp::Ordering;

use super::block::Line;
use super::browse::{Browse, Order};
use super::rows::{At, Rows};
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// So many more than wanted are gathered before those that do not count are thrown away.
const SLACK: usize = 4_096;
/// What the key of a row is that has no such thing: it comes last, whatever the direction.
const LAST: u64 = u64::MAX;

/// A row as it is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Ascending.
    key: u64,
    pub(super) added: Stamp,
    pub(super) shelf: usize,
    pub(super) at: At,
}

/// How rows are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranking<'r> {
    pub(super) rows: &'r [(&'r Rows, Level)],
    pub(super) order: Order,
    pub(super) descending: bool,
}

/// The first rows of those that were shown to it.
#[derive(Debug)]
pub(super) struct Top<'r> {
    ranking: Ranking<'r>,
    most: usize,
    kept: Vec<Found>,
    /// What does not come before this is not among the first.
    bound: Option<Found>,
    /// How many rows there were.
    pub(super) total: usize,
}

impl Ranking<'_> {
    /// A row to be compared.
    pub(super) fn found(&self, of: usize, block: usize, line: Line<'_>) -> Found {
        Found { key: self.key(line), added: line.added(), shelf: of, at: Rows::at(block, line.row) }
    }

    fn key(&self, line: Line<'_>) -> u64 {
        let key = match self.order {
            Order::Added => Some(line.added().0),
            Order::Modified => line.modified(),
            Order::Name => head(line.name()),
            Order::Confidence => line.confidence().map(u64::from),
            Order::ValidUntil => line.valid_until(),
        };
        match key {
            None => LAST,
            // Keys stay clear of `LAST`: neither a time nor the head of a UTF-8 text has all bits set.
            Some(key) if self.descending => (LAST - 1).saturating_sub(key),
            Some(key) => key,
        }
    }

    /// By the key; then the newest first, and by collection as the caller named them.
    fn compare(&self, one: &Found, other: &Found) -> Ordering {
        let names = || {
            let (one, other) = (self.name(one), self.name(other));
            if self.descending { other.cmp(one) } else { one.cmp(other) }
        };
        let by_name = |equal: Ordering| if self.order == Order::Name { equal.then_with(names) } else { equal };
        by_name(one.key.cmp(&other.key)).then(other.added.cmp(&one.added)).then(one.shelf.cmp(&other.shelf))
    }

    fn name(&self, found: &Found) -> &[u8] {
        self.rows.get(found.shelf).and_then(|(rows, _)| rows.line(found.at)).map_or(&[], Line::name)
    }
}

/// The first eight octets, which sort as the text does as far as they go; `None` of an empty text.
fn head(text: &[u8]) -> Option<u64> {
    let mut head = [0; 8];
    head.iter_mut().zip(text).for_each(|(head, octet)| *head = *octet);
    (!text.is_empty()).then(|| u64::from_be_bytes(head))
}

impl<'r> Top<'r> {
    /// Wants the rows of the page that a question asks for, and those before it.
    pub(super) fn new(ranking: Ranking<'r>, browse: &Browse) -> Self {
        Self { ranking, most: browse.offset.saturating_add(browse.limit), kept: Vec::new(), bound: None, total: 0 }
    }

    /// Shows it a row.
    pub(super) fn see(&mut self, found: Found) {
        self.total += 1;
        self.keep(found);
    }

    /// Shows it what another was shown.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.total += other.total;
        other.kept.into_iter().for_each(|found| self.keep(found));
        self
    }

    /// The rows after the first `offset`, in their order.
    pub(super) fn page(mut self, offset: usize) -> Vec<Found> {
        self.cut();
        if offset >= self.kept.len() {
            return Vec::new();
        }
        let ranking = self.ranking;
        self.kept.select_nth_unstable_by(offset, |one, other| ranking.compare(one, other));
        let mut page = self.kept.split_off(offset);
        page.sort_unstable_by(|one, other| ranking.compare(one, other));
        page
    }

    fn keep(&mut self, found: Found) {
        if self.bound.is_some_and(|bound| self.ranking.compare(&found, &bound).is_gt()) {
            return;
        }
        self.kept.push(found);
        if self.kept.len() >= self.most.saturating_mul(2).saturating_add(SLACK) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let ranking = self.ranking;
        let Some(last) = self.most.checked_sub(1).filter(|last| *last < self.kept.len()) else {
            self.kept.truncate(self.most);
            return;
        };
        let (_, bound, _) = self.kept.select_nth_unstable_by(last, |one, other| ranking.compare(one, other));
        self.bound = Some(*bound);
        self.kept.truncate(self.most);
    }
}
