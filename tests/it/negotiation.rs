//! `Accept` and `Content-Type` (TAXII 2.1 §1.6.8, §3.1).

use serde_json::json;
use taxiway::taxii::media;

use crate::support::samples::{id, indicator, indicators, malware};
use crate::support::server::{MANIFEST, OBJECTS, PAGE_MAX, PRIVATE, Server};

/// One URL of every endpoint that can be read; the first indicator is there.
fn every_url() -> Vec<String> {
    let object = format!("{OBJECTS}{}/", id("indicator", 0));
    let fixed = ["/taxii2/", "/feeds/", "/feeds/collections/", PRIVATE, MANIFEST, OBJECTS];
    fixed.into_iter().map(str::to_owned).chain([object.clone(), format!("{object}versions/")]).collect()
}

async fn filled() -> Server {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[indicator(0)]).await;
    server
}

#[tokio::test]
async fn t014_t015_t016_t022_q10_q11_every_spelling_of_a_taxii_accept() {
    let server = filled().await;
    for accept in [
        "application/taxii+json;version=2.1",
        "application/taxii+json; version=2.1",
        "application/taxii+json ; version=2.1",
        "application/taxii+json;version=\"2.1\"",
        "APPLICATION/TAXII+JSON;VERSION=2.1",
        "application/taxii+json",
        "*/*",
        "application/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/taxii+json;version=2.0,application/taxii+json;version=2.1",
        "application/vnd.oasis.taxii+json;version=2.0, application/taxii+json;version=2.1;q=0.1",
        "application/taxii+json;version=2.1; charset=utf-8",
        "application/taxii+json;version=2.1,application/stix+json;version=2.1",
    ] {
        for url in every_url() {
            server.writer().accept(accept).get(url).await.expect(200);
        }
    }
}

#[tokio::test]
async fn t013_without_an_accept() {
    let server = filled().await;
    for url in every_url() {
        let head = format!("GET {url} HTTP/1.1\nHost: x\nAuthorization: Bearer {}", server.token("writer", None).await);
        server.raw().await.exchange(&head, b"").await.expect(200);
        server.raw().await.exchange(&format!("{head}\nAccept:"), b"").await.expect(200);
    }
}

#[tokio::test]
async fn t022_several_accept_headers_are_one_list() {
    let server = filled().await;
    let head = "GET /taxii2/ HTTP/1.1\nHost: x\nAccept: text/html\nAccept: application/taxii+json;version=2.1";
    server.raw().await.exchange(head, b"").await.expect(200);
}

#[tokio::test]
async fn t018_t022_t023_t024_q12_what_cannot_be_written_is_406() {
    let server = filled().await;
    for accept in [
        "application/taxii+json;version=2.0",
        "application/taxii+json;version=9.9",
        "application/taxii+json;version=abc",
        "application/vnd.oasis.taxii+json; version=2.0",
        "application/vnd.oasis.taxii+json",
        "text/html",
        "application/json",
        "application/taxii+json;version=2.1;q=0",
        "*/*;q=0",
        "nonsense",
        ",",
        ";;;",
    ] {
        for url in every_url() {
            server.writer().accept(accept).get(url).await.expect(406);
        }
        let request = server.writer().accept(accept).post(OBJECTS, json!({ "objects": [indicator(7)] }).to_string()).await;
        request.expect(406);
        let object = format!("{OBJECTS}{}/", id("indicator", 0));
        server.writer().accept(accept).delete(object).await.expect(406);
    }
    assert_eq!(server.writer().get(OBJECTS).await.ids(), [id("indicator", 0)]);
}

#[tokio::test]
async fn t136_content_may_be_asked_for_as_stix() {
    let server = filled().await;
    let object = format!("{OBJECTS}{}/", id("indicator", 0));
    for url in [MANIFEST.to_owned(), OBJECTS.to_owned(), object.clone(), format!("{object}versions/")] {
        for accept in ["application/stix+json;version=2.1", "application/stix+json", "application/stix+json; version=2.1, text/html"] {
            server.writer().accept(accept).get(&url).await.expect(200);
        }
    }
}

