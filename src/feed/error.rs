//! What a use case can end in besides its result. Knows no HTTP: the doors map it once.

use super::access::Denied;
use super::desk::Unfit;
use crate::store::StoreError;
use crate::taxii::query::QueryError;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A query parameter is malformed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The body is not JSON: 400.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The body is JSON but no envelope with objects: 422.
    #[error("{0}")]
    NotAnEnvelope(String),
    /// The envelope has more objects than it may: 413.
    #[error("the envelope has {found} objects, at most {most} are taken at once")]
    TooMany {
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// What an analyst asked for does not fit.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}
