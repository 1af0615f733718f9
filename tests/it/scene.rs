//! What the tests of the embedded store have in common: one collection and numbered envelopes.

use std::collections::BTreeMap;

use bytes::Bytes;
use taxiway::stix::id::StixId;
use taxiway::stix::marking::Level;
use taxiway::store::directory::{Collection, Edit, Root};
use taxiway::store::{Addition, NewObject, Receipt, Record, Select, Store, Versions};
use taxiway::taxii::stamp::Stamp;
use uuid::Uuid;

/// The collection that everything goes to.
pub(crate) const COLLECTION: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);
/// The clock.
pub(crate) const NOW: Stamp = Stamp(1_614_643_200_000_000);
/// How many envelopes are written side by side; an envelope's number modulo this says by whom.
pub(crate) const WRITERS: u64 = 4;

/// Makes [`COLLECTION`].
pub(crate) async fn set_up(store: &dyn Store) {
    let root = Root { slug: "feeds".into(), title: "Feeds".into(), description: None };
    let (root_slug, title) = (root.slug.clone(), "Indicators".into());
    let collection = Collection {
        id: COLLECTION,
        root: root_slug,
        alias: None,
        title,
        description: None,
        public: false,
        decay: false,
        curated: None,
        ..Collection::default()
    };
    store.edit(vec![Edit::AddRoot(root), Edit::AddCollection(collection)], None).await.unwrap();
}

/// A number below `end`.
pub(crate) fn random(end: u64) -> u64 {
    getrandom::u64().unwrap() % end
}

/// An envelope of `count` objects of its own and a new version of its writer's report, with a status.
///
/// Every object says which envelope it is of, how many that has and which it is.
pub(crate) fn envelope(number: u64, count: u64, pad: impl Fn() -> usize) -> Addition {
    let own = (0..count).map(|at| (StixId::new("indicator", id(number << 16 | at)), NOW));
    let report = (StixId::new("report", id(number % WRITERS)), Stamp(NOW.0 + number));
    let objects = own.chain([report]).zip(0u64..).map(|((id, modified), at)| {
        let text = format!("{number} {count} {at} {}", "x".repeat(pad()));
        let version = Some((modified.to_string(), modified.instant()));
        NewObject { id, version, level: Level::Unmarked, holds: Vec::new(), origin: None, revoked: false, warning: None, object: Bytes::from(text) }
    });
    let receipt =
        Receipt { id: id(number), root: "feeds".into(), owner: "ann".into(), refused: Vec::new(), told: usize::MAX, expires: Stamp(u64::MAX) };
    Addition { collection: COLLECTION, objects: objects.collect(), now: NOW, receipt: Some(receipt), act: None }
}

fn id(n: u64) -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 | u128::from(n))
}

/// Everything of the collection.
pub(crate) async fn read(store: &dyn Store, versions: Versions) -> Vec<Record> {
    let mut select = Select {
        after: Stamp::ZERO,
        from: Stamp::ZERO,
        limit: 500,
        octets: usize::MAX,
        ids: None,
        types: None,
        versions,
        clearance: Level::Red,
        only: None,
    };
    let mut records: Vec<Record> = Vec::new();
    loop {
        let page = store.page(COLLECTION, &select).await.unwrap();
        records.extend(page.records);
        if !page.more {
            return records;
        }
        select.from = records.last().unwrap().added;
    }
}

/// Checks that every envelope is whole and in order, that those `acknowledged` are there, and that those `in_flight` are
/// there with their status or not at all; returns how many there are.
pub(crate) async fn inspect(store: &dyn Store, acknowledged: &[u64], in_flight: &[u64]) -> usize {
    let records = read(store, Versions::All).await;
    assert!(records.is_sorted_by(|a, b| a.added < b.added), "stamps are not strictly increasing");
    let mut envelopes: BTreeMap<u64, (u64, Vec<u64>)> = BTreeMap::new();
    let mut latest: BTreeMap<u64, u64> = BTreeMap::new();
    for record in &records {
        let text = std::str::from_utf8(&record.object).unwrap();
        let mut words = text.split(' ').map(str::parse::<u64>);
        let [Some(Ok(number)), Some(Ok(count)), Some(Ok(at))] = [words.next(), words.next(), words.next()] else { panic!("{text}") };
        envelopes.entry(number).or_insert((count, Vec::new())).1.push(at);
        let before = latest.insert(number % WRITERS, number);
        assert!(before <= Some(number), "envelope {number} stands after {before:?}, which the same writer sent later");
    }
    for (number, (count, seen)) in &envelopes {
        assert!(seen.iter().copied().eq(0..=*count), "envelope {number} of {count} objects is there in part: {seen:?}");
        let status = store.status(id(*number), NOW).await.unwrap().unwrap_or_else(|| panic!("envelope {number} has no status"));
        assert_eq!(status.status.success_count as u64, count + 1);
    }
    for number in acknowledged {
        assert!(envelopes.contains_key(number), "envelope {number} was acknowledged and is gone");
    }
    for number in in_flight {
        let status = store.status(id(*number), NOW).await.unwrap();
        assert_eq!(status.is_some(), envelopes.contains_key(number), "envelope {number} and its status are not one");
    }
    let reports = read(store, Versions::LAST).await.into_iter().filter(|record| record.id.starts_with("report")).count();
    assert_eq!(reports, latest.len(), "a superseded version is shown as the latest");
    envelopes.len()
}