#[tokio::test]
async fn t017_t020_q14_content_types_of_real_senders() {
    let server = Server::start().await;
    let body = json!({ "objects": [indicator(1)] }).to_string();
    for content_type in [
        "application/taxii+json;version=2.1",
        "application/taxii+json; version=2.1",
        "application/taxii+json;version=\"2.1\"",
        "Application/Taxii+Json;Version=2.1",
        "application/taxii+json",
        "application/taxii+json;version=2.1;charset=utf-8",
        "application/stix+json; version=2.1",
        "application/stix+json",
    ] {
        let request = server.writer().request(reqwest::Method::POST, OBJECTS).header("content-type", content_type).body(body.clone()).send().await;
        request.expect(202);
    }
}

#[tokio::test]
async fn t019_t020_t023_t024_other_content_types_are_415() {
    let server = Server::start().await;
    let body = json!({ "objects": [indicator(1)] }).to_string();
    for content_type in [
        "application/json",
        "text/plain",
        "application/taxii+json;version=2.0",
        "application/taxii+json;version=9.9",
        "application/vnd.oasis.taxii+json;version=2.0",
        "application/x-www-form-urlencoded",
        "*/*",
        "nonsense",
        "",
        "\u{fc}",
    ] {
        let request = server.writer().request(reqwest::Method::POST, OBJECTS).header("content-type", content_type).body(body.clone()).send().await;
        request.expect(415);
    }
    server.writer().request(reqwest::Method::POST, OBJECTS).body(body).send().await.expect_any(&[400, 415]);
    assert!(server.writer().get(OBJECTS).await.objects().is_empty());
}

#[tokio::test]
async fn q13_a_fortigate_gets_everything_in_one_bundle() {
    let server = Server::start().await;
    let count = PAGE_MAX * 2 + 1;
    for chunk in indicators(count).chunks(50) {
        server.writer().add(OBJECTS, chunk).await;
    }
    server.writer().add(OBJECTS, &[malware(1)]).await;
    let token = server.token("writer", None).await;
    let head = format!(
        "GET {OBJECTS} HTTP/1.1\nHost: x\nUser-Agent: curl/7.58.0\nAuthorization: Bearer {token}\nConnection: close
         Accept: application/vnd.oasis.stix+json; version=2.0"
    );
    let bundle = server.raw().await.exchange(&head, b"").await.expect(200);
    assert_eq!(bundle.header("content-type"), media::STIX_20);
    assert_eq!(bundle.objects().len(), count + 1);
    assert!(bundle.get("id").as_str().unwrap().starts_with("bundle--"));
    let malware_only = server.writer().accept("application/vnd.oasis.stix+json; version=2.0").get(format!("{OBJECTS}?match[type]=malware")).await;
    assert_eq!(malware_only.expect(200).ids(), [id("malware", 1)]);
}

#[tokio::test]
async fn q13_an_empty_bundle_and_one_of_what_the_caller_may_see() {
    let server = Server::start().await;
    let fortigate = server.reader().accept("application/vnd.oasis.stix+json; version=2.0");
    assert!(fortigate.get(OBJECTS).await.expect(200).objects().is_empty());
    fortigate.get("/feeds/collections/secret/objects/").await.expect(404);
    fortigate.get(format!("{OBJECTS}?limit=0")).await.expect(400);
}

#[tokio::test]
async fn q16_only_elastic_gets_an_empty_list() {
    let server = Server::start().await;
    for agent in ["Elastic-Filebeat/8.15.0 (linux; amd64)", "Elastic-Agent/9.0.0"] {
        for url in [OBJECTS, MANIFEST] {
            let empty = server.writer().header("user-agent", agent).get(url).await.expect(200);
            assert_eq!(empty.json(), json!({ "more": false, "objects": [] }), "{agent}");
        }
    }
    for agent in ["taxii2-client/2.3.0", "", "not Elastic-Filebeat"] {
        let empty = server.writer().header("user-agent", agent).get(OBJECTS).await.expect(200);
        assert_eq!(empty.json(), json!({ "more": false }), "{agent}");
    }
}

#[tokio::test]
async fn q19_a_content_type_on_a_get_and_no_user_agent() {
    let server = filled().await;
    for url in every_url() {
        server.writer().header("content-type", "application/taxii+json;version=2.1").get(url).await.expect(200);
    }
}
