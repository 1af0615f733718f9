//! Servers tell each other that something has changed, so that caches and streams follow at once. Nothing relies on it: what is not heard
//! is found out a second later.

use std::sync::Weak;
use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::query;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Inner;

/// What all servers listen to.
const CHANNEL: &str = "taxiway";
/// Changes within this time are told once: a notice has to wait for all others in the database.
const GATHER: Duration = Duration::from_millis(5);
/// When there was no notice, it is looked after so long.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two at the size of the database.
const SIZE: u32 = 60;

/// What is to be told, and what was heard.
#[derive(Debug, Default)]
pub(super) struct Notices {
    tell: Notify,
    heard: Notify,
}

impl Notices {
    /// Something was changed here.
    pub(super) fn tell(&self) {
        self.tell.notify_one();
    }

    /// Waits until something may have changed elsewhere.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }
}

/// Tells others what is changed here, as long as the store is open.
pub(super) async fn tell(store: Weak<Inner>) {
    loop {
        let Some(inner) = store.upgrade() else { return };
        if timeout(LOOK, inner.notices.tell.notified()).await.is_ok() {
            sleep(GATHER).await;
            if let Err(error) = query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&inner.primary).await {
                tracing::debug!(%error, "other servers could not be told that something has changed");
            }
        }
    }
}

/// Hears what others change, as long as the store is open.
pub(super) async fn listen(store: Weak<Inner>) {
    let mut ear: Option<PgListener> = None;
    let mut looks: u32 = 0;
    loop {
        let Some(inner) = store.upgrade() else { return };
        if let Some(listener) = &mut ear {
            match timeout(LOOK, listener.try_recv()).await {
                // Heard; of more that came meanwhile nothing else is to be learned.
                Ok(Ok(Some(_))) => while listener.next_buffered().is_some() {},
                // Nothing in a second, or something may have been missed while there was no connection.
                Err(_) | Ok(Ok(None)) => {}
                Ok(Err(_)) => ear = None,
            }
        } else {
            ear = begin(&inner).await;
            if ear.is_none() {
                sleep(LOOK).await;
            }
        }
        if looks.is_multiple_of(SIZE) && inner.read_size().await.is_err() {
            tracing::debug!("the size of the database could not be read");
        }
        looks = looks.wrapping_add(1);
        if inner.replica.is_some() && inner.read_editions().await.is_err() {
            tracing::debug!("it could not be looked how far collections are");
        }
        inner.notices.heard.notify_one();
    }
}

/// Begins to listen; where that is not possible, looking must do.
async fn begin(inner: &Inner) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(&inner.primary).await.ok()?;
    listener.listen(CHANNEL).await.ok()?;
    Some(listener)
}
