//! The store without a disk: the contract in its plainest form.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::audit::{self, Act, Deleted, Entry, Stored, Trail};
use super::directory::{Directory, Edit};
use super::holding::{self, Coming, Version};
use super::only::Header;
use super::paper::{Kind, Paper};
use super::{
    Added, Addition, Behind, EditError, NewObject, Outcome, Page, Record, Removal, Select, StatusRecord, Store, StoreError, Versions, rules,
};
use crate::stix::id::{StixId, type_of};
use crate::stix::json;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;

/// A store that lasts as long as the process. "Durable" means no more here than that the lock was held.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    directory: Directory,
    /// By number: an id may go and come again in one edit.
    collections: HashMap<u32, Shelf>,
    statuses: HashMap<Uuid, StatusRecord>,
    log: BTreeMap<Stamp, Entry>,
    papers: BTreeMap<(Kind, Uuid), Paper>,
}

/// The objects of one collection.
#[derive(Debug, Default)]
struct Shelf {
    /// The last stamp given; stays when its object is deleted.
    last: Stamp,
    /// Everything in its order.
    records: BTreeMap<Stamp, Kept>,
    /// The stamps of each object's versions.
    versions: HashMap<StixId, BTreeMap<Instant, Stamp>>,
    /// What was deleted for good, with what is said of it.
    deleted: Vec<Gone>,
}

#[derive(Debug)]
struct Kept {
    id: StixId,
    version: String,
    level: Level,
    holds: Vec<StixId>,
    origin: Option<Uuid>,
    revoked: bool,
    object: Bytes,
}

/// A version that was deleted for good.
#[derive(Debug)]
struct Gone {
    id: StixId,
    instant: Instant,
    object: Bytes,
    said: String,
}

impl State {
    /// Writes into the log what `tell` makes of an act.
    fn log(&mut self, act: Option<Act>, tell: impl FnOnce(&mut Entry)) {
        let Some(mut act) = act else { return };
        let last = self.log.last_key_value().map_or(Stamp::ZERO, |(at, _)| *at);
        act.at = rules::next_stamp(last, act.at);
        let mut entry = act.entry();
        tell(&mut entry);
        self.log.insert(entry.act.at, entry);
    }

    fn shelf(&mut self, collection: Uuid) -> Result<&mut Shelf, StoreError> {
        let (number, _) = self.directory.collection(collection).ok_or(StoreError::NoCollection(collection))?;
        Ok(self.collections.entry(number).or_default())
    }
}

impl Shelf {
    fn page(&self, select: &Select) -> Page {
        let mut filling = rules::Filling::new(select);
        for (added, kept) in self.records.range(Stamp(select.from.max(select.after).0 + 1)..) {
            if !wanted(kept, select) || !self.choose(&kept.id, select.after, &select.versions).contains(added) {
                continue;
            }
            if !filling.take(kept.record(*added)) {
                break;
            }
        }
        filling.done()
    }

    fn choose(&self, id: &StixId, after: Stamp, versions: &Versions) -> Vec<Stamp> {
        let of = self.versions.get(id).into_iter().flatten();
        rules::choose(versions, of.map(|(instant, stamp)| (instant, *stamp)).filter(|(_, stamp)| *stamp > after))
    }

    /// Stores what is new of an envelope and says of each object what became of it; what is odd joins the warnings.
    fn add(&mut self, objects: &mut [NewObject], now: Stamp) -> Vec<Outcome> {
        let closing = (0..objects.len()).rev().find(|at| self.is_new(&objects[..*at], &objects[*at]));
        objects.iter_mut().enumerate().map(|(at, new)| self.add_one(new, now, closing == Some(at))).collect()
    }

    /// The latest version of an object.
    fn latest(&self, id: &StixId) -> Option<&Kept> {
        let (_, stamp) = self.versions.get(id)?.last_key_value()?;
        self.records.get(stamp)
    }

    /// Whether `new` will be stored when the objects before it in its envelope have been.
    fn is_new(&self, earlier: &[NewObject], new: &NewObject) -> bool {
        let twin = |old: &NewObject| match (&old.version, &new.version) {
            (Some((_, old)), Some((_, new))) => old == new,
            (None, None) => json::same(&old.object, &new.object),
            _ => false,
        };
        self.stored(new).is_none() && self.gone(new, Stamp::ZERO).is_none() && !earlier.iter().any(|old| old.id == new.id && twin(old))
    }

    fn add_one(&mut self, new: &mut NewObject, now: Stamp, closing: bool) -> Outcome {
        if let Some(outcome) = self.stored(new).or_else(|| self.gone(new, now)) {
            return outcome;
        }
        if let Some(latest) = self.latest(&new.id).filter(|_| new.version.is_some()) {
            new.warning = rules::warning(new, &latest.object);
        }
        let of = self.versions.entry(new.id.clone()).or_default();
        let mut stamp = rules::next_stamp(self.last, now);
        if closing {
            stamp = rules::closing_stamp(stamp, now);
        }
        let (version, instant) = new.version.clone().unwrap_or_else(|| {
            // The stamp becomes a version, which another object of this id may have taken by its `modified`.
            while of.contains_key(&stamp.instant()) {
                stamp = Stamp(stamp.0 + 1);
            }
            (stamp.to_string(), stamp.instant())
        });
        self.last = stamp;
        of.insert(instant, stamp);
        let NewObject { id, level, holds, origin, revoked, object, .. } = new.clone();
        let kept = Kept { id, version: version.clone(), level, holds, origin, revoked, object };
        self.records.insert(stamp, kept);
        Outcome::Added(version)
    }

