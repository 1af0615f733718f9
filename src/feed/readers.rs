//! Who could have seen an object, and who did.
//!
//! What a consumer was handed is kept as spans of the collection's order, each with when: so it costs a few words a poll and no list of objects. From
//! time to time it is written into the store, and read at the next start; after a kill the last seconds are missing. A version that was superseded
//! before a span was handed out was not in it.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Feed;
use super::access;
use crate::stix::id::{StixId, type_of};
use crate::stix::marking::Level;
use crate::store::directory::LinkKind;
use crate::store::only::Header;
use crate::store::paper::{Kind, Paper};
use crate::store::{Record, Select, StoreError, Versions};
use crate::taxii::stamp::{DAY, Stamp};

/// Spans of one consumer; beyond that, those that meet are joined.
const MOST_SPANS: usize = 256;
/// For how long it is remembered what a consumer was handed that comes no more.
const REMEMBERED: u64 = 400 * DAY;

/// A stretch of the order that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Behind this,
    pub after: Stamp,
    /// up to and including this.
    pub upto: Stamp,
    /// When it was handed out last.
    pub at: Stamp,
    /// Only objects of these types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    /// Whether all of it was handed out that the consumer may see; else a part, or only what it is about, in a list.
    #[serde(default)]
    pub whole: bool,
}

/// What a consumer was handed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    /// Which collection, as the consumer knows it.
    pub collection: Uuid,
    /// The user.
    pub user: String,
    /// How often it asked.
    pub polls: u64,
    /// How many objects it got.
    pub objects: u64,
    /// Of what, by when.
    pub spans: Vec<Span>,
    /// The server that handed it out; none is told where there is but one.
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    pub server: Uuid,
}

/// What a consumer was handed, and whether that was written down.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<(Handed, bool)>);

/// Who could have seen an object, and who did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Readers {
    /// For each version of the object, the latest first.
    pub versions: Vec<Version>,
}

/// A version of an object with its readers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// The version, as TAXII writes it.
    pub version: String,
    /// When it was added.
    pub date_added: String,
    /// How high it counts.
    pub level: Level,
    /// Users who may read it as things stand; `anonymous` for anybody.
    pub could: Vec<String>,
    /// Who was handed it.
    pub did: Vec<Reader>,
}

/// Who was handed a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// A user, or `link NAME`.
    pub who: String,
    /// When, at the latest.
    pub at: String,
    /// Whether that is certain: what was handed out in a list, in part, or after a later version had come, may not have held it.
    pub certain: bool,
}

impl Book {
    pub(super) fn of(handed: Handed) -> Self {
        Self(Mutex::new((handed, false)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Handed, bool)> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Counts a poll, and notes what it was handed.
    pub(super) fn note(&self, objects: usize, span: Option<Span>) {
        let mut book = self.lock();
        let (handed, changed) = &mut *book;
        *changed = true;
        handed.polls += 1;
        handed.objects += objects as u64;
        let Some(span) = span else { return };
        match handed
            .spans
            .iter_mut()
            .find(|its| its.after == span.after && its.upto == span.upto && its.types == span.types && its.whole == span.whole)
        {
            Some(again) => again.at = span.at,
            None => handed.spans.push(span),
        }
        if handed.spans.len() > MOST_SPANS {
            join(&mut handed.spans);
        }
    }

    /// What stands in it, as far as the counts go.
    pub(super) fn counts(&self) -> (u64, u64) {
        let book = self.lock();
        (book.0.polls, book.0.objects)
    }

    /// All of it, if it has changed since it was written down.
    fn changed(&self) -> Option<Handed> {
        let mut book = self.lock();
        std::mem::take(&mut book.1).then(|| book.0.clone())
    }

    fn read(&self) -> Handed {
        self.lock().0.clone()
    }
}

/// Joins spans of one kind that meet; if none do, the two oldest of a kind, of which is then only certain that they lie in between.
fn join(spans: &mut Vec<Span>) {
    spans.sort_by(|one, other| (&one.types, one.whole, one.after).cmp(&(&other.types, other.whole, other.after)));
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        match joined.last_mut() {
            Some(last) if last.types == span.types && last.whole == span.whole && last.upto >= span.after => {
                last.upto = last.upto.max(span.upto);
                last.at = last.at.max(span.at);
            }
            _ => joined.push(span),
        }
    }
    while joined.len() > MOST_SPANS {
        let second = joined.remove(1);
        if let Some(first) = joined.first_mut() {
            *first = Span {
                after: first.after.min(second.after),
                upto: first.upto.max(second.upto),
                at: first.at.max(second.at),
                types: None,
                whole: false,
            };
        }
    }
    *spans = joined;
}

impl Feed {
    /// Reads what consumers were handed before the start.
    pub async fn recall_handed(&self) -> Result<(), StoreError> {
        let own = self.all_handed().await?.into_iter().filter(|handed| handed.server == self.server);
        own.for_each(|handed| self.consumers.recall(handed));
        Ok(())
    }

