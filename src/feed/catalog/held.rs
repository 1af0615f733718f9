//! What a question is asked of: the shelves of the collections that the caller may read, each with its clearance, followed up to now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;

use super::Catalog;
use super::block::ROWS;
use super::rows::Rows;
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::shelf::{self, Keeper, Shelf};
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::directory::Directory;
use crate::store::{Record, StoreError};
use crate::taxii::stamp::{DAY, Stamp};

/// How long a question waits for collections that are being read for the first time; then it is answered from what is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a question is asked again because what was to be shown had changed.
const ATTEMPTS: usize = 4;

/// What an answer does not cover. Both empty: it is complete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Collections that are being read for the first time: what is not read yet is missing.
    pub being_read: Vec<Uuid>,
    /// Collections of which the oldest objects are left out, since they do not fit the memory that the operator grants; of what was added
    /// before the date, some or all is missing.
    pub left_out: Vec<(Uuid, Stamp)>,
}

/// How far the index of a collection is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Which collection.
    pub collection: Uuid,
    /// Whether it has been read to its end once; from then on it is kept current.
    pub complete: bool,
    /// Objects that are in the index and that the caller may see.
    pub objects: usize,
}

/// A shelf that a question is asked of.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) shelf: Arc<Shelf<Rows>>,
    pub(super) clearance: Level,
}

/// An object that is to be shown: in which of the shelves, and which version the row is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) shelf: usize,
    pub(super) id: String,
    pub(super) added: Stamp,
}

/// An answer from rows alone.
pub(super) trait Answer: Send + 'static {
    /// What the caller is shown.
    type Shown;
    /// The objects of which it speaks.
    fn picks(&self) -> Vec<Pick>;
    /// What is shown of it, given the record of each pick; without those of which the store has no such version any more.
    fn shown(self, records: Vec<Option<Record>>, held: &[Held], coverage: Coverage) -> Self::Shown;
}

impl Catalog {
    /// An index of nothing, of at most so many octets.
    pub(in crate::feed) fn new(budget: usize) -> Self {
        Self::with_blocks(budget, ROWS)
    }

    /// The same with at most so many rows in a block.
    pub(super) fn with_blocks(budget: usize, block_rows: usize) -> Self {
        Self { shelves: Mutex::default(), budget, block_rows }
    }

    /// What the index says of an object may be wrong: somebody deleted versions of it.
    pub(in crate::feed) fn doubt(&self, collection: Uuid, id: &StixId) {
        self.all().iter().filter(|shelf| shelf.collection == collection).for_each(|shelf| shelf.doubt(id.clone()));
    }

    /// The octets that the whole index takes.
    pub(super) fn octets(&self) -> usize {
        self.all().iter().map(|shelf| shelf.octets()).sum()
    }

    fn all(&self) -> Vec<Arc<Shelf<Rows>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The shelves of the collections that are there; others are forgotten.
    fn hold(&self, directory: &Directory, readings: &[Reading]) -> Vec<Held> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.retain(|number, _| directory.collections.contains_key(number));
        let mut held: Vec<Held> = Vec::new();
        for reading in readings {
            let Some((number, _)) = directory.collection(reading.collection) else { continue };
            let its = shelves.entry(number).or_insert_with(|| Arc::new(Shelf::new(reading.collection, (), Rows::new(self.block_rows)))).clone();
            if !held.iter().any(|other| Arc::ptr_eq(&other.shelf, &its)) {
                held.push(Held { shelf: its, clearance: reading.clearance });
            }
        }
        held
    }
}

impl Keeper<Rows> for Catalog {
    /// Drops the oldest rows of all until the rest fits. For threads that may block.
    fn fit(&self) {
        let shelves = self.all();
        while shelves.iter().map(|shelf| shelf.octets()).sum::<usize>() > self.budget {
            let oldest = shelves.iter().min_by_key(|shelf| shelf.index().oldest().unwrap_or(Stamp(u64::MAX)));
            if !oldest.is_some_and(|shelf| shelf.change(Rows::drop_oldest)) {
                return;
            }
        }
    }
}

impl Feed {
    /// The octets that the index of all collections takes.
    pub fn catalog_octets(&self) -> usize {
        self.catalog.octets()
    }

    /// How far the index of each collection is; begins to read those that were not asked for before.
    pub async fn catalog_progress(&self, readings: &[Reading]) -> Result<Vec<Progress>, StoreError> {
        let held = self.catalog.hold(&self.directory(), readings);
        let follow = held.iter().map(|held| timeout(Duration::ZERO, held.shelf.follow(&self.catalog, &self.store)));
        join_all(follow).await.into_iter().flatten().try_for_each(passed_over)?;
        let counted = tokio::task::spawn_blocking(move || {
            let progress = |held: &Held| Progress {
                collection: held.shelf.collection,
                complete: held.shelf.is_loaded(),
                objects: held.shelf.index().count(held.clearance),
            };
            held.iter().map(progress).collect()
        });
        counted.await.map_err(|error| StoreError::Engine(format!("the catalog could not be read: {error}")))
    }

