//! From the name of a store to the store.

use std::path::PathBuf;
use std::sync::Arc;

use super::memory::MemoryStore;
use super::postgres::{Options as Postgres, PostgresStore};
use super::sled::copy::{self, Copied};
use super::sled::{Options as Sled, SledStore};
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

/// Copies the store `from`, which nobody may have open, to `to`, where nothing may be yet. `progress` is told the octets copied.
pub fn copy(from: &str, to: &str, options: &Sled, mut progress: impl FnMut(u64)) -> Result<Copied, StoreError> {
    copy::copy(&directory(from)?, &directory(to)?, options, &mut progress)
}

/// Rewrites the store that `url` names, which nobody may have open, without what is of no use in it any more.
pub fn compact(url: &str, options: &Sled, mut progress: impl FnMut(u64)) -> Result<Copied, StoreError> {
    copy::compact(&directory(url)?, options, &mut progress)
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
