//! The work of analysts: what was found is proposed, reviewed and published; what is published is revised, sighted and withdrawn.

pub mod change;
pub mod decay;
pub mod drafts;
pub mod identity;
pub mod import;
pub mod indicator;
pub mod lines;
pub mod merge;
pub mod publish;
pub mod review;
pub mod revise;
pub mod show;
pub mod sight;
pub mod target;
pub mod trail;
pub mod undo;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::stix::id::StixId;
use crate::stix::marking::Level;

use super::access::{Reading, Writing};
use super::error::FeedError;

/// Fewer things than this are not worth another thread.
const PARALLEL: usize = 64;

/// Leave to work on a collection: to read it and to write to it.
#[derive(Debug, Clone)]
pub struct Working {
    /// Leave to read.
    pub reading: Reading,
    /// Leave to write.
    pub writing: Writing,
}

/// Why an act of an analyst did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no such object, as far as the analyst may see.
    #[error("{0} is not in this collection")]
    Missing(StixId),
    /// No indicator says this, as far as the analyst may see.
    #[error("no indicator in this collection says {0:?}")]
    Unsaid(String),
    /// The act does not fit the object as it is.
    #[error("{0}: {1}")]
    Object(StixId, String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Asked(String),
    /// Others kept changing the objects meanwhile.
    #[error("the objects were changed by others at the same time; try again")]
    Raced,
}

/// What is told to an analyst who wants to write what it may not read afterwards.
fn beyond(clearance: Level) -> String {
    format!("you are cleared for TLP:{}, and could not see it afterwards", clearance.name().to_uppercase())
}

/// Does the same with each of many things, away from the threads that answer requests and on all cores; few are done on the spot.
async fn each<T, R>(things: Vec<T>, work: impl Fn(T) -> R + Send + Sync + 'static) -> Result<Vec<R>, FeedError>
where
    T: Send + 'static,
    R: Send + 'static,
{
    if things.len() < PARALLEL {
        return Ok(things.into_iter().map(work).collect());
    }
    let done = tokio::task::spawn_blocking(move || things.into_par_iter().with_min_len(PARALLEL).map(work).collect());
    Ok(done.await.map_err(|error| Unfit::Asked(format!("the work broke off: {error}")))?)
}