    /// What becomes of an object whose version, or as an SCO whose content, is stored already.
    fn stored(&self, new: &NewObject) -> Option<Outcome> {
        let versions = self.versions.get(&new.id)?;
        let Some((text, instant)) = &new.version else {
            let same = versions.values().filter_map(|stamp| self.records.get(stamp)).find(|kept| json::same(&kept.object, &new.object))?;
            return Some(Outcome::Duplicate(same.version.clone()));
        };
        let kept = self.records.get(versions.get(instant)?)?;
        let same = json::same(&kept.object, &new.object);
        Some(if same { Outcome::Duplicate(text.clone()) } else { Outcome::Conflict(text.clone()) })
    }

    /// What is said of an object whose version, or as an SCO whose content, was deleted for good.
    fn gone(&self, new: &NewObject, now: Stamp) -> Option<Outcome> {
        let is_it = |gone: &&Gone| match &new.version {
            Some((_, instant)) => gone.instant == *instant,
            None => json::same(&gone.object, &new.object),
        };
        let gone = self.deleted.iter().filter(|gone| gone.id == new.id).find(is_it)?;
        let version = new.version.as_ref().map_or_else(|| now.to_string(), |(text, _)| text.clone());
        Some(Outcome::Deleted(version, gone.said.clone()))
    }

    /// Settles how high what was added since `before`, and what holds it, counts; returns what counts higher than before.
    fn settle(&mut self, before: Stamp) -> Result<Vec<StixId>, StoreError> {
        let fresh: Vec<(Stamp, StixId, Vec<StixId>, Level)> = self
            .records
            .range((Bound::Excluded(before), Bound::Unbounded))
            .map(|(added, kept)| (*added, kept.id.clone(), kept.holds.clone(), kept.level))
            .collect();
        let is_latest = |added: &Stamp, id: &StixId| self.versions.get(id).and_then(BTreeMap::last_key_value).is_some_and(|(_, last)| last == added);
        let mut coming: Vec<Coming<'_>> =
            fresh.iter().map(|(added, id, holds, level)| Coming { id, holds, level: *level, is_latest: is_latest(added, id) }).collect();
        let raised = holding::settle(&Before { shelf: self, before }, &mut coming)?;
        let levels: Vec<(Stamp, Level)> = fresh.iter().zip(&coming).map(|((added, ..), coming)| (*added, coming.level)).collect();
        let higher = raised.iter().map(|(added, (_, level))| (*added, *level));
        for (added, level) in levels.into_iter().chain(higher).collect::<Vec<_>>() {
            if let Some(kept) = self.records.get_mut(&added) {
                kept.level = level;
            }
        }
        Ok(raised.into_values().map(|(id, _)| id).collect())
    }

    fn delete(&mut self, id: &StixId, versions: &Versions, removal: &Removal) -> Vec<Stamp> {
        let gone = self.choose(id, Stamp::ZERO, versions);
        for stamp in &gone {
            let (kept, of) = (self.records.remove(stamp), self.versions.get(id));
            let instant = of.and_then(|of| of.iter().find(|(_, added)| *added == stamp)).map(|(instant, _)| instant.clone());
            if let (Some(kept), Some(instant), Removal::ForGood { at, why }) = (kept, instant, removal) {
                self.deleted.push(Gone { id: id.clone(), instant, object: kept.object, said: rules::deleted(*at, why) });
            }
        }
        if let Some(of) = self.versions.get_mut(id) {
            of.retain(|_, stamp| !gone.contains(stamp));
            if of.is_empty() {
                self.versions.remove(id);
            }
        }
        gone
    }
}

/// A collection as it was before an envelope came.
struct Before<'a> {
    shelf: &'a Shelf,
    before: Stamp,
}

impl holding::Stored for Before<'_> {
    fn latest(&self, id: &StixId) -> Result<Option<Version>, StoreError> {
        let mut old = self.shelf.versions.get(id).into_iter().flatten().filter(|(_, added)| **added <= self.before);
        Ok(old.next_back().and_then(|(_, added)| self.shelf.records.get(added).map(|kept| kept.as_version(*added))))
    }

    fn holders(&self, id: &StixId) -> Result<Vec<Version>, StoreError> {
        let old = self.shelf.records.range(..=self.before);
        Ok(old.filter(|(_, kept)| kept.holds.contains(id)).map(|(added, kept)| kept.as_version(*added)).collect())
    }
}

impl Kept {
    fn record(&self, added: Stamp) -> Record {
        let (id, version, object) = (self.id.to_string(), self.version.clone(), self.object.clone());
        Record { added, id, version, level: self.level, origin: self.origin, object }
    }

