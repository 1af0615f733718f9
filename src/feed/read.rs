//! Reading: a query and a leave to read become one page.

use bytes::Bytes;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::Feed;
use super::access::{self, Denied, Principal, Reading};
use super::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::Act;
use crate::store::text::{self, Text};
use crate::store::{Page, Record, Removal, Select, Store, StoreError, Versions};
use crate::taxii::cursor::Cursor;
use crate::taxii::query::{Choice, Filter, Query, QueryError};
use crate::taxii::resource::Status;
use crate::taxii::stamp::{DAY, Stamp};

/// A page with what the door says about it: its records, or the text of its objects.
#[derive(Debug, Clone, Default)]
pub struct Answer<C> {
    /// What was found, ascending by date added.
    pub content: C,
    /// Where the next page begins, if there is more.
    pub next: Option<String>,
    /// The dates added of the first and the last record; on an empty page the request's `added_after` (T-032, Q6).
    pub dates: Option<(Stamp, Stamp)>,
}

/// What every page knows of itself.
pub trait Content: Default {
    /// Reads it.
    fn read(store: &dyn Store, collection: Uuid, select: &Select) -> impl Future<Output = Result<Self, StoreError>> + Send;
    /// The dates added of the first and the last record.
    fn dates(&self) -> Option<(Stamp, Stamp)>;
    /// How many objects it is of, and their octets.
    fn size(&self) -> (usize, usize);
    /// Whether there is more behind the last.
    fn has_more(&self) -> bool;
    /// With the collection it names the content, whenever and wherever that is read.
    fn digest(&self) -> u128;
}

impl Content for Page {
    async fn read(store: &dyn Store, collection: Uuid, select: &Select) -> Result<Self, StoreError> {
        store.page(collection, select).await
    }

    fn dates(&self) -> Option<(Stamp, Stamp)> {
        self.dates()
    }

    fn size(&self) -> (usize, usize) {
        (self.records.len(), self.records.iter().map(|record| record.object.len()).sum())
    }

    fn has_more(&self) -> bool {
        self.more
    }

    fn digest(&self) -> u128 {
        text::digest(self.records.iter().map(|record| record.added))
    }
}

impl Content for Text {
    async fn read(store: &dyn Store, collection: Uuid, select: &Select) -> Result<Self, StoreError> {
        store.text(collection, select).await
    }

    fn dates(&self) -> Option<(Stamp, Stamp)> {
        self.dates
    }

    fn size(&self) -> (usize, usize) {
        (self.count, self.parts.iter().map(Bytes::len).sum())
    }

    fn has_more(&self) -> bool {
        self.more
    }

    fn digest(&self) -> u128 {
        self.digest
    }
}

/// A query with its cursor taken into account.
struct Asked {
    after: Stamp,
    from: Stamp,
    filter: Filter,
}

impl Feed {
    /// A page of a collection: the text of its objects, or the records of its manifest.
    pub async fn page<C: Content>(&self, reading: &Reading, query: &Query) -> Result<Answer<C>, FeedError> {
        self.answer(reading, query, query.filter.clone().unwrap_or_default()).await
    }

    /// The versions of one object that the query chooses; [`Denied::Hidden`] if the caller knows no such object (T-156).
    pub async fn object(&self, reading: &Reading, id: &str, query: &Query) -> Result<Answer<Page>, FeedError> {
        let own = Filter { id: Some(vec![id.to_owned()]), ..query.filter.clone().unwrap_or_default() };
        let answer: Answer<Page> = self.answer(reading, query, own).await?;
        if answer.content.records.is_empty() && !self.knows(reading, id).await? {
            return Err(Denied::Hidden.into());
        }
        Ok(answer)
    }

    /// All versions of one object (T-171).
    pub async fn versions(&self, reading: &Reading, id: &str, query: &Query) -> Result<Answer<Page>, FeedError> {
        let filter = Filter { version: Some(vec!["all".into()]), ..query.filter.clone().unwrap_or_default() };
        self.object(reading, id, &Query { filter: Some(filter), ..query.clone() }).await
    }

