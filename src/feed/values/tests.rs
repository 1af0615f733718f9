//! The table against a sorted list, and what is read of an indicator.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use proptest::prelude::*;
use uuid::Uuid;

use super::Snapshot;
use super::chunk::{Builder, Chunk, Fresh, Pack, Pool, Row};
use super::entry::{self, Object, Told};
use super::order::Key;
use super::table::Table;
use crate::feed::access::Reading;
use crate::feed::clock::SystemClock;
use crate::feed::guard::lists::Lists;
use crate::feed::guard::{Guard, Options};
use crate::feed::shelf::Index;
use crate::feed::{self, Feed};
use crate::stix::id::StixId;
use crate::stix::ioc::Kind;
use crate::stix::ioc::values::Value;
use crate::stix::marking::Level;
use crate::store::directory::{Collection, Edit, Root};
use crate::store::memory::MemoryStore;
use crate::store::{Record, Store};
use crate::taxii::stamp::Stamp;

/// Few, so that many indicators have the same; two URLs belong together.
const VALUES: [(Kind, &str, bool); 9] = [
    (Kind::Domain, "evil.example", true),
    (Kind::Domain, "a.evil.example", true),
    (Kind::Domain, "b.example", true),
    (Kind::Domain, "evil example", false),
    (Kind::Url, "http://evil.example/", true),
    (Kind::Url, "https://evil.example/", true),
    (Kind::Ipv4, "198.51.100.7", true),
    (Kind::Ipv4, "198.51.100.12", true),
    (Kind::Sha256, "ab", false),
];

/// What happens to an indicator.
#[derive(Debug, Clone)]
enum Step {
    /// A version is read, with some of the values.
    Read(u128, Vec<usize>, u8),
    /// Versions were deleted, and an older one is the latest again.
    Fall(u128, Vec<usize>),
    /// It was deleted.
    Delete(u128),
}

fn object(n: u128) -> StixId {
    StixId::parse(&format!("indicator--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 | n))).unwrap()
}

/// An indicator with some of the values.
#[derive(Debug, Clone)]
struct Indicator {
    n: u128,
    added: u64,
    values: Vec<Value>,
    confidence: u8,
}

impl Indicator {
    fn new(n: u128, added: u64, values: &[usize], confidence: u8) -> Self {
        let value = |at: &usize| Value { kind: VALUES[*at].0, text: VALUES[*at].1.into(), sound: VALUES[*at].2 };
        Self { n, added, values: values.iter().map(value).collect(), confidence }
    }

    fn object(&self) -> Object {
        Object::of(object(self.n).as_str()).unwrap()
    }

    fn name(&self) -> String {
        format!("{} {}", self.n, self.added)
    }
}

/// What was read of some indicators.
fn read<'i>(indicators: impl IntoIterator<Item = &'i Indicator>) -> Arc<Pack> {
    let mut read = Builder::default();
    for indicator in indicators {
        let name = indicator.name();
        let told = Told { name: &name, confidence: Some(indicator.confidence), ..Told::default() };
        for Value { kind, text, sound } in &indicator.values {
            let (object, added) = (indicator.object(), Stamp(indicator.added));
            read.add(&Fresh { object, added, told: &told, kind: *kind, value: text, sound: *sound, blocked: false });
        }
    }
    read.finish().into()
}

/// Steps, and whether nothing more comes for now after each.
fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    let values = || prop::sample::subsequence((0..VALUES.len()).collect::<Vec<_>>(), 1..4);
    let step = prop_oneof![
        6 => (0..40_u128, values(), 0..3_u8).prop_map(|(n, values, confidence)| Step::Read(n, values, confidence)),
        1 => (0..40_u128, values()).prop_map(|(n, values)| Step::Fall(n, values)),
        1 => (0..40_u128).prop_map(Step::Delete),
    ];
    prop::collection::vec((step, prop::bool::weighted(0.7)), 1..120)
}

fn told(row: Row<'_>) -> (Kind, String, String) {
    (row.kind(), row.value().to_owned(), row.name().to_owned())
}

