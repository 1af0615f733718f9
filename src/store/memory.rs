//! The store without a disk.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use async_trait::async_trait;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::audit::{self, Act, Deleted, Entry, Stored, Trail};
use super::directory::{Directory, Edit};
use super::paper::{Kind, Paper};
use super::shelf::Shelf;
use super::writes::{Write, Writes};
use super::{Added, Addition, Behind, EditError, Page, Removal, Select, StatusRecord, Store, StoreError, Versions, rules};
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// A store that lasts as long as the process. "Durable" means no more here than that the lock was held.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    writes: Writes,
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
        let removed = state.directory.collections.iter().filter(|(number, _)| !directory.collections.contains_key(number));
        removed.for_each(|(_, collection)| self.writes.tell(Write::Touched(collection.id)));
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
        if !raised.is_empty() {
            self.writes.tell(Write::Touched(addition.collection));
        }
        if before < kept.last {
            let records = kept.page(&Select { from: before, ..Select::all(Versions::LAST, Level::Red) }).records;
            self.writes.tell(Write::Stored { collection: addition.collection, after: before, upto: kept.last, records });
        }
        let stored = Stored::of(kept.records.range((Bound::Excluded(before), Bound::Unbounded)).map(|(stamp, _)| *stamp));
        state.log(addition.act.filter(|_| stored.is_some()), |entry| {
            entry.collection = Some(addition.collection);
            entry.stored = stored;
            entry.raised = raised.iter().map(ToString::to_string).collect();
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
        self.writes.tell(Write::Touched(collection));
        let deleted: Vec<Deleted> =
            state.shelf(collection)?.delete(id, versions, &removal).into_iter().map(|added| Deleted { id: id.to_string(), added }).collect();
        let count = deleted.len();
        state.log(act.filter(|_| count > 0), |entry| {
            entry.collection = Some(collection);
            entry.deleted = deleted;
        });
        Ok(count)
    }

    fn hear(&self) -> Option<Vec<Write>> {
        self.writes.hear()
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

    contract::suite!(async || Some((MemoryStore::default(), ())));

    proptest::proptest! {
        #[test]
        fn agrees_with_the_model(steps in contract::model::steps()) {
            contract::model::check(|_| MemoryStore::default(), |_, store| store, &steps);
        }
    }
}
