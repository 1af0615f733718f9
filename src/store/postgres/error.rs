//! What goes wrong with a database, and what is worth trying again.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::store::StoreError;

/// For how long something is tried again before it has failed: longer than a database takes to start, or another to take its place.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Why a try failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database is not there, or it could not do two things at once: the same may go well in a moment.
    Passing(sqlx::Error),
    /// Trying again would not help.
    Lasting(StoreError),
    /// A table is not there, as that of a collection that was removed a moment ago.
    Gone,
}

impl Fault {
    /// What became of a migration.
    pub(super) fn of_migration(error: MigrateError) -> Self {
        match error {
            // Two servers that begin together may meet where the table of migrations is made.
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Lasting(StoreError::Damaged(format!("the tables of the database: {other}"))),
        }
    }

    /// What this means for who asked about a collection.
    pub(super) fn about(self, collection: Uuid) -> Self {
        if matches!(self, Self::Gone) { Self::Lasting(StoreError::NoCollection(collection)) } else { self }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Lasting(error)
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Self::Passing(error),
            sqlx::Error::Database(said) if passes(said.code().as_deref()) => Self::Passing(error),
            sqlx::Error::Database(said) if said.code().as_deref() == Some("42P01") => Self::Gone,
            sqlx::Error::Database(said) if said.code().as_deref() == Some("53100") => Self::Lasting(StoreError::Full(said.message().into())),
            _ => Self::Lasting(told(&error)),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Passing(error) => told(&error),
            Fault::Lasting(error) => error,
            Fault::Gone => Self::Damaged("a table of the database is missing".into()),
        }
    }
}

/// Whether an error is one of the moment: a connection that broke (08), a conflict (40), too many connections (53300), a server
/// that ends, starts or has become a replica (57P, 25006), two that make the same thing at once (23505, 42P07).
fn passes(code: Option<&str>) -> bool {
    let Some(code) = code else { return false };
    code.starts_with("08") || code.starts_with("40") || code.starts_with("57P") || ["53300", "25006", "23505", "42P07", "55P03"].contains(&code)
}

fn told(error: &sqlx::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

/// For how long something is tried, and how often it was.
#[derive(Debug)]
pub(super) struct Patience {
    end: Instant,
    pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { end: Instant::now() + PATIENCE, pause: PAUSE }
    }
}

impl Patience {
    /// Waits a while if trying again may help; the fault as an error otherwise.
    pub(super) async fn bear(&mut self, fault: Fault) -> Result<(), StoreError> {
        match fault {
            Fault::Passing(error) if Instant::now() < self.end => {
                tracing::warn!(%error, "the database could not be asked; it is tried again");
                sleep(self.pause).await;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                Ok(())
            }
            fault => Err(fault.into()),
        }
    }
}

/// Does something whose faults are [`Fault`]s, and does it again while it fails in a way that passes.
macro_rules! patiently {
    ($work:expr) => {{
        let mut patience = $crate::store::postgres::error::Patience::default();
        loop {
            let tried: Result<_, $crate::store::postgres::error::Fault> = async { $work }.await;
            match tried {
                Ok(done) => break Ok(done),
                Err(fault) => {
                    if let Err(error) = patience.bear(fault).await {
                        break Err(error);
                    }
                }
            }
        }
    }};
}
pub(super) use patiently;
