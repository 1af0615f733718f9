//! The use cases: who may read and write what, and what happens then. No HTTP.

pub mod access;
pub mod bell;
pub mod catalog;
pub mod clock;
pub mod consumers;
pub mod counts;
pub mod curated;
pub mod desk;
pub mod document;
pub mod elsewhere;
pub mod error;
pub mod exchange;
pub mod guard;
pub mod ingest;
pub mod object;
pub mod read;
pub mod readers;
pub mod retire;
mod sharing;
mod shelf;
pub mod values;

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::store::audit::Act;
use crate::store::directory::{Directory, Edit};
use crate::store::paper::{Kind, Paper};
use crate::store::{Condition, EditError, Store, StoreError};
use crate::taxii::stamp::Stamp;
use bell::Bell;
use catalog::Catalog;
use clock::Clock;
use consumers::Consumers;
use counts::Counts;
use desk::import::Progress;
use guard::Guard;
use values::Values;

/// A store with its rules: what every door speaks to.
pub struct Feed {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// The store's directory as of the last edit, so that deciding about access costs no I/O.
    directory: Arc<ArcSwap<Directory>>,
    /// Held while an edit is stored and published, so that directories are published in the order of the edits.
    editing: Arc<Mutex<()>>,
    options: Options,
    /// Held while an analyst's act is read, made and written, so that none is made from what another is about to replace; see [`Feed::turn`].
    desk: Arc<Mutex<()>>,
    guard: Guard,
    /// How far the imports are that go on.
    imports: std::sync::Mutex<HashMap<Uuid, Arc<Progress>>>,
    consumers: Consumers,
    bell: Arc<Bell>,
    counts: Counts,
    catalog: Arc<Catalog>,
    values: Arc<Values>,
    /// This server among all that have the store.
    server: Uuid,
    /// Up to where the audit log was read for what others have changed.
    learned: Mutex<Stamp>,
}

/// What an operator may set about reading and writing.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Objects on a page when the client does not say.
    pub page_default: usize,
    /// The most objects on a page, whatever the client says.
    pub page_max: usize,
    /// The most octets of objects on a page, unless a single one is larger.
    pub page_octets: usize,
    /// Hours that a status can be read after its request; the standard wants 24 at least (T-118).
    pub status_hours: u64,
    /// The most objects in an envelope.
    pub envelope_objects: usize,
    /// How deep an object may be nested, itself counted; at most [`DEEPEST`](crate::stix::json::DEEPEST).
    pub json_depth: usize,
    /// The most octets of memory that the index of all collections may take.
    pub catalog_octets: usize,
}

impl Feed {
    /// Opens the feed on a store.
    pub async fn open(store: Arc<dyn Store>, clock: Arc<dyn Clock>, options: Options) -> Result<Self, StoreError> {
        // Before the directory, so that nothing is missed in between.
        let learned = elsewhere::last_entry(&*store).await?;
        let directory = Arc::new(ArcSwap::from_pointee(store.directory().await?));
        let server = if store.is_shared() { Uuid::new_v4() } else { Uuid::nil() };
        let counts = Counts::default();
        let watched = store.clone();
        counts.watch_cache("segments", move || watched.condition().ready);
        let catalog = Arc::new(Catalog::new(options.catalog_octets));
        Ok(Self {
            store,
            clock,
            directory,
            editing: Arc::default(),
            options,
            desk: Arc::default(),
            guard: Guard::default(),
            imports: std::sync::Mutex::default(),
            consumers: Consumers::default(),
            bell: Arc::default(),
            counts,
            catalog,
            values: Arc::default(),
            server,
            learned: Mutex::new(learned),
        })
    }

    /// With warning lists that what is posted is held against; without them nothing is.
    #[must_use]
    pub fn guarded(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// The warning lists.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Roots, collections, users, tokens and grants as they stand.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.load_full()
    }

    /// Changes the directory; all edits or none. `act` is for the audit log.
    pub async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Arc<Directory>, EditError> {
        let (store, published) = (self.store.clone(), self.directory.clone());
        let turn = self.editing.clone().lock_owned().await;
        let editing = async move {
            let _turn = turn;
            let directory = Arc::new(store.edit(edits, act).await?);
            published.store(directory.clone());
            Ok(directory)
        };
        to_the_end(editing).await?
    }

    /// Keeps a paper, in the place of one of the same kind and id.
    pub async fn keep(&self, paper: Paper) -> Result<(), StoreError> {
        self.store.keep(paper).await
    }

    /// A paper that has not expired.
    pub async fn paper(&self, kind: Kind, id: Uuid) -> Result<Option<Paper>, StoreError> {
        self.store.paper(kind, id, self.clock.now()).await
    }

