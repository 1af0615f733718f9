//! The index against brute force, and what it does when others write, delete, fail or are slow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::Catalog;
use super::browse::{Browse, Order, Span};
use super::entry::{Entry, Key};
use super::known::digest;
use super::naive::{self, PATTERNS};
use super::rows::Rows;
use super::telling::Telling;
use crate::feed::access::Reading;
use crate::feed::clock::Clock;
use crate::feed::shelf::MOST_DOUBTS;
use crate::feed::{Feed, Options};
use crate::stix::id::StixId;
use crate::stix::marking::{Level, TLP};
use crate::stix::time::{Instant, format_micros};
use crate::store::audit::{self, Act, Trail, Verb};
use crate::store::directory::{Collection, Directory, Edit, Root};
use crate::store::memory::MemoryStore;
use crate::store::paper::{Kind, Paper};
use crate::store::{Added, Addition, Behind, EditError, NewObject, Page, Removal, Select, StatusRecord, Store, StoreError, Versions, contract};
use crate::taxii::query::Query;
use crate::taxii::stamp::Stamp;

const DAY: u64 = 86_400_000_000;
const NOW: Stamp = Stamp(1_614_643_200_000_000 + 10 * DAY);
/// Types of the objects that tests deal with, by number.
const KINDS: [&str; 12] = [
    "indicator",
    "indicator",
    "indicator",
    "indicator",
    "malware",
    "malware",
    "identity",
    "relationship",
    "relationship",
    "sighting",
    "ipv4-addr",
    "report",
];

struct At(Stamp);

impl Clock for At {
    fn now(&self) -> Stamp {
        self.0
    }
}

/// An entry that is only text.
pub(super) fn entry_with(n: u128, telling: Telling) -> Entry {
    Entry {
        added: Stamp(u64::try_from(n).unwrap()),
        key: Key::of(id(0, n).as_str()).unwrap(),
        kind: Box::default(),
        level: Level::Clear,
        revoked: false,
        confidence: None,
        modified: None,
        valid_until: None,
        digest: None,
        source: Box::default(),
        labels: Box::default(),
        telling,
        references: Vec::new(),
    }
}

fn id(kind: usize, n: u128) -> StixId {
    contract::id(KINDS[kind], n)
}

/// The id of one of the objects that tests deal with; numbers beyond them are of objects that never are.
fn id_of(number: usize) -> StixId {
    id(number % KINDS.len(), number as u128)
}

async fn feed(store: Arc<dyn Store>, budget: usize, block_rows: usize) -> Feed {
    let options = Options { catalog_octets: budget, ..Options::default() };
    let mut feed = Feed::open(store, Arc::new(At(NOW)), options).await.unwrap();
    feed.catalog = Arc::new(Catalog::with_blocks(budget, block_rows));
    feed
}

/// A feed with some empty collections, and leave to read them.
async fn feed_with(store: Arc<dyn Store>, collections: u128) -> (Feed, Vec<Reading>) {
    let feed = feed(store, 1 << 30, 4).await;
    feed.edit(vec![Edit::AddRoot(Root { slug: "feeds".into(), title: "Feeds".into(), description: None })], None).await.unwrap();
    feed.edit((0..collections).map(|n| Edit::AddCollection(collection(n))).collect(), None).await.unwrap();
    let readings = (0..collections).map(|n| reading(n, Level::Red)).collect();
    (feed, readings)
}

fn collection(n: u128) -> Collection {
    Collection {
        id: place(n),
        root: "feeds".into(),
        alias: None,
        title: format!("Number {n}"),
        description: None,
        public: false,
        decay: false,
        curated: None,
        ..Collection::default()
    }
}

/// The id of the `n`th collection.
fn place(n: u128) -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 | n)
}

fn reading(n: u128, clearance: Level) -> Reading {
    Reading::whole(place(n), clearance)
}

