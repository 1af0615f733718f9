//! Several servers on one store: what others change is followed, and what only one may do at a time is done by one.
//!
//! The audit log tells what has changed, in the order of commits; the store says when to look. Where there is but one server, nobody ever looks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::sleep;
use uuid::Uuid;

use super::Feed;
use crate::stix::id::StixId;
use crate::store::audit::{Entry, Trail};
use crate::store::{Store, StoreError};
use crate::taxii::stamp::Stamp;

/// Entries of the log that are read at once.
const ENTRIES: usize = 500;
/// How often it is asked again for what another server does at this moment.
const ASK: Duration = Duration::from_millis(20);
/// For how many seconds a server that was killed keeps others from an analyst's act, and from what is done in the background.
const DESK: u32 = 30;
const BACKGROUND: u32 = 90;

/// The leave to read, make and write an analyst's act, until this is dropped: on this server and all others.
pub(super) struct Turn<'a> {
    _here: MutexGuard<'a, ()>,
    store: Arc<dyn Store>,
    who: Uuid,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.store.is_shared() {
            let (store, who) = (self.store.clone(), self.who);
            tokio::spawn(async move { store.lease("desk", who, 0).await });
        }
    }
}

/// The stamp of the last entry of the audit log.
pub(super) async fn last_entry(store: &dyn Store) -> Result<Stamp, StoreError> {
    let last = Trail { after: Stamp::ZERO, before: Stamp(u64::MAX), latest_first: true, limit: 1 };
    Ok(store.trail(&last).await?.first().map_or(Stamp::ZERO, |entry| entry.act.at))
}

/// Shows the entries of the audit log after a stamp, in their order, as long as `look` wants more.
pub(super) async fn each_entry(store: &dyn Store, mut after: Stamp, mut look: impl FnMut(&Entry) -> bool + Send) -> Result<(), StoreError> {
    loop {
        let entries = store.trail(&Trail { after, before: Stamp(u64::MAX), latest_first: false, limit: ENTRIES }).await?;
        let wants_more = entries.iter().all(&mut look);
        match entries.last() {
            Some(last) if wants_more && entries.len() == ENTRIES => after = last.act.at,
            _ => return Ok(()),
        }
    }
}

/// The objects of which an entry tells that versions were deleted, or that they count higher.
pub(super) fn touched(entry: &Entry) -> impl Iterator<Item = StixId> {
    entry.deleted.iter().map(|deleted| &deleted.id).chain(&entry.raised).filter_map(|id| StixId::parse(id).ok())
}

impl Feed {
    /// Gives this server a name of its own, under which it is known where there are several.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let server = if self.store.is_shared() { Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()) } else { Uuid::nil() };
        Self { server, ..self }
    }

    /// Whether other servers may have the same store.
    pub fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Follows what other servers change, for ever.
    pub async fn follow_elsewhere(&self) {
        loop {
            self.store.elsewhere().await;
            if let Err(error) = self.learn().await {
                tracing::warn!(%error, "it could not be looked what other servers have changed");
            }
        }
    }

    /// Whether it is this server that does what one does in the background for all; for a while, until it is asked again.
    pub async fn leads(&self, what: &str) -> bool {
        self.store.lease(what, self.server, BACKGROUND).await.unwrap_or_default()
    }

    /// Waits for the turn of an analyst's act.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, StoreError> {
        let here = self.desk.lock().await;
        while !self.store.lease("desk", self.server, DESK).await? {
            sleep(ASK).await;
        }
        Ok(Turn { _here: here, store: self.store.clone(), who: self.server })
    }

    /// Takes up what the audit log tells since it was read last. Where there is but one server, that is what it did itself.
    pub(super) async fn learn(&self) -> Result<(), StoreError> {
        let mut learned = self.learned.lock().await;
        let mut edited = false;
        let after = *learned;
        each_entry(&*self.store, after, |entry| {
            edited |= !entry.changed.is_empty();
            self.take_up(entry);
            *learned = entry.act.at;
            true
        })
        .await?;
        if edited {
            let _turn = self.editing.lock().await;
            self.directory.store(Arc::new(self.store.directory().await?));
        }
        Ok(())
    }

    fn take_up(&self, entry: &Entry) {
        let Some(collection) = entry.collection else { return };
        for id in touched(entry) {
            self.catalog.doubt(collection, &id);
            self.values.doubt(collection, &id);
        }
        if entry.stored.is_some() {
            self.bell.ring();
        }
    }
}