    /// Deletes the versions of one object that the query chooses, by default all (T-164), as far as the caller may see them;
    /// [`Denied::Hidden`] if there are none (T-163, T-165).
    pub async fn delete(&self, reading: &Reading, id: &str, query: &Query, removal: Removal, act: Act) -> Result<(), FeedError> {
        let filter = query.filter.clone().unwrap_or_default();
        let versions = choose(&filter, Versions::All)?;
        let id = StixId::parse(id).map_err(|_| Denied::Hidden)?;
        if !filter.wants_stored_spec_version() {
            return Err(Denied::Hidden.into());
        }
        let seen = self.find(reading, id.clone(), versions, usize::MAX).await?;
        let at = seen.iter().filter_map(|record| Instant::parse(&record.version).ok()).collect();
        match self.remove(reading.collection, id, Versions::Some { first: false, last: false, at }, removal, act).await? {
            0 => Err(Denied::Hidden.into()),
            _ => Ok(()),
        }
    }

    /// The status of a request that this caller made.
    pub async fn status(&self, principal: &Principal, root: &str, id: &str) -> Result<Status, FeedError> {
        // Of the forms that the parser knows only the hyphenated one is an identifier (T-119).
        let id = Uuid::parse_str(id).ok().filter(|_| id.len() == Hyphenated::LENGTH).ok_or(Denied::Hidden)?;
        let record = self.store.status(id, self.clock.now()).await?.ok_or(Denied::Hidden)?;
        access::status(principal, root, &record)?;
        Ok(record.status)
    }

    /// Whether the caller may see any version of an object.
    async fn knows(&self, reading: &Reading, id: &str) -> Result<bool, FeedError> {
        let Ok(id) = StixId::parse(id) else { return Ok(false) };
        Ok(!self.find(reading, id, Versions::All, 1).await?.is_empty())
    }

    /// The versions of one object that the caller may see, at most so many.
    async fn find(&self, reading: &Reading, id: StixId, versions: Versions, most: usize) -> Result<Vec<Record>, FeedError> {
        let select = Select { limit: most, ids: Some(vec![id]), ..reading.select(versions) };
        Ok(self.store.page(reading.collection, &select).await?.records)
    }

    async fn answer<C: Content>(&self, reading: &Reading, query: &Query, own: Filter) -> Result<Answer<C>, FeedError> {
        let asked = resume(reading.shown, query, own);
        let found = match self.select(reading, query, &asked)? {
            Some(select) => {
                let found = C::read(&*self.store, reading.collection, &select).await?;
                self.handed(reading, &select, &found);
                found
            }
            None => C::default(),
        };
        Ok(asked.answer(reading.shown, query, found))
    }

    /// Behind which place a reader begins that is shown what is no older than some days.
    pub(super) fn begin(&self, reading: &Reading) -> Stamp {
        let age = reading.max_age_days.map(|days| u64::from(days) * DAY);
        age.map_or(Stamp::ZERO, |age| Stamp(self.clock.now().0.saturating_sub(age)))
    }

    /// What to ask the store; `None` if nothing stored can match.
    fn select(&self, reading: &Reading, query: &Query, asked: &Asked) -> Result<Option<Select>, QueryError> {
        let Asked { after, from, filter } = asked;
        // An id that no stored object can have adds nothing (T-063, T-064).
        let ids: Option<Vec<StixId>> = filter.id.as_ref().map(|ids| ids.iter().filter_map(|id| StixId::parse(id).ok()).collect());
        if !filter.wants_stored_spec_version() || ids.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        let limit = query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(self.options.page_default);
        let types = match (&filter.types, &reading.types) {
            (Some(asked), Some(shown)) => Some(asked.iter().filter(|name| shown.contains(name)).cloned().collect()),
            (asked, shown) => asked.clone().or_else(|| shown.clone()),
        };
        Ok(Some(Select {
            after: *after,
            from: (*from).max(self.begin(reading)),
            limit: limit.min(self.options.page_max),
            octets: self.options.page_octets,
            ids,
            types,
            versions: choose(filter, Versions::LAST)?,
            clearance: reading.clearance,
            only: reading.only.clone(),
        }))
    }
}

