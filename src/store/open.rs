//! From the name of a store to the store.

use std::path::PathBuf;
use std::sync::Arc;

use super::memory::MemoryStore;
use super::postgres::transfer::PostgresVessel;
use super::postgres::{Options as Postgres, PostgresStore};
use super::sled::copy;
use super::sled::transfer::SledVessel;
use super::sled::{Options as Sled, SledStore};
use super::transfer::{Copied, Vessel, transfer};
use super::{Store, StoreError};

/// What an operator may set about stores of each kind.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Of one on this machine's disk.
    pub sled: Sled,
    /// Of one in a PostgreSQL database.
    pub postgres: Postgres,
}

/// Opens the store that `url` names: `memory:`, which ends with the process, `sled:DIRECTORY`, which is made if it is not there, or
/// `postgres://USER:PASSWORD@HOST/DATABASE`, in which the tables are made if they are not there.
pub async fn open(url: &str, options: Options) -> Result<Arc<dyn Store>, StoreError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryStore::default()));
    }
    if is_postgres(url) {
        return Ok(Arc::new(PostgresStore::open(url, &options.postgres).await?));
    }
    let dir = directory(url)?;
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&dir, options.sled)).await;
    Ok(Arc::new(opened.map_err(|e| StoreError::Engine(format!("opening ended: {e}")))??))
}

/// Copies the store `from`, which nobody may use meanwhile, to `to`, where no store may be yet. `progress` is told the octets copied.
///
/// Between stores on this machine's disk it is a copy of keys and values; else a [transfer](super::transfer), which goes on where it was broken off.
pub async fn copy(from: &str, to: &str, options: &Sled, progress: impl Fn(u64) + Send + Sync + 'static) -> Result<Copied, StoreError> {
    if is_postgres(from) || is_postgres(to) {
        let (from, to) = (vessel(from, options, true).await?, vessel(to, options, false).await?);
        return transfer(&*from, &*to, &progress).await;
    }
    let (from, to, options) = (directory(from)?, directory(to)?, *options);
    let copied = tokio::task::spawn_blocking(move || copy::copy(&from, &to, &options, &mut |octets| progress(octets))).await;
    copied.map_err(|error| StoreError::Engine(format!("copying ended: {error}")))?
}

async fn vessel(url: &str, options: &Sled, there: bool) -> Result<Box<dyn Vessel>, StoreError> {
    if is_postgres(url) {
        return Ok(Box::new(PostgresVessel::open(url).await?));
    }
    Ok(Box::new(SledVessel::open(&directory(url)?, options, there)?))
}

/// Rewrites the store that `url` names, which nobody may have open, without what is of no use in it any more.
pub async fn compact(url: &str, options: &Sled, progress: impl Fn(u64) + Send + 'static) -> Result<Copied, StoreError> {
    let (at, options) = (directory(url)?, *options);
    let compacted = tokio::task::spawn_blocking(move || copy::compact(&at, &options, &mut |octets| progress(octets))).await;
    compacted.map_err(|error| StoreError::Engine(format!("compacting ended: {error}")))?
}

fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
}

/// The directory of a store on this machine's disk.
fn directory(url: &str) -> Result<PathBuf, StoreError> {
    match url.split_once(':') {
        Some(("sled", dir)) if !dir.is_empty() => Ok(dir.into()),
        _ => Err(StoreError::Name(url.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_open_stores() {
        let dir = tempfile::TempDir::new().unwrap();
        let nested = format!("sled:{}", dir.path().join("a/b").display());
        for url in ["memory:", &nested] {
            assert!(open(url, Options::default()).await.unwrap().directory().await.unwrap().roots.is_empty(), "{url}");
        }
        for url in ["", "memory", "memory:x", "sled", "sled:", "redis:x", "/data", "postgres:x"] {
            assert!(matches!(open(url, Options::default()).await, Err(StoreError::Name(name)) if name == url), "{url}");
        }
    }
}