    /// What consumers were handed, as all servers have written it down.
    async fn all_handed(&self) -> Result<Vec<Handed>, StoreError> {
        let papers = self.papers(Kind::Handed).await?;
        Ok(papers.iter().filter_map(|paper| serde_json::from_slice(&paper.text).ok()).collect())
    }

    /// What consumers were handed by other servers.
    pub(super) async fn handed_elsewhere(&self) -> Result<Vec<Handed>, StoreError> {
        if !self.is_shared() {
            return Ok(Vec::new());
        }
        Ok(self.all_handed().await?.into_iter().filter(|handed| handed.server != self.server).collect())
    }

    /// Writes down what consumers were handed since it was written down last.
    pub async fn keep_handed(&self) -> Result<(), StoreError> {
        for handed in self.consumers.books().into_iter().filter_map(|book| book.changed()) {
            let handed = Handed { server: self.server, ..handed };
            let text = serde_json::to_vec(&handed).map_err(|error| StoreError::Engine(format!("what {} was handed: {error}", handed.user)))?;
            let id = Uuid::new_v5(&handed.collection, handed.user.as_bytes());
            // Where there is but one server, its name changes nothing.
            let id = Uuid::from_u128(id.as_u128() ^ self.server.as_u128());
            let expires = Stamp(self.clock.now().0 + REMEMBERED);
            self.keep(Paper { kind: Kind::Handed, id, owner: handed.user, expires, text: text.into() }).await?;
        }
        Ok(())
    }

    /// Notes that somebody was handed a list of what a collection holds up to a place.
    pub fn listed(&self, reading: &access::Reading, upto: Stamp) {
        let Some(reader) = reading.reader.as_deref() else { return };
        let span = Span { after: Stamp::ZERO, upto, at: self.clock.now(), types: Some(vec!["indicator".into()]), whole: false };
        self.consumers.took(reader, reading.shown, span);
    }

    /// Who could have seen an object, and who did. For administrators.
    pub async fn readers(&self, collection: Uuid, id: &StixId) -> Result<Readers, StoreError> {
        let select = Select { ids: Some(vec![id.clone()]), ..Select::all(Versions::All, Level::Red) };
        let records = self.store.page(collection, &select).await?.records;
        let mut books: Vec<Handed> = self.consumers.books().iter().map(|book| book.read()).collect();
        books.extend(self.handed_elsewhere().await?);
        let mut versions = Vec::new();
        for (at, record) in records.iter().enumerate() {
            let superseded = records.get(at + 1).map(|next| next.added);
            let mut did: Vec<Reader> = books.iter().filter_map(|handed| self.was_handed(collection, handed, record, superseded)).collect();
            did.extend(self.was_sent(collection, record).await?);
            did.sort_by(|one, other| one.who.cmp(&other.who));
            let could = self.could_read(collection, record);
            versions.push(Version { version: record.version.clone(), date_added: record.added.to_string(), level: record.level, could, did });
        }
        versions.reverse();
        Ok(Readers { versions })
    }

