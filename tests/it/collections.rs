//! `GET /{root}/collections/` and `GET /{root}/collections/{collection}/` (TAXII 2.1 §5.1, §5.2).

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::server::{PRIVATE, Server};

const LIST: &str = "/feeds/collections/";

/// Alias, `can_read` and `can_write` of every collection that a caller is shown.
async fn rights(client: &Client) -> Vec<(String, bool, bool)> {
    let seen = client.get(LIST).await.expect(200).list("collections");
    seen.iter().map(|c| (c["alias"].as_str().unwrap().to_owned(), c["can_read"] == true, c["can_write"] == true)).collect()
}

#[tokio::test]
async fn t124_t126_a_collection_has_its_properties() {
    let server = Server::start().await;
    let collection = server.writer().get(PRIVATE).await.expect(200).json();
    let expected = json!({
        "id": server.id_of("feeds", "private"),
        "title": "The private collection",
        "alias": "private",
        "can_read": true,
        "can_write": true,
        "media_types": ["application/stix+json;version=2.1"],
    });
    assert_eq!(collection, expected);
}

#[tokio::test]
async fn t127_t132_rights_are_those_of_the_caller() {
    let server = Server::start().await;
    let own = |list: &[(&str, bool, bool)]| list.iter().map(|(alias, read, write)| ((*alias).to_owned(), *read, *write)).collect::<Vec<_>>();
    assert_eq!(rights(&server.anonymous()).await, own(&[("public", true, false)]));
    assert_eq!(rights(&server.user("nobody")).await, own(&[("public", true, false)]));
    assert_eq!(rights(&server.reader()).await, own(&[("public", true, false), ("private", true, false)]));
    assert_eq!(rights(&server.user("dropbox")).await, own(&[("public", true, false), ("private", false, true)]));
    let writer = [("public", true, true), ("private", true, true), ("inbox", false, true), ("outbox", true, false)];
    assert_eq!(rights(&server.writer()).await, own(&writer));
    assert_eq!(rights(&server.admin()).await.len(), 5);
}

#[tokio::test]
async fn t123_t005_a_root_without_visible_collections_has_no_list() {
    let server = Server::start().await;
    let reply = server.admin().get("/empty/collections/").await.expect(200);
    assert_eq!(reply.json(), json!({}));
}

#[tokio::test]
async fn t128_each_item_is_what_its_own_url_gives() {
    let server = Server::start().await;
    for client in [server.writer(), server.reader(), server.anonymous()] {
        for item in client.get(LIST).await.expect(200).list("collections") {
            let by_id = client.get(format!("{LIST}{}/", item["id"].as_str().unwrap())).await.expect(200).json();
            assert_eq!(by_id, item);
        }
    }
    for unknown in ["00000000-0000-4000-8000-000000000000", "nothing", "PRIVATE", "a%2Fb", "%FF"] {
        server.admin().get(format!("{LIST}{unknown}/")).await.expect(404);
    }
}

#[tokio::test]
async fn t125_an_alias_stands_for_the_id_in_its_own_root() {
    let server = Server::start().await;
    let by_alias = server.writer().get("/feeds/collections/private/").await.expect(200).get("id");
    let elsewhere = server.writer().get("/partners/collections/private/").await.expect(200).get("id");
    assert_ne!(by_alias, elsewhere);
    let id = by_alias.as_str().unwrap().to_owned();
    server.writer().get(format!("{LIST}{id}/objects/")).await.expect(200);
    server.writer().get(format!("/partners/collections/{id}/")).await.expect(404);
    let aliases: Vec<Value> = server.admin().get(LIST).await.list("collections").iter().map(|c| c["alias"].clone()).collect();
    assert!(aliases.iter().enumerate().all(|(at, alias)| !aliases[..at].contains(alias)), "{aliases:?}");
}

#[tokio::test]
async fn t036_the_order_is_the_same_every_time() {
    let server = Server::start().await;
    let first = server.admin().get(LIST).await.expect(200).body;
    for _ in 0..5 {
        assert_eq!(server.admin().get(LIST).await.body, first);
    }
}

#[tokio::test]
async fn q18_titles_are_unique_and_without_points_and_commas() {
    let server = Server::start().await;
    let collections = server.admin().get(LIST).await.list("collections");
    let titles: Vec<&str> = collections.iter().map(|c| c["title"].as_str().unwrap()).collect();
    for (at, title) in titles.iter().enumerate() {
        assert!(!title.contains(['.', ',']) && !titles[..at].contains(title), "{title}");
    }
}

#[tokio::test]
async fn t026_head_tells_what_get_does() {
    let server = Server::start().await;
    for target in [LIST, PRIVATE] {
        let (get, head) = (server.writer().get(target).await, server.writer().head(target).await.expect(200));
        assert_eq!(head.header("content-length"), get.body.len().to_string());
    }
}
