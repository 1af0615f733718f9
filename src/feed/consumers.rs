//! Who has got how far: for each user and collection the last poll, the position it has reached, and how much it has not got.
//!
//! Kept in memory and for users only; the anonymous are nobody in particular. What is noted of a poll are three words in the
//! consumer's own place, so that polls wait neither for each other nor for who looks on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use uuid::Uuid;

use super::Feed;
use super::access::{self, Reading};
use super::read::Content;
use super::readers::{Book, Handed, Span};
use crate::stix::marking::Level;
use crate::store::{Behind, Select, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// How many consumers are remembered; beyond that, the one that has not polled for longest is forgotten.
pub const MOST_REMEMBERED: usize = 10_000;
/// Objects that a consumer has not got are counted up to so many.
pub const MOST_COUNTED: usize = 10_000;
/// Objects that are counted for all consumers together in one look; when they are used up, the rest is told only whether it lags and since when.
const MOST_COUNTED_AT_ONCE: usize = 1_000_000;

/// A consumer as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The user.
    pub user: String,
    /// The slug of the collection's root.
    pub root: String,
    /// The collection's alias, or its id if it has none.
    pub collection: String,
    /// When it last asked for a page.
    pub polled: Stamp,
    /// The date added of the last object that it was handed, or from which it asked on in vain.
    pub position: Stamp,
    /// How many objects it has not got, up to [`MOST_COUNTED`].
    pub objects: usize,
    /// For how long the first of these has been there; zero if there are none.
    pub lag: Duration,
    /// How often it asked.
    pub polls: u64,
    /// How many objects it was handed.
    pub handed: u64,
    /// How many of its requests failed since the start.
    pub errors: u64,
    /// The status of the last of these.
    pub last_error: Option<u16>,
    /// Why its last question found nothing, if there is something behind its position that it is not shown.
    pub hidden: Option<&'static str>,
}

/// Everybody who polls: by collection, then by the user's name.
type Everybody = HashMap<Uuid, HashMap<String, Arc<Consumer>>>;

/// The consumers that are remembered.
#[derive(Debug, Default)]
pub(super) struct Consumers(ArcSwap<Everybody>);

/// What is remembered of one. The parts change one by one: who looks on in that moment may see a position before its time.
#[derive(Debug)]
struct Consumer {
    polled: AtomicU64,
    position: AtomicU64,
    /// How many of its requests failed, and the status of the last.
    errors: AtomicU64,
    last_error: AtomicU16,
    /// What it asks for; hardly ever changes.
    wants: ArcSwap<Wants>,
    /// What it was handed.
    book: Arc<Book>,
}

/// What a consumer asks for besides its position, which decides what it lags behind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wants {
    types: Option<Vec<String>>,
    versions: Versions,
}

/// What is told about a poll.
struct Poll<'a> {
    reader: &'a str,
    collection: Uuid,
    at: Stamp,
    position: Stamp,
    select: &'a Select,
    /// How many objects the page holds, and their stretch of the order.
    objects: usize,
    span: Option<Span>,
}

impl Consumers {
    fn polled(&self, poll: &Poll<'_>) {
        match self.0.load().get(&poll.collection).and_then(|of| of.get(poll.reader)) {
            Some(consumer) => consumer.note(poll),
            None => self.remember(poll),
        }
    }

    /// Takes a new consumer up. Costs a copy of the table, which is paid once for each.
    fn remember(&self, poll: &Poll<'_>) {
        let fresh = Consumer::new(poll);
        fresh.book.note(poll.objects, poll.span.clone());
        self.insert(poll.collection, poll.reader, &Arc::new(fresh));
    }

    fn insert(&self, collection: Uuid, reader: &str, fresh: &Arc<Consumer>) {
        self.0.rcu(|all| {
            let mut all = Everybody::clone(all);
            if all.values().map(HashMap::len).sum::<usize>() >= MOST_REMEMBERED {
                forget_one(&mut all);
            }
            all.entry(collection).or_default().insert(reader.to_owned(), fresh.clone());
            all
        });
    }

