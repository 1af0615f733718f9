//! Runs links when they are due: pulls by the clock, the others when something new is there; each link one run at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::Client;
use uuid::Uuid;

use super::client::{self, Fault};
use super::pull::{self, Stopped};
use super::send;
use super::state::State;
use crate::feed::Feed;
use crate::store::directory::{Link, LinkKind};

/// How often is looked what is due, if nothing new comes.
const LOOK: Duration = Duration::from_secs(1);
/// How long what is new is gathered before it is sent.
const GATHER: Duration = Duration::from_millis(20);

/// Runs the links of a feed.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    /// Made when the first link runs.
    client: Arc<OnceLock<Client>>,
    running: Arc<Mutex<HashSet<Uuid>>>,
}

/// A link that is running, until this is dropped.
struct Turn {
    runner: Runner,
    id: Uuid,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.runner.running().remove(&self.id);
    }
}

impl Runner {
    /// The client that all links share.
    fn client(&self) -> Result<&Client, Stopped> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = client::client().map_err(|error| Stopped::There(Fault::Silent(error.to_string())))?;
        Ok(self.client.get_or_init(|| made))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what is due, as long as the server does.
    pub async fn run(self, feed: Arc<Feed>) {
        let mut ear = feed.bell().listen();
        while !ear.is_over() {
            let links = feed.directory();
            // Of several servers one runs all links.
            let leads = links.links.is_empty() || feed.leads("links").await;
            for link in links.links.values().filter(|link| leads && !link.paused) {
                if self.is_due(&feed, link).await {
                    let (runner, feed, link) = (self.clone(), feed.clone(), link.clone());
                    tokio::spawn(async move { runner.once(&feed, &link).await });
                }
            }
            tokio::select! {
                () = ear.heard() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn is_due(&self, feed: &Feed, link: &Link) -> bool {
        if self.running().contains(&link.id) {
            return false;
        }
        let now = feed.clock().now();
        match State::of(feed, link).await {
            Ok(state) if state.rests_until > now => false,
            Ok(state) if link.kind == LinkKind::Pull => state.failures > 0 || state.done.0 + u64::from(link.every) * 1_000_000 <= now.0,
            Ok(state) => {
                let reading = crate::feed::access::outgoing(&feed.directory(), link, now);
                let Some(reading) = reading else { return state.error.is_none() };
                feed.after(&reading, state.position, 1, 1).await.is_ok_and(|page| !page.records.is_empty())
            }
            Err(_) => false,
        }
    }

    /// Runs a link now; how it stands then. `None` if it is running already.
    pub async fn once(&self, feed: &Feed, link: &Link) -> Option<State> {
        if !self.running().insert(link.id) {
            return None;
        }
        let _turn = Turn { runner: self.clone(), id: link.id };
        let mut state = State::of(feed, link).await.ok()?;
        state.tried = feed.clock().now();
        let ended = match (self.client(), link.kind) {
            (Err(stopped), _) => Err(stopped),
            (Ok(client), LinkKind::Pull) => pull::run(feed, client, link, &mut state).await,
            (Ok(client), LinkKind::Push | LinkKind::Hook) => send::run(feed, client, link, &mut state).await,
        };
        let now = feed.clock().now();
        match ended {
            Ok(()) => state.succeed(now),
            Err(stopped) => {
                let told = if let Stopped::There(fault) = &stopped { fault.again() } else { None };
                tracing::warn!(link = link.name, error = %stopped, "a link did not come to its end");
                state.fail(stopped.to_string(), told, now);
            }
        }
        // A link that is gone meanwhile leaves nothing.
        if feed.directory().links.contains_key(&link.id)
            && let Err(error) = state.keep(feed, link).await
        {
            tracing::warn!(link = link.name, %error, "it could not be noted how a link stands");
        }
        Some(state)
    }
}
