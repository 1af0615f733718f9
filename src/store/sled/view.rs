//! What readers may see: everything that is durable, and nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use crate::store::StoreError;
use crate::store::directory::Directory;
use crate::taxii::stamp::Stamp;

/// A state of the store that is durable. The tree may be ahead of it; readers are held to it.
#[derive(Debug, Clone)]
pub(super) struct View {
    /// The directory, with the numbers of its collections.
    pub(super) house: Arc<House>,
    /// The last stamp of each collection; what stands behind it is not there yet.
    pub(super) tops: HashMap<u32, Stamp>,
    /// Versions that are superseded but still stand among the newest.
    pub(super) moving: HashSet<(u32, Stamp)>,
    /// Collections in which something was deleted for good.
    pub(super) graves: HashSet<u32>,
    /// The stamp of the last entry of the audit log.
    pub(super) audited: Stamp,
}

/// The directory, with the numbers of its collections at hand.
#[derive(Debug)]
pub(super) struct House {
    /// The directory as it stands.
    pub(super) directory: Directory,
    numbers: HashMap<Uuid, u32>,
}

impl House {
    /// A house of this directory.
    pub(super) fn new(directory: Directory) -> Self {
        let numbers = directory.collections.iter().map(|(number, collection)| (collection.id, *number)).collect();
        Self { directory, numbers }
    }

    /// The number of a collection.
    pub(super) fn number(&self, collection: Uuid) -> Result<u32, StoreError> {
        self.numbers.get(&collection).copied().ok_or(StoreError::NoCollection(collection))
    }
}

impl View {
    /// The last stamp of a collection that a reader may see.
    pub(super) fn top(&self, number: u32) -> Stamp {
        self.tops.get(&number).copied().unwrap_or_default()
    }
}
