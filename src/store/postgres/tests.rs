//! The contract on a real PostgreSQL.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, query, query_as, query_scalar};
use tokio::runtime::Runtime;
use uuid::Uuid;

#[path = "../../../tests/it/support/postgres.rs"]
mod support;

use self::support::{database, server};
use super::page::Asked;
use super::{Options, PostgresStore};
use crate::stix::marking::Level;
use crate::store::contract::{self, model};
use crate::store::only::Only;
use crate::store::{Addition, Select, Store, Versions};
use crate::taxii::stamp::Stamp;

/// A database of its own, and the store in it.
pub(crate) async fn fresh() -> Option<(PostgresStore, ())> {
    let url = database(&server()?).await;
    Some((PostgresStore::open(&url, &Options::default()).await.unwrap(), ()))
}

contract::suite!(fresh);

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn agrees_with_the_model(steps in model::steps()) {
        if let Some(server) = server() {
            let url = Runtime::new().unwrap().block_on(database(&server));
            let open = |runtime: &Runtime| runtime.block_on(PostgresStore::open(&url, &Options::default())).unwrap();
            model::check(open, |runtime, store| { drop(store); open(runtime) }, &steps);
        }
    }
}

/// The plan of a statement for a page, after the table has been filled with objects of which each has two versions.
async fn plan(store: &PostgresStore, collection: Uuid, select: &Select) -> String {
    let number = store.inner.number(collection).await.unwrap();
    let asked = Asked { number, select, from: select.from.max(select.after) };
    let sql = format!("EXPLAIN {}", asked.sql("added, body", 101));
    let lines: Vec<(String,)> = asked.bind(query_as(AssertSqlSafe(sql))).fetch_all(&store.inner.primary).await.unwrap();
    lines.into_iter().map(|(line,)| line + "\n").collect()
}

#[tokio::test]
async fn every_hot_statement_walks_along_an_index_and_sorts_nothing() {
    let Some((store, ())) = fresh().await else { return };
    let collection = contract::collection(&store).await;
    let page = Select { limit: 100, clearance: Level::Green, ..contract::select() };
    let of_one = Select { ids: Some(vec![contract::id("indicator", 3)]), ..page.clone() };
    // A plan is kept: that of an empty table must be one for a large one.
    let empty = plan(&store, collection, &of_one).await;
    assert!(empty.contains("object_instant"), "{empty}");
    for round in 0..40u128 {
        let kinds = ["indicator", "malware", "relationship"];
        let ids = (0..500).map(|n| contract::id(kinds[n % 3], (round % 20) * 500 + n as u128));
        let second = if round < 20 { "01" } else { "02" };
        let objects = ids.map(|id| contract::object(&id, second, "a")).collect();
        store.add(Addition { collection, objects, now: Stamp(1), receipt: None, act: None }).await.unwrap();
    }
    let number = store.inner.number(collection).await.unwrap();
    let middle: i64 = query_scalar(AssertSqlSafe(format!("SELECT added FROM version_{number} ORDER BY added OFFSET 15000 LIMIT 1")))
        .fetch_one(&store.inner.primary)
        .await
        .unwrap();
    let middle = super::stamp(middle);
    let types = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let hot = [
        ("a crawl", Select { from: middle, ..page.clone() }, "_added_idx on"),
        ("a poll", Select { from: middle, after: middle, ..page.clone() }, "Merge Append"),
        ("a poll for a type", Select { from: middle, after: middle, types: types(&["indicator"]), ..page.clone() }, "Merge Append"),
        ("a crawl of a type", Select { from: middle, types: types(&["indicator"]), ..page.clone() }, "kind"),
        ("a crawl of a type of which there is nothing", Select { from: Stamp::ZERO, types: types(&["campaign"]), ..page.clone() }, "kind"),
        ("a crawl of two types", Select { from: middle, types: types(&["indicator", "malware"]), ..page.clone() }, "Merge Append"),
        (
            "a crawl of what came from others",
            Select { from: middle, only: Some(Arc::new(Only { not_from: Some(Uuid::nil()), ..Only::default() })), ..page.clone() },
            "",
        ),
        ("all versions", Select { from: middle, versions: Versions::All, ..page.clone() }, "pkey"),
    ];
    for analyzed in [false, true] {
        if analyzed {
            query("ANALYZE").execute(&store.inner.primary).await.unwrap();
        }
        for (what, select, index) in &hot {
            let plan = plan(&store, collection, select).await;
            assert!(plan.contains("Index") && plan.contains(*index), "{what}: {plan}");
            assert!(!plan.contains("Sort  ") && !plan.contains("Seq Scan") && !plan.contains("Bitmap"), "{what}: {plan}");
        }
    }
    let plan = plan(&store, collection, &of_one).await;
    assert!(plan.contains("object_instant") && !plan.contains("Seq Scan"), "{plan}");
}

#[tokio::test]
async fn an_older_server_goes_on_beside_a_newer_one_that_has_changed_the_tables() {
    let Some(server) = server() else { return };
    let url = database(&server).await;
    let store = PostgresStore::open(&url, &Options::default()).await.unwrap();
    let collection = contract::collection(&store).await;
    for sql in [
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'of a later version', true, '', 0)",
        "ALTER TABLE version ADD COLUMN later text",
    ] {
        query(sql).execute(&store.inner.primary).await.unwrap();
    }
    let other = PostgresStore::open(&url, &Options::default()).await.unwrap();
    for (n, store) in [&store, &other].into_iter().enumerate() {
        let objects = vec![contract::object(&contract::id("indicator", n as u128), "01", "a")];
        store.add(Addition { collection, objects, now: Stamp(1), receipt: None, act: None }).await.unwrap();
    }
    assert_eq!(store.page(collection, &contract::select()).await.unwrap().records.len(), 2);
    // A new collection gets the new column too.
    let later = contract::collection(&other).await;
    assert_eq!(other.top(later).await.unwrap(), Stamp::ZERO);
}
