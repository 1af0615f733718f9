//! How far collections are on the primary, as this server knows, and so whether a replica is far enough to be asked.
//!
//! What this server has written, it knows; what others have, they tell when they have, and it is looked up each second. A
//! reader's position is known from its question: a replica that does not hold that yet is not asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sqlx::{PgPool, query_as, query_scalar};

use super::edit::key;
use super::error::patiently;
use super::{Inner, stamp};
use crate::store::StoreError;
use crate::taxii::stamp::Stamp;
use uuid::Uuid;

/// The editions of collections that are known to be written.
#[derive(Debug, Default)]
pub(super) struct Editions {
    known: Mutex<HashMap<u32, i64>>,
    octets: AtomicU64,
}

impl Editions {
    /// A collection is at this edition, or a later one.
    pub(super) fn learn(&self, number: u32, edition: i64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(number).or_default();
        *known = edition.max(*known);
    }

    fn of(&self, number: u32) -> Option<i64> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&number).copied()
    }

    /// The octets that the database took when it was looked last.
    pub(super) fn octets(&self) -> u64 {
        self.octets.load(Ordering::Relaxed)
    }
}

impl Inner {
    /// Looks how far all collections are, and how large the database is.
    pub(super) async fn read_editions(&self) -> Result<(), StoreError> {
        let rows: Vec<(i32, i64)> = patiently!(Ok(query_as("SELECT number, edition FROM collection").fetch_all(&self.primary).await?))?;
        for (number, edition) in rows {
            self.editions.learn(u32::try_from(number).unwrap_or_default(), edition);
        }
        Ok(())
    }

    /// Looks how large the database is.
    pub(super) async fn read_size(&self) -> Result<(), StoreError> {
        let size: i64 = patiently!(Ok(query_scalar("SELECT pg_database_size(current_database())").fetch_one(&self.primary).await?))?;
        self.editions.octets.store(u64::try_from(size).unwrap_or_default(), Ordering::Relaxed);
        Ok(())
    }

    /// The replica, if it has everything of a collection that is known to be written, and where the reader stands.
    pub(super) async fn replica_for(&self, number: u32, position: Stamp) -> Option<&PgPool> {
        let replica = self.replica.as_ref()?;
        let known = self.editions.of(number)?;
        let asked = query_as("SELECT last, edition FROM collection WHERE number = $1").bind(key(number).ok()?);
        let (last, edition): (i64, i64) = asked.fetch_optional(replica).await.ok()??;
        (edition >= known && stamp(last) >= position).then_some(replica)
    }

    /// [`Store::top`](crate::store::Store::top).
    pub(super) async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError> {
        let last: Option<i64> = patiently!({
            let asked = query_scalar("SELECT last FROM collection WHERE id = $1").bind(collection);
            Ok(asked.fetch_optional(&self.primary).await?)
        })?;
        last.map(stamp).ok_or(StoreError::NoCollection(collection))
    }
}
