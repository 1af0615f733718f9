//! What is read for lists from what the store tells of its writes, so that it need not be read from the store again.
//!
//! It stands in stretches like those that are kept ([`super::kept`]), and is there until it is kept. A stretch that is not here is read from the
//! store: so whatever tears the writes apart only begins a new one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use uuid::Uuid;

use super::Values;
use super::chunk::{Builder, Pack};
use super::entry;
use crate::feed::guard::lists::Lists;
use crate::feed::shelf::in_background;
use crate::feed::shelf::stretches::Stretch;
use crate::store::writes::Write;
use crate::store::{Record, Store, StoreError};
use crate::taxii::stamp::Stamp;

/// A stretch ends where its values take so many octets, however few objects they are of.
pub(super) const HEAVY: usize = 16 << 20;
/// More full stretches than this are not held.
const MOST: usize = 128;

/// What has come into all collections and is not kept.
#[derive(Debug, Default)]
pub(super) struct Heard(HashMap<Uuid, Coming>);

/// What has come into one: adjoining stretches.
#[derive(Debug)]
struct Coming {
    full: VecDeque<(Stretch, Arc<Pack>)>,
    last: Stretch,
    read: Builder,
    objects: usize,
}

/// What is to be kept next of a collection.
#[derive(Debug)]
pub(super) enum Next {
    /// This, as it was read.
    Heard(Stretch, Arc<Pack>),
    /// What stands in the store up to here; then comes what was heard, of which a stretch is full or not.
    Stored(Stamp, bool),
}

impl Values {
    /// Reads what was written since. Returns how many stretches are full.
    pub(super) async fn hear(&self, store: &dyn Store, lists: &Arc<Lists>, full: usize) -> Result<usize, StoreError> {
        let (mut heard, lists) = (self.heard.clone().lock_owned().await, lists.clone());
        let Some(writes) = store.hear() else {
            heard.0.clear();
            return Ok(0);
        };
        in_background(move || {
            for write in writes {
                heard.take(write, &lists, full);
            }
            heard.0.values().map(|coming| coming.full.len()).sum()
        })
        .await
    }

    /// The stretches of a collection that were heard, behind a stamp.
    pub(super) async fn heard_behind(&self, collection: Uuid, stamp: Stamp) -> Vec<Stretch> {
        let heard = self.heard.lock().await;
        let Some(coming) = heard.0.get(&collection) else { return Vec::new() };
        let all = coming.full.iter().map(|(stretch, _)| *stretch).chain([coming.last]);
        all.filter(|stretch| stretch.after >= stamp && stretch.after < stretch.upto).collect()
    }

    /// What was read of a stretch that was heard.
    pub(super) async fn heard(&self, collection: Uuid, stretch: Stretch) -> Result<Option<Arc<Pack>>, StoreError> {
        let heard = self.heard.clone().lock_owned().await;
        in_background(move || {
            let coming = heard.0.get(&collection)?;
            let full = coming.full.iter().find(|(its, _)| *its == stretch).map(|(_, read)| read.clone());
            full.or_else(|| (coming.last == stretch).then(|| coming.read.clone().finish().into()))
        })
        .await
    }

    /// What is to be kept next of a collection of which everything up to a stamp is kept.
    pub(super) async fn next(&self, collection: Uuid, end: Stamp) -> Next {
        let mut heard = self.heard.lock().await;
        let Some(coming) = heard.0.get_mut(&collection) else { return Next::Stored(Stamp(u64::MAX), false) };
        while coming.full.pop_front_if(|(stretch, _)| stretch.after < end).is_some() {}
        match coming.full.front() {
            Some((stretch, read)) if stretch.after == end => Next::Heard(*stretch, read.clone()),
            Some((stretch, _)) => Next::Stored(stretch.after, true),
            None if coming.last.after >= end => Next::Stored(coming.last.after, false),
            None => {
                heard.0.remove(&collection);
                Next::Stored(Stamp(u64::MAX), false)
            }
        }
    }
}

impl Heard {
    fn take(&mut self, write: Write, lists: &Lists, full: usize) {
        match write {
            Write::Touched(collection) => drop(self.0.remove(&collection)),
            Write::Stored { collection, after, upto, records } => {
                let coming = self.0.entry(collection).or_insert_with(|| Coming::behind(after));
                if coming.last.upto != after {
                    *coming = Coming::behind(after);
                }
                coming.take(upto, &records, lists, full);
            }
        }
    }
}

