//! The contract as brute force over a list of records, and random work that is done to a store and to it.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{DAY, NOW, id, object, observable, select, trail};
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::audit::{Act, Verb};
use crate::store::directory::{Collection, Edit, Root};
use crate::store::only::Only;
use crate::store::text::Text;
use crate::store::{Addition, Behind, NewObject, Outcome, Page, Receipt, Record, Removal, Select, StatusRecord, Store, Versions, rules};
use crate::taxii::stamp::Stamp;

/// The collections that the work goes to.
const COLLECTIONS: [Uuid; 2] =
    [Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001), Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0002)];
/// Objects that the work deals with; the last two are SCOs.
const KINDS: [&str; 5] = ["indicator", "indicator", "malware", "ipv4-addr", "url"];
const SECONDS: [&str; 5] = ["01", "02", "02.0", "02.5", "03"];

/// One piece of work.
#[derive(Debug, Clone)]
pub enum Step {
    /// An envelope for a collection, after the clock went this many microseconds forth or back.
    Add(usize, Vec<NewObject>, i64),
    /// Some versions of an object go, for good or not.
    Delete(usize, StixId, Versions, bool),
    /// A selection is read to its end; positions count records of the collection.
    Read(usize, Select, usize, usize),
    /// A collection goes and comes again empty.
    Empty(usize),
    /// Statuses that are over go.
    Sweep,
    /// The store is closed and opened.
    Reopen,
}

/// Random work.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..40)
}

fn step() -> impl Strategy<Value = Step> {
    let clock = prop::sample::select(vec![0i64, 1, 700, 5_000, 3_000_000, -2_000_000]);
    prop_oneof![
        6 => (0..2usize, prop::collection::vec(new_object(), 0..6), clock).prop_map(|(c, objects, clock)| Step::Add(c, objects, clock)),
        2 => (0..2usize, any_id(), versions(), any::<bool>()).prop_map(|(c, id, versions, for_good)| Step::Delete(c, id, versions, for_good)),
        6 => (0..2usize, selection(), 0..12usize, 0..12usize).prop_map(|(c, select, after, from)| Step::Read(c, select, after, from)),
        1 => (0..2usize).prop_map(Step::Empty),
        1 => Just(Step::Sweep),
        1 => Just(Step::Reopen),
    ]
}

fn any_id() -> impl Strategy<Value = StixId> {
    (0..KINDS.len()).prop_map(|n| id(KINDS[n], n as u128))
}

fn new_object() -> impl Strategy<Value = NewObject> {
    let level = prop::sample::select(vec![Level::Unmarked, Level::Green, Level::Red]);
    let holds = prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(any_id(), 1..3)];
    let parts = (0..KINDS.len(), prop::sample::select(&SECONDS[..]), prop::sample::select(vec!["a", "b"]), level, holds, origin());
    parts.prop_map(|(n, second, content, level, holds, origin)| {
        let id = id(KINDS[n], n as u128);
        let new = if n < 3 { object(&id, second, content) } else { observable(&id, content) };
        NewObject { level, holds, origin, ..new }
    })
}

fn origin() -> impl Strategy<Value = Option<Uuid>> {
    prop::sample::select(vec![None, Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2))])
}

fn versions() -> impl Strategy<Value = Versions> {
    let instant = prop::sample::select(&SECONDS[..]).prop_map(|s| Instant::parse(&format!("{DAY}{s}Z")).unwrap());
    let some = (any::<bool>(), any::<bool>(), prop::collection::vec(instant, 0..3));
    prop_oneof![
        3 => Just(Versions::LAST),
        1 => Just(Versions::All),
        3 => some.prop_map(|(first, last, at)| Versions::Some { first, last, at }),
    ]
}

fn selection() -> impl Strategy<Value = Select> {
    let ids = prop::option::weighted(0.3, prop::collection::vec(any_id(), 0..4));
    let types = prop::option::weighted(0.3, prop::collection::vec(prop::sample::select(&KINDS[..]).prop_map(str::to_owned), 0..3));
    let clearance = prop::sample::select(vec![Level::Unmarked, Level::Green, Level::Red]);
    let octets = prop_oneof![2 => Just(usize::MAX), 1 => 0..600usize];
    let only = (origin(), origin()).prop_map(|(from, not_from)| Only { from, not_from, ..Only::default() });
    let only = prop::option::weighted(0.3, only.prop_map(Arc::new));
    (1..5usize, octets, ids, types, versions(), clearance, only).prop_map(|(limit, octets, ids, types, versions, clearance, only)| Select {
        limit,
        octets,
        ids,
        types,
        versions,
        clearance,
        only,
        ..select()
    })
}

