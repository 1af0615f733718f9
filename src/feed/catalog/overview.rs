//! What a selection is made of: counts by everything that repeats, for the overview of a feed and for the choices beside a listing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use super::block::Block;
use super::browse::Browse;
use super::filter::{Filter, is_expired};
use super::held::Coverage;
use super::rows::Rows;
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::stix::marking::Level;
use crate::store::StoreError;
use crate::taxii::stamp::{DAY, Stamp};

/// Days of [`Overview::per_day`].
pub const DAYS: usize = 90;
/// The most words of [`Overview::labels`] and [`Overview::sources`].
pub const MOST_WORDS: usize = 1_000;
/// The ends of the buckets of [`Overview::by_age`], in days.
pub const AGES: [u64; 5] = [1, 7, 30, 90, 365];

/// How much of what is in a selection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Objects that are selected.
    pub total: usize,
    /// By type.
    pub by_type: Vec<Count<String>>,
    /// Indicators by their kind.
    pub by_kind: Vec<Count<String>>,
    /// By TLP level, the least restricted first.
    pub by_level: Vec<Count<Level>>,
    /// Objects that were added less than a day ago, then those that were less than a week ago, and so on by [`AGES`]; the last: older ones.
    pub by_age: [usize; AGES.len() + 1],
    /// Objects that were added on each of the last days (UTC), today last.
    pub per_day: Vec<usize>,
    /// By `labels` and `indicator_types`.
    pub labels: Words,
    /// By `created_by_ref`.
    pub sources: Words,
    /// Objects that are not revoked and whose `valid_until` comes within the days that were asked for.
    pub expiring: usize,
    /// Objects whose `valid_until` has come.
    pub expired: usize,
    /// Objects that are revoked.
    pub revoked: usize,
    /// What is missing.
    pub coverage: Coverage,
}

/// How many objects have something; the most frequent first, and in the order of the things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count<T> {
    /// What they have.
    pub value: T,
    /// How many.
    pub count: usize,
}

/// The words in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Words {
    /// The most frequent ones, up to [`MOST_WORDS`].
    pub most: Vec<Count<String>>,
    /// How many different ones there are.
    pub different: usize,
}

/// Counts in the making; the words are those of the blocks.
#[derive(Debug, Default)]
struct Tally<'b> {
    types: HashMap<&'b str, usize>,
    kinds: HashMap<&'b str, usize>,
    labels: HashMap<&'b str, usize>,
    sources: HashMap<&'b str, usize>,
    levels: [usize; 6],
    ages: [usize; AGES.len() + 1],
    days: Vec<usize>,
    total: usize,
    expiring: usize,
    expired: usize,
    revoked: usize,
}

/// From when to when it is counted.
#[derive(Debug, Clone, Copy)]
struct Times {
    now: Stamp,
    soon: Stamp,
}

impl Feed {
    /// What a selection is made of, whatever its order and page. `days` ahead is what counts as expiring.
    pub async fn overview(&self, readings: &[Reading], browse: &Browse, days: u64) -> Result<Overview, StoreError> {
        let now = self.clock.now();
        let times = Times { now, soon: Stamp(now.0.saturating_add(days.saturating_mul(DAY))) };
        let browse = Arc::new(browse.clone());
        let (mut overview, coverage) = self.ask_rows(readings, move |rows, _| count(rows, &browse, times)).await?;
        overview.coverage = coverage;
        Ok(overview)
    }
}

fn count(rows: &[(&Rows, Level)], browse: &Browse, times: Times) -> Overview {
    let filter = Filter::new(browse, times.now);
    let blocks: Vec<_> = rows.iter().flat_map(|(rows, level)| rows.blocks().map(move |(_, block)| (block, *level))).collect();
    blocks.into_par_iter().map(|(block, level)| Tally::of(block, &filter, level, times)).reduce(Tally::default, Tally::join).done()
}

