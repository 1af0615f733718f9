//! One suite for every backend: plain functions of a store, each of which makes its own collection.

#![expect(clippy::missing_panics_doc, reason = "every function here panics where the store breaks the contract")]

pub mod model;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::{join, join_all};
use uuid::Uuid;

use super::audit::{Act, Through, Trail, Verb};
use super::directory::{Collection, Conflict, Edit, Rights, Root, User};
use super::only::Only;
use super::paper::{Kind, Paper};
use super::text::Text;
use super::writes::Write;
use super::{Addition, Behind, EditError, NewObject, Outcome, Page, Receipt, Record, Removal, Select, Store, StoreError, Versions};
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::taxii::resource::{Status, StatusDetail};
use crate::taxii::stamp::Stamp;

/// Makes one test of each function of the suite; the argument opens a store, and gives it with what must outlive it, or nothing where there can be none.
macro_rules! suite {
    ($open:expr) => {
        $crate::store::contract::suite!($open;
            a_missing_collection_is_said t006_every_version_has_its_own_stamp q7_a_write_ends_on_a_whole_millisecond
            t088_stamps_increase_past_deletions_and_clocks_that_go_back t141_t142_a_duplicate_adds_nothing t150_the_first_content_is_kept
            t152_an_sco_takes_its_stamp_as_version t069_the_latest_is_the_greatest_modified t070_t073_versions_combine
            t078_spellings_of_a_version_are_one t079_versions_are_chosen_among_those_added_after t084_pages_meet_without_gap_or_overlap
            ids_and_types_narrow what_is_left_is_counted_up_to_a_limit what_is_above_the_clearance_is_left_out
            what_is_written_is_told what_holds_something_counts_as_high what_rises_rises_through_what_is_held_anew
            what_was_deleted_for_good_is_not_taken_again what_came_from_somewhere_is_told_from_the_rest deleted_versions_have_never_been objects_come_back_as_they_came
            t112_a_status_is_kept_until_it_expires statuses_tell_every_outcome s051_s052_what_is_odd_about_a_version_is_told edits_happen_all_or_none
            objects_go_with_their_collection t088_a_follower_misses_nothing_while_others_write
            t079_a_follower_ends_with_the_latest_of_everything t071_no_version_is_lost_to_readers_while_others_come_and_go
            t068_the_text_of_a_page_holds_no_object_twice_while_versions_come_and_go
            the_log_tells_what_came_of_each_act the_log_keeps_its_order_whatever_the_clock_does a_paper_is_kept_until_it_ends);
    };
    ($open:expr; $($name:ident)*) => {
        $(#[tokio::test]
        async fn $name() {
            if let Some((store, _keep)) = ($open)().await {
                $crate::store::contract::$name(&store).await;
            }
        })*
    };
}
pub(crate) use suite;

/// The clock of these tests, in microseconds: off a whole millisecond, so that rounding shows.
const NOW: Stamp = Stamp(1_614_643_200_000_123);
/// The time of day that versions of these tests differ in.
const DAY: &str = "2021-03-02T00:00:";

/// A collection of its own in `store`.
pub async fn collection(store: &dyn Store) -> Uuid {
    let id = Uuid::new_v4();
    let root = Root { slug: format!("root-{}", id.simple()), title: "Feeds".into(), description: None };
    let collection = Collection {
        id,
        root: root.slug.clone(),
        alias: None,
        title: "Indicators".into(),
        description: None,
        public: false,
        decay: false,
        curated: None,
        ..Collection::default()
    };
    store.edit(vec![Edit::AddRoot(root), Edit::AddCollection(collection)], None).await.unwrap();
    id
}

/// The id of the `n`th object of a type.
pub fn id(kind: &str, n: u128) -> StixId {
    StixId::new(kind, Uuid::from_u128(0x4000_8000_0000_0000_0000 | n))
}

