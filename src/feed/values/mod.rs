//! What the indicators of a collection say is bad, value by value: from it lists are made for tools that speak no TAXII.
//!
//! A cache like the catalog, and followed like it: of the latest version of each indicator the [values](crate::stix::ioc::values) that each
//! alone are enough, in the order of lists, in chunks of some hundred. A chunk never changes. What is new or gone makes new chunks in the place
//! of a few, so that whoever has made something of a chunk has to make it anew only where something changed. Readers take all chunks at once, as
//! they were published last, and wait for nobody.
//!
//! Whatever is revoked, not valid yet or any more, or on a warning list that blocks, is here too, and says so: it may be valid tomorrow, and a
//! reader may want to know what has gone.

pub mod chunk;
mod coming;
mod entry;
mod kept;
pub mod numbers;
mod order;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;

use super::Feed;
use super::access::Reading;
use super::guard::Guard;
use super::shelf::Shelf;
use crate::stix::id::StixId;
use crate::store::directory::Directory;
use crate::store::paper::{Kind, Paper};
use crate::store::{Page, StoreError};
use crate::taxii::stamp::Stamp;
use chunk::Chunk;
use coming::Heard;
use kept::Pending;
use table::{FULL, Table};
use uuid::Uuid;

/// Objects on a page of [`Feed::objects_behind`].
const PAGE: usize = 1_000;
/// Their octets, unless a single one is larger.
const PAGE_OCTETS: usize = 4 << 20;
/// For how long it is remembered that somebody asked for lists of a collection, and what was read for them.
const REMEMBERED: u64 = 365 * 86_400_000_000;

/// The values of all collections.
#[derive(Default)]
pub(super) struct Values {
    /// By the collection's number: an id may go and come again.
    shelves: Mutex<HashMap<u32, Arc<Held>>>,
    /// By the collection's id.
    pending: Mutex<HashMap<Uuid, Pending>>,
    /// What has come and is not kept.
    heard: Arc<tokio::sync::Mutex<Heard>>,
}

/// The values of a collection.
struct Held {
    shelf: Arc<Shelf<Table>>,
    published: Arc<ArcSwap<Snapshot>>,
}

/// All values of a collection at one time.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// In the order of lists.
    pub chunks: Arc<[Arc<Chunk>]>,
    /// The stamp of the last object that was read, indicator or not.
    pub latest: Stamp,
    /// Another one whenever a value becomes different or an object is deleted; 0 before anything was read.
    pub edition: u64,
}

impl Values {
    /// What is known of an object may be wrong: somebody deleted versions of it.
    pub(super) fn doubt(&self, collection: Uuid, id: &StixId) {
        let shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.values().filter(|held| held.shelf.collection == collection).for_each(|held| held.shelf.doubt(id.clone()));
    }

    /// Whether those of some collection are being read, for somebody who waits.
    fn are_being_read(&self) -> bool {
        let shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.values().any(|held| held.shelf.is_loading())
    }

    /// What was counted of the objects that are not kept.
    fn pending(&self) -> MutexGuard<'_, HashMap<Uuid, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, directory: &Directory, collection: Uuid, guard: &Guard) -> Option<Arc<Held>> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.retain(|number, _| directory.collections.contains_key(number));
        let (number, _) = directory.collection(collection)?;
        Some(shelves.entry(number).or_insert_with(|| Arc::new(Held::new(collection, guard))).clone())
    }
}

impl Held {
    fn new(collection: Uuid, guard: &Guard) -> Self {
        let published = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
        let shelf = Arc::new(Shelf::new(collection, guard.lists.clone(), Table::new(published.clone(), FULL)));
        Self { shelf, published }
    }
}

impl Feed {
    /// The values of a collection as they are now. The first time all its indicators are read.
    ///
    /// If the store cannot be asked, they are as they were when it could.
    pub async fn values(&self, reading: &Reading) -> Result<Snapshot, StoreError> {
        let collection = reading.collection;
        let held = self.values.hold(&self.directory(), collection, &self.guard).ok_or(StoreError::NoCollection(collection))?;
        let is_first = !held.shelf.is_loaded();
        let followed = held.shelf.follow(&self.values, &self.store).await;
        let snapshot = Snapshot::clone(&held.published.load());
        match followed {
            Ok(()) => {
                if is_first {
                    self.remember_listed(collection).await;
                }
                Ok(snapshot)
            }
            Err(error) if snapshot.edition > 0 && !matches!(error, StoreError::NoCollection(_)) => {
                tracing::warn!(%error, %collection, "lists are as they were when the store could be asked last");
                Ok(snapshot)
            }
            Err(error) => Err(error),
        }
    }

    /// Somebody is going to ask for lists of a collection: its indicators are read meanwhile, now and at each start.
    pub async fn expect_lists(self: &Arc<Self>, collection: Uuid) {
        self.remember_listed(collection).await;
        let feed = self.clone();
        tokio::spawn(async move { feed.warm_values().await });
    }

    /// Reads the values of those collections whose lists somebody has asked for before, so that nobody waits for that after a restart.
    pub async fn warm_values(&self) {
        let warmed = async {
            for Paper { id, .. } in self.papers(Kind::Listed).await? {
                let Some(held) = self.values.hold(&self.directory(), id, &self.guard) else { continue };
                held.shelf.follow(&self.values, &self.store).await?;
            }
            Ok::<(), StoreError>(())
        };
        if let Err(error) = warmed.await {
            tracing::warn!(%error, "lists will be slow the first time");
        }
    }

    /// Remembers that lists of a collection are asked for. Without it only the next start is slower.
    async fn remember_listed(&self, collection: Uuid) {
        if let Err(error) = self.keep(self.paper_for(Kind::Listed, collection, Bytes::new())).await {
            tracing::debug!(%error, %collection, "it could not be noted that lists are asked for");
        }
    }

    /// A paper that nobody owns.
    fn paper_for(&self, kind: Kind, id: Uuid, text: Bytes) -> Paper {
        Paper { kind, id, owner: String::new(), expires: Stamp(self.clock.now().0 + REMEMBERED), text }
    }

    /// The latest versions of all objects that the caller may read and that stand behind a place, as many as make a page.
    pub async fn objects_behind(&self, reading: &Reading, place: Stamp) -> Result<Page, StoreError> {
        self.after(reading, place, PAGE, PAGE_OCTETS).await
    }

    /// The octets that the values of all collections take.
    pub fn values_octets(&self) -> usize {
        let shelves = self.values.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.values().map(|held| held.shelf.octets()).sum()
    }
}