/// A stored version as the model keeps it.
#[derive(Debug, Clone)]
struct Row {
    added: Stamp,
    id: StixId,
    version: String,
    instant: Instant,
    level: Level,
    holds: Vec<StixId>,
    origin: Option<Uuid>,
    object: Bytes,
}

#[derive(Debug, Default)]
struct Shelf {
    last: Stamp,
    rows: Vec<Row>,
    /// What was deleted for good.
    deleted: Vec<Row>,
}

impl Shelf {
    fn add(&mut self, objects: &[NewObject], now: Stamp) -> Vec<Outcome> {
        // Two rounds: the first finds out how many objects are stored, the second knows which of them closes the write.
        let rows = self.rows.clone();
        let last = self.last;
        let count = self.add_all(objects, now, usize::MAX).iter().filter(|o| matches!(o, Outcome::Added(_))).count();
        (self.rows, self.last) = (rows, last);
        let outcomes = self.add_all(objects, now, count);
        self.raise(last);
        outcomes
    }

    /// What holds something counts at least as high as that, as soon as one of both is new or counts higher than before.
    fn raise(&mut self, before: Stamp) {
        let is_latest = |row: &Row, rows: &[Row]| rows.iter().all(|other| other.id != row.id || other.instant <= row.instant);
        let fresh = self.rows.iter().filter(|row| row.added > before && is_latest(row, &self.rows));
        let mut touched: Vec<StixId> = fresh.map(|row| row.id.clone()).collect();
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for at in 0..self.rows.len() {
                let container = &self.rows[at];
                let holds = container.holds.iter().filter(|held| container.added > before || touched.contains(held));
                let latest = |id: &StixId| self.rows.iter().filter(|row| row.id == *id).max_by_key(|row| row.instant.clone());
                let level = holds.filter_map(latest).map(|row| row.level).max().unwrap_or_default();
                if level > container.level {
                    if is_latest(container, &self.rows) {
                        touched.push(container.id.clone());
                    }
                    self.rows[at].level = level;
                    changed = true;
                }
            }
        }
    }

    fn add_all(&mut self, objects: &[NewObject], now: Stamp, closing: usize) -> Vec<Outcome> {
        let mut count = 0;
        let mut outcomes = Vec::new();
        for new in objects {
            let twin = self
                .rows
                .iter()
                .find(|row| row.id == new.id && new.version.as_ref().map_or(row.object == new.object, |(_, instant)| row.instant == *instant));
            let is_gone =
                |row: &&Row| row.id == new.id && new.version.as_ref().map_or(row.object == new.object, |(_, instant)| row.instant == *instant);
            if twin.is_none() && self.deleted.iter().any(|row| is_gone(&row)) {
                let version = new.version.as_ref().map_or_else(|| now.to_string(), |(text, _)| text.clone());
                outcomes.push(Outcome::Deleted(version, rules::deleted(NOW, "wrong")));
                continue;
            }
            outcomes.push(match (twin, &new.version) {
                (Some(row), None) => Outcome::Duplicate(row.version.clone()),
                (Some(row), Some((text, _))) if row.object == new.object => Outcome::Duplicate(text.clone()),
                (Some(_), Some((text, _))) => Outcome::Conflict(text.clone()),
                (None, version) => {
                    count += 1;
                    let mut added = Stamp(now.0.max(self.last.0 + 1));
                    if count == closing && added.0.div_ceil(1_000) * 1_000 <= now.0 + 1_000_000 {
                        added = Stamp(added.0.div_ceil(1_000) * 1_000);
                    }
                    self.last = added;
                    let (version, instant) = version.clone().unwrap_or_else(|| (added.to_string(), added.instant()));
                    let NewObject { id, level, holds, origin, object, .. } = new.clone();
                    self.rows.push(Row { added, id, version: version.clone(), instant, level, holds, origin, object });
                    Outcome::Added(version)
                }
            });
        }
        outcomes
    }

    /// Whether `row` is chosen among the versions of its object that were added after `after`.
    fn chosen(&self, row: &Row, after: Stamp, versions: &Versions) -> bool {
        let others = || self.rows.iter().filter(|other| other.id == row.id && other.added > after);
        row.added > after
            && match versions {
                Versions::All => true,
                Versions::Some { first, last, at } => {
                    (*first && others().all(|other| other.instant >= row.instant))
                        || (*last && others().all(|other| other.instant <= row.instant))
                        || at.contains(&row.instant)
                }
            }
    }

    fn read(&self, select: &Select) -> Vec<Record> {
        let fits = |row: &&Row| {
            self.chosen(row, select.after, &select.versions)
                && row.added > select.from
                && row.level <= select.clearance
                && select.only.as_ref().is_none_or(|only| {
                    only.from.is_none_or(|from| row.origin == Some(from)) && only.not_from.is_none_or(|not| row.origin != Some(not))
                })
                && select.ids.as_ref().is_none_or(|ids| ids.contains(&row.id))
                && select.types.as_ref().is_none_or(|types| types.iter().any(|t| t == row.id.type_name()))
        };
        let record = |row: &Row| {
            let Row { added, version, level, origin, object, .. } = row.clone();
            Record { added, id: row.id.to_string(), version, level, origin, object }
        };
        self.rows.iter().filter(fits).map(record).collect()
    }

    fn delete(&mut self, id: &StixId, versions: &Versions, for_good: bool) -> usize {
        let gone: Vec<Stamp> = self.rows.iter().filter(|row| row.id == *id && self.chosen(row, Stamp::ZERO, versions)).map(|row| row.added).collect();
        if for_good {
            self.deleted.extend(self.rows.iter().filter(|row| gone.contains(&row.added)).cloned());
        }
        self.rows.retain(|row| !gone.contains(&row.added));
        gone.len()
    }

    /// The stamp of the `n`th record, or one between the records, or one beyond them.
    fn position(&self, n: usize) -> Stamp {
        match n.checked_sub(1) {
            None => Stamp::ZERO,
            Some(at) => self.rows.get(at).map_or(Stamp(self.last.0 + 1), |row| row.added),
        }
    }
}