    /// Takes up what a consumer was handed before the start.
    pub(super) fn recall(&self, handed: Handed) {
        let (collection, user) = (handed.collection, handed.user.clone());
        self.insert(collection, &user, &Arc::new(Consumer::recalled(handed)));
    }

    /// All consumers with how often each asked and how much it was handed, here and as others have written down.
    fn everywhere(&self, elsewhere: Vec<Handed>) -> BTreeMap<(Uuid, String), (Arc<Consumer>, u64, u64)> {
        let mut all = BTreeMap::new();
        for (collection, of) in &*self.0.load_full() {
            for (user, consumer) in of {
                let (polls, handed) = consumer.book.counts();
                all.insert((*collection, user.clone()), (consumer.clone(), polls, handed));
            }
        }
        for handed in elsewhere {
            let (polls, objects, key) = (handed.polls, handed.objects, (handed.collection, handed.user.clone()));
            let other = Arc::new(Consumer::recalled(handed));
            let (consumer, all_polls, all_objects) = all.entry(key).or_insert((other.clone(), 0, 0));
            (*all_polls, *all_objects) = (*all_polls + polls, *all_objects + objects);
            // Where it asked last it stands.
            if other.polled.load(Ordering::Relaxed) > consumer.polled.load(Ordering::Relaxed) {
                *consumer = other;
            }
        }
        all
    }

    /// Notes what somebody took that is no poll.
    pub(super) fn took(&self, reader: &str, collection: Uuid, span: Span) {
        let select = Select { ids: Some(Vec::new()), ..Select::all(Versions::LAST, Level::Red) };
        self.polled(&Poll { reader, collection, at: Stamp::ZERO, position: Stamp::ZERO, select: &select, objects: 0, span: Some(span) });
    }

    /// Notes that a request failed.
    fn failed(&self, reader: &str, collection: Uuid, status: u16, at: Stamp) {
        let note = |consumer: &Consumer| {
            consumer.errors.fetch_add(1, Ordering::Relaxed);
            consumer.last_error.store(status, Ordering::Relaxed);
        };
        let known = self.0.load().get(&collection).and_then(|of| of.get(reader)).cloned();
        if let Some(consumer) = known {
            return note(&consumer);
        }
        let select = Select::all(Versions::LAST, Level::Red);
        let fresh = Consumer::new(&Poll { reader, collection, at, position: Stamp::ZERO, select: &select, objects: 0, span: None });
        note(&fresh);
        self.insert(collection, reader, &Arc::new(fresh));
    }

    /// What each was handed.
    pub(super) fn books(&self) -> Vec<Arc<Book>> {
        self.0.load().values().flat_map(HashMap::values).map(|consumer| consumer.book.clone()).collect()
    }
}

/// Forgets the consumer that has not polled for longest.
fn forget_one(all: &mut Everybody) {
    let polled = |consumer: &Consumer| consumer.polled.load(Ordering::Relaxed);
    let everyone = all.iter().flat_map(|(collection, of)| of.iter().map(move |(user, consumer)| (polled(consumer), *collection, user)));
    let Some((_, collection, user)) = everyone.min().map(|(at, collection, user)| (at, collection, user.clone())) else { return };
    if let Some(of) = all.get_mut(&collection) {
        of.remove(&user);
        if of.is_empty() {
            all.remove(&collection);
        }
    }
}

impl Consumer {
    fn new(poll: &Poll<'_>) -> Self {
        let book = Book::of(Handed { collection: poll.collection, user: poll.reader.to_owned(), ..Handed::default() });
        let wants = Wants { types: poll.select.types.clone(), versions: poll.select.versions.clone() };
        Self {
            polled: AtomicU64::new(poll.at.0),
            position: AtomicU64::new(poll.position.0),
            errors: AtomicU64::new(0),
            last_error: AtomicU16::new(0),
            wants: ArcSwap::from_pointee(wants),
            book: Arc::new(book),
        }
    }