/// An object as JSON, ready to be stored.
fn stored(json: &Value) -> NewObject {
    let id = StixId::parse(json["id"].as_str().unwrap()).unwrap();
    let version = json["modified"].as_str().map(|text| (text.to_owned(), Instant::parse(text).unwrap()));
    let level = json["object_marking_refs"][0].as_str().and_then(Level::of_marking).unwrap_or_default();
    NewObject {
        id,
        version,
        level,
        holds: Vec::new(),
        origin: None,
        revoked: json["revoked"] == true,
        warning: None,
        object: json.to_string().into(),
    }
}

fn named(n: usize, second: u64, name: &str) -> Value {
    json!({"type": KINDS[n], "id": id_of(n).as_str(), "modified": format_micros(NOW.0 + second * 1_000_000, 3), "name": name})
}

async fn add(store: &dyn Store, collection: u128, objects: &[Value]) {
    let objects = objects.iter().map(stored).collect();
    store.add(Addition { collection: place(collection), objects, now: NOW, receipt: None, act: None }).await.unwrap();
}

async fn names(feed: &Feed, readings: &[Reading], browse: &Browse) -> Vec<String> {
    feed.browse(readings, browse).await.unwrap().rows.into_iter().map(|row| row.name.unwrap_or_default()).collect()
}