    /// Answers a question from the rows, and again as long as the store has become different from what the rows say of the objects that are
    /// to be shown.
    pub(super) async fn ask<A: Answer>(
        &self,
        readings: &[Reading],
        question: impl Fn(&[(&Rows, Level)]) -> A + Clone + Send + 'static,
    ) -> Result<A::Shown, StoreError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let held = self.followed(readings).await?;
            let (answer, coverage) = read(held.clone(), question.clone()).await?;
            let picks = answer.picks();
            let records = self.fetch(&held, &picks).await?;
            let gone = picks.iter().zip(&records).filter(|(_, record)| record.is_none()).map(|(pick, _)| pick);
            let gone: Vec<(&Held, StixId)> = gone.filter_map(|pick| Some((held.get(pick.shelf)?, StixId::parse(&pick.id).ok()?))).collect();
            if gone.is_empty() || attempts == ATTEMPTS {
                return Ok(answer.shown(records, &held, coverage));
            }
            for (held, id) in gone {
                held.shelf.doubt(id);
            }
        }
    }

    /// An answer that shows no object.
    pub(super) async fn ask_rows<A: Send + 'static>(
        &self,
        readings: &[Reading],
        question: impl FnOnce(&[(&Rows, Level)], &[Held]) -> A + Send + 'static,
    ) -> Result<(A, Coverage), StoreError> {
        let held = self.followed(readings).await?;
        let shelves = held.clone();
        read(held, move |rows| question(rows, &shelves)).await
    }

    /// The shelves of some collections, followed up to now as far as there is patience.
    async fn followed(&self, readings: &[Reading]) -> Result<Vec<Held>, StoreError> {
        let held = self.catalog.hold(&self.directory(), readings);
        let follow = held.iter().map(|held| timeout(PATIENCE, held.shelf.follow(&self.catalog, &self.store)));
        join_all(follow).await.into_iter().flatten().try_for_each(passed_over)?;
        Ok(held)
    }

    /// The records of what is to be shown, in the versions of which the rows speak.
    async fn fetch(&self, held: &[Held], picks: &[Pick]) -> Result<Vec<Option<Record>>, StoreError> {
        let mut found: HashMap<(usize, String), Record> = HashMap::new();
        for (at, held) in held.iter().enumerate() {
            let ids = picks.iter().filter(|pick| pick.shelf == at).filter_map(|pick| StixId::parse(&pick.id).ok()).collect();
            match shelf::fetch(&*self.store, held.shelf.collection, ids, held.clearance).await {
                Ok(records) => found.extend(records.into_iter().map(|record| ((at, record.id.clone()), record))),
                Err(StoreError::NoCollection(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let same = |pick: &Pick| found.get(&(pick.shelf, pick.id.clone())).filter(|record| record.added == pick.added).cloned();
        Ok(picks.iter().map(same).collect())
    }
}

/// A collection that was removed a moment ago has no rows.
fn passed_over(followed: Result<(), StoreError>) -> Result<(), StoreError> {
    match followed {
        Err(StoreError::NoCollection(_)) => Ok(()),
        other => other,
    }
}

/// Asks the rows, off the threads that serve.
async fn read<A: Send + 'static>(
    held: Vec<Held>,
    question: impl FnOnce(&[(&Rows, Level)]) -> A + Send + 'static,
) -> Result<(A, Coverage), StoreError> {
    let read = move || {
        let guards: Vec<_> = held.iter().map(|held| held.shelf.index()).collect();
        let rows: Vec<(&Rows, Level)> = guards.iter().zip(&held).map(|(guard, held)| (&**guard, held.clearance)).collect();
        let mut coverage = Coverage::default();
        for (held, (rows, _)) in held.iter().zip(&rows) {
            if !held.shelf.is_loaded() {
                coverage.being_read.push(held.shelf.collection);
            }
            // To the day: when the object that it is was added is nothing that everybody may know.
            coverage.left_out.extend(rows.left_out().map(|stamp| (held.shelf.collection, Stamp((stamp.0 / DAY + 1) * DAY))));
        }
        (question(&rows), coverage)
    };
    tokio::task::spawn_blocking(read).await.map_err(|error| StoreError::Engine(format!("the catalog could not be read: {error}")))
}