/// A store under test, beside the model of what it should be.
struct Pair<S> {
    store: S,
    shelves: [Shelf; 2],
    statuses: Vec<(Uuid, StatusRecord)>,
    /// The audit log: collections, and how many versions were stored or deleted in them.
    log: Vec<(Uuid, usize)>,
    envelopes: u128,
    now: Stamp,
}

/// Does `steps` to a fresh store and to the model, and compares whatever can be seen of both; panics where they differ.
pub fn check<S: Store>(open: impl FnOnce(&Runtime) -> S, reopen: impl Fn(&Runtime, S) -> S, steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut pair =
        Pair { store: open(&runtime), shelves: [Shelf::default(), Shelf::default()], statuses: Vec::new(), log: Vec::new(), envelopes: 0, now: NOW };
    runtime.block_on(pair.set_up());
    for step in steps {
        if matches!(step, Step::Reopen) {
            pair.store = reopen(&runtime, pair.store);
        } else {
            runtime.block_on(pair.take(step));
        }
    }
    runtime.block_on(pair.compare_all());
    pair.store = reopen(&runtime, pair.store);
    runtime.block_on(pair.compare_all());
}

impl<S: Store> Pair<S> {
    async fn set_up(&self) {
        let root = Edit::AddRoot(Root { slug: "feeds".into(), title: "Feeds".into(), description: None });
        self.store.edit(vec![root, add_collection(0), add_collection(1)], None).await.unwrap();
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Add(at, objects, clock) => self.add(*at, objects, *clock).await,
            Step::Delete(at, id, versions, for_good) => {
                let act = Act::of_program(Verb::Delete, self.now);
                let removal = if *for_good { Removal::ForGood { at: NOW, why: "wrong".into() } } else { Removal::Retired };
                let gone = self.store.delete(COLLECTIONS[*at], id, versions, removal, Some(act)).await.unwrap();
                assert_eq!(gone, self.shelves[*at].delete(id, versions, *for_good));
                self.expect_entry(*at, gone);
            }
            Step::Read(at, select, after, from) => {
                let after = self.shelves[*at].position(*after);
                let from = self.shelves[*at].position(*from).max(after);
                self.compare(*at, Select { after, from, ..select.clone() }).await;
            }
            Step::Empty(at) => {
                self.store.edit(vec![Edit::RemoveCollection(COLLECTIONS[*at]), add_collection(*at)], None).await.unwrap();
                self.shelves[*at] = Shelf::default();
            }
            Step::Sweep => {
                let before = self.statuses.len();
                self.statuses.retain(|(_, record)| record.expires > self.now);
                assert_eq!(self.store.sweep(self.now).await.unwrap(), before - self.statuses.len());
            }
            Step::Reopen => unreachable!("the runner reopens"),
        }
    }

    fn expect_entry(&mut self, at: usize, count: usize) {
        if count > 0 {
            self.log.push((COLLECTIONS[at], count));
        }
    }

    async fn add(&mut self, at: usize, objects: &[NewObject], clock: i64) {
        self.now = Stamp(self.now.0.saturating_add_signed(clock));
        let expected = self.shelves[at].add(objects, self.now);
        self.envelopes += 1;
        let id = Uuid::from_u128(self.envelopes);
        let expires = Stamp(self.now.0 + 1_000_000);
        let receipt = Receipt { id, root: "feeds".into(), owner: "ann".into(), refused: Vec::new(), told: usize::MAX, expires };
        let act = Act::of_program(Verb::Post, self.now);
        let (collection, now) = (COLLECTIONS[at], self.now);
        let addition = Addition { collection, objects: objects.to_vec(), now, receipt: Some(receipt.clone()), act: Some(act) };
        let added = self.store.add(addition).await.unwrap();
        assert_eq!(added.outcomes, expected);
        self.expect_entry(at, expected.iter().filter(|outcome| matches!(outcome, Outcome::Added(_))).count());
        self.statuses.push((id, receipt.settle(objects, &expected, self.now)));
        let newest = Versions::Some { first: false, last: true, at: Vec::new() };
        self.compare(at, Select { versions: newest, limit: 3, ..select() }).await;
    }

    /// Follows a selection to its end and compares every page.
    async fn compare(&self, at: usize, mut select: Select) {
        let expected = self.shelves[at].read(&select);
        assert_eq!(self.store.top(COLLECTIONS[at]).await.unwrap(), self.shelves[at].last);
        let behind = Behind { count: expected.len().min(select.limit), oldest: expected.first().map(|record| record.added) };
        assert_eq!(self.store.behind(COLLECTIONS[at], &select).await.unwrap(), behind, "{select:?}");
        let mut rest = &expected[..];
        loop {
            let (records, tail) = rest.split_at(fitting(rest, &select));
            let page = self.store.page(COLLECTIONS[at], &select).await.unwrap();
            assert_eq!(page.records, records, "{select:?}");
            assert_eq!(page.more, !tail.is_empty(), "{select:?}");
            // Twice: what was built for the first may serve the second.
            for _ in 0..2 {
                assert_text(&self.store.text(COLLECTIONS[at], &select).await.unwrap(), &page, &select);
            }
            let Some(last) = page.records.last().filter(|_| page.more) else { break };
            (select.from, rest) = (last.added, tail);
        }
    }

    async fn compare_all(&self) {
        for at in 0..2 {
            for versions in [Versions::All, Versions::LAST] {
                self.compare(at, Select { versions, ..select() }).await;
            }
        }
        let entries = self.store.trail(&trail()).await.unwrap();
        let told = entries.iter().map(|entry| (entry.collection.unwrap(), entry.stored.map_or(entry.deleted.len(), |stored| stored.count)));
        assert_eq!(told.collect::<Vec<_>>(), self.log);
        assert!(entries.is_sorted_by_key(|entry| entry.act.at));
        for (id, record) in &self.statuses {
            let expected = Some(record).filter(|record| record.expires > self.now);
            assert_eq!(self.store.status(*id, self.now).await.unwrap().as_ref(), expected);
        }
    }
}

/// The text of a page is its records, side by side.
fn assert_text(text: &Text, page: &Page, select: &Select) {
    let expected = Text::from(page.clone());
    let joined = |text: &Text| text.parts.join(&b',');
    assert_eq!(joined(text), joined(&expected), "{select:?}");
    let rest = |text: &Text| Text { parts: Vec::new(), ..text.clone() };
    assert_eq!(rest(text), rest(&expected), "{select:?}");
}

/// How many of `records` go on one page.
fn fitting(records: &[Record], select: &Select) -> usize {
    let mut octets = 0;
    let fits = |(at, record): &(usize, &Record)| {
        octets += record.object.len();
        *at == 0 || (*at < select.limit && octets <= select.octets)
    };
    records.iter().enumerate().take_while(fits).count()
}

fn add_collection(at: usize) -> Edit {
    Edit::AddCollection(Collection {
        id: COLLECTIONS[at],
        root: "feeds".into(),
        alias: None,
        title: format!("Number {at}"),
        description: None,
        public: false,
        decay: false,
        curated: None,
        ..Collection::default()
    })
}
