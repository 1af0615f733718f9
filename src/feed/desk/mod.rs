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

use crate::stix::id::StixId;

use super::access::{Reading, Writing};

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
