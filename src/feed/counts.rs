//! What went through since the start: objects served and taken, and how the caches do.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::read::Content;
use crate::store::{Hits, Outcome};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it. Nobody waits, and nothing is ordered by it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Where it stands.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the feed has done since it was opened.
#[derive(Debug, Default)]
pub struct Counts {
    /// Objects on the pages that were handed out; on a manifest or a list of versions an object counts as on a page of objects.
    pub served: Counter,
    /// Octets of these objects.
    pub served_octets: Counter,
    /// Octets of the envelopes that came in.
    pub received_octets: Counter,
    /// Objects that were stored.
    pub added: Counter,
    /// Objects that were there already.
    pub duplicates: Counter,
    /// Objects whose version was there already with other content.
    pub conflicts: Counter,
    /// Objects that did not pass the gate.
    pub refused: Counter,
    caches: Mutex<Vec<Cache>>,
}

/// A cache that is watched: it counts by itself and is read when somebody wants to know.
struct Cache {
    name: &'static str,
    read: Box<dyn Fn() -> Hits + Send + Sync>,
}

impl Counts {
    /// Watches a cache from now on. `read` is called whenever the counts are shown; the cache itself pays nothing for it.
    pub fn watch_cache(&self, name: &'static str, read: impl Fn() -> Hits + Send + Sync + 'static) {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner).push(Cache { name, read: Box::new(read) });
    }

    /// The caches that are watched, and how they do.
    pub fn caches(&self) -> Vec<(&'static str, Hits)> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|cache| (cache.name, (cache.read)())).collect()
    }

    /// A page was handed out.
    pub(super) fn page(&self, page: &impl Content) {
        let (objects, octets) = page.size();
        self.served.add(objects as u64);
        self.served_octets.add(octets as u64);
    }

    /// An envelope came in, and this became of its objects.
    pub(super) fn envelope(&self, octets: usize, refused: usize, outcomes: &[Outcome]) {
        self.received_octets.add(octets as u64);
        self.refused.add(refused as u64);
        for outcome in outcomes {
            match outcome {
                Outcome::Added(_) => self.added.add(1),
                Outcome::Duplicate(_) => self.duplicates.add(1),
                Outcome::Conflict(_) | Outcome::Deleted(..) => self.conflicts.add(1),
            }
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cache").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_cache_is_read_when_somebody_looks() {
        let (counts, hits) = (Counts::default(), Arc::new(Counter::default()));
        let of_cache = hits.clone();
        counts.watch_cache("pages", move || Hits { hits: of_cache.get(), misses: 1 });
        hits.add(2);
        assert_eq!(counts.caches(), [("pages", Hits { hits: 2, misses: 1 })]);
    }
}