/// An object with `modified` in the given second of [`DAY`]; the text may carry a fraction.
pub fn object(id: &StixId, second: &str, content: &str) -> NewObject {
    let modified = format!("{DAY}{second}Z");
    let instant = Instant::parse(&modified).unwrap();
    let text = format!(r#"{{"id":"{id}","modified":"{modified}","name":"{content}"}}"#);
    NewObject {
        id: id.clone(),
        version: Some((modified, instant)),
        level: Level::Unmarked,
        holds: Vec::new(),
        origin: None,
        revoked: false,
        warning: None,
        object: Bytes::from(text),
    }
}

/// An object without `modified` and `created`.
pub fn observable(id: &StixId, content: &str) -> NewObject {
    NewObject { version: None, object: Bytes::from(format!(r#"{{"id":"{id}","value":"{content}"}}"#)), ..object(id, "00", content) }
}

/// Everything of a collection that may be seen by anybody, in its latest version.
pub fn select() -> Select {
    Select {
        after: Stamp::ZERO,
        from: Stamp::ZERO,
        limit: 1_000,
        octets: usize::MAX,
        ids: None,
        types: None,
        versions: Versions::LAST,
        clearance: Level::Red,
        only: None,
    }
}

fn some(first: bool, last: bool, seconds: &[&str]) -> Versions {
    Versions::Some { first, last, at: seconds.iter().map(|s| Instant::parse(&format!("{DAY}{s}Z")).unwrap()).collect() }
}

async fn add(store: &dyn Store, collection: Uuid, objects: Vec<NewObject>) -> Vec<Outcome> {
    add_at(store, collection, objects, NOW).await
}

async fn add_at(store: &dyn Store, collection: Uuid, objects: Vec<NewObject>, now: Stamp) -> Vec<Outcome> {
    store.add(Addition { collection, objects, now, receipt: None, act: None }).await.unwrap().outcomes
}

async fn page(store: &dyn Store, collection: Uuid, select: &Select) -> Page {
    store.page(collection, select).await.unwrap()
}

async fn all(store: &dyn Store, collection: Uuid) -> Vec<Record> {
    page(store, collection, &Select { versions: Versions::All, ..select() }).await.records
}

/// The seconds of the versions a selection returns.
async fn seconds(store: &dyn Store, collection: Uuid, select: &Select) -> Vec<String> {
    let records = page(store, collection, select).await.records;
    records.iter().map(|r| r.version.trim_start_matches(DAY).trim_end_matches('Z').to_owned()).collect()
}

/// Every verb on a collection that is not there says so.
pub async fn a_missing_collection_is_said(store: &dyn Store) {
    let nowhere = Uuid::new_v4();
    let one = id("indicator", 1);
    let addition = Addition { collection: nowhere, objects: vec![object(&one, "01", "a")], now: NOW, receipt: None, act: None };
    assert!(matches!(store.page(nowhere, &select()).await, Err(StoreError::NoCollection(id)) if id == nowhere));
    assert!(matches!(store.behind(nowhere, &select()).await, Err(StoreError::NoCollection(id)) if id == nowhere));
    assert!(matches!(store.add(addition).await, Err(StoreError::NoCollection(id)) if id == nowhere));
    assert!(matches!(store.delete(nowhere, &one, &Versions::All, Removal::Retired, None).await, Err(StoreError::NoCollection(id)) if id == nowhere));
}

/// Stamps are strictly increasing in the order of the envelope, starting at the clock.
pub async fn t006_every_version_has_its_own_stamp(store: &dyn Store) {
    let collection = collection(store).await;
    add(store, collection, (0..5).map(|n| object(&id("indicator", n), "01", "a")).collect()).await;
    let records = all(store, collection).await;
    let stamps: Vec<u64> = records.iter().map(|r| r.added.0).collect();
    assert_eq!(stamps[..4], [NOW.0, NOW.0 + 1, NOW.0 + 2, NOW.0 + 3]);
    assert!(records.iter().enumerate().all(|(n, r)| r.id == id("indicator", n as u128).to_string()));
}

/// The last stamp of a write is a whole millisecond until the order is a second ahead of the clock.
pub async fn q7_a_write_ends_on_a_whole_millisecond(store: &dyn Store) {
    let collection = collection(store).await;
    for n in 0..1_005 {
        add(store, collection, vec![object(&id("indicator", n), "01", "a")]).await;
    }
    let stamps: Vec<u64> = page(store, collection, &Select { limit: 2_000, ..select() }).await.records.iter().map(|r| r.added.0).collect();
    let (round, rest) = stamps.split_at(1_000);
    assert!(round.iter().all(|stamp| stamp % 1_000 == 0), "not whole milliseconds");
    assert_eq!(round.last(), Some(&(NOW.0.next_multiple_of(1_000) + 999_000)));
    assert!(rest.iter().enumerate().all(|(n, stamp)| *stamp == round[999] + 1 + n as u64), "{rest:?}");
}

/// No stamp is given twice, whatever was deleted and whatever the clock says.
pub async fn t088_stamps_increase_past_deletions_and_clocks_that_go_back(store: &dyn Store) {
    let collection = collection(store).await;
    add(store, collection, vec![object(&id("indicator", 1), "01", "a")]).await;
    let first = all(store, collection).await[0].added;
    assert_eq!(store.delete(collection, &id("indicator", 1), &Versions::All, Removal::Retired, None).await.unwrap(), 1);
    assert!(all(store, collection).await.is_empty());
    add_at(store, collection, vec![object(&id("indicator", 1), "01", "a")], Stamp(NOW.0 - 5_000_000)).await;
    assert_eq!(all(store, collection).await[0].added, Stamp(first.0 + 1));
}

/// A duplicate is told, but adds no record, in the store as in the envelope.
pub async fn t141_t142_a_duplicate_adds_nothing(store: &dyn Store) {
    let collection = collection(store).await;
    let one = object(&id("indicator", 1), "01", "a");
    let text = format!("{DAY}01Z");
    let outcomes = add(store, collection, vec![one.clone(), one.clone()]).await;
    assert_eq!(outcomes, [Outcome::Added(text.clone()), Outcome::Duplicate(text.clone())]);
    let before = all(store, collection).await;
    assert_eq!(before[0].added, NOW.round_up_to_millisecond(), "the last object that is stored closes the write");
    assert_eq!(add(store, collection, vec![one]).await, [Outcome::Duplicate(text)]);
    assert_eq!(all(store, collection).await, before);
}

/// The same version with other content is a conflict, and the first content stays.
pub async fn t150_the_first_content_is_kept(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("indicator", 1);
    let outcomes = add(store, collection, vec![object(&one, "01", "a"), object(&one, "01", "b")]).await;
    assert!(matches!(outcomes[..], [Outcome::Added(_), Outcome::Conflict(_)]));
    assert!(matches!(add(store, collection, vec![object(&one, "01", "c")]).await[..], [Outcome::Conflict(_)]));
    let records = all(store, collection).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].object, object(&one, "01", "a").object);
}

/// Each different content of an SCO is a version of its own, named by its stamp; the same content is a duplicate of it.
pub async fn t152_an_sco_takes_its_stamp_as_version(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("ipv4-addr", 1);
    let outcomes = add(store, collection, vec![observable(&one, "a"), observable(&one, "b"), observable(&one, "a")]).await;
    let records = all(store, collection).await;
    let versions: Vec<&String> = records.iter().map(|r| &r.version).collect();
    assert_eq!(records.iter().map(|r| r.added.to_string()).collect::<Vec<_>>(), versions.iter().map(|v| (*v).clone()).collect::<Vec<_>>());
    assert_eq!(outcomes, [Outcome::Added(versions[0].clone()), Outcome::Added(versions[1].clone()), Outcome::Duplicate(versions[0].clone())]);
    assert_eq!(add(store, collection, vec![observable(&one, "b")]).await, [Outcome::Duplicate(versions[1].clone())]);
    let exact = Versions::Some { first: false, last: false, at: vec![records[0].added.instant()] };
    assert_eq!(page(store, collection, &Select { versions: exact, ..select() }).await.records, records[..1]);
    assert_eq!(page(store, collection, &select()).await.records, records[1..]);
}

/// The latest version is the one with the greatest `modified`, not the one that came last.
pub async fn t069_the_latest_is_the_greatest_modified(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("indicator", 1);
    for second in ["02", "03", "01"] {
        add(store, collection, vec![object(&one, second, "a")]).await;
        add(store, collection, vec![object(&id("malware", second.parse().unwrap()), "09", "a")]).await;
    }
    assert_eq!(seconds(store, collection, &select()).await, ["09", "03", "09", "09"]);
}

/// First, last, exact versions and their unions, each version once.
pub async fn t070_t073_versions_combine(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("indicator", 1);
    for second in ["02", "04", "01", "03"] {
        add(store, collection, vec![object(&one, second, "a")]).await;
    }
    for (versions, expected) in [
        (Versions::LAST, vec!["04"]),
        (some(true, false, &[]), vec!["01"]),
        (some(true, true, &[]), vec!["04", "01"]),
        (some(true, true, &["01", "03"]), vec!["04", "01", "03"]),
        (some(false, false, &["02", "07"]), vec!["02"]),
        (some(false, false, &["07"]), vec![]),
        (Versions::All, vec!["02", "04", "01", "03"]),
    ] {
        for ids in [None, Some(vec![one.clone(), one.clone()])] {
            assert_eq!(seconds(store, collection, &Select { versions: versions.clone(), ids, ..select() }).await, expected, "{versions:?}");
        }
    }
    add(store, collection, vec![object(&id("indicator", 2), "05", "a")]).await;
    assert_eq!(seconds(store, collection, &Select { versions: some(true, true, &[]), ..select() }).await, ["04", "01", "05"]);
}

/// Versions are compared as instants and come back in the spelling of the first.
pub async fn t078_spellings_of_a_version_are_one(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("indicator", 1);
    add(store, collection, vec![object(&one, "01.50", "a")]).await;
    assert!(matches!(add(store, collection, vec![object(&one, "01.5", "a")]).await[..], [Outcome::Conflict(_)]));
    assert_eq!(seconds(store, collection, &Select { versions: some(false, false, &["01.500"]), ..select() }).await, ["01.50"]);
}

/// With `after`, an old version that came late is the latest of those that take part.
pub async fn t079_versions_are_chosen_among_those_added_after(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("indicator", 1);
    for second in ["05", "02", "03", "01"] {
        add(store, collection, vec![object(&one, second, "a")]).await;
    }
    let stamps: Vec<Stamp> = all(store, collection).await.iter().map(|r| r.added).collect();
    for (after, last, first) in [(Stamp::ZERO, "05", "01"), (stamps[0], "03", "01"), (stamps[1], "03", "01"), (stamps[2], "01", "01")] {
        for (versions, expected) in [(Versions::LAST, last), (some(true, false, &[]), first)] {
            for ids in [None, Some(vec![one.clone()])] {
                for types in [None, Some(vec!["indicator".to_owned()])] {
                    let select = Select { after, from: after, versions: versions.clone(), ids: ids.clone(), types, ..select() };
                    assert_eq!(seconds(store, collection, &select).await, [expected], "{select:?}");
                }
            }
        }
    }
    let beyond = Select { after: stamps[0], from: stamps[2], ..select() };
    assert!(seconds(store, collection, &beyond).await.is_empty(), "the chosen version stands before the reader");
}

/// Following `from` yields every object once, and `more` is true exactly while there is more.
pub async fn t084_pages_meet_without_gap_or_overlap(store: &dyn Store) {
    let collection = collection(store).await;
    for envelope in 0..7 {
        add(store, collection, (0..3).map(|n| object(&id("indicator", envelope * 3 + n), "01", "a")).collect()).await;
    }
    let whole = page(store, collection, &select()).await;
    assert!(!whole.more && whole.records.len() == 21);
    let size = whole.records[0].object.len();
    let limits = [1, 2, 3, 7, 20, 21, 22, usize::MAX].map(|limit| (limit, usize::MAX));
    let octets = [0, 1, size, 2 * size, 2 * size + 1, usize::MAX].map(|octets| (usize::MAX, octets));
    for (limit, octets) in limits.into_iter().chain(octets) {
        let mut select = Select { limit, octets, ..select() };
        let mut seen = Vec::new();
        loop {
            let page = page(store, collection, &select).await;
            assert_eq!(page.more, seen.len() + page.records.len() < 21, "limit {limit}, octets {octets}");
            assert!(page.records.len() == 1 || page.records.len() * size <= octets, "octets {octets}");
            select.from = page.records.last().unwrap().added;
            seen.extend(page.records);
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, whole.records, "limit {limit}, octets {octets}");
        assert!(page(store, collection, &select).await.records.is_empty());
    }
}

/// Only the wanted ids and types come, in the one order; what is hidden does not count as more.
pub async fn ids_and_types_narrow(store: &dyn Store) {
    let collection = collection(store).await;
    let kinds = ["indicator", "malware", "x-tool", "indicator", "malware"];
    add(store, collection, kinds.iter().zip(0..).map(|(kind, n)| object(&id(kind, n), "01", "a")).collect()).await;
    let ids = async |select: Select| page(store, collection, &select).await.records.iter().map(|r| r.id.clone()).collect::<Vec<_>>();
    let text = |kind, n| id(kind, n).to_string();
    let types = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    assert_eq!(
        ids(Select { types: types(&["malware", "x-tool", "malware"]), ..select() }).await,
        [text("malware", 1), text("x-tool", 2), text("malware", 4)]
    );
    assert!(ids(Select { types: types(&["x-too", "x"]), ..select() }).await.is_empty());
    assert!(ids(Select { types: types(&["\0", "x-tool\0"]), ..select() }).await.is_empty());
    let wanted = Some(vec![id("malware", 4), id("indicator", 0), id("malware", 7)]);
    assert_eq!(ids(Select { ids: wanted.clone(), ..select() }).await, [text("indicator", 0), text("malware", 4)]);
    assert_eq!(ids(Select { ids: wanted, types: types(&["malware"]), ..select() }).await, [text("malware", 4)]);
    let page = page(store, collection, &Select { types: types(&["indicator"]), limit: 2, ..select() }).await;
    assert!(page.records.len() == 2 && !page.more);
}

/// What is left for a reader is what its next pages would hold: counted to a limit, whatever the octets, with the first of it.
pub async fn what_is_left_is_counted_up_to_a_limit(store: &dyn Store) {
    let collection = collection(store).await;
    let behind = async |select: Select| store.behind(collection, &select).await.unwrap();
    assert_eq!(behind(select()).await, Behind::default());
    let red = NewObject { level: Level::Red, ..object(&id("malware", 4), "01", "a") };
    add(store, collection, (0..4).map(|n| object(&id("indicator", n), "01", "a")).chain([red]).collect()).await;
    let stamps: Vec<Stamp> = all(store, collection).await.iter().map(|record| record.added).collect();
    let at = |position: Stamp| Select { after: position, from: position, octets: 0, ..select() };
    assert_eq!(behind(at(Stamp::ZERO)).await, Behind { count: 5, oldest: Some(stamps[0]) });
    assert_eq!(behind(at(stamps[1])).await, Behind { count: 3, oldest: Some(stamps[2]) });
    assert_eq!(behind(Select { limit: 2, ..at(stamps[0]) }).await, Behind { count: 2, oldest: Some(stamps[1]) });
    assert_eq!(behind(Select { clearance: Level::Amber, ..at(stamps[3]) }).await, Behind::default());
    assert_eq!(behind(Select { types: Some(vec!["indicator".into()]), ..at(stamps[2]) }).await, Behind { count: 1, oldest: Some(stamps[3]) });
    assert_eq!(behind(at(stamps[4])).await, Behind::default());
    // A new version is something to fetch, the one it supersedes no longer.
    add(store, collection, vec![object(&id("indicator", 3), "02", "a")]).await;
    assert_eq!(behind(at(stamps[2])).await.count, 2);
    assert_eq!(behind(Select { versions: Versions::All, ..at(stamps[2]) }).await.count, 3);
}

/// An object whose chosen version is above the clearance is left out whole, and does not count as more.
pub async fn what_is_above_the_clearance_is_left_out(store: &dyn Store) {
    let collection = collection(store).await;
    let red = |object: NewObject| NewObject { level: Level::Red, ..object };
    let (one, two) = (id("indicator", 1), id("indicator", 2));
    add(store, collection, vec![object(&one, "01", "a"), object(&two, "02", "a"), red(object(&one, "03", "a"))]).await;
    for types in [None, Some(vec!["indicator".to_owned()])] {
        for ids in [None, Some(vec![one.clone(), two.clone()])] {
            let amber = Select { clearance: Level::Amber, limit: 1, ids, types: types.clone(), ..select() };
            let page = page(store, collection, &amber).await;
            assert!(page.records.len() == 1 && page.records[0].id == two.to_string() && !page.more, "{amber:?}");
            assert_eq!(seconds(store, collection, &Select { versions: Versions::All, limit: 9, ..amber }).await, ["01", "02"]);
        }
    }
}

/// Who hears what is written knows what a page would say, without reading it.
pub async fn what_is_written_is_told(store: &dyn Store) {
    let collection = collection(store).await;
    add(store, collection, vec![object(&id("indicator", 1), "02", "before")]).await;
    if store.is_shared() {
        return assert!(store.hear().is_none());
    }
    assert!(store.hear().is_none(), "what was before is not known");
    let [one, two, holder] = [id("indicator", 1), id("indicator", 2), id("grouping", 3)];
    let holder = |second| NewObject { holds: vec![two.clone()], ..object(&holder, second, "a") };
    let envelopes = [
        vec![object(&two, "01", "a")],
        vec![object(&two, "01", "a")],
        vec![object(&one, "01", "late"), object(&two, "03", "c"), object(&two, "02", "b"), holder("01")],
        vec![object(&one, "03", "d")],
    ];
    for envelope in envelopes {
        let before = store.top(collection).await.unwrap();
        add(store, collection, envelope).await;
        let page = page(store, collection, &Select { from: before, ..select() }).await.records;
        let upto = store.top(collection).await.unwrap();
        let told = store.hear().unwrap();
        assert_eq!(told.len(), usize::from(upto > before), "{told:?}");
        for told in told {
            let Write::Stored { collection: its, after, upto: its_upto, records } = told else { panic!("{told:?}") };
            assert_eq!((its, after, its_upto), (collection, before, upto));
            assert_eq!(format!("{records:?}"), format!("{page:?}"));
        }
    }
    let touched = async || store.hear().unwrap().iter().any(|told| matches!(told, Write::Touched(its) if *its == collection));
    add(store, collection, vec![NewObject { level: Level::Red, ..object(&two, "04", "d") }]).await;
    assert!(touched().await, "the grouping counts higher");
    let versions = Versions::Some { first: false, last: true, at: Vec::new() };
    store.delete(collection, &one, &versions, Removal::Retired, None).await.unwrap();
    assert!(touched().await);
    store.edit(vec![Edit::RemoveCollection(collection)], None).await.unwrap();
    assert!(touched().await);
    assert!(store.hear().unwrap().is_empty());
}

/// What is on the way from what comes to what holds it may be held by something else that comes with it.
pub async fn what_rises_rises_through_what_is_held_anew(store: &dyn Store) {
    let collection = collection(store).await;
    let [missing, inner, outer, fresh] = [id("indicator", 1), id("grouping", 2), id("report", 3), id("report", 4)];
    let holding = |id: &StixId, held: &StixId| NewObject { holds: vec![held.clone()], ..object(id, "01", "a") };
    add(store, collection, vec![holding(&inner, &missing), holding(&outer, &inner)]).await;
    let green = NewObject { level: Level::Green, ..object(&missing, "01", "a") };
    let addition = Addition { collection, objects: vec![green, holding(&fresh, &inner)], now: NOW, receipt: None, act: None };
    let mut raised = store.add(addition).await.unwrap().raised;
    raised.sort_unstable();
    assert_eq!(raised, [inner, outer]);
    assert!(all(store, collection).await.iter().all(|record| record.level == Level::Green));
}

/// A container counts as high as the latest versions of what it holds, of what was there and of what comes; a container in a container too.
pub async fn what_holds_something_counts_as_high(store: &dyn Store) {
    let collection = collection(store).await;
    let [inner, outer, held] = [id("grouping", 1), id("report", 2), id("indicator", 3)];
    let holding = |id: &StixId, second, held: &StixId| NewObject { holds: vec![held.clone()], ..object(id, second, "a") };
    let at = |object: NewObject, level| NewObject { level, ..object };
    let green = Select { clearance: Level::Green, ..select() };
    let shown = async || page(store, collection, &green).await.records.into_iter().map(|record| record.id).collect::<Vec<_>>();
    add(store, collection, vec![holding(&inner, "01", &held), holding(&outer, "01", &inner), at(object(&held, "01", "a"), Level::Green)]).await;
    assert_eq!(shown().await.len(), 3);
    assert!(all(store, collection).await.iter().all(|record| record.level == Level::Green));
    let raising = Addition { collection, objects: vec![at(object(&held, "02", "b"), Level::Red)], now: NOW, receipt: None, act: None };
    let mut raised = store.add(raising).await.unwrap().raised;
    raised.sort_unstable();
    assert_eq!(raised, [inner.clone(), outer.clone()]);
    assert!(shown().await.is_empty());
    // What is lower again does not lower them, but a new version of a container is judged anew.
    add(store, collection, vec![at(object(&held, "03", "c"), Level::Unmarked)]).await;
    assert_eq!(shown().await, [held.to_string()]);
    add(store, collection, vec![holding(&inner, "02", &held)]).await;
    assert_eq!(shown().await, [held.to_string(), inner.to_string()]);
}

/// A version that was deleted for good is refused with the reason; a later one, and one that was only retired, is taken.
pub async fn what_was_deleted_for_good_is_not_taken_again(store: &dyn Store) {
    let collection = collection(store).await;
    let [one, sco] = [id("indicator", 1), id("ipv4-addr", 2)];
    let both = || vec![object(&one, "01", "a"), observable(&sco, "198.51.100.7")];
    let delete = async |id: &StixId, removal: Removal| store.delete(collection, id, &Versions::All, removal, None).await.unwrap();
    add(store, collection, both()).await;
    assert_eq!((delete(&one, Removal::Retired).await, delete(&sco, Removal::Retired).await), (1, 1));
    assert!(add(store, collection, both()).await.iter().all(|outcome| matches!(outcome, Outcome::Added(_))));
    for id in [&one, &sco] {
        assert_eq!(delete(id, Removal::ForGood { at: NOW, why: "a mistake".into() }).await, 1);
    }
    for outcome in add(store, collection, both()).await {
        let Outcome::Deleted(_, why) = outcome else { panic!("{outcome:?}") };
        assert_eq!(why, format!("this version was deleted for good on {NOW} (a mistake) and is not taken again; a later version is"));
    }
    assert!(all(store, collection).await.is_empty());
    let later = vec![object(&one, "02", "a"), observable(&sco, "198.51.100.8")];
    assert!(add(store, collection, later).await.iter().all(|outcome| matches!(outcome, Outcome::Added(_))));
}

/// Where an object came from is kept, and can be asked for.
pub async fn what_came_from_somewhere_is_told_from_the_rest(store: &dyn Store) {
    let collection = collection(store).await;
    let [there, elsewhere] = [1, 2].map(|n| Some(Uuid::from_u128(n)));
    let from = |n, origin| NewObject { origin, ..object(&id("indicator", n), "01", "a") };
    add(store, collection, vec![from(1, None), from(2, there), from(3, elsewhere)]).await;
    let ids = async |only: Only| {
        let select = Select { only: Some(Arc::new(only)), ..select() };
        let text = store.text(collection, &select).await.unwrap();
        let records = page(store, collection, &select).await.records;
        assert_eq!(text.count, records.len());
        records.into_iter().map(|record| record.origin).collect::<Vec<_>>()
    };
    assert_eq!(ids(Only { from: there, ..Only::default() }).await, [there]);
    assert_eq!(ids(Only { not_from: there, ..Only::default() }).await, [None, elsewhere]);
}

/// After a deletion the rest reads as if the deleted versions had never been.
pub async fn deleted_versions_have_never_been(store: &dyn Store) {
    let collection = collection(store).await;
    let (one, other) = (id("indicator", 1), id("indicator", 2));
    for second in ["02", "03", "01", "04"] {
        add(store, collection, vec![object(&one, second, "a")]).await;
    }
    add(store, collection, vec![object(&other, "09", "a")]).await;
    let before = all(store, collection).await;
    assert_eq!(store.delete(collection, &id("indicator", 3), &Versions::All, Removal::Retired, None).await.unwrap(), 0);
    assert_eq!(store.delete(collection, &one, &some(false, false, &["08"]), Removal::Retired, None).await.unwrap(), 0);
    assert_eq!(store.delete(collection, &one, &Versions::LAST, Removal::Retired, None).await.unwrap(), 1);
    assert_eq!(page(store, collection, &select()).await.records, [before[1].clone(), before[4].clone()]);
    let late = Select { after: before[1].added, from: before[1].added, ..select() };
    assert_eq!(seconds(store, collection, &late).await, ["01", "09"]);
    assert_eq!(store.delete(collection, &one, &some(true, false, &["03"]), Removal::Retired, None).await.unwrap(), 2);
    assert_eq!(all(store, collection).await, [before[0].clone(), before[4].clone()]);
    assert_eq!(page(store, collection, &select()).await.records, [before[0].clone(), before[4].clone()]);
    assert!(matches!(add(store, collection, vec![object(&one, "04", "b")]).await[..], [Outcome::Added(_)]));
    assert_eq!(seconds(store, collection, &select()).await, ["09", "04"]);
    assert_eq!(store.delete(collection, &one, &Versions::All, Removal::Retired, None).await.unwrap(), 2);
    assert_eq!(page(store, collection, &Select { ids: Some(vec![one]), versions: Versions::All, ..select() }).await.records, []);
}

/// Bytes in, bytes out, small and large.
pub async fn objects_come_back_as_they_came(store: &dyn Store) {
    let collection = collection(store).await;
    let contents: Vec<Bytes> =
        [0usize, 1, 10, 5_000, 200_000, 1_500_000].iter().map(|n| (0..*n).map(|i| u8::try_from(i % 251).unwrap()).collect()).collect();
    let objects = contents.iter().zip(0..).map(|(bytes, n)| NewObject { object: bytes.clone(), ..object(&id("artifact", n), "01", "") });
    add(store, collection, objects.collect()).await;
    assert_eq!(all(store, collection).await.into_iter().map(|r| r.object).collect::<Vec<_>>(), contents);
}

fn receipt(id: Uuid, expires: Stamp) -> Receipt {
    let refused = vec![StatusDetail { id: "x".into(), version: String::new(), message: Some("no STIX identifier".into()) }];
    Receipt { id, root: "feeds".into(), owner: "ann".into(), refused, told: usize::MAX, expires }
}

/// A status lasts until its end and is then swept.
pub async fn t112_a_status_is_kept_until_it_expires(store: &dyn Store) {
    let collection = collection(store).await;
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    store.sweep(Stamp(u64::MAX)).await.unwrap();
    for (id, expires) in [(one, Stamp(NOW.0 + 10)), (two, Stamp(NOW.0 + 20))] {
        store.add(Addition { collection, objects: vec![], now: NOW, receipt: Some(receipt(id, expires)), act: None }).await.unwrap();
    }
    assert!(store.status(Uuid::new_v4(), NOW).await.unwrap().is_none());
    assert!(store.status(one, Stamp(NOW.0 + 9)).await.unwrap().is_some());
    assert!(store.status(one, Stamp(NOW.0 + 10)).await.unwrap().is_none(), "expired although not swept");
    assert_eq!(store.sweep(Stamp(NOW.0 + 9)).await.unwrap(), 0);
    assert_eq!(store.sweep(Stamp(NOW.0 + 10)).await.unwrap(), 1);
    assert_eq!(store.sweep(Stamp(NOW.0 + 10)).await.unwrap(), 0);
    assert!(store.status(one, NOW).await.unwrap().is_none() && store.status(two, NOW).await.unwrap().is_some());
}

/// The status that is kept is the one that is returned, and lists what became of every object.
pub async fn statuses_tell_every_outcome(store: &dyn Store) {
    let collection = collection(store).await;
    let (one, sco) = (id("indicator", 1), id("ipv4-addr", 1));
    let objects = vec![object(&one, "01", "a"), object(&one, "01", "a"), object(&one, "01", "b"), observable(&sco, "a"), observable(&sco, "a")];
    let id = Uuid::new_v4();
    let added = store.add(Addition { collection, objects, now: NOW, receipt: Some(receipt(id, Stamp(u64::MAX))), act: None }).await.unwrap();
    let kept = store.status(id, NOW).await.unwrap().unwrap();
    assert_eq!(Some(&kept.status), added.status.as_ref());
    assert_eq!((kept.status.success_count, kept.status.failure_count), (4, 2));
    assert_eq!((kept.root.as_str(), kept.owner.as_str(), kept.status.id), ("feeds", "ann", id.to_string()));
    assert_eq!(kept.status.successes[2].version, all(store, collection).await[1].version);
}

/// A version that differs from the latest in what never changes, or follows a revocation, is stored and its status says so.
pub async fn s051_s052_what_is_odd_about_a_version_is_told(store: &dyn Store) {
    let collection = collection(store).await;
    let one = id("indicator", 1);
    let version = |second: &str, members: &str| {
        let text = format!("{{\"created\":\"{DAY}01Z\",\"modified\":\"{DAY}{second}Z\"{members}}}");
        NewObject { object: text.into(), warning: Some("by the gate".into()), ..object(&one, second, "") }
    };
    let foreign = r#","created_by_ref":"identity--1""#;
    let objects = vec![version("01", ""), version("02", r#","revoked":true"#), version("03", foreign)];
    let messages = |status: Option<Status>| status.unwrap().successes.into_iter().map(|its| its.message.unwrap()).collect::<Vec<_>>();
    let post = |objects| Addition { collection, objects, now: NOW, receipt: Some(receipt(Uuid::new_v4(), Stamp(u64::MAX))), act: None };
    let told = messages(store.add(post(objects)).await.unwrap().status);
    assert_eq!(told[..2], ["by the gate", "by the gate"]);
    assert!(told[2].starts_with("by the gate; created_by_ref: ") && told[2].contains("; modified: "), "{}", told[2]);
    let told = messages(store.add(post(vec![version("04", ""), version("03", foreign)])).await.unwrap().status);
    assert!(told[0].starts_with("by the gate; created_by_ref: ") && !told[0].contains("modified"), "{}", told[0]);
    assert_eq!(told[1], "by the gate", "a duplicate");
    assert_eq!(page(store, collection, &Select { versions: Versions::All, ..select() }).await.records.len(), 4);
}

/// One bad edit undoes all that came with it.
pub async fn edits_happen_all_or_none(store: &dyn Store) {
    let collection = collection(store).await;
    let name = format!("user-{collection}");
    let user = User { name: name.clone(), password: None, admin: false, clearance: Level::Green, partner: None, created: NOW };
    let before = store.directory().await.unwrap();
    let edits = vec![Edit::AddUser(user.clone()), Edit::RemoveToken("no such token".into())];
    assert!(matches!(store.edit(edits, None).await, Err(EditError::Refused(Conflict::Missing(_)))));
    assert_eq!(store.directory().await.unwrap(), before);
    let rights = Rights { read: true, write: true, own: false };
    let after = store.edit(vec![Edit::AddUser(user), Edit::Grant { user: name.clone(), collection, rights }], None).await.unwrap();
    assert_eq!(after.rights(&name, collection), rights);
    assert_eq!(store.directory().await.unwrap(), after);
}

fn act(verb: Verb, at: u64) -> Act {
    Act { who: "ann".into(), through: Through::Console, request: Some("7".into()), ..Act::of_program(verb, Stamp(at)) }
}

/// The whole audit log.
pub fn trail() -> Trail {
    Trail { after: Stamp::ZERO, before: Stamp::END, latest_first: false, limit: usize::MAX }
}

/// An entry tells exactly the versions that were stored or deleted, and what became different in the directory; an act of which
/// nothing came has none.
pub async fn the_log_tells_what_came_of_each_act(store: &dyn Store) {
    let collection = collection(store).await;
    let [one, two] = [1, 2].map(|n| id("indicator", n));
    let post = |objects| Addition { collection, objects, now: NOW, receipt: None, act: Some(act(Verb::Publish, 10)) };
    let objects = vec![object(&one, "01", "a"), object(&one, "01", "b"), object(&two, "01", "a"), object(&one, "02", "a")];
    store.add(post(objects.clone())).await.unwrap();
    store.add(post(objects)).await.unwrap();
    store.delete(collection, &one, &Versions::All, Removal::Retired, Some(act(Verb::Delete, 20))).await.unwrap();
    store.delete(collection, &one, &Versions::All, Removal::Retired, Some(act(Verb::Delete, 30))).await.unwrap();
    let root = Root { slug: format!("log-{}", collection.simple()), title: "Log".into(), description: None };
    store.edit(vec![Edit::AddRoot(root.clone())], Some(act(Verb::Administer, 40))).await.unwrap();
    store.edit(vec![Edit::AddRoot(root.clone())], Some(act(Verb::Administer, 50))).await.unwrap_err();
    store.edit(vec![], Some(act(Verb::Administer, 60))).await.unwrap();
    store.log(act(Verb::LogIn, 70)).await.unwrap();
    let entries = store.trail(&trail()).await.unwrap();
    let verbs: Vec<Verb> = entries.iter().map(|entry| entry.act.verb).collect();
    assert_eq!(verbs, [Verb::Publish, Verb::Delete, Verb::Administer, Verb::LogIn]);
    let stored = entries[0].stored.unwrap();
    assert_eq!((entries[0].collection, stored.first, stored.count), (Some(collection), NOW, 3));
    let deleted: Vec<(&str, Stamp)> = entries[1].deleted.iter().map(|deleted| (deleted.id.as_str(), deleted.added)).collect();
    assert_eq!(deleted, [(one.as_str(), stored.first), (one.as_str(), stored.last)]);
    assert_eq!(entries[2].changed.iter().map(|changed| changed.what.clone()).collect::<Vec<_>>(), [format!("root {}", root.slug)]);
    assert_eq!(entries[3].act, act(Verb::LogIn, 70));
}

/// The log is read from either end, and its stamps increase when the clock goes back.
pub async fn the_log_keeps_its_order_whatever_the_clock_does(store: &dyn Store) {
    for at in [100, 100, 50, 200] {
        store.log(act(Verb::LogIn, at)).await.unwrap();
    }
    let read = async |trail: Trail| store.trail(&trail).await.unwrap().iter().map(|entry| entry.act.at.0).collect::<Vec<_>>();
    assert_eq!(read(trail()).await, [100, 101, 102, 200]);
    assert_eq!(read(Trail { latest_first: true, limit: 2, ..trail() }).await, [200, 102]);
    assert_eq!(read(Trail { after: Stamp(100), before: Stamp(200), ..trail() }).await, [101, 102]);
    assert!(read(Trail { after: Stamp(200), ..trail() }).await.is_empty());
    assert!(read(Trail { after: Stamp(9), before: Stamp(3), ..trail() }).await.is_empty());
}

/// A paper is replaced as a whole, with its end; it goes when it is thrown away or has expired.
pub async fn a_paper_is_kept_until_it_ends(store: &dyn Store) {
    let [one, two] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let paper = |id, owner: &str, expires, text: &str| Paper {
        kind: Kind::Draft,
        id,
        owner: owner.into(),
        expires: Stamp(expires),
        text: Bytes::copy_from_slice(text.as_bytes()),
    };
    for paper in [paper(one, "ann", 10, "first"), paper(two, "böb", 50, ""), paper(one, "ann", 100, "second")] {
        store.keep(paper).await.unwrap();
    }
    store.keep(Paper { kind: Kind::Session, ..paper(one, "eve", 100, "other") }).await.unwrap();
    assert_eq!(store.paper(Kind::Draft, one, Stamp(20)).await.unwrap(), Some(paper(one, "ann", 100, "second")));
    assert_eq!(store.sweep(Stamp(20)).await.unwrap(), 0, "the end of what was replaced is nobody's");
    assert_eq!(store.papers(Kind::Draft, Stamp(20)).await.unwrap(), [paper(one, "ann", 100, "second"), paper(two, "böb", 50, "")]);
    assert_eq!(store.papers(Kind::Draft, Stamp(50)).await.unwrap().len(), 1);
    assert_eq!(store.paper(Kind::Draft, two, Stamp(50)).await.unwrap(), None);
    assert_eq!(store.sweep(Stamp(50)).await.unwrap(), 1);
    assert_eq!(store.paper(Kind::Draft, two, Stamp(20)).await.unwrap(), None);
    assert!(store.discard(Kind::Draft, one).await.unwrap());
    assert!(!store.discard(Kind::Draft, one).await.unwrap());
    assert_eq!(store.sweep(Stamp(1_000)).await.unwrap(), 1, "the session");
}

/// A collection that comes again under its old id is empty and gives its own stamps.
pub async fn objects_go_with_their_collection(store: &dyn Store) {
    let (id_of, other) = (collection(store).await, collection(store).await);
    for collection in [id_of, other] {
        add(store, collection, (0..50).map(|n| object(&id("indicator", n), "01", "a")).collect()).await;
        add(store, collection, (0..9).map(|n| object(&id("indicator", n), "02", "a")).collect()).await;
    }
    let directory = store.directory().await.unwrap();
    let old = directory.collection(id_of).unwrap().1.clone();
    store.edit(vec![Edit::RemoveCollection(id_of)], None).await.unwrap();
    assert!(matches!(store.page(id_of, &select()).await, Err(StoreError::NoCollection(_))));
    store.edit(vec![Edit::AddCollection(old)], None).await.unwrap();
    assert!(all(store, id_of).await.is_empty());
    assert!(matches!(add(store, id_of, vec![object(&id("indicator", 1), "01", "b")]).await[..], [Outcome::Added(_)]));
    assert_eq!(all(store, id_of).await[0].added, NOW.round_up_to_millisecond());
    assert_eq!(all(store, other).await.len(), 59);
}

/// A reader that follows the order while envelopes arrive sees each object once, each envelope whole.
pub async fn t088_a_follower_misses_nothing_while_others_write(store: &dyn Store) {
    const WRITERS: u128 = 4;
    const ENVELOPES: u128 = 25;
    const OBJECTS: u128 = 7;
    let collection = collection(store).await;
    let finished = AtomicBool::new(false);
    let write = async |writer: u128| {
        for envelope in 0..ENVELOPES {
            let first = (writer * ENVELOPES + envelope) * OBJECTS;
            add(store, collection, (first..first + OBJECTS).map(|n| object(&id("indicator", n), "01", "a")).collect()).await;
        }
    };
    let follow = async || {
        let mut select = Select { limit: 5, ..select() };
        let mut seen = Vec::new();
        loop {
            let ended = finished.load(Ordering::SeqCst);
            let page = page(store, collection, &select).await;
            if let Some(last) = page.records.last() {
                select.from = last.added;
            } else if ended {
                return seen;
            }
            assert!(page.more || (seen.len() + page.records.len()).is_multiple_of(7), "an envelope is seen in part");
            seen.extend(page.records);
            tokio::task::yield_now().await;
        }
    };
    let writers = async {
        join_all((0..WRITERS).map(write)).await;
        finished.store(true, Ordering::SeqCst);
    };
    let ((), seen) = tokio::join!(writers, follow());
    assert_eq!(seen.len() as u128, WRITERS * ENVELOPES * OBJECTS);
    assert_eq!(seen, page(store, collection, &select()).await.records);
}

/// A reader that follows the order while objects are replaced ends with the latest version of each.
pub async fn t079_a_follower_ends_with_the_latest_of_everything(store: &dyn Store) {
    const OBJECTS: u128 = 5;
    let collection = collection(store).await;
    let finished = AtomicBool::new(false);
    let write = async |n: u128| {
        for second in 10..50 {
            add(store, collection, vec![object(&id("indicator", n), &second.to_string(), "a")]).await;
        }
    };
    let follow = async || {
        let mut select = Select { limit: 3, ..select() };
        let mut seen = BTreeMap::new();
        loop {
            let ended = finished.load(Ordering::SeqCst);
            let page = page(store, collection, &select).await;
            match page.records.last() {
                Some(last) => select.from = last.added,
                None if ended => return seen,
                None => {}
            }
            for record in page.records {
                let before = seen.insert(record.id, record.version.clone());
                assert!(before < Some(record.version), "an older version came after {before:?}");
            }
            tokio::task::yield_now().await;
        }
    };
    let writers = async {
        join_all((0..OBJECTS).map(write)).await;
        finished.store(true, Ordering::SeqCst);
    };
    let ((), seen) = tokio::join!(writers, follow());
    let latest = page(store, collection, &select()).await.records;
    assert_eq!(latest.len() as u128, OBJECTS);
    assert_eq!(seen, latest.into_iter().map(|record| (record.id, record.version)).collect());
}

/// A version that is superseded and comes back is there for all who ask for it, all the time.
pub async fn t071_no_version_is_lost_to_readers_while_others_come_and_go(store: &dyn Store) {
    let collection = collection(store).await;
    let (one, others) = (id("indicator", 1), 10..20);
    add(store, collection, others.map(|n| object(&id("indicator", n), "09", "a")).collect()).await;
    add(store, collection, vec![object(&one, "01", "a")]).await;
    let finished = AtomicBool::new(false);
    let write = async {
        for _ in 0..100 {
            add(store, collection, vec![object(&one, "02", "a")]).await;
            assert_eq!(store.delete(collection, &one, &Versions::LAST, Removal::Retired, None).await.unwrap(), 1);
        }
        finished.store(true, Ordering::SeqCst);
    };
    let read = async {
        while !finished.load(Ordering::SeqCst) {
            for versions in [Versions::All, some(true, false, &[]), some(false, false, &["01"])] {
                for ids in [None, Some(vec![one.clone()])] {
                    let select = Select { versions: versions.clone(), ids, ..select() };
                    let seen = seconds(store, collection, &select).await;
                    assert_eq!(seen.iter().filter(|second| *second == "01").count(), 1, "{select:?}");
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(write, read);
}

/// A page as text is the page, also for who reads while versions are superseded and deleted: no object stands in it in two versions.
pub async fn t068_the_text_of_a_page_holds_no_object_twice_while_versions_come_and_go(store: &dyn Store) {
    const OBJECTS: u128 = 40;
    let collection = collection(store).await;
    add(store, collection, (0..OBJECTS).map(|n| object(&id("indicator", n), "00", "a")).collect()).await;
    let finished = AtomicBool::new(false);
    let write = async {
        for second in 1..30 {
            let one = |n: u128| object(&id("indicator", (n * 7 + second) % OBJECTS), &format!("{second:02}"), "a");
            add(store, collection, (0..5).map(one).collect()).await;
            store.delete(collection, &id("indicator", (second * 3) % OBJECTS), &Versions::LAST, Removal::Retired, None).await.unwrap();
        }
        finished.store(true, Ordering::SeqCst);
    };
    let read = async {
        while !finished.load(Ordering::SeqCst) {
            let text = store.text(collection, &select()).await.unwrap();
            let parts: Vec<_> = text.parts.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            let joined = parts.join(",");
            let mut ids: Vec<&str> = joined.split("\"id\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(ids.len(), text.count);
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), text.count, "an object stands twice on a page");
            tokio::task::yield_now().await;
        }
    };
    join(write, read).await;
    let expected = Text::from(page(store, collection, &select()).await);
    let text = store.text(collection, &select()).await.unwrap();
    assert_eq!((text.parts.join(&b','), text.digest), (expected.parts.join(&b','), expected.digest));
}