    /// Who may read a version as things stand, in its collection or a view of it.
    fn could_read(&self, collection: Uuid, record: &Record) -> Vec<String> {
        let (directory, now) = (self.directory(), self.clock.now());
        let revoked = false;
        let admits = |reading: &access::Reading| {
            let header = Header { level: record.level, origin: record.origin, revoked };
            record.level <= reading.clearance
                && reading.types.as_ref().is_none_or(|types| types.iter().any(|name| name == type_of(&record.id)))
                && reading.only.as_ref().is_none_or(|only| only.admits(header, &record.object))
        };
        let places: Vec<_> = directory.collections.values().filter(|c| shows(c, collection)).collect();
        let of_user =
            |name: &String| places.iter().any(|place| access::reading(&directory, name, place, now).is_some_and(|reading| admits(&reading)));
        let anonymous = places.iter().any(|place| access::reading_of_anybody(&directory, place).is_some_and(|reading| admits(&reading)));
        let users = directory.users.keys().filter(|name| of_user(name)).cloned();
        anonymous.then(|| "anonymous".to_owned()).into_iter().chain(users).collect()
    }

    /// Whether a consumer was handed a version.
    fn was_handed(&self, collection: Uuid, handed: &Handed, record: &Record, superseded: Option<Stamp>) -> Option<Reader> {
        let directory = self.directory();
        let (_, place) = directory.collection(handed.collection)?;
        if !shows(place, collection) {
            return None;
        }
        let holds = |span: &&Span| {
            let of_type = span.types.as_ref().is_none_or(|types| types.iter().any(|name| name == type_of(&record.id)));
            record.added > span.after && record.added <= span.upto && of_type
        };
        let spans = handed.spans.iter().filter(holds).filter(|span| span.at >= record.added);
        let best = spans.max_by_key(|span| (span.whole, span.at))?;
        // A page of a view, or of what one has sent, holds only a part of what lies in its stretch.
        let certain = best.whole && superseded.is_none_or(|next| best.at < next) && place.view.is_none();
        Some(Reader { who: handed.user.clone(), at: best.at.to_string(), certain })
    }

    /// The links through which a version went.
    async fn was_sent(&self, collection: Uuid, record: &Record) -> Result<Vec<Reader>, StoreError> {
        let directory = self.directory();
        let mut sent = Vec::new();
        for link in directory.links.values().filter(|link| link.kind != LinkKind::Pull) {
            let here = directory.collection(link.collection).is_some_and(|(_, place)| shows(place, collection));
            let paper = if here { self.paper(Kind::Link, link.id).await? } else { None };
            let position = paper.and_then(|paper| serde_json::from_slice::<Sent>(&paper.text).ok());
            let Some(Sent { position, done }) = position.filter(|sent| sent.position >= record.added) else { continue };
            if record.level <= link.clearance
                && record.origin.is_none_or(|origin| directory.partners.values().all(|p| p.id != origin || Some(&p.name) != link.partner.as_ref()))
            {
                sent.push(Reader { who: format!("link {}", link.name), at: done.max(position).to_string(), certain: false });
            }
        }
        Ok(sent)
    }
}

/// What of the state of a link is asked.
#[derive(Deserialize)]
struct Sent {
    position: Stamp,
    done: Stamp,
}

/// Whether a collection is another one, or a view of it.
fn shows(place: &crate::store::directory::Collection, collection: Uuid) -> bool {
    place.id == collection || place.view.as_ref().is_some_and(|view| view.of == collection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(after: u64, upto: u64, at: u64) -> Span {
        Span { after: Stamp(after), upto: Stamp(upto), at: Stamp(at), types: None, whole: true }
    }

    #[test]
    fn spans_that_meet_are_joined_when_there_are_too_many() {
        let book = Book::default();
        for n in 0..=MOST_SPANS as u64 {
            book.note(1, Some(span(n, n + 1, n)));
        }
        let handed = book.read();
        assert_eq!(handed.spans, [span(0, MOST_SPANS as u64 + 1, MOST_SPANS as u64)]);
        assert_eq!(book.counts(), (MOST_SPANS as u64 + 1, MOST_SPANS as u64 + 1));
        assert!(book.changed().is_some() && book.changed().is_none());
    }

    #[test]
    fn spans_that_do_not_meet_become_uncertain_before_they_are_lost() {
        let book = Book::default();
        for n in 0..=MOST_SPANS as u64 {
            book.note(1, Some(span(10 * n, 10 * n + 1, n)));
        }
        let handed = book.read();
        assert_eq!(handed.spans.len(), MOST_SPANS);
        assert_eq!(handed.spans[0], Span { whole: false, ..span(0, 11, 1) });
    }
}