/// What the snapshot should hold of the latest versions.
fn expected(latest: &BTreeMap<u128, Indicator>) -> Vec<(Kind, String, String)> {
    let mut rows = Vec::new();
    for indicator in latest.values() {
        for Value { kind, text, sound } in &indicator.values {
            let order =
                (Key::of(*kind, text, *sound), text.clone(), Reverse(Some(indicator.confidence)), Reverse(indicator.added), indicator.object());
            rows.push((order, (*kind, text.clone(), indicator.name())));
        }
    }
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

proptest! {
    #[test]
    fn chunks_hold_the_values_of_the_latest_versions_in_order(steps in steps()) {
        let published = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
        let mut table = Table::new(published.clone(), 4);
        let mut latest: BTreeMap<u128, Indicator> = BTreeMap::new();
        let mut clock = 1000;
        for (step, settles) in steps {
            clock += 1;
            match step {
                Step::Read(n, values, confidence) => {
                    let fresh = Indicator::new(n, clock, &values, confidence);
                    // What comes late and is older is passed over.
                    let late = Indicator::new(n, clock - 1000, &[0], 9);
                    table.take(read([&fresh]));
                    table.take(read([&late]));
                    latest.insert(n, fresh);
                }
                Step::Fall(n, values) => {
                    let older = Indicator::new(n, 500, &values, 0);
                    table.correct(&[object(n)], read([&older]));
                    latest.insert(n, older);
                }
                Step::Delete(n) => {
                    latest.remove(&n);
                    table.correct(&[object(n)], Arc::default());
                }
            }
            if !settles {
                continue;
            }
            let before = published.load_full();
            table.settle(Stamp(1));
            let after = published.load_full();
            let rows: Vec<_> = after.chunks.iter().flat_map(|chunk| chunk.rows().map(told).collect::<Vec<_>>()).collect();
            prop_assert_eq!(rows, expected(&latest));
            // A chunk is known by its edition, and none is torn between values that belong together.
            let mut editions: HashMap<u64, usize> = HashMap::new();
            for (at, chunk) in after.chunks.iter().enumerate() {
                prop_assert!(!chunk.is_empty() && editions.insert(chunk.edition, at).is_none());
                prop_assert!(chunk.rows().all(|row| Some(row.kind()) == chunk.kind()));
                let next = after.chunks.get(at + 1).and_then(|next| next.rows().next().map(Row::key));
                prop_assert_ne!(chunk.rows().last().map(Row::key), next);
                let old = before.chunks.iter().find(|old| old.edition == chunk.edition);
                prop_assert!(old.is_none_or(|old| Arc::ptr_eq(old, chunk)));
            }
            // Numbers are of values.
            let mut numbers: HashMap<u32, (Kind, String)> = HashMap::new();
            for row in after.chunks.iter().flat_map(|chunk| chunk.rows()) {
                let value = (row.kind(), row.value().to_owned());
                let number = row.numbers().of(row.kind(), row.value());
                prop_assert_eq!(numbers.entry(number).or_insert_with(|| value.clone()), &value);
                prop_assert!(number >= 9_000_000);
            }
        }
    }
}

/// An indicator of one value for each number.
fn many(range: std::ops::Range<u64>) -> Arc<Pack> {
    let value = |n| Value { kind: Kind::Domain, text: format!("d{n:05}.example"), sound: true };
    let one = |n: u64| Indicator { values: vec![value(n)], ..Indicator::new(n.into(), n + 1, &[], 50) };
    read(&range.map(one).collect::<Vec<_>>())
}

#[test]
fn what_is_deleted_before_anything_is_settled_is_not_there() {
    let published = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let mut table = Table::new(published.clone(), 8);
    table.take(many(0..20));
    table.correct(&[object(3)], Arc::default());
    table.settle(Stamp(1));
    assert_eq!(published.load().chunks.iter().map(|chunk| chunk.len()).sum::<usize>(), 19);
}

#[test]
fn what_was_read_first_goes_when_few_chunks_are_of_it() {
    let published = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let mut table = Table::new(published.clone(), 8);
    let first = many(0..1000);
    table.take(first.clone());
    table.settle(Stamp(1));
    let mut left = 0_u32;
    while left < 1000 && Arc::strong_count(&first) > 1 {
        table.correct(&[object(left.into())], Arc::default());
        table.settle(Stamp(1));
        left += 1;
    }
    assert!((400..600).contains(&left), "{left}");
    let values: Vec<_> =
        published.load().chunks.iter().flat_map(|chunk| chunk.rows().map(|row| row.value().to_owned()).collect::<Vec<_>>()).collect();
    assert_eq!(values, (left..1000).map(|n| format!("d{n:05}.example")).collect::<Vec<_>>());
}

#[test]
fn a_change_makes_few_chunks_anew() {
    let published = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let mut table = Table::new(published.clone(), 8);
    table.take(many(0..1000));
    table.settle(Stamp(1));
    let before = published.load_full();
    table.take(many(1000..1001));
    table.settle(Stamp(1));
    let after = published.load_full();
    let same = after.chunks.iter().filter(|chunk| before.chunks.iter().any(|old| Arc::ptr_eq(old, chunk))).count();
    assert!(same + 1 >= before.chunks.len(), "{same} of {}", before.chunks.len());
    assert!(before.chunks.len() < 300, "{}", before.chunks.len());
}

fn read_text(object: &str, lists: &Lists) -> Chunk {
    let id = object.split('"').nth(3).unwrap().to_owned();
    let object = Bytes::from(object.to_owned());
    let mut read = Builder::default();
    entry::read(&[Record { added: Stamp(1), id, version: String::new(), level: Level::Amber, origin: None, object }], lists, &mut read);
    chunk(read)
}

/// What was read, as one chunk.
fn chunk(read: Builder) -> Chunk {
    let mut pool = Pool::new(Arc::default());
    pool.push(read.finish().into());
    let pool = Arc::new(pool);
    Chunk::of(&pool, pool.rows_of(0), 1)
}

#[test]
fn an_indicator_is_told_with_its_values_and_what_blocks_them() {
    let guard = Guard::open(&Options { defaults: true, ..Options::default() }).unwrap();
    let text = r#"{"id":"indicator--00000000-0000-4000-8000-000000000001","pattern":"[ipv4-addr:value = '8.8.8.8' OR domain-name:value IN ('evil-shop.com', 'evil-shop.com')]",
        "pattern_type":"stix","name":"n","labels":["b"],"indicator_types":["a"],"confidence":85,"revoked":true,"valid_from":"2021-03-02T00:00:00Z",
        "object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]}"#;
    let chunk = read_text(text, &guard.lists);
    let values: Vec<_> = chunk.rows().map(|row| (row.value(), row.is_blocked())).collect();
    assert_eq!(values, [("8.8.8.8", true), ("evil-shop.com", false)]);
    for row in chunk.rows() {
        let times = (row.valid_from(), row.valid_until());
        assert_eq!((row.name(), row.labels().len(), row.confidence(), row.is_revoked()), ("n", 2, Some(85), true));
        assert_eq!((row.level().name(), times), ("amber", (Stamp(1_614_643_200_000_000), None)));
    }
    let foreign = read_text(&text.replace("\"stix\"", "\"sigma\""), &guard.lists);
    assert!(foreign.rows().all(|row| row.kind() == Kind::Pattern && !row.is_sound()));
    assert!(read_text(&text.replace("indicator--", "malware--"), &guard.lists).is_empty());
}

#[test]
fn an_identifier_in_capitals_stays_as_it_is() {
    let id = "indicator--00000000-0000-4000-8000-00000000000A";
    let chunk = read_text(&format!(r#"{{"id":"{id}"}}"#), &Lists::default());
    assert_eq!(chunk.rows().map(Row::id).collect::<Vec<_>>(), [id]);
    assert_ne!(Object::of(id), Object::of(&id.to_lowercase()));
}

#[test]
fn labels_and_makers_are_those_of_each_value() {
    let mut built = Builder::default();
    let sets: [&[&str]; 4] = [&[], &["a"], &["a", "b"], &["ab"]];
    let all: Vec<_> = (0..40).map(|n| (sets[n * 7 % 4], ["", "x", "y"][n % 3])).collect();
    for (labels, source) in &all {
        let told = Told { labels: labels.to_vec(), source, ..Told::default() };
        let object = Object(Uuid::nil());
        built.add(&Fresh { object, added: Stamp(1), told: &told, kind: Kind::Mutex, value: "v", sound: true, blocked: false });
    }
    let read = chunk(built);
    let copied = Chunk::copied(read.rows().collect::<Vec<_>>().into_iter(), &Arc::default(), 2);
    for chunk in [read, copied] {
        let told: Vec<(Vec<&str>, &str)> = chunk.rows().map(|row| (row.labels().iter().map(|label| &**label).collect(), row.source())).collect();
        assert_eq!(told, all.iter().map(|(labels, source)| (labels.to_vec(), *source)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn lists_that_were_asked_for_are_read_at_the_next_start() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let open = || Feed::open(store.clone(), Arc::new(SystemClock), feed::Options::default());
    let first = open().await.unwrap();
    let collection = Collection { id: Uuid::new_v4(), root: "feeds".into(), title: "Indicators".into(), ..Collection::default() };
    let reading = Reading::whole(collection.id, Level::Red);
    let root = Root { slug: "feeds".into(), title: "Feeds".into(), description: None };
    first.edit(vec![Edit::AddRoot(root), Edit::AddCollection(collection)], None).await.unwrap();
    let held = |feed: &Feed| feed.values.shelves.lock().unwrap().values().filter(|held| held.shelf.is_loaded()).count();
    first.warm_values().await;
    assert_eq!(held(&first), 0, "nobody has asked");
    first.values(&reading).await.unwrap();
    let second = open().await.unwrap();
    second.warm_values().await;
    assert_eq!(held(&second), 1);
}