    fn as_version(&self, added: Stamp) -> Version {
        Version { id: self.id.clone(), added, level: self.level }
    }

    fn header(&self) -> Header {
        Header { level: self.level, origin: self.origin, revoked: self.revoked }
    }
}

fn wanted(kept: &Kept, select: &Select) -> bool {
    kept.level <= select.clearance
        && select.only.as_ref().is_none_or(|only| only.admits(kept.header(), &kept.object))
        && select.ids.as_ref().is_none_or(|ids| ids.contains(&kept.id))
        && select.types.as_ref().is_none_or(|types| types.iter().any(|t| t == type_of(kept.id.as_str())))
}

#[async_trait]
impl Store for MemoryStore {
    async fn directory(&self) -> Result<Directory, StoreError> {
        Ok(self.state.lock().await.directory.clone())
    }

    async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        let mut state = self.state.lock().await;
        let mut directory = state.directory.clone();
        for edit in edits {
            directory.apply(edit)?;
        }
        state.collections.retain(|number, _| directory.collections.contains_key(number));
        let changed = audit::changes(&state.directory, &directory);
        state.directory = directory.clone();
        state.log(act.filter(|_| !changed.is_empty()), |entry| entry.changed = changed);
        Ok(directory)
    }

    async fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError> {
        Ok(self.state.lock().await.shelf(collection)?.page(select))
    }

    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        let page = self.page(collection, &Select { octets: usize::MAX, ..select.clone() }).await?;
        Ok(Behind { count: page.records.len(), oldest: page.records.first().map(|record| record.added) })
    }

    async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError> {
        Ok(self.state.lock().await.shelf(collection)?.last)
    }

    async fn add(&self, mut addition: Addition) -> Result<Added, StoreError> {
        let mut state = self.state.lock().await;
        let kept = state.shelf(addition.collection)?;
        let before = kept.last;
        let outcomes = kept.add(&mut addition.objects, addition.now);
        let raised = kept.settle(before)?;
        let stored = Stored::of(kept.records.range((Bound::Excluded(before), Bound::Unbounded)).map(|(stamp, _)| *stamp));
        state.log(addition.act.filter(|_| stored.is_some()), |entry| {
            entry.collection = Some(addition.collection);
            entry.stored = stored;
        });
        let status = addition.receipt.map(|receipt| {
            let id = receipt.id;
            let record = receipt.settle(&addition.objects, &outcomes, addition.now);
            state.statuses.insert(id, record.clone());
            record.status
        });
        Ok(Added { outcomes, status, raised })
    }

    async fn delete(&self, collection: Uuid, id: &StixId, versions: &Versions, removal: Removal, act: Option<Act>) -> Result<usize, StoreError> {
        let mut state = self.state.lock().await;
        let deleted: Vec<Deleted> =
            state.shelf(collection)?.delete(id, versions, &removal).into_iter().map(|added| Deleted { id: id.to_string(), added }).collect();
        let count = deleted.len();
        state.log(act.filter(|_| count > 0), |entry| {
            entry.collection = Some(collection);
            entry.deleted = deleted;
        });
        Ok(count)
    }

    async fn log(&self, act: Act) -> Result<(), StoreError> {
        self.state.lock().await.log(Some(act), |_| ());
        Ok(())
    }

    async fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError> {
        let state = self.state.lock().await;
        if trail.after >= trail.before {
            return Ok(Vec::new());
        }
        let range = state.log.range((Bound::Excluded(trail.after), Bound::Excluded(trail.before))).map(|(_, entry)| entry.clone());
        Ok(if trail.latest_first { range.rev().take(trail.limit).collect() } else { range.take(trail.limit).collect() })
    }

    async fn keep(&self, paper: Paper) -> Result<(), StoreError> {
        self.state.lock().await.papers.insert((paper.kind, paper.id), paper);
        Ok(())
    }

    async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError> {
        Ok(self.state.lock().await.papers.get(&(kind, id)).filter(|paper| paper.expires > now).cloned())
    }

    async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError> {
        let state = self.state.lock().await;
        Ok(state.papers.values().filter(|paper| paper.kind == kind && paper.expires > now).cloned().collect())
    }

    async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        Ok(self.state.lock().await.papers.remove(&(kind, id)).is_some())
    }

    async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        Ok(self.state.lock().await.statuses.get(&id).filter(|record| record.expires > now).cloned())
    }

    async fn sweep(&self, now: Stamp) -> Result<usize, StoreError> {
        let mut state = self.state.lock().await;
        let before = state.statuses.len() + state.papers.len();
        state.statuses.retain(|_, record| record.expires > now);
        state.papers.retain(|_, paper| paper.expires > now);
        Ok(before - state.statuses.len() - state.papers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::store::contract;

    contract::suite!(|| (MemoryStore::default(), ()));

    proptest::proptest! {
        #[test]
        fn agrees_with_the_model(steps in contract::model::steps()) {
            contract::model::check(MemoryStore::default, |store| store, &steps);
        }
    }
}