impl<'b> Tally<'b> {
    fn of(block: &'b Block, filter: &Filter<'_>, clearance: Level, times: Times) -> Self {
        let mut tally = Self { days: vec![0; DAYS], ..Self::default() };
        let mut sorts = vec![0; block.sorts().len()];
        let mut labels = vec![0; block.label_sets().len()];
        let mut sources = vec![0; block.sources().len()];
        let today = times.now.0 / DAY;
        for line in filter.lines(block, clearance) {
            tally.total += 1;
            increase(&mut sorts, line.sort_place());
            increase(&mut labels, line.labels_place());
            increase(&mut sources, line.source_place());
            increase(&mut tally.levels, line.level() as usize);
            let added = line.added().0;
            let age = times.now.0.saturating_sub(added);
            increase(&mut tally.ages, AGES.iter().position(|days| age < days * DAY).unwrap_or(AGES.len()));
            // What is stamped ahead of the clock is of today.
            let days_ago = today.saturating_sub(added / DAY);
            let day = usize::try_from(days_ago).ok().and_then(|ago| (DAYS - 1).checked_sub(ago));
            if let Some(day) = day {
                increase(&mut tally.days, day);
            }
            let expired = is_expired(line, times.now);
            let soon = line.valid_until().is_some_and(|until| until <= times.soon.0);
            tally.expired += usize::from(expired);
            tally.expiring += usize::from(soon && !expired && !line.is_revoked());
            tally.revoked += usize::from(line.is_revoked());
        }
        for (sort, count) in block.sorts().iter().zip(sorts) {
            add(&mut tally.types, &sort.type_name, count);
            if &*sort.type_name == "indicator" {
                add(&mut tally.kinds, &sort.kind, count);
            }
        }
        let labels = block.label_sets().iter().zip(labels).flat_map(|(set, count)| set.iter().map(move |label| (label, count)));
        labels.for_each(|(label, count)| add(&mut tally.labels, label, count));
        block.sources().iter().zip(sources).for_each(|(source, count)| add(&mut tally.sources, source, count));
        tally
    }

    fn join(mut self, other: Self) -> Self {
        let pairs =
            [(&mut self.types, other.types), (&mut self.kinds, other.kinds), (&mut self.labels, other.labels), (&mut self.sources, other.sources)];
        for (into, from) in pairs {
            for (word, count) in from {
                add(into, word, count);
            }
        }
        self.levels.iter_mut().zip(other.levels).for_each(|(into, from)| *into += from);
        self.ages.iter_mut().zip(other.ages).for_each(|(into, from)| *into += from);
        self.days.resize(DAYS, 0);
        self.days.iter_mut().zip(other.days).for_each(|(into, from)| *into += from);
        self.total += other.total;
        self.expiring += other.expiring;
        self.expired += other.expired;
        self.revoked += other.revoked;
        self
    }

    fn done(mut self) -> Overview {
        self.days.resize(DAYS, 0);
        let levels = (0..).zip(self.levels).filter(|(_, count)| *count > 0);
        Overview {
            total: self.total,
            by_type: sorted(self.types),
            by_kind: sorted(self.kinds),
            by_level: levels.map(|(level, count)| Count { value: Level::from_byte(level), count }).collect(),
            by_age: self.ages,
            per_day: self.days,
            labels: words(self.labels),
            sources: words(self.sources),
            expiring: self.expiring,
            expired: self.expired,
            revoked: self.revoked,
            coverage: Coverage::default(),
        }
    }
}

fn increase(counts: &mut [usize], at: usize) {
    if let Some(count) = counts.get_mut(at) {
        *count += 1;
    }
}

/// Adds what some rows have; an empty word is none.
fn add<W: Hash + Eq + AsRef<str>>(words: &mut HashMap<W, usize>, word: W, count: usize) {
    if count > 0 && !word.as_ref().is_empty() {
        *words.entry(word).or_default() += count;
    }
}

fn sorted(words: HashMap<&str, usize>) -> Vec<Count<String>> {
    let mut sorted: Vec<_> = words.into_iter().collect();
    sorted.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    sorted.into_iter().map(|(word, count)| Count { value: word.to_owned(), count }).collect()
}

fn words(words: HashMap<&str, usize>) -> Words {
    let mut most = sorted(words);
    let different = most.len();
    most.truncate(MOST_WORDS);
    Words { most, different }
}
