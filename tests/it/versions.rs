//! `GET …/objects/{id}/versions/` (TAXII 2.1 §5.8).

use serde_json::json;

use crate::support::samples::{CREATED, id, indicator, marking_definition, revised, url};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, Server};

const LATER: &str = "2021-03-05T00:00:00.000Z";
const LATEST: &str = "2021-03-06T00:00:00.000000Z";

fn path(type_name: &str) -> String {
    format!("{OBJECTS}{}/versions/", id(type_name, 0))
}

#[tokio::test]
async fn t168_t171_t173_all_versions_in_the_order_of_adding() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        for version in [LATER, CREATED, LATEST] {
            server.writer().add(OBJECTS, &[revised(&indicator(0), version), indicator(1)]).await;
        }
        let reply = server.writer().get(path("indicator")).await.expect(200);
        assert_eq!(reply.json(), json!({ "more": false, "versions": [LATER, CREATED, LATEST] }));
        let records = server.writer().get(format!("{MANIFEST}?match[version]=all&match[id]={}", id("indicator", 0))).await.objects();
        assert_eq!((json!(reply.first()), json!(reply.last())), (records[0]["date_added"].clone(), records[2]["date_added"].clone()));
        let head = server.writer().head(path("indicator")).await.expect(200);
        assert_eq!((head.first(), head.last()), (reply.first(), reply.last()));
    }
}

#[tokio::test]
async fn t169_an_unknown_object_is_not_found() {
    let server = Server::start().await;
    for unknown in [id("indicator", 9), "nonsense".into(), "%FF".into()] {
        server.writer().get(format!("{OBJECTS}{unknown}/versions/")).await.expect(404);
    }
}

#[tokio::test]
async fn t170_t117_t152_objects_without_modified() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[marking_definition(0), url(0)]).await;
    assert_eq!(server.writer().get(path("marking-definition")).await.expect(200).list("versions"), [CREATED]);
    let chosen = server.writer().get(format!("{MANIFEST}?match[type]=url")).await.objects()[0]["version"].clone();
    assert_eq!(server.writer().get(path("url")).await.expect(200).list("versions"), [chosen]);
}

#[tokio::test]
async fn t087_t171_pages_by_next_and_by_added_after() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let posted = [LATER, CREATED, LATEST, "2021-03-07T00:00:00.000Z", "2021-03-02T00:00:00.001Z"];
        for version in posted {
            server.writer().add(OBJECTS, &[revised(&indicator(0), version)]).await;
        }
        for by_next in [true, false] {
            let (mut seen, mut page) = (Vec::new(), server.writer().get(format!("{}?limit=2", path("indicator"))).await.expect(200));
            loop {
                seen.extend(page.list("versions"));
                if !page.more() {
                    break;
                }
                let onward = if by_next { format!("next={}", page.next().unwrap()) } else { format!("added_after={}", page.last()) };
                page = server.writer().get(format!("{}?limit=2&{onward}", path("indicator"))).await.expect(200);
            }
            assert_eq!(seen, posted);
        }
    }
}

#[tokio::test]
async fn t171_t172_what_the_filter_leaves_nothing_of() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[indicator(0)]).await;
    for query in ["match[spec_version]=2.0", "added_after=2030-01-01T00:00:00Z"] {
        assert_eq!(server.writer().get(format!("{}?{query}", path("indicator"))).await.expect(200).json(), json!({ "more": false }), "{query}");
    }
    // What the endpoint does not define is passed over.
    let reply = server.writer().get(format!("{}?match[version]=nonsense&match[type]=malware&match[spec_version]=2.1", path("indicator"))).await;
    assert_eq!(reply.expect(200).list("versions"), [CREATED]);
    for bad in ["limit=0", "added_after=now", "match[spec_version]=x", "next=abc"] {
        server.writer().get(format!("{}?{bad}", path("indicator"))).await.expect(400);
    }
}