impl Asked {
    /// What was found, with where it goes on.
    fn answer<C: Content>(self, collection: Uuid, query: &Query, content: C) -> Answer<C> {
        let dates = content.dates();
        let Self { after, filter, .. } = self;
        let next = dates.filter(|_| content.has_more()).map(|(_, last)| Cursor { collection, after, position: last, filter }.write());
        Answer { next, dates: dates.or(query.added_after.map(|after| (after, after))), content }
    }
}

/// Joins a request with its cursor (Q1 to Q3, T-053, T-054).
///
/// A cursor of another collection or another filter is passed over. Without `match` fields the cursor's own are taken.
/// `added_after` is joined with what the cursor remembers: the later of the two holds.
fn resume(collection: Uuid, query: &Query, own: Filter) -> Asked {
    let added_after = query.added_after.unwrap_or_default();
    let fits = |cursor: &&Cursor| {
        let same_filter = if query.filter.is_some() { cursor.filter == own } else { own.id.is_none() || cursor.filter.id == own.id };
        cursor.collection == collection && same_filter
    };
    match query.next.as_ref().filter(fits) {
        None => Asked { after: added_after, from: added_after, filter: own },
        Some(cursor) => {
            let after = added_after.max(cursor.after);
            Asked { after, from: after.max(cursor.position), filter: cursor.filter.clone() }
        }
    }
}

fn choose(filter: &Filter, default: Versions) -> Result<Versions, QueryError> {
    Ok(match filter.choice()? {
        None => default,
        Some(Choice::All) => Versions::All,
        Some(Choice::Union { first, last, at }) => Versions::Some { first, last, at },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Uuid = Uuid::from_u128(1);

    fn types(names: &[&str]) -> Filter {
        Filter { types: Some(names.iter().map(ToString::to_string).collect()), ..Filter::default() }
    }

    fn cursor(filter: Filter) -> Cursor {
        Cursor { collection: HERE, after: Stamp(10), position: Stamp(50), filter }
    }

    fn ask(query: &Query) -> (u64, u64, Filter) {
        let Asked { after, from, filter } = resume(HERE, query, query.filter.clone().unwrap_or_default());
        (after.0, from.0, filter)
    }

    #[test]
    fn q1_a_cursor_works_without_the_parameters_it_came_from() {
        let query = Query { next: Some(cursor(types(&["indicator"]))), ..Query::default() };
        assert_eq!(ask(&query), (10, 50, types(&["indicator"])));
    }

    #[test]
    fn q2_and_with_them() {
        let query =
            Query { next: Some(cursor(types(&["indicator"]))), added_after: Some(Stamp(10)), filter: Some(types(&["indicator"])), limit: Some(1) };
        assert_eq!(ask(&query), (10, 50, types(&["indicator"])));
    }

    #[test]
    fn q3_a_stale_cursor_is_joined_with_a_newer_added_after() {
        let query = Query { next: Some(cursor(Filter::default())), added_after: Some(Stamp(70)), ..Query::default() };
        assert_eq!(ask(&query), (70, 70, Filter::default()));
    }

    #[test]
    fn t053_q3_a_cursor_of_another_query_is_passed_over() {
        let elsewhere = Cursor { collection: Uuid::from_u128(2), ..cursor(Filter::default()) };
        let query = Query { next: Some(elsewhere), added_after: Some(Stamp(5)), ..Query::default() };
        assert_eq!(ask(&query), (5, 5, Filter::default()));
        let query = Query { next: Some(cursor(types(&["indicator"]))), filter: Some(types(&["malware"])), ..Query::default() };
        assert_eq!(ask(&query), (0, 0, types(&["malware"])));
        let one = Filter { id: Some(vec!["url--1".into()]), ..Filter::default() };
        let query = Query { next: Some(cursor(Filter::default())), ..Query::default() };
        assert_eq!(resume(HERE, &query, one).from, Stamp::ZERO);
    }
}
