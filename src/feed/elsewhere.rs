//! Several servers on one store: what others change is followed, and what only one may do at a time is done by one.
//!
//! The audit log tells what has changed, in the order of commits; the store says when to look. Where there is but one server, nobody ever looks.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
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
pub(super) struct Turn {
    /// Given up once the lease is: the next turn here is not begun on a lease that is about to end.
    here: Option<OwnedMutexGuard<()>>,
    store: Arc<dyn Store>,
    /// Another for each turn, so that none is taken for another's, whatever servers are called.
    who: Uuid,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.store.is_shared() {
            let (store, who, here) = (self.store.clone(), self.who, self.here.take());
            tokio::spawn(async move {
                // A lease that cannot be given up ends by itself.
                let _ = store.lease("desk", who, 0).await;
                drop(here);
            });
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
    pub(super) async fn turn(&self) -> Result<Turn, StoreError> {
        let (here, who) = (self.desk.clone().lock_owned().await, Uuid::new_v4());
        while !self.store.lease("desk", who, DESK).await? {
            sleep(ASK).await;
        }
        Ok(Turn { here: Some(here), store: self.store.clone(), who })
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::{JoinSet, yield_now};

    use super::*;
    use crate::feed::Options;
    use crate::feed::clock::SystemClock;
    use crate::store::postgres::tests::fresh;

    /// Two machines may have the same name, and a server begins a turn while it still gives up the last one.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_at_a_time_has_the_turn_whatever_servers_are_called() {
        let Some((store, ())) = fresh().await else { return };
        let store: Arc<dyn Store> = Arc::new(store);
        let (mut turns, within) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for name in ["one", "same", "same"] {
            let feed = Feed::open(store.clone(), Arc::new(SystemClock), Options::default()).await.unwrap().named(name);
            let within = within.clone();
            turns.spawn(async move {
                for _ in 0..20 {
                    let turn = feed.turn().await.unwrap();
                    assert_eq!(within.fetch_add(1, Ordering::SeqCst), 0, "another has the turn");
                    feed.answers().await.unwrap();
                    yield_now().await;
                    within.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                }
            });
        }
        while let Some(ended) = turns.join_next().await {
            ended.unwrap();
        }
    }
}
