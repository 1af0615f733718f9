//! `GET …/objects/{id}/` (TAXII 2.1 §5.6).

use serde_json::json;

use crate::support::samples::{id, indicator, marking_definition, revised, url};
use crate::support::server::{MANIFEST, OBJECTS, Server};

const LATER: &str = "2021-03-05T00:00:00.000Z";

fn path(number: usize) -> String {
    format!("{OBJECTS}{}/", id("indicator", number))
}

/// A server with two versions of the first indicator and one of the second.
async fn filled() -> Server {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[revised(&indicator(0), LATER), indicator(0), indicator(1)]).await;
    server
}

#[tokio::test]
async fn t155_t093_the_latest_version_in_an_envelope() {
    let server = filled().await;
    let reply = server.writer().get(path(0)).await.expect(200);
    assert_eq!(reply.json(), json!({ "more": false, "objects": [revised(&indicator(0), LATER)] }));
    assert_eq!(reply.first(), reply.last());
    for spelling in [path(0).replace("--", "%2D%2D"), path(0).trim_end_matches('/').to_owned()] {
        assert_eq!(server.writer().get(spelling).await.expect(200).body, reply.body);
    }
    let head = server.writer().head(path(0)).await.expect(200);
    assert_eq!((head.first(), head.header("content-length")), (reply.first(), reply.body.len().to_string().as_str()));
}

#[tokio::test]
async fn t156_an_unknown_object_is_not_found() {
    let server = filled().await;
    for unknown in [id("indicator", 9), id("malware", 0), "nonsense".into(), "indicator--".into(), "%FF".into(), "a%2Fb".into(), "%20".into()] {
        for query in ["", "?match[version]=all", "?added_after=2021-01-01T00:00:00Z"] {
            server.writer().get(format!("{OBJECTS}{unknown}/{query}")).await.expect(404);
        }
    }
    server.writer().get("/partners/collections/private/objects/".to_owned() + &id("indicator", 0) + "/").await.expect(404);
}

#[tokio::test]
async fn t157_parameters_of_one_object() {
    let server = filled().await;
    let modified = async |query: &str| {
        let reply = server.writer().get(format!("{}?{query}", path(0))).await.expect(200);
        reply.objects().iter().map(|object| object["modified"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = indicator(0)["modified"].as_str().unwrap().to_owned();
    assert_eq!(modified("match[version]=all").await, [LATER, &first]);
    assert_eq!(modified("match[version]=first").await, std::slice::from_ref(&first));
    assert_eq!(modified(&format!("match[version]={first},last")).await, [LATER, &first]);
    assert_eq!(modified("match[spec_version]=2.1").await, [LATER]);
    assert_eq!(modified("match[version]=all&limit=1").await, [LATER]);
    let records = server.writer().get(format!("{MANIFEST}?match[version]=all")).await.objects();
    let after = records[0]["date_added"].as_str().unwrap();
    assert_eq!(modified(&format!("match[version]=all&added_after={after}")).await, [first]);
    // What the endpoint does not define is passed over, also when it is wrong.
    assert_eq!(modified("match[id]=foo&match[type]=malware&match[type]=").await, [LATER]);
    for bad in ["match[version]=newest", "match[version]=all,last", "limit=0", "added_after=now", "match[spec_version]=x", "next=abc"] {
        server.writer().get(format!("{}?{bad}", path(0))).await.expect(400);
    }
}

#[tokio::test]
async fn t157_t084_pages_of_versions_by_next() {
    let server = filled().await;
    let first = server.writer().get(format!("{}?match[version]=all&limit=1", path(0))).await.expect(200);
    for again in ["match[version]=all&limit=1&", ""] {
        let second = server.writer().get(format!("{}?{again}next={}", path(0), first.next().unwrap())).await.expect(200);
        assert_eq!((second.objects(), second.more()), (vec![indicator(0)], false), "{again}");
    }
}

#[tokio::test]
async fn t158_an_object_that_the_filter_leaves_nothing_of() {
    let server = filled().await;
    for query in ["match[version]=2020-01-01T00:00:00Z", "match[spec_version]=2.0", "added_after=2030-01-01T00:00:00Z"] {
        let reply = server.writer().get(format!("{}?{query}", path(0))).await.expect(200);
        assert_eq!(reply.json(), json!({ "more": false }), "{query}");
    }
}

#[tokio::test]
async fn t151_t152_objects_without_modified() {
    let server = Server::start().await;
    for object in [marking_definition(0), url(0)] {
        server.writer().add(OBJECTS, std::slice::from_ref(&object)).await;
        let reply = server.writer().get(format!("{OBJECTS}{}/", object["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(reply.objects(), [object]);
    }
}