impl Coming {
    fn behind(stamp: Stamp) -> Self {
        Self { full: VecDeque::new(), last: Stretch { after: stamp, upto: stamp }, read: Builder::default(), objects: 0 }
    }

    fn take(&mut self, upto: Stamp, records: &[Record], lists: &Lists, full: usize) {
        entry::read(records, lists, &mut self.read);
        self.last.upto = upto;
        self.objects += records.len();
        if self.objects < full && self.read.octets() < HEAVY {
            return;
        }
        let Self { full: mut held, last, read, .. } = std::mem::replace(self, Self::behind(upto));
        // Whoever should keep them cannot: they are read from the store one day.
        if held.len() < MOST {
            held.push_back((last, Arc::new(read.finish())));
            self.full = held;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    const HERE: Uuid = Uuid::nil();

    fn stored(after: u64, upto: u64) -> Write {
        Write::Stored { collection: HERE, after: Stamp(after), upto: Stamp(upto), records: Vec::new() }
    }

    fn stretch(after: u64, upto: u64) -> Stretch {
        Stretch { after: Stamp(after), upto: Stamp(upto) }
    }

    /// What was heard of such writes, of which each fills a stretch or none does.
    async fn heard(writes: Vec<Write>, full: usize) -> Values {
        let values = Values::default();
        let mut heard = values.heard.lock().await;
        for write in writes {
            heard.take(write, &Lists::default(), full);
        }
        drop(heard);
        values
    }

    #[tokio::test]
    async fn writes_that_adjoin_are_one_stretch_and_a_gap_begins_anew() {
        let values = heard(vec![stored(0, 3), stored(3, 5)], 9).await;
        assert_eq!(values.heard_behind(HERE, Stamp::ZERO).await, [stretch(0, 5)]);
        let values = heard(vec![stored(0, 3), stored(4, 5)], 9).await;
        assert_eq!(values.heard_behind(HERE, Stamp::ZERO).await, [stretch(4, 5)]);
        let values = heard(vec![stored(0, 3), Write::Touched(HERE), stored(3, 5)], 0).await;
        assert_eq!(values.heard_behind(HERE, Stamp::ZERO).await, [stretch(3, 5)]);
        // What is kept reaches into the first.
        let values = heard(vec![stored(0, 3), stored(3, 5)], 0).await;
        assert_eq!(values.heard_behind(HERE, Stamp(2)).await, [stretch(3, 5)]);
        assert!(values.heard(HERE, stretch(0, 3)).await.unwrap().is_some() && values.heard(HERE, stretch(0, 5)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_kept_next_adjoins_what_is_kept() {
        let next = async |values: &Values, end| format!("{:?}", values.next(HERE, Stamp(end)).await);
        let only_stored = format!("{:?}", Next::Stored(Stamp(u64::MAX), false));
        let full = async || heard(vec![stored(1, 3), stored(3, 5)], 0).await;
        assert_eq!(next(&full().await, 0).await, format!("{:?}", Next::Stored(Stamp(1), true)));
        assert!(next(&full().await, 1).await.starts_with("Heard(Stretch { after: Stamp(1)"));
        assert_eq!(
            next(&full().await, 2).await,
            format!("{:?}", Next::Stored(Stamp(3), true)),
            "what reaches into the first is read, and that up to the second"
        );
        assert_eq!(next(&full().await, 5).await, format!("{:?}", Next::Stored(Stamp(5), false)));
        assert_eq!(next(&full().await, 6).await, only_stored);
        let values = heard(vec![stored(1, 3)], 9).await;
        assert_eq!((next(&values, 1).await, next(&values, 2).await), (format!("{:?}", Next::Stored(Stamp(1), false)), only_stored));
        assert!(values.heard_behind(HERE, Stamp::ZERO).await.is_empty(), "it could never be kept");
    }

    #[tokio::test]
    async fn too_much_to_be_held_is_read_from_the_store() {
        let values = heard((0..=MOST as u64).map(|n| stored(n, n + 1)).collect(), 0).await;
        assert!(values.heard_behind(HERE, Stamp::ZERO).await.is_empty());
        // A store that cannot tell what was written.
        let values = heard(vec![stored(0, 3)], 9).await;
        assert_eq!(values.hear(&MemoryStore::default(), &Arc::default(), 9).await.unwrap(), 0);
        assert!(values.heard_behind(HERE, Stamp::ZERO).await.is_empty());
    }
}