    /// All papers of a kind that have not expired.
    pub async fn papers(&self, kind: Kind) -> Result<Vec<Paper>, StoreError> {
        self.store.papers(kind, self.clock.now()).await
    }

    /// Throws a paper away; whether it was there.
    pub async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        self.store.discard(kind, id).await
    }

    /// Writes an act into the audit log of which nothing is stored.
    pub async fn log(&self, act: Act) -> Result<(), StoreError> {
        self.store.log(act).await
    }

    /// Forgets what has expired.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        self.store.sweep(self.clock.now()).await
    }

    /// Whether the store answers a question that it must look at its disk for.
    pub async fn answers(&self) -> Result<(), StoreError> {
        self.store.status(Uuid::nil(), self.clock.now()).await.map(drop)
    }

    /// How the store does.
    pub fn condition(&self) -> Condition {
        self.store.condition()
    }

    /// Rings whenever something was stored.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    fn imports(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Progress>>> {
        self.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went through since the feed was opened.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

/// Does what must not be left half done, as what was written and not yet taken up: it goes on if nobody waits for it any more, as when a client
/// hangs up.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, StoreError> {
    tokio::spawn(work).await.map_err(|error| StoreError::Engine(format!("what was begun has ended: {error}")))
}

#[cfg(test)]
impl Default for Options {
    fn default() -> Self {
        let (page_default, page_max, page_octets) = (100, 100, 1 << 20);
        Self { page_default, page_max, page_octets, status_hours: 24, envelope_objects: 10_000, json_depth: 128, catalog_octets: 1 << 20 }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use super::*;
    use crate::feed::access::Reading;
    use crate::feed::clock::SystemClock;
    use crate::stix::marking::Level;
    use crate::store::audit::Verb;
    use crate::store::directory::Root;
    use crate::store::sled::{Options as StoreOptions, SledStore};
    use crate::store::{Addition, Removal, Select, Versions, contract};

    /// A store that takes a while to write, as all do whose clients may hang up meanwhile.
    async fn open() -> (tempfile::TempDir, Arc<dyn Store>, Feed) {
        let dir = tempfile::TempDir::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(dir.path(), StoreOptions::default()).unwrap());
        let feed = Feed::open(store.clone(), Arc::new(SystemClock), Options::default()).await.unwrap();
        (dir, store, feed)
    }

    /// Begins something, and waits for it no longer once the store has written it.
    async fn hang_up_once(written: impl AsyncFnMut() -> bool, work: impl Future) {
        let mut work = pin!(work);
        let begun = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_pending())).await;
        assert!(begun, "it ends before anybody could hang up");
        becomes(written).await;
    }

    /// Looks until what it looks for is so; it may still be going on.
    async fn becomes(mut is_so: impl AsyncFnMut() -> bool) {
        let mut patience = 10_000;
        while !is_so().await {
            patience -= 1;
            assert!(patience > 0, "it never is");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn an_edit_that_nobody_waits_for_holds() {
        let (_dir, store, feed) = open().await;
        let root = Root { slug: "feeds".into(), title: "Feeds".into(), description: None };
        let written = async || !store.directory().await.unwrap().roots.is_empty();
        hang_up_once(written, feed.edit(vec![Edit::AddRoot(root)], None)).await;
        becomes(async || !feed.directory().roots.is_empty()).await;
    }

    #[tokio::test]
    async fn what_is_stored_while_nobody_waits_is_told() {
        let (_dir, store, feed) = open().await;
        let (collection, mut ear) = (contract::collection(&*store).await, feed.bell().listen());
        let objects = vec![contract::object(&contract::id("indicator", 1), "01", "a")];
        let written = async || store.top(collection).await.unwrap() > Stamp::ZERO;
        hang_up_once(written, feed.put(Addition { collection, objects, now: Stamp(5), receipt: None, act: None })).await;
        becomes(async || ear.rang()).await;
    }

    #[tokio::test]
    async fn a_deletion_that_nobody_waits_for_is_seen() {
        let (_dir, store, feed) = open().await;
        let (id, reading) = (contract::id("indicator", 1), Reading::whole(contract::collection(&*store).await, Level::Red));
        feed.directory.store(Arc::new(store.directory().await.unwrap()));
        let objects = vec![contract::object(&id, "01", "a")];
        feed.put(Addition { collection: reading.collection, objects, now: Stamp(5), receipt: None, act: None }).await.unwrap();
        let rows = async || feed.values(&reading).await.unwrap().chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
        assert_eq!(rows().await, 1);
        let all = Select::all(Versions::LAST, Level::Red);
        let written = async || store.page(reading.collection, &all).await.unwrap().records.is_empty();
        let act = Act::of_program(Verb::Delete, Stamp(5));
        hang_up_once(written, feed.remove(reading.collection, id, Versions::All, Removal::Retired, act)).await;
        becomes(async || rows().await == 0).await;
    }
}
