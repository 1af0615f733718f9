//! Which rows of a block a question selects: what repeats is decided once for each word of a dictionary, then row by row.

use super::block::{Block, Line};
use super::browse::Browse;
use super::needle::{Needle, needles};
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// A question, ready to be asked of blocks.
#[derive(Debug)]
pub(super) struct Filter<'q> {
    browse: &'q Browse,
    needles: Vec<Needle>,
    now: Stamp,
}

/// A question as it is of one block. `None` is no condition; else for each place, or row, whether it will do.
#[derive(Debug)]
struct Sieve {
    sorts: Option<Vec<bool>>,
    labels: Option<Vec<bool>>,
    sources: Option<Vec<bool>>,
    text: Option<Vec<bool>>,
}

impl<'q> Filter<'q> {
    /// The filter of a question that is asked `now`.
    pub(super) fn new(browse: &'q Browse, now: Stamp) -> Self {
        Self { browse, needles: needles(&browse.text), now }
    }

    /// The rows of a block that are selected, of those that a clearance may see.
    pub(super) fn lines<'b>(&self, block: &'b Block, clearance: Level) -> impl Iterator<Item = Line<'b>> {
        let sieve = self.sieve(block);
        block.lines().filter(move |line| line.level() <= clearance && sieve.takes(*line) && self.takes(*line))
    }

    fn sieve(&self, block: &Block) -> Sieve {
        let Browse { types, kinds, labels, sources, .. } = self.browse;
        let is_sort = |sort: &super::entry::Sort| {
            let of_kind = || &*sort.type_name == "indicator" && kinds.iter().any(|kind| **kind == *sort.kind);
            (types.is_empty() || types.iter().any(|name| **name == *sort.type_name)) && (kinds.is_empty() || of_kind())
        };
        let has_labels = |set: &[Box<str>]| labels.iter().all(|label| set.iter().any(|its| **its == **label));
        Sieve {
            sorts: (!types.is_empty() || !kinds.is_empty()).then(|| block.sorts().iter().map(is_sort).collect()),
            labels: (!labels.is_empty()).then(|| block.label_sets().iter().map(|set| has_labels(set)).collect()),
            sources: (!sources.is_empty())
                .then(|| block.sources().iter().map(|source| sources.iter().any(|wanted| !wanted.is_empty() && **wanted == **source)).collect()),
            text: self.needles.iter().map(|needle| needle.rows(block)).reduce(both),
        }
    }

    /// What is decided by the row alone.
    fn takes(&self, line: Line<'_>) -> bool {
        let browse = self.browse;
        let confidence = || {
            let sure = line.confidence();
            browse.confidence_from.is_none_or(|least| sure.is_some_and(|sure| sure >= least))
                && browse.confidence_to.is_none_or(|most| sure.is_some_and(|sure| sure <= most))
        };
        let ends_before = |time: Stamp| line.valid_until().is_some_and(|until| until < time.0);
        (browse.levels.is_empty() || browse.levels.contains(&line.level()))
            && browse.revoked.is_none_or(|revoked| line.is_revoked() == revoked)
            && browse.expired.is_none_or(|expired| is_expired(line, self.now) == expired)
            && browse.expires_before.is_none_or(ends_before)
            && browse.added.holds(Some(line.added().0))
            && browse.modified.holds(line.modified())
            && confidence()
    }
}

/// Whether the `valid_until` of a row has come.
pub(super) fn is_expired(line: Line<'_>, now: Stamp) -> bool {
    line.valid_until().is_some_and(|until| until <= now.0)
}

impl Sieve {
    fn takes(&self, line: Line<'_>) -> bool {
        let will_do = |table: &Option<Vec<bool>>, at: usize| table.as_ref().is_none_or(|table| table.get(at) == Some(&true));
        will_do(&self.text, line.row.into())
            && will_do(&self.sorts, line.sort_place())
            && will_do(&self.labels, line.labels_place())
            && will_do(&self.sources, line.source_place())
    }
}

fn both(mut one: Vec<bool>, other: Vec<bool>) -> Vec<bool> {
    one.iter_mut().zip(other).for_each(|(one, other)| *one &= other);
    one
}
