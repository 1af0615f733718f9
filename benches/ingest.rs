//! What an envelope costs from the door's hand to durable: split, judged, stored.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod support;

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use taxiway::feed::access::Writing;
use taxiway::feed::clock::SystemClock;
use taxiway::feed::guard::{self, Guard, Posting};
use taxiway::feed::{Feed, Options};
use taxiway::store::Store;
use taxiway::store::audit::{Act, Verb};
use taxiway::store::directory::{Edit, Root};
use taxiway::store::memory::MemoryStore;
use taxiway::store::sled::{self, SledStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use support::objects;
use support::stores::{COLLECTION, collection};

/// Objects of an envelope.
const SIZES: [u64; 3] = [1, 100, 1000];

fn main() {
    divan::main();
}

fn post(bencher: Bencher<'_, '_>, store: Arc<dyn Store>, posting: Posting, size: u64) {
    let runtime = Runtime::new().expect("a runtime");
    let options = Options {
        page_default: 1000,
        page_max: 5000,
        page_octets: 32 << 20,
        status_hours: 48,
        envelope_objects: 10_000,
        catalog_octets: 64 << 20,
        json_depth: 128,
    };
    let guard = Guard::open(&guard::Options { defaults: true, posting, ..guard::Options::default() }).expect("the lists that are built in");
    let feed = runtime.block_on(Feed::open(store, Arc::new(SystemClock), options)).expect("the store is empty").guarded(guard);
    let root = Root { slug: "bench".into(), title: "Bench".into(), description: None };
    runtime.block_on(feed.edit(vec![Edit::AddRoot(root), Edit::AddCollection(collection())], None)).expect("the store is empty");
    let writing = Writing { collection: COLLECTION, root: "bench".into(), writer: "ann".into(), origin: None };
    let next = Cell::new(0);
    let fresh = || {
        let first = next.replace(next.get() + size);
        Bytes::from(objects::envelope((first..first + size).map(|serial| (serial, 0))))
    };
    let items = ItemsCount::new(usize::try_from(size).expect("a small number"));
    bencher.counter(items).with_inputs(fresh).bench_local_values(|body| {
        let act = Act::of_program(Verb::Post, feed.clock().now());
        let status = runtime.block_on(feed.post(&writing, body, act)).expect("an envelope");
        assert_eq!(status.failure_count, 0);
    });
}

#[divan::bench(args = SIZES)]
fn memory(bencher: Bencher<'_, '_>, size: u64) {
    post(bencher, Arc::new(MemoryStore::default()), Posting::Off, size);
}

/// The same under the guard with its built-in lists.
#[divan::bench(args = SIZES)]
fn memory_guarded(bencher: Bencher<'_, '_>, size: u64) {
    post(bencher, Arc::new(MemoryStore::default()), Posting::Block, size);
}

#[divan::bench(args = SIZES)]
fn sled(bencher: Bencher<'_, '_>, size: u64) {
    let dir = TempDir::new().expect("a folder");
    post(bencher, Arc::new(SledStore::open(dir.path(), sled::Options::default()).expect("an empty folder")), Posting::Off, size);
}