    /// A consumer as far as what it was handed tells of it.
    fn recalled(handed: Handed) -> Self {
        let (collection, user) = (handed.collection, handed.user.clone());
        let last = handed.spans.iter().filter(|span| span.whole).max_by_key(|span| span.at);
        let (at, position) = last.map(|span| (span.at, span.upto)).unwrap_or_default();
        let select = Select::all(Versions::LAST, Level::Red);
        let poll = Poll { reader: &user, collection, at, position, select: &select, objects: 0, span: None };
        Self { book: Arc::new(Book::of(handed)), ..Self::new(&poll) }
    }

    fn note(&self, poll: &Poll<'_>) {
        self.book.note(poll.objects, poll.span.clone());
        if poll.select.ids.is_some() {
            return;
        }
        self.polled.store(poll.at.0, Ordering::Relaxed);
        self.position.store(poll.position.0, Ordering::Relaxed);
        let same = {
            let wants = self.wants.load();
            wants.types == poll.select.types && wants.versions == poll.select.versions
        };
        if !same {
            self.wants.store(Arc::new(Wants { types: poll.select.types.clone(), versions: poll.select.versions.clone() }));
        }
    }

    /// The selection of what it has not got, as far as it may be shown it.
    fn rest(&self, reading: &Reading, most: usize) -> Select {
        let position = Stamp(self.position.load(Ordering::Relaxed));
        let wants = self.wants.load();
        Select {
            after: position,
            from: position,
            limit: most,
            octets: usize::MAX,
            ids: None,
            types: wants.types.clone(),
            versions: wants.versions.clone(),
            clearance: reading.clearance,
            only: reading.only.clone(),
        }
    }
}

impl Feed {
    /// Notes a page that is about to be handed out: what it holds, and that its reader has come so far.
    ///
    /// Who asks for single objects by their ids follows nothing.
    pub(super) fn handed(&self, reading: &Reading, select: &Select, page: &impl Content) {
        self.counts.page(page);
        let Some(reader) = reading.reader.as_deref() else { return };
        let (position, at) = (page.dates().map_or(select.from, |(_, last)| last), self.clock.now());
        let (objects, _) = page.size();
        let span = page.dates().map(|(first, upto)| {
            // Between objects that were asked for by their ids lie others.
            let after = if select.ids.is_some() { Stamp(first.0.saturating_sub(1)) } else { select.from };
            Span { after, upto, at, types: select.types.clone(), whole: select.ids.is_none() || objects == 1 }
        });
        self.consumers.polled(&Poll { reader, collection: reading.shown, at, position, select, objects, span });
    }

    /// Notes that a request of somebody about a collection failed.
    pub fn failed(&self, reader: &str, collection: Uuid, status: u16) {
        // It may have been removed meanwhile.
        if self.directory().collection(collection).is_some() {
            self.consumers.failed(reader, collection, status, self.clock.now());
        }
    }

    /// All consumers that may still read what they poll, by collection and user, with what they have not got.
    pub async fn consumers(&self) -> Result<Vec<Standing>, StoreError> {
        let (directory, now) = (self.directory(), self.clock.now());
        let mut left = MOST_COUNTED_AT_ONCE;
        let mut standings = Vec::new();
        for ((id, user), (consumer, polls, handed)) in self.consumers.everywhere(self.handed_elsewhere().await?) {
            let Some((_, collection)) = directory.collection(id) else { continue };
            // Who took lists only follows nothing.
            if consumer.polled.load(Ordering::Relaxed) > 0 {
                let Some(reading) = access::reading(&directory, &user, collection, now) else { continue };
                let select = consumer.rest(&reading, left.clamp(1, MOST_COUNTED));
                let Some(behind) = self.behind(reading.collection, &select).await? else { continue };
                left = left.saturating_sub(behind.count);
                let hidden = if behind.count == 0 { self.why_empty(&reading, &select).await? } else { None };
                standings.push(Standing {
                    user,
                    root: collection.root.clone(),
                    collection: collection.name(),
                    polled: Stamp(consumer.polled.load(Ordering::Relaxed)),
                    position: select.from,
                    objects: behind.count,
                    lag: behind.oldest.map_or(Duration::ZERO, |oldest| Duration::from_micros(now.0.saturating_sub(oldest.0))),
                    polls,
                    handed,
                    errors: consumer.errors.load(Ordering::Relaxed),
                    last_error: Some(consumer.last_error.load(Ordering::Relaxed)).filter(|status| *status > 0),
                    hidden,
                });
            }
        }
        standings.sort_by(|a, b| (&a.root, &a.collection, &a.user).cmp(&(&b.root, &b.collection, &b.user)));
        Ok(standings)
    }

