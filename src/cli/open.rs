//! From settings to everything that handlers share: store, feed, authenticator.

use std::net::SocketAddr;
use std::sync::Arc;

use super::exit::{Exit, Trouble};
use crate::auth::Authenticator;
use crate::config::Config;
use crate::door::App;
use crate::feed::Feed;
use crate::feed::clock::SystemClock;
use crate::feed::guard::Guard;
use crate::store::{self, StoreError};

/// Opens the store of `config` and what stands on it, under this guard. Reads the directory and no object, however big the store is.
///
/// `listens` is where a server listens. Who listens nowhere, as a verb does, is no server among those on the store, and has no name there.
pub async fn app(config: &Config, guard: Guard, listens: Option<SocketAddr>) -> Result<App, Trouble> {
    let failed = |error: StoreError| trouble(&error);
    let store = store::open::open(&config.store, config.stores()).await.map_err(failed)?;
    let feed = Feed::open(store, Arc::new(SystemClock), config.feed()).await.map_err(failed)?.guarded(guard);
    let feed = Arc::new(match listens {
        Some(address) => feed.named(&name(address)),
        None => feed,
    });
    feed.recall_handed().await.map_err(failed)?;
    let auth = Authenticator::new(feed.clone()).map_err(|error| Trouble::new(Exit::Failed, error))?;
    Ok(App::new(feed, Arc::new(auth), config.door()))
}

/// What a server is called among others on the same store: the same after a restart, and another for each.
fn name(address: SocketAddr) -> String {
    format!("{} {address}", host())
}

#[cfg(target_os = "linux")]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Elsewhere the address must do.
#[cfg(not(target_os = "linux"))]
fn host() -> String {
    String::new()
}

/// What a store that did not do its work means for a verb.
pub fn trouble(error: &StoreError) -> Trouble {
    match error {
        StoreError::Locked(_) => {
            Trouble::new(Exit::Unavailable, format!("{error}: if that is a server, speak to it with --url http://… and --token, or stop it first"))
        }
        StoreError::Name(_) => Trouble::new(Exit::Unreadable, error),
        _ => Trouble::new(Exit::Failed, error),
    }
}
