//! What a page costs in the store, as records and as text, and what writing it as an envelope adds.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod support;

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use taxiway::stix::marking::Level;
use taxiway::store::directory::{Edit, Root};
use taxiway::store::memory::MemoryStore;
use taxiway::store::sled::{Options, SledStore};
use taxiway::store::{Addition, Select, Store, Versions};
use taxiway::taxii::envelope::{self, Empty};
use taxiway::taxii::stamp::Stamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use support::objects::judged;
use support::stores::{COLLECTION, collection};

/// Objects in the collection.
const HELD: u64 = 5_000;
/// Objects on a page.
const SIZES: [usize; 2] = [100, 1000];

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}

async fn filled(store: Arc<dyn Store>) -> Arc<dyn Store> {
    let root = Root { slug: "bench".into(), title: "Bench".into(), description: None };
    store.edit(vec![Edit::AddRoot(root), Edit::AddCollection(collection())], None).await.expect("the store is empty");
    let objects = (0..HELD).map(|serial| judged(serial, 0)).collect();
    store.add(Addition { collection: COLLECTION, objects, now: Stamp::ZERO, receipt: None, act: None }).await.expect("the objects are good");
    store
}

fn select(limit: usize) -> Select {
    Select {
        after: Stamp::ZERO,
        from: Stamp::ZERO,
        limit,
        octets: usize::MAX,
        ids: None,
        types: None,
        versions: Versions::LAST,
        clearance: Level::Red,
        only: None,
    }
}

fn page(bencher: Bencher<'_, '_>, store: Arc<dyn Store>, limit: usize) {
    let runtime = runtime();
    let (store, select) = (runtime.block_on(filled(store)), select(limit));
    bencher.counter(ItemsCount::new(limit)).bench(|| runtime.block_on(store.page(COLLECTION, black_box(&select))));
}

#[divan::bench(args = SIZES)]
fn memory(bencher: Bencher<'_, '_>, limit: usize) {
    page(bencher, Arc::new(MemoryStore::default()), limit);
}

#[divan::bench(args = SIZES)]
fn sled(bencher: Bencher<'_, '_>, limit: usize) {
    let dir = TempDir::new().expect("a folder");
    page(bencher, Arc::new(SledStore::open(dir.path(), Options::default()).expect("an empty folder")), limit);
}

/// From the segments, after the first time.
#[divan::bench(args = SIZES)]
fn sled_text(bencher: Bencher<'_, '_>, limit: usize) {
    let dir = TempDir::new().expect("a folder");
    let runtime = runtime();
    let store = runtime.block_on(filled(Arc::new(SledStore::open(dir.path(), Options::default()).expect("an empty folder"))));
    let select = select(limit);
    bencher.counter(ItemsCount::new(limit)).bench(|| runtime.block_on(store.text(COLLECTION, black_box(&select))));
}

/// Of objects that are in a piece each, which are copied together.
#[divan::bench(args = SIZES)]
fn envelope(bencher: Bencher<'_, '_>, limit: usize) {
    let runtime = runtime();
    let store = runtime.block_on(filled(Arc::new(MemoryStore::default())));
    let text = runtime.block_on(store.text(COLLECTION, &select(limit))).expect("a page");
    bencher.counter(ItemsCount::new(limit)).bench(|| envelope::objects(text.parts.clone(), Some("next"), Empty::Omit));
}
