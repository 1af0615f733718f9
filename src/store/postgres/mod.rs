//! Objects in PostgreSQL: any number of servers on one database.
//!
//! Whoever writes into a collection holds its row, so that stamps are given in the order of commits, whichever servers write. A page is one
//! statement on one index, and so one moment of the collection. What comes of a write is decided by the same code as in memory, on as much
//! of the collection as the write has to do with (`excerpt.rs`). Nothing here is kept between requests but numbers of collections and
//! what `editions.rs` says, both of which may be out of date without harm.

mod edit;
mod editions;
mod error;
mod excerpt;
mod house;
mod log;
mod notice;
mod page;
mod papers;
#[cfg(test)]
pub(crate) mod tests;
pub(super) mod transfer;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use self::editions::Editions;
use self::error::{Fault, patiently};
use self::house::House;
use self::notice::Notices;
use self::write::Lanes;
use super::audit::{Act, Entry, Trail};
use super::directory::{Directory, Edit};
use super::paper::{Kind, Paper};
use super::{Added, Addition, Behind, Condition, EditError, Page, Removal, Select, StatusRecord, Store, StoreError, Versions};
use crate::stix::id::StixId;
use crate::taxii::stamp::Stamp;

/// How long it may take to get a connection before it counts as a failure.
const CONNECT: Duration = Duration::from_secs(3);
/// How the servers are called where the database lists its connections.
const NAME: &str = "taxiway";

/// What an operator may set about it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most connections of this server to the primary, and as many to the replica.
    pub connections: u32,
    /// A replica for pages.
    pub read_url: Option<String>,
}

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    inner: Arc<Inner>,
    lanes: Lanes,
}

/// What the parts of the store share.
#[derive(Debug)]
struct Inner {
    primary: PgPool,
    replica: Option<PgPool>,
    house: House,
    editions: Editions,
    notices: Notices,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 16, read_url: None }
    }
}

impl PostgresStore {
    /// Opens the database that `url` names, and makes its tables if they are not there.
    pub async fn open(url: &str, options: &Options) -> Result<Self, StoreError> {
        let primary = pool(url, options.connections + 1)?;
        let replica = options.read_url.as_deref().map(|url| pool(url, options.connections)).transpose()?;
        // A server that is older than the database goes on with what it knows, so that many can be upgraded one after the other.
        let mut migrator = sqlx::migrate!();
        migrator.set_ignore_missing(true);
        patiently!(migrator.run(&primary).await.map_err(Fault::of_migration))?;
        let inner = Arc::new(Inner { primary, replica, house: House::default(), editions: Editions::default(), notices: Notices::default() });
        inner.directory().await?;
        inner.read_editions().await?;
        tokio::spawn(notice::tell(Arc::downgrade(&inner)));
        tokio::spawn(notice::listen(Arc::downgrade(&inner)));
        Ok(Self { lanes: Lanes::new(inner.clone()), inner })
    }
}

fn pool(url: &str, connections: u32) -> Result<PgPool, StoreError> {
    let options: PgConnectOptions = url.parse().map_err(|error| StoreError::Engine(format!("the address of the database: {error}")))?;
    // There is an index for every statement, also for one that is planned while a table is still small and then kept.
    let settings = [
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("max_parallel_workers_per_gather", "0"),
        ("jit", "off"),
        ("default_transaction_isolation", "read committed"),
    ];
    let options = options.application_name(NAME).options(settings).statement_cache_capacity(1_000);
    // A connection that has broken meanwhile is noticed where it is used, and costs a repetition instead of a question each time.
    Ok(PgPoolOptions::new().max_connections(connections).acquire_timeout(CONNECT).test_before_acquire(false).connect_lazy_with(options))
}

#[async_trait]
impl Store for PostgresStore {
    async fn directory(&self) -> Result<Directory, StoreError> {
        self.inner.directory().await
    }

    async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        self.inner.edit(edits, act).await
    }

    async fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError> {
        self.inner.page(collection, select).await
    }

    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        self.inner.behind(collection, select).await
    }

    async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError> {
        self.inner.top(collection).await
    }

    async fn add(&self, addition: Addition) -> Result<Added, StoreError> {
        let number = self.inner.number(addition.collection).await?;
        self.lanes.add(number, addition).await
    }

    async fn delete(&self, collection: Uuid, id: &StixId, versions: &Versions, removal: Removal, act: Option<Act>) -> Result<usize, StoreError> {
        let number = self.inner.number(collection).await?;
        self.inner.delete(number, collection, id, versions, &removal, act).await
    }

    async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        self.inner.status(id, now).await
    }

    async fn log(&self, act: Act) -> Result<(), StoreError> {
        self.inner.log(act).await
    }

    async fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError> {
        self.inner.trail(trail).await
    }

    async fn keep(&self, paper: Paper) -> Result<(), StoreError> {
        self.inner.keep(&paper).await
    }

    async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError> {
        self.inner.paper(kind, id, now).await
    }

    async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError> {
        self.inner.papers(kind, now).await
    }

    async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        self.inner.discard(kind, id).await
    }

    async fn sweep(&self, now: Stamp) -> Result<usize, StoreError> {
        self.inner.sweep(now).await
    }

    async fn elsewhere(&self) {
        self.inner.notices.heard().await;
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn lease(&self, what: &str, who: Uuid, seconds: u32) -> Result<bool, StoreError> {
        self.inner.lease(what, who, seconds).await
    }

    fn condition(&self) -> Condition {
        Condition { waiting: self.lanes.waiting(), octets: self.inner.editions.octets(), ..Condition::default() }
    }
}

/// A stamp as a column holds it.
fn column(stamp: Stamp) -> i64 {
    i64::try_from(stamp.0).unwrap_or(i64::MAX)
}

/// A column as a stamp; the greatest stands for a time that never comes.
fn stamp(column: i64) -> Stamp {
    if column == i64::MAX { Stamp(u64::MAX) } else { Stamp(u64::try_from(column).unwrap_or_default()) }
}

/// The parts that write do so in a transaction on such a connection.
type Conn = PgConnection;