/// One piece of work.
#[derive(Debug, Clone)]
enum Step {
    Add(u128, Vec<Value>),
    Delete(u128, usize),
    Ask(Vec<(u128, Level)>, Box<Browse>, Vec<usize>, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ask = (readings(), question(), prop::collection::vec(0..14_usize, 1..3), 0..4_usize);
    let step = prop_oneof![
        3 => (0..2_u128, prop::collection::vec(an_object(), 1..8)).prop_map(|(at, objects)| Step::Add(at, objects)),
        1 => (0..2_u128, 0..12_usize).prop_map(|(at, n)| Step::Delete(at, n)),
        3 => ask.prop_map(|(readings, browse, ids, depth)| Step::Ask(readings, Box::new(browse), ids, depth)),
    ];
    prop::collection::vec(step, 1..16)
}

fn readings() -> impl Strategy<Value = Vec<(u128, Level)>> {
    let clearance = || select(vec![Level::Clear, Level::Amber, Level::Red]);
    prop_oneof![
        3 => (clearance(), clearance()).prop_map(|(a, b)| vec![(1, a), (0, b)]),
        1 => (0..2_u128, clearance()).prop_map(|reading| vec![reading]),
    ]
}

fn a_time() -> impl Strategy<Value = u64> {
    select(vec![NOW.0 - 20 * DAY, NOW.0 - 1, NOW.0, NOW.0 + 1, NOW.0 + 2 * DAY, NOW.0 + 40 * DAY])
}

fn an_object() -> impl Strategy<Value = Value> {
    let looks = (
        select(vec!["Web Shell", "web", "Évil", "web shell of a long name, 1", "web shell of a long name, 2"]),
        0..PATTERNS.len(),
        0..14_usize,
        0..14_usize,
        any::<bool>(),
    );
    let facts = (
        prop::option::of(0..=100_u8),
        prop::sample::subsequence(vec!["a", "b", "c"], 0..3),
        prop::option::of(select(vec![Level::Clear, Level::Amber, Level::Red])),
        any::<bool>(),
        prop::option::of(a_time()),
    );
    (0..KINDS.len(), 0..4_u64, looks, facts).prop_map(|(n, second, looks, facts)| object(n, second, looks, facts))
}

type Looks = (&'static str, usize, usize, usize, bool);
type Facts = (Option<u8>, Vec<&'static str>, Option<Level>, bool, Option<u64>);

fn object(n: usize, second: u64, (name, pattern, one, other, has_source): Looks, (confidence, labels, level, revoked, until): Facts) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    set("type", KINDS[n].into());
    set("id", id_of(n).as_str().into());
    if KINDS[n] == "ipv4-addr" {
        set("value", "10.0.0.1".into());
    } else {
        set("modified", format_micros(NOW.0 + second * 1_000_000 - 5 * DAY, 3).into());
        confidence.map(|confidence| set("confidence", confidence.into()));
        set("labels", json!(labels));
        set("revoked", revoked.into());
        if has_source {
            set("created_by_ref", id_of(6).as_str().into());
        }
    }
    if let Some(level) = level {
        set("object_marking_refs", json!([TLP.iter().find(|tlp| tlp.level == level).unwrap().id]));
    }
    match KINDS[n] {
        "indicator" => {
            set("name", name.into());
            set("pattern", PATTERNS[pattern].0.into());
            set("pattern_type", "stix".into());
            set("indicator_types", json!(["x"]));
            until.map(|until| set("valid_until", format_micros(until, 6).into()));
        }
        "relationship" => {
            set("relationship_type", "uses".into());
            // No relationship has a relationship for an end.
            let end = |number: usize| if KINDS[number % KINDS.len()] == "relationship" { id_of(0) } else { id_of(number) };
            set("source_ref", end(one).as_str().into());
            set("target_ref", end(other).as_str().into());
        }
        "sighting" => {
            set("sighting_of_ref", id_of(one).as_str().into());
            set("where_sighted_refs", json!([id_of(6).as_str(), id_of(other).as_str()]));
        }
        "report" => {
            set("name", name.into());
            set("object_refs", json!([id_of(one).as_str(), id_of(other).as_str()]));
        }
        "malware" | "identity" => {
            set("name", name.into());
        }
        _ => {}
    }
    object.into()
}

fn question() -> impl Strategy<Value = Browse> {
    let words = |words: Vec<&'static str>| prop::collection::vec(select(words).prop_map(ToOwned::to_owned), 0..2);
    let rarely = |inner: BoxedStrategy<u64>| prop::option::weighted(0.15, inner.prop_map(Stamp));
    let what = (
        words(vec!["indicator", "malware", "relationship", "ipv4-addr", "none"]),
        words(vec!["ipv4-addr", "file", "multi", "none"]),
        prop_oneof![
            2 => Just(String::new()),
            1 => select(vec!["web", "SHELL web", "évil", "10.0", "EXAMPLE", "6789abcdef01", "none"]).prop_map(Into::into),
        ],
        words(vec!["a", "b", "x", "none"]),
        prop_oneof![3 => Just(Vec::new()), 1 => Just(vec![id_of(6).to_string()])],
        prop_oneof![3 => Just(Vec::new()), 1 => prop::sample::subsequence(vec![Level::Unmarked, Level::Clear, Level::Amber, Level::Red], 1..3)],
    );
    let when = (
        prop::option::weighted(0.15, 0..=100_u8),
        prop::option::weighted(0.15, 0..=100_u8),
        (rarely((NOW.0..NOW.0 + 50).boxed()), rarely((NOW.0..NOW.0 + 50).boxed())),
        rarely((NOW.0 - 5 * DAY..NOW.0 - 5 * DAY + 4_000_000).boxed()),
        prop::option::weighted(0.2, any::<bool>()),
        prop::option::weighted(0.2, any::<bool>()),
        rarely(a_time().boxed()),
    );
    let how =
        (select(vec![Order::Added, Order::Modified, Order::Name, Order::Confidence, Order::ValidUntil]), any::<bool>(), 0..6_usize, 0..20_usize);
    (what, when, how).prop_map(|(what, when, how)| Browse {
        types: what.0,
        kinds: what.1,
        text: what.2,
        labels: what.3,
        sources: what.4,
        levels: what.5,
        confidence_from: when.0,
        confidence_to: when.1,
        added: Span { from: when.2.0, to: when.2.1 },
        modified: Span { from: when.3, to: None },
        revoked: when.4,
        expired: when.5,
        expires_before: when.6,
        order: how.0,
        descending: how.1,
        offset: how.2,
        limit: how.3,
    })
}

async fn take(feed: &Feed, store: &dyn Store, step: Step) {
    match step {
        Step::Add(at, objects) => add(store, at, &objects).await,
        Step::Delete(at, n) => {
            let _ = feed
                .delete(&reading(at, Level::Red), id_of(n).as_str(), &Query::default(), Removal::Retired, Act::of_program(Verb::Delete, NOW))
                .await;
        }
        Step::Ask(readings, browse, ids, depth) => {
            let readings: Vec<Reading> = readings.into_iter().map(|(at, clearance)| reading(at, clearance)).collect();
            let things = naive::things(store, &readings).await;
            compare_listing(feed, &readings, &browse, &things).await;
            compare_overview(feed, &readings, &browse, &things).await;
            compare_known(feed, &readings, &things).await;
            compare_graph(feed, &readings, &ids.into_iter().map(id_of).collect::<Vec<_>>(), depth, &things).await;
        }
    }
}

async fn compare_listing(feed: &Feed, readings: &[Reading], browse: &Browse, things: &[naive::Thing]) {
    let listing = feed.browse(readings, browse).await.unwrap();
    let all = naive::browse(things, browse, NOW);
    let page: Vec<_> = all.iter().skip(browse.offset).take(browse.limit).cloned().collect();
    assert_eq!(listing.rows.iter().map(|row| (row.collection, row.id.clone())).collect::<Vec<_>>(), page, "{browse:?}");
    assert_eq!(listing.total, all.len(), "{browse:?}");
    assert_eq!(listing.coverage, super::held::Coverage::default());
}

async fn compare_overview(feed: &Feed, readings: &[Reading], browse: &Browse, things: &[naive::Thing]) {
    let overview = feed.overview(readings, browse, 30).await.unwrap();
    let words = |counts: &[super::overview::Count<String>]| counts.iter().map(|c| (c.value.clone(), c.count)).collect::<BTreeMap<_, _>>();
    let levels = overview.by_level.iter().map(|c| (c.value.name().to_owned(), c.count)).collect();
    let [types, kinds] = [&overview.by_type, &overview.by_kind].map(|counts| words(counts));
    let [labels, sources] = [&overview.labels.most, &overview.sources.most].map(|counts| words(counts));
    assert_eq!([types, kinds, levels, labels, sources], naive::counts(things, browse, NOW), "{browse:?}");
    let today = overview.per_day.last().copied().unwrap();
    assert_eq!([overview.expired, overview.expiring, overview.revoked, today], naive::states(things, browse, NOW, 30), "{browse:?}");
    assert_eq!((overview.total, overview.by_age.iter().sum::<usize>()), (naive::browse(things, browse, NOW).len(), overview.total));
}

async fn compare_known(feed: &Feed, readings: &[Reading], things: &[naive::Thing]) {
    for (_, _, normal, _) in PATTERNS {
        let known = feed.known(readings, &[digest(normal), digest("none")]).await.unwrap();
        let found: BTreeSet<_> = known.matches.into_iter().map(|one| (one.collection, one.id)).collect();
        assert_eq!(found, naive::known(things, normal));
    }
}

async fn compare_graph(feed: &Feed, readings: &[Reading], ids: &[StixId], depth: usize, things: &[naive::Thing]) {
    let expected = naive::neighbours(things, &ids.iter().map(ToString::to_string).collect::<Vec<_>>(), depth);
    let graph = feed.neighbours(readings, ids, depth, 1_000).await.unwrap();
    let nodes: BTreeSet<_> = graph.nodes.iter().map(|node| (node.distance, node.id.clone(), node.object.is_some())).collect();
    let edges: BTreeSet<_> = graph.edges.iter().map(|e| (e.source.clone(), e.target.clone(), e.name.clone(), e.relationship.clone())).collect();
    assert_eq!((nodes, edges), expected, "{ids:?} {depth}");
    assert!(!graph.more && graph.nodes.len() == expected.0.len() && graph.edges.len() == expected.1.len());
    let few = feed.neighbours(readings, ids, depth, 2).await.unwrap();
    assert_eq!((few.nodes.len(), few.more), (expected.0.len().min(2), expected.0.len() > 2));
    assert_eq!(few.nodes, graph.nodes[..few.nodes.len()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn agrees_with_brute_force(steps in steps()) {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let store = Arc::new(MemoryStore::default());
            let (feed, _) = feed_with(store.clone(), 2).await;
            for step in steps {
                take(&feed, &*store, step).await;
            }
        });
    }

    #[test]
    fn rows_are_found_and_their_room_is_given_back(puts in prop::collection::vec((0..30_u128, "[ab]{0,3}", any::<bool>()), 0..200)) {
        let mut rows = Rows::new(4);
        let mut expected = BTreeMap::new();
        for (at, (n, text, remove)) in puts.into_iter().enumerate() {
            let mut telling = Telling::default();
            telling.push(&text);
            let entry = Entry { added: Stamp(at as u64), ..entry_with(n, telling) };
            if remove {
                rows.remove(&entry.key);
                expected.remove(&n);
            } else {
                rows.put(&entry);
                expected.insert(n, entry);
            }
        }
        for n in 0..30 {
            let key = entry_with(n, Telling::default()).key;
            let found = rows.find(&key).map(super::block::Line::entry);
            prop_assert_eq!(found.as_ref(), expected.get(&n));
        }
        prop_assert_eq!(rows.count(Level::Red), expected.len());
        let kept: usize = rows.blocks().map(|(_, block)| block.len()).sum();
        prop_assert!(kept <= 2 * expected.len() + 8, "{} rows are kept for {}", kept, expected.len());
    }
}

#[tokio::test]
async fn what_another_server_deleted_is_not_shown() {
    let store = Arc::new(MemoryStore::default());
    let (feed, readings) = feed_with(store.clone(), 1).await;
    add(&*store, 0, &[named(0, 0, "old"), named(1, 0, "stays")]).await;
    add(&*store, 0, &[named(0, 1, "new"), named(2, 1, "goes")]).await;
    assert_eq!(names(&feed, &readings, &Browse::default()).await, ["goes", "new", "stays"]);
    store.delete(readings[0].collection, &id_of(0), &Versions::LAST, Removal::Retired, None).await.unwrap();
    store.delete(readings[0].collection, &id_of(2), &Versions::All, Removal::Retired, None).await.unwrap();
    let searched = Browse { text: "new".into(), ..Browse::default() };
    assert_eq!(feed.browse(&readings, &searched).await.unwrap().total, 0);
    let listing = feed.browse(&readings, &Browse::default()).await.unwrap();
    assert_eq!(listing.rows.iter().filter_map(|row| row.name.as_deref()).collect::<Vec<_>>(), ["stays", "old"]);
    assert_eq!(listing.total, 2);
}

#[tokio::test]
async fn after_many_doubts_everything_is_read_anew() {
    let store = Arc::new(MemoryStore::default());
    let (feed, readings) = feed_with(store.clone(), 1).await;
    add(&*store, 0, &[named(0, 0, "stays"), named(1, 0, "goes")]).await;
    let none = Browse { limit: 0, ..Browse::default() };
    assert_eq!(feed.browse(&readings, &none).await.unwrap().total, 2);
    store.delete(readings[0].collection, &id_of(1), &Versions::All, Removal::Retired, None).await.unwrap();
    assert_eq!(feed.browse(&readings, &none).await.unwrap().total, 2);
    (0..=MOST_DOUBTS).for_each(|n| feed.catalog.doubt(readings[0].collection, &id(0, 100 + n as u128)));
    assert_eq!(feed.browse(&readings, &none).await.unwrap().total, 1);
}

#[tokio::test]
async fn an_old_version_that_comes_late_is_not_the_latest() {
    let store = Arc::new(MemoryStore::default());
    let (feed, readings) = feed_with(store.clone(), 1).await;
    add(&*store, 0, &[named(0, 5, "new")]).await;
    assert_eq!(names(&feed, &readings, &Browse::default()).await, ["new"]);
    add(&*store, 0, &[named(0, 1, "old"), named(1, 1, "other")]).await;
    assert_eq!(names(&feed, &readings, &Browse::default()).await, ["other", "new"]);
}

#[tokio::test]
async fn a_collection_that_goes_takes_its_rows_along() {
    let store = Arc::new(MemoryStore::default());
    let (feed, readings) = feed_with(store.clone(), 1).await;
    add(&*store, 0, &[named(0, 0, "a")]).await;
    assert_eq!(feed.browse(&readings, &Browse::default()).await.unwrap().total, 1);
    feed.edit(vec![Edit::RemoveCollection(readings[0].collection), Edit::AddCollection(collection(0))], None).await.unwrap();
    assert_eq!(feed.browse(&readings, &Browse::default()).await.unwrap().total, 0);
    feed.edit(vec![Edit::RemoveCollection(readings[0].collection)], None).await.unwrap();
    assert_eq!(feed.browse(&readings, &Browse::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn the_oldest_are_left_out_of_a_small_budget_and_this_is_said() {
    let (store, budget) = (Arc::new(MemoryStore::default()), 100_000);
    let mut feed = feed_with(store.clone(), 2).await.0;
    feed.catalog = Arc::new(Catalog::with_blocks(budget, 64));
    let readings = [reading(0, Level::Red), reading(1, Level::Red)];
    let many =
        |from: u128| (from..from + 1_000).map(|n| json!({"type": "malware", "id": id(4, n).as_str(), "name": format!("n{n}")})).collect::<Vec<_>>();
    add(&*store, 0, &many(0)).await;
    add(&*store, 1, &many(0)[..10]).await;
    let later: Vec<NewObject> = many(1_000).iter().map(stored).collect();
    store.add(Addition { collection: place(1), objects: later, now: Stamp(NOW.0 + DAY), receipt: None, act: None }).await.unwrap();
    let listing = feed.browse(&readings, &Browse { limit: 1_000, ..Browse::default() }).await.unwrap();
    assert!(
        feed.catalog_octets() <= budget && listing.total > 100 && listing.total < 2_000,
        "{} octets, {} objects",
        feed.catalog_octets(),
        listing.total
    );
    assert!(listing.coverage.left_out.iter().any(|(collection, _)| *collection == readings[0].collection));
    let newest = listing.rows.iter().map(|row| row.name.clone().unwrap()).collect::<Vec<_>>();
    let expected: Vec<String> = (0..2_000).rev().map(|n| format!("n{n}")).take(newest.len()).collect();
    assert_eq!(newest, expected);
    // What is added later is there, whatever was left out before.
    let newer = json!({"type": "malware", "id": id(4, 0).as_str(), "name": "again", "modified": format_micros(NOW.0 + DAY, 3)});
    store.add(Addition { collection: place(0), objects: vec![stored(&newer)], now: Stamp(NOW.0 + 2 * DAY), receipt: None, act: None }).await.unwrap();
    assert_eq!(names(&feed, &readings, &Browse { limit: 1, ..Browse::default() }).await, ["again"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_browses_while_others_write_sees_each_object_once_and_in_the_end_all() {
    let store = Arc::new(MemoryStore::default());
    let (feed, readings) = feed_with(store.clone(), 1).await;
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for second in 0..60 {
            let objects: Vec<Value> =
                (0..KINDS.len()).map(|n| (n * 7 + second) % KINDS.len()).map(|n| named(n, second as u64, &format!("v{second}"))).collect();
            add(&*writing, 0, &objects[..=second % KINDS.len()]).await;
            tokio::task::yield_now().await;
        }
    });
    let feed = Arc::new(feed);
    let read = |feed: Arc<Feed>, readings: Vec<Reading>| async move {
        let listing = feed.browse(&readings, &Browse::default()).await.unwrap();
        let ids: BTreeSet<&String> = listing.rows.iter().map(|row| &row.id).collect();
        assert_eq!(ids.len(), listing.rows.len());
        assert!(listing.rows.is_sorted_by_key(|row| std::cmp::Reverse(row.added)));
    };
    while !writer.is_finished() {
        tokio::join!(read(feed.clone(), readings.clone()), read(feed.clone(), readings.clone()));
    }
    writer.await.unwrap();
    let things = naive::things(&*store, &readings).await;
    compare_listing(&feed, &readings, &Browse::default(), &things).await;
}

/// A store that lets nobody read before it is opened, and may fail.
struct Gated {
    inner: MemoryStore,
    gate: Semaphore,
    failing: AtomicBool,
}

impl Gated {
    fn new(open: usize, failing: bool) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStore::default(), gate: Semaphore::new(open), failing: AtomicBool::new(failing) })
    }
}

#[async_trait]
impl Store for Gated {
    async fn directory(&self) -> Result<Directory, StoreError> {
        self.inner.directory().await
    }

    async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        self.inner.edit(edits, act).await
    }

    async fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError> {
        let _turn = self.gate.acquire().await.unwrap();
        if self.failing.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Engine("as the test wants".into()));
        }
        self.inner.page(collection, select).await
    }

    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        self.inner.behind(collection, select).await
    }

    async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError> {
        self.inner.top(collection).await
    }

    async fn add(&self, addition: Addition) -> Result<Added, StoreError> {
        self.inner.add(addition).await
    }

    async fn delete(&self, collection: Uuid, id: &StixId, versions: &Versions, removal: Removal, act: Option<Act>) -> Result<usize, StoreError> {
        self.inner.delete(collection, id, versions, removal, act).await
    }

    async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        self.inner.status(id, now).await
    }

    async fn log(&self, act: Act) -> Result<(), StoreError> {
        self.inner.log(act).await
    }

    async fn trail(&self, trail: &Trail) -> Result<Vec<audit::Entry>, StoreError> {
        self.inner.trail(trail).await
    }

    async fn keep(&self, paper: Paper) -> Result<(), StoreError> {
        self.inner.keep(paper).await
    }

    async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError> {
        self.inner.paper(kind, id, now).await
    }

    async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError> {
        self.inner.papers(kind, now).await
    }

    async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        self.inner.discard(kind, id).await
    }

    async fn sweep(&self, now: Stamp) -> Result<usize, StoreError> {
        self.inner.sweep(now).await
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_collection_is_being_read_answers_say_so() {
    let store = Gated::new(0, false);
    let (feed, readings) = feed_with(store.clone(), 1).await;
    add(&store.inner, 0, &[named(0, 0, "a")]).await;
    let listing = feed.browse(&readings, &Browse::default()).await.unwrap();
    assert_eq!((listing.total, listing.coverage.being_read), (0, vec![readings[0].collection]));
    let progress = feed.catalog_progress(&readings).await.unwrap();
    assert_eq!((progress[0].complete, progress[0].objects), (false, 0));
    store.gate.add_permits(1);
    let listing = feed.browse(&readings, &Browse::default()).await.unwrap();
    assert_eq!((listing.total, listing.coverage), (1, super::held::Coverage::default()));
    assert!(feed.catalog_progress(&readings).await.unwrap()[0].complete);
}

#[tokio::test]
async fn a_store_that_fails_is_told_and_asked_again() {
    let store = Gated::new(1, true);
    let (feed, readings) = feed_with(store.clone(), 1).await;
    add(&store.inner, 0, &[named(0, 0, "a")]).await;
    assert!(feed.browse(&readings, &Browse::default()).await.is_err());
    assert_eq!(feed.browse(&readings, &Browse::default()).await.unwrap().total, 1);
}
