//! What browsing a million objects costs, and what the index of them takes: octets a row, and the time to make it.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod support;

use std::num::NonZeroU64;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use divan::Bencher;
use taxiway::feed::Feed;
use taxiway::feed::access::Reading;
use taxiway::feed::catalog::browse::{Browse, Order};
use taxiway::feed::clock::SystemClock;
use taxiway::stix::id::StixId;
use taxiway::stix::marking::Level;
use taxiway::store::audit::{Act, Entry, Trail};
use taxiway::store::directory::{Directory, Edit, Root};
use taxiway::store::memory::MemoryStore;
use taxiway::store::paper::{Kind, Paper};
use taxiway::store::{Added, Addition, Behind, EditError, Page, Record, Removal, Select, StatusRecord, Store, StoreError};
use taxiway::taxii::stamp::Stamp;
use tokio::runtime::Runtime;
use uuid::Uuid;

use support::objects::{id, mix, text};
use support::stores::{COLLECTION, collection, options};

/// Objects in the collection.
const HELD: u64 = 1_000_000;
/// The stamp before that of the first object: 2021-03-02T12:00:00Z.
const BEFORE: u64 = 1_614_686_400_000_000;

/// A store that makes each object when it is asked for, so that a million of them takes no memory beside the index.
struct Synthetic(MemoryStore);

/// The feed, with its index made, and the runtime that it is asked on.
static FEED: LazyLock<(Runtime, Feed)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let feed = runtime.block_on(filled());
    (runtime, feed)
});

fn main() {
    divan::main();
}

/// The object of a number: every tenth has one of fifty labels of its own, and confidence is spread.
fn object(serial: u64) -> Bytes {
    let spread = mix(serial);
    let text = String::from_utf8(text(serial, 0)).expect("objects are text");
    let text = text.replace("\"confidence\":85", &format!("\"confidence\":{}", spread % 101));
    let label = if spread.is_multiple_of(10) { format!("\"campaign-{}\"", spread / 10 % 50) } else { "\"webshell\"".to_owned() };
    text.replace("\"webshell\"", &label).into()
}

fn record(serial: u64) -> Record {
    Record { added: Stamp(BEFORE + 1 + serial), id: id(serial), version: String::new(), level: Level::Clear, origin: None, object: object(serial) }
}

#[async_trait]
impl Store for Synthetic {
    async fn directory(&self) -> Result<Directory, StoreError> {
        self.0.directory().await
    }

    async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        self.0.edit(edits, act).await
    }

    async fn page(&self, _: Uuid, select: &Select) -> Result<Page, StoreError> {
        if let Some(ids) = &select.ids {
            let serial = |id: &StixId| u64::from_str_radix(id.as_str().rsplit('-').next()?, 16).ok();
            return Ok(Page { records: ids.iter().filter_map(serial).map(record).collect(), more: false });
        }
        let first = select.from.0.saturating_sub(BEFORE);
        let end = HELD.min(first + select.limit as u64);
        Ok(Page { records: (first..end).map(record).collect(), more: end < HELD })
    }

    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        self.0.behind(collection, select).await
    }

    async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError> {
        self.0.top(collection).await
    }

    async fn add(&self, addition: Addition) -> Result<Added, StoreError> {
        self.0.add(addition).await
    }

    async fn delete(
        &self,
        collection: Uuid,
        id: &StixId,
        versions: &taxiway::store::Versions,
        removal: Removal,
        act: Option<Act>,
    ) -> Result<usize, StoreError> {
        self.0.delete(collection, id, versions, removal, act).await
    }

    async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        self.0.status(id, now).await
    }

    async fn log(&self, act: Act) -> Result<(), StoreError> {
        self.0.log(act).await
    }

    async fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError> {
        self.0.trail(trail).await
    }

    async fn keep(&self, paper: Paper) -> Result<(), StoreError> {
        self.0.keep(paper).await
    }

    async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError> {
        self.0.paper(kind, id, now).await
    }

    async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError> {
        self.0.papers(kind, now).await
    }

    async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        self.0.discard(kind, id).await
    }

    async fn sweep(&self, now: Stamp) -> Result<usize, StoreError> {
        self.0.sweep(now).await
    }
}

async fn filled() -> Feed {
    let feed = Feed::open(Arc::new(Synthetic(MemoryStore::default())), Arc::new(SystemClock), options()).await.expect("it opens");
    let root = Root { slug: "bench".into(), title: "Bench".into(), description: None };
    feed.edit(vec![Edit::AddRoot(root), Edit::AddCollection(collection())], None).await.expect("the store is empty");
    let start = Instant::now();
    while !feed.browse(&readings(), &Browse::default()).await.expect("the store answers").coverage.being_read.is_empty() {}
    let octets = feed.catalog_octets();
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{HELD} objects read in {seconds:.1} s; {octets} octets, {} for each", octets as u64 / HELD);
    feed
}

fn readings() -> [Reading; 1] {
    [Reading::whole(COLLECTION, Level::Red)]
}

fn browse(bencher: Bencher<'_, '_>, browse: &Browse) {
    let (runtime, feed) = &*FEED;
    bencher.bench(|| runtime.block_on(feed.browse(&readings(), browse)).expect("the store answers"));
}

#[divan::bench]
fn everything(bencher: Bencher<'_, '_>) {
    browse(bencher, &Browse::default());
}

#[divan::bench]
fn oldest_first(bencher: Bencher<'_, '_>) {
    browse(bencher, &Browse { descending: false, ..Browse::default() });
}

#[divan::bench(args = ["0a1b", "shell 0a1b2", "webshell-not-there", "a", "0123456789abcdef0123456789abcdef"])]
fn words(bencher: Bencher<'_, '_>, text: &str) {
    browse(bencher, &Browse { text: text.into(), ..Browse::default() });
}

#[divan::bench]
fn a_label(bencher: Bencher<'_, '_>) {
    browse(bencher, &Browse { labels: vec!["campaign-7".into()], ..Browse::default() });
}

#[divan::bench(args = [Order::Confidence, Order::Name, Order::Modified])]
fn sorted_by(bencher: Bencher<'_, '_>, order: Order) {
    browse(bencher, &Browse { order, ..Browse::default() });
}

#[divan::bench(args = [Order::Added, Order::Confidence, Order::Name])]
fn the_page_in_the_middle(bencher: Bencher<'_, '_>, order: Order) {
    browse(bencher, &Browse { order, offset: 500_000, ..Browse::default() });
}

#[divan::bench]
fn overview(bencher: Bencher<'_, '_>) {
    let (runtime, feed) = &*FEED;
    bencher.bench(|| runtime.block_on(feed.overview(&readings(), &Browse::default(), 30)).expect("the store answers"));
}

#[divan::bench]
fn a_thousand_known(bencher: Bencher<'_, '_>) {
    let (runtime, feed) = &*FEED;
    let digests: Vec<NonZeroU64> = (1..=1_000).filter_map(|n| NonZeroU64::new(mix(n))).collect();
    bencher.bench(|| runtime.block_on(feed.known(&readings(), &digests)).expect("the store answers"));
}

#[divan::bench]
fn neighbours(bencher: Bencher<'_, '_>) {
    let (runtime, feed) = &*FEED;
    let ids = [StixId::parse(&id(77)).expect("an id")];
    bencher.bench(|| runtime.block_on(feed.neighbours(&readings(), &ids, 2, 200)).expect("the store answers"));
}
