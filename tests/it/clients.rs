//! Real clients, and what the others are known to send (Q1 to Q25). The Python ones are in `tests/clients/`.

use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::Reply;
use crate::support::samples::{id, indicator, indicators};
use crate::support::server::{Backend, EVERY_STORE, OBJECTS, PASSWORD, Server};

/// Runs a script of `tests/clients/` as the writer, with the Python that `TAXIWAY_PYTHON` names.
///
/// Without it the test is passed over, but not where everything must run (`CI`).
async fn run(script: &str, backend: Backend) {
    let Some(python) = std::env::var_os("TAXIWAY_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "TAXIWAY_PYTHON must name a Python with tests/clients/requirements.txt");
        println!("passed over: TAXIWAY_PYTHON does not name a Python with tests/clients/requirements.txt");
        return;
    };
    let server = Server::on(backend).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let base = format!("http://{}", server.address);
    let mut command = Command::new(python);
    command.arg("-B").arg(path).args([&base, "writer", PASSWORD]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn q1_q4_q10_q19_q22_taxii2_client() {
    for store in EVERY_STORE {
        run("taxii2_client.py", store).await;
    }
}

#[tokio::test]
async fn q14_t147_stix2_store() {
    for store in EVERY_STORE {
        run("stix2_store.py", store).await;
    }
}

#[tokio::test]
async fn q1_q3_opencti_connector() {
    for store in EVERY_STORE {
        run("opencti_connector.py", store).await;
    }
}

#[tokio::test]
async fn q12_q15_q17_q20_cytaxii2() {
    run("cytaxii2_poll.py", Backend::Memory).await;
}

#[tokio::test]
async fn q2_q6_q7_opencti_platform_reads_a_page_a_tick_and_keeps_milliseconds() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(5)).await;
    let (mut added_after, mut next, mut seen) = ("2024-05-01T00:00:00.000Z".to_owned(), None::<String>, Vec::new());
    for tick in 0..8 {
        if tick == 5 {
            server.writer().add(OBJECTS, &[indicator(5), indicator(6)]).await;
        }
        let onward = next.take().map(|next| format!("&next={next}")).unwrap_or_default();
        let page = server.writer().get(format!("{OBJECTS}?added_after={added_after}&limit=2{onward}")).await.expect(200);
        seen.extend(page.ids());
        next = page.next().filter(|_| page.more());
        if next.is_none() {
            assert!(!page.last().is_empty(), "without the header it falls back to its own clock");
            // `toISOString()`: cut to milliseconds.
            added_after = format!("{}Z", &page.last()[..23]);
        }
    }
    assert_eq!(seen, (0..7).map(|number| id("indicator", number)).collect::<Vec<_>>());
}

#[tokio::test]
async fn q1_q6_q16_elastic_drops_added_after_and_stumbles_over_no_objects() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(5)).await;
    let elastic = server.writer().header("user-agent", "Elastic-Filebeat/8.15.0 (linux; amd64)");
    let objects = |page: &Reply| page.get("objects").as_array().map(Vec::len).expect("no such key: objects");
    let first = elastic.get(format!("{OBJECTS}?added_after=2024-04-30T12:00:00Z&limit=2")).await.expect(200);
    let mut seen = objects(&first);
    let mut page = first;
    while let Some(next) = page.next() {
        page = elastic.get(format!("{OBJECTS}?limit=2&next={next}")).await.expect(200);
        seen += objects(&page);
    }
    assert_eq!(seen, 5);
    let idle = elastic.get(format!("{OBJECTS}?added_after={}&limit=2", page.last())).await.expect(200);
    assert_eq!((objects(&idle), idle.last()), (0, page.last()));
}

#[tokio::test]
async fn q17_q18_xsoar_takes_the_default_root_and_finds_collections_by_title() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(5)).await;
    let discovery = server.writer().get("/taxii2/").await.expect(200);
    let default = discovery.get("default").as_str().unwrap().to_owned();
    let root = default.strip_prefix(&format!("http://{}", server.address)).unwrap();
    let collections = server.writer().get(format!("{root}collections/")).await.list("collections");
    let wanted: Vec<&Value> = collections.iter().filter(|c| c["title"] == "The private collection").collect();
    assert_eq!(wanted.len(), 1);
    let url = format!("{root}collections/{}/objects/", wanted[0]["id"].as_str().unwrap());
    let page = server.writer().get(format!("{url}?added_after=2024-05-01T00:00:00.000000Z&limit=100&match[type]=indicator,relationship")).await;
    assert_eq!(page.expect(200).ids().len(), 5);
}

#[tokio::test]
async fn q17_q19_misp_browses_with_headers_of_its_own() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(1)).await;
    let credentials = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("writer:{PASSWORD}"));
    let object = format!("//feeds/collections/{}/objects/{}/", server.id_of("feeds", "private"), id("indicator", 0));
    for target in ["//taxii2/", "//feeds/collections/", "//feeds/collections/private/objects/?limit=50&next=", &object] {
        let head = format!(
            "GET {target} HTTP/1.1\nHost: feeds.example.org\nAuthorization: basic {credentials}
             Accept: application/taxii+json;version=2.1\nContent-type: application/taxii+json;version=2.1"
        );
        server.raw().await.exchange(&head, b"").await.expect(200);
    }
}

#[tokio::test]
async fn q12_minemeld_probes_for_the_old_version_first() {
    let server = Server::start().await;
    let probe = server.writer().accept("application/vnd.oasis.taxii+json; version=2.0").get("/taxii2/").await;
    assert_eq!(probe.expect(406).get("http_status"), "406");
    server.writer().accept("application/taxii+json; version=2.1").get("/taxii2/").await.expect(200);
}

#[tokio::test]
async fn q14_opencti_posts_bundles_one_by_one_as_stix() {
    let server = Server::start().await;
    let token = server.token("writer", None).await;
    let client = server.anonymous().accept("application/taxii+json; version=2.1").header("authorization", &format!("Bearer {token}"));
    let content_type = "application/stix+json; version=2.1";
    for number in 0..3 {
        let bundle = json!({ "type": "bundle", "id": id("bundle", number), "spec_version": "2.1", "objects": [indicator(number)] });
        let request = client.request(Method::POST, OBJECTS).header("content-type", content_type).body(bundle.to_string());
        assert_eq!(request.send().await.expect(202).get("success_count"), 1);
    }
    assert_eq!(server.writer().get(OBJECTS).await.objects(), indicators(3));
}