    /// Why there is nothing for a reader behind its position although there is something.
    async fn why_empty(&self, reading: &Reading, select: &Select) -> Result<Option<&'static str>, StoreError> {
        let all = Select { limit: 1, types: None, only: None, clearance: Level::Red, ..select.clone() };
        let there_is = async |select: Select| Ok::<bool, StoreError>(self.behind(reading.collection, &select).await?.is_some_and(|b| b.count > 0));
        if !there_is(all.clone()).await? {
            return Ok(None);
        }
        if !there_is(Select { clearance: reading.clearance, ..all.clone() }).await? {
            return Ok(Some("what is new is above its clearance"));
        }
        if !there_is(Select { clearance: reading.clearance, only: reading.only.clone(), ..all }).await? {
            return Ok(Some("what is new is not in its view"));
        }
        Ok(Some("what is new is of other types than it asks for"))
    }

    /// `None` if the collection was removed a moment ago.
    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Option<Behind>, StoreError> {
        match self.store.behind(collection, select).await {
            Ok(behind) => Ok(Some(behind)),
            Err(StoreError::NoCollection(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract;

    const HERE: Uuid = Uuid::from_u128(1);

    fn poll(consumers: &Consumers, reader: &str, at: u64, position: u64, select: &Select) {
        consumers.polled(&Poll { reader, collection: HERE, at: Stamp(at), position: Stamp(position), select, objects: 0, span: None });
    }

    fn of(consumers: &Consumers, reader: &str) -> Option<(u64, u64)> {
        let all = consumers.0.load();
        let consumer = all.get(&HERE)?.get(reader)?;
        Some((consumer.polled.load(Ordering::Relaxed), consumer.position.load(Ordering::Relaxed)))
    }

    #[test]
    fn a_later_poll_takes_the_place_of_an_earlier_one() {
        let consumers = Consumers::default();
        poll(&consumers, "ann", 10, 5, &contract::select());
        poll(&consumers, "bob", 11, 6, &contract::select());
        let types = Some(vec!["indicator".to_owned()]);
        poll(&consumers, "ann", 20, 3, &Select { types: types.clone(), ..contract::select() });
        assert_eq!((of(&consumers, "ann"), of(&consumers, "bob")), (Some((20, 3)), Some((11, 6))));
        assert_eq!(consumers.0.load()[&HERE]["ann"].wants.load().types, types);
    }

    #[test]
    fn of_too_many_the_one_that_was_away_for_longest_is_forgotten() {
        let mut all = Everybody::default();
        let select = contract::select();
        let named = |n: usize| format!("user-{n}");
        for n in 0..MOST_REMEMBERED {
            let poll =
                Poll { reader: "", collection: HERE, at: Stamp(100 + n as u64), position: Stamp::ZERO, select: &select, objects: 0, span: None };
            all.entry(HERE).or_default().insert(named(n), Arc::new(Consumer::new(&poll)));
        }
        let consumers = Consumers(ArcSwap::from_pointee(all));
        poll(&consumers, &named(0), 90_000, 0, &select);
        poll(&consumers, "late", 90_001, 0, &select);
        assert_eq!(consumers.0.load()[&HERE].len(), MOST_REMEMBERED);
        assert!(of(&consumers, &named(0)).is_some() && of(&consumers, &named(1)).is_none() && of(&consumers, "late").is_some());
    }
}
