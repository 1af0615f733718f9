//! `DELETE …/objects/{id}/` (TAXII 2.1 §5.7).

use crate::support::samples::{CREATED, id, indicator, indicators, marking_definition, revised, url};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, PUBLIC_OBJECTS, Server};

const LATER: &str = "2021-03-05T00:00:00.000Z";

fn path(number: usize) -> String {
    format!("{OBJECTS}{}/", id("indicator", number))
}

#[tokio::test]
async fn t159_t160_t163_what_is_deleted_is_gone_everywhere() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(3)).await;
        server.writer().delete(path(1)).await.expect(200);
        server.writer().get(path(1)).await.expect(404);
        server.writer().get(path(1) + "versions/").await.expect(404);
        let left = [id("indicator", 0), id("indicator", 2)];
        assert_eq!(server.writer().get(OBJECTS).await.ids(), left);
        assert_eq!(server.writer().get(MANIFEST).await.ids(), left);
        assert!(server.writer().get(format!("{OBJECTS}?match[version]=all&match[id]={}", id("indicator", 1))).await.expect(200).ids().is_empty());
        server.writer().delete(path(1)).await.expect(404);
        server.writer().delete(path(99)).await.expect(404);
        server.writer().delete(format!("{OBJECTS}nonsense/")).await.expect(404);
    }
}

#[tokio::test]
async fn t161_t165_only_the_versions_that_are_named() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let latest = "2021-03-06T00:00:00.000Z";
        for version in [LATER, CREATED, latest] {
            server.writer().add(OBJECTS, &[revised(&indicator(0), version)]).await;
        }
        let versions = async || server.writer().get(path(0) + "versions/").await.list("versions");
        server.writer().delete(path(0) + "?match[version]=2020-01-01T00:00:00Z").await.expect(404);
        server.writer().delete(path(0) + "?match[spec_version]=2.0").await.expect(404);
        for bad in ["newest", "all,last", "", "last,last"] {
            server.writer().delete(format!("{}?match[version]={bad}", path(0))).await.expect(400);
        }
        assert_eq!(versions().await, [LATER, CREATED, latest], "nothing was deleted");
        server.writer().delete(path(0) + "?match[version]=first").await.expect(200);
        assert_eq!(versions().await, [LATER, latest]);
        server.writer().delete(path(0) + "?match[version]=last&match[spec_version]=2.1").await.expect(200);
        assert_eq!(versions().await, [LATER]);
        assert_eq!(server.writer().get(path(0)).await.objects(), [revised(&indicator(0), LATER)], "the latest of those left");
        server.writer().delete(format!("{}?match[version]={}", path(0), LATER.replace(".000Z", "Z"))).await.expect(200);
        server.writer().get(path(0)).await.expect(404);
    }
}

#[tokio::test]
async fn t164_without_versions_named_all_go() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &[indicator(0), revised(&indicator(0), LATER), marking_definition(0), url(0)]).await;
        server.writer().delete(path(0)).await.expect(200);
        server.writer().get(path(0)).await.expect(404);
        server.writer().delete(format!("{OBJECTS}{}/", id("marking-definition", 0))).await.expect(200);
        server.writer().delete(format!("{OBJECTS}{}/", id("url", 0))).await.expect(200);
        assert!(server.writer().get(format!("{OBJECTS}?match[version]=all")).await.ids().is_empty());
    }
}

#[tokio::test]
async fn t162_t129_only_with_both_rights() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[indicator(0)]).await;
    server.writer().add(PUBLIC_OBJECTS, &[indicator(0)]).await;
    server.user("nobody").delete(path(0)).await.expect(404);
    server.reader().delete(path(0)).await.expect(403);
    server.user("dropbox").delete(path(0)).await.expect(403);
    server.anonymous().delete(path(0)).await.expect_any(&[401, 404]);
    server.anonymous().delete(format!("{PUBLIC_OBJECTS}{}/", id("indicator", 0))).await.expect(401);
    server.user("nobody").delete(format!("{PUBLIC_OBJECTS}{}/", id("indicator", 0))).await.expect(403);
    // What is not there is no reason to say otherwise.
    server.reader().delete(path(9)).await.expect(403);
    server.user("nobody").delete(path(9)).await.expect(404);
    assert_eq!(server.writer().get(OBJECTS).await.ids().len(), 1);
    server.admin().delete(path(0)).await.expect(200);
}

#[tokio::test]
async fn t166_what_is_deleted_may_come_again_with_a_new_date() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(2)).await;
        let before = server.writer().get(OBJECTS).await.last().to_owned();
        server.writer().delete(path(0)).await.expect(200);
        server.writer().delete(path(1)).await.expect(200);
        server.writer().add(OBJECTS, &[indicator(0)]).await;
        let again = server.writer().get(OBJECTS).await.expect(200);
        assert_eq!(again.objects(), [indicator(0)]);
        assert!(again.first() > before.as_str(), "after the dates of what was deleted, too");
    }
}

#[tokio::test]
async fn t084_t086_a_deletion_between_two_pages_loses_nothing_else() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(6)).await;
        let first = server.writer().get(format!("{OBJECTS}?limit=3")).await.expect(200);
        // The object that the cursor stands on, and the one after it.
        server.writer().delete(path(2)).await.expect(200);
        server.writer().delete(path(3)).await.expect(200);
        let rest = server.writer().get(format!("{OBJECTS}?limit=3&next={}", first.next().unwrap())).await.expect(200);
        assert_eq!(rest.ids(), [id("indicator", 4), id("indicator", 5)]);
    }
}
