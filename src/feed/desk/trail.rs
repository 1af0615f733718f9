//! The audit log as people read it: filtered, and with what was before and after.

use serde::Serialize;
use uuid::Uuid;

use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::{Entry, Stored, Trail, Verb};
use crate::store::{Record, Select, Versions};
use crate::taxii::stamp::Stamp;

/// Entries that are read at once.
const CHUNK: usize = 500;
/// Entries that are looked at for one answer; who wants more goes on from where it ended.
const MOST: usize = 100_000;
/// How long before a version was added its entry may stand in the log, in microseconds: the clock is read before the write waits its turn.
const BEFORE: u64 = 60_000_000;

/// Which entries somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this user.
    pub who: Option<String>,
    /// Of this verb.
    pub verb: Option<Verb>,
    /// About this collection.
    pub collection: Option<Uuid>,
    /// Of this import.
    pub import: Option<Uuid>,
    /// Later than this.
    pub after: Stamp,
    /// About this thing.
    pub about: Option<About>,
}

/// A thing that entries may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An object: its id, and the versions of it that there are, by collection and stamp.
    Object(StixId, Vec<(Uuid, Stamp)>),
    /// Something in the directory, by a part of what it is called; or a note that says this.
    Words(String),
}

/// A page of the log, the latest first.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pages {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; none if this is the last.
    pub next: Option<Stamp>,
}

/// A version that was written, with the one before it.
#[derive(Debug, Clone)]
pub struct Written {
    /// The object.
    pub id: String,
    /// As it was; none if it is new.
    pub before: Option<Record>,
    /// As it was written.
    pub after: Record,
}

impl Feed {
    /// The entries that are wanted, the latest first, from those before `before` on.
    pub async fn audit(&self, wanted: &Wanted, before: Stamp, limit: usize) -> Result<Pages, FeedError> {
        let mut trail = Trail { after: wanted.after, before, latest_first: true, limit: CHUNK };
        let (mut pages, mut seen) = (Pages::default(), 0);
        loop {
            let entries = self.store.trail(&trail).await?;
            let (full, last) = (entries.len() == CHUNK, entries.last().map(|entry| entry.act.at));
            seen += entries.len();
            for entry in entries.into_iter().filter(|entry| wanted.covers(entry)) {
                if pages.entries.len() == limit {
                    pages.next = pages.entries.last().map(|entry| entry.act.at);
                    return Ok(pages);
                }
                pages.entries.push(entry);
            }
            match last {
                Some(last) if full && seen < MOST => trail.before = last,
                Some(last) if full => {
                    pages.next = Some(last);
                    return Ok(pages);
                }
                _ => return Ok(pages),
            }
        }
    }

    /// Entries in the order in which they were written, after `after`: the log as it is exported.
    pub async fn audit_onward(&self, after: Stamp, limit: usize) -> Result<Vec<Entry>, FeedError> {
        Ok(self.store.trail(&Trail { after, before: Stamp::END, latest_first: false, limit }).await?)
    }

    /// The entry at a time.
    pub async fn audit_entry(&self, at: Stamp) -> Result<Option<Entry>, FeedError> {
        let trail = Trail { after: Stamp(at.0.saturating_sub(1)), before: Stamp(at.0.saturating_add(1)), latest_first: false, limit: 1 };
        Ok(self.store.trail(&trail).await?.pop())
    }

    /// The entry of the write that has stored a version.
    pub async fn entry_of(&self, collection: Uuid, added: Stamp) -> Result<Option<Entry>, FeedError> {
        let mut trail = Trail { after: Stamp(added.0.saturating_sub(BEFORE)), before: Stamp(added.0 + 1_000), latest_first: true, limit: CHUNK };
        for _ in 0..MOST / CHUNK {
            let entries = self.store.trail(&trail).await?;
            let covers = |entry: &&Entry| entry.collection == Some(collection) && entry.stored.is_some_and(|s| s.first <= added && added <= s.last);
            if let Some(found) = entries.iter().find(covers) {
                return Ok(Some(found.clone()));
            }
            match entries.last() {
                Some(last) if entries.len() == CHUNK => trail.before = last.act.at,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The versions that one write stored, at most so many, as far as the reader may see them and they are still there.
    pub(super) async fn stored(&self, reading: &Reading, stored: Stored, most: usize) -> Result<Vec<Record>, FeedError> {
        let (from, limit) = (Stamp(stored.first.0.saturating_sub(1)), stored.count.min(most).max(1));
        let select = Select { from, limit, ..Select::all(Versions::All, reading.clearance) };
        let page = self.store.page(reading.collection, &select).await?;
        Ok(page.records.into_iter().take_while(|record| record.added <= stored.last).collect())
    }

    /// The versions that one write stored, at most so many, with what was before; as far as the reader may see them and they are still there.
    pub async fn written_by(&self, reading: &Reading, stored: Stored, most: usize) -> Result<Vec<Written>, FeedError> {
        let records = self.stored(reading, stored, most).await?;
        let ids = records.iter().filter_map(|record| StixId::parse(&record.id).ok()).collect();
        let history = self.records(reading, ids, Versions::All).await?;
        let written = records.into_iter().map(|after| {
            let bound = Instant::parse(&after.version).ok();
            let earlier = history.iter().filter(|other| other.id == after.id && Instant::parse(&other.version).ok() < bound);
            let before = earlier.max_by_key(|other| Instant::parse(&other.version).ok()).cloned();
            Written { id: after.id.clone(), before, after }
        });
        Ok(written.collect())
    }
}

impl Wanted {
    fn covers(&self, entry: &Entry) -> bool {
        self.who.as_ref().is_none_or(|who| *who == entry.act.who)
            && self.verb.is_none_or(|verb| verb == entry.act.verb)
            && self.collection.is_none_or(|collection| entry.collection == Some(collection))
            && self.import.is_none_or(|import| entry.act.import == Some(import))
            && self.about.as_ref().is_none_or(|about| about.is_of(entry))
    }
}

impl About {
    fn is_of(&self, entry: &Entry) -> bool {
        match self {
            Self::Object(id, versions) => {
                let wrote = |(collection, added): &(Uuid, Stamp)| {
                    entry.collection == Some(*collection) && entry.stored.is_some_and(|stored| stored.first <= *added && *added <= stored.last)
                };
                entry.deleted.iter().any(|deleted| deleted.id == id.as_str()) || versions.iter().any(wrote)
            }
            Self::Words(words) => {
                let words = words.to_lowercase();
                let has = |text: &str| text.to_lowercase().contains(&words);
                entry.changed.iter().any(|changed| has(&changed.what)) || entry.act.note.as_deref().is_some_and(has)
            }
        }
    }
}
