//! `GET …/manifest/` (TAXII 2.1 §5.3). Filters and order are tested with the objects, against which each page is compared.

use serde_json::json;

use crate::support::samples::{CREATED, id, indicator, indicators, revised};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, Server};

#[tokio::test]
async fn t133_t134_one_record_for_each_version() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let later = "2021-03-05T01:02:03.456789Z";
        server.writer().add(OBJECTS, &[indicator(0), revised(&indicator(0), later), indicator(1)]).await;
        let records = server.writer().get(format!("{MANIFEST}?match[version]=all")).await.expect(200).objects();
        let told: Vec<_> = records.iter().map(|record| (record["id"].clone(), record["version"].clone())).collect();
        let expected = [(0, CREATED), (0, later), (1, CREATED)].map(|(number, version)| (json!(id("indicator", number)), json!(version)));
        assert_eq!(told, expected);
        assert_eq!(records[0]["media_type"], "application/stix+json;version=2.1");
        let latest = server.writer().get(MANIFEST).await.expect(200).objects();
        assert_eq!(latest, records[1..], "by default the latest version of each");
    }
}

#[tokio::test]
async fn t153_t085_each_version_has_its_own_date_added_also_in_one_envelope() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(20)).await;
        server.writer().add(OBJECTS, &[indicator(20)]).await;
        let records = server.writer().get(format!("{MANIFEST}?limit=50")).await.expect(200).objects();
        let added: Vec<&str> = records.iter().map(|record| record["date_added"].as_str().unwrap()).collect();
        assert_eq!(added.len(), 21);
        assert!(added.is_sorted_by(|a, b| a < b), "{added:?}");
    }
}

#[tokio::test]
async fn t135_without_records_there_is_no_list() {
    let server = Server::start().await;
    assert_eq!(server.writer().get(MANIFEST).await.expect(200).json(), json!({ "more": false }));
}

#[tokio::test]
async fn q7_the_last_date_of_a_write_is_a_whole_millisecond() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        for objects in [&indicators(7)[..], &[indicator(7)]] {
            server.writer().add(OBJECTS, objects).await;
            let last = server.writer().get(MANIFEST).await.last().to_owned();
            assert!(last.ends_with("000Z"), "{last}");
            // A client that cuts to milliseconds does not get the tail again.
            let cut = last.replace("000Z", "Z");
            assert!(server.writer().get(format!("{MANIFEST}?added_after={cut}")).await.expect(200).ids().is_empty());
        }
    }
}
