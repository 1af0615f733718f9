//! What a store tells of its writes, for who would else have to read them again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::Record;
use crate::taxii::stamp::Stamp;

/// More octets than this are not remembered for who does not listen.
const MOST: usize = 64 << 20;
/// What a write and an object of it cost besides the object's octets, at least.
const OVERHEAD: usize = size_of::<Write>() + size_of::<Record>();

/// A write.
#[derive(Debug)]
pub enum Write {
    /// Something was stored.
    Stored {
        /// Where.
        collection: Uuid,
        /// The last stamp of the collection before,
        after: Stamp,
        /// and now.
        upto: Stamp,
        /// What stands between them and is the latest version of its object.
        records: Vec<Record>,
    },
    /// Versions are about to be deleted, or to count higher, or the collection is about to be removed: what was told of it does not hold any more.
    Touched(Uuid),
}

/// What was told and not heard.
#[derive(Debug, Default)]
pub(super) struct Writes(Mutex<Unheard>);

#[derive(Debug, Default)]
struct Unheard {
    /// Whether anybody ever listened.
    listens: bool,
    told: Vec<Write>,
    octets: usize,
}

impl Writes {
    /// Tells a write. One that touches is told before it is done, one that stores afterwards.
    pub(super) fn tell(&self, told: Write) {
        let mut unheard = self.unheard();
        if !unheard.listens {
            return;
        }
        unheard.octets += OVERHEAD;
        if let Write::Stored { records, .. } = &told {
            unheard.octets += records.iter().map(|record| record.object.len() + OVERHEAD).sum::<usize>();
        }
        unheard.told.push(told);
        if unheard.octets > MOST {
            *unheard = Unheard::default();
        }
    }

    /// [`Store::hear`](super::Store::hear)
    pub(super) fn hear(&self) -> Option<Vec<Write>> {
        let Unheard { listens, told, .. } = std::mem::replace(&mut *self.unheard(), Unheard { listens: true, ..Unheard::default() });
        listens.then_some(told)
    }

    fn unheard(&self) -> MutexGuard<'_, Unheard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
