//! Requests that nobody would think of: none yields a 5xx, none ends the server (T-092, T-186).

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::client::Request;
use crate::support::samples::{id, identity, indicator, indicators, language_content, malware, marking_definition, relationship, url, with};
use crate::support::server::{OBJECTS, Server};

/// A request as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    method: String,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

fn known_or(known: &[&str], other: &'static str) -> BoxedStrategy<String> {
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    prop_oneof![6 => select(known), 1 => other].boxed()
}

fn method() -> BoxedStrategy<String> {
    known_or(&["GET", "GET", "GET", "POST", "POST", "DELETE", "HEAD", "PUT", "OPTIONS"], "[A-Z]{1,10}")
}

/// Paths of real and unreal segments; unreal ones have percent signs with and without sense.
fn path() -> BoxedStrategy<String> {
    let object = format!("{OBJECTS}{}/", id("indicator", 0));
    let real =
        ["/taxii2/".to_owned(), "/feeds/".into(), OBJECTS.into(), OBJECTS.replace("objects", "manifest"), object.clone(), object + "versions/"];
    let words = ["feeds", "taxii2", "status", "collections", "private", "public", "inbox", "objects", "manifest", "versions", "..", "", "%2F", "%00"];
    let segments = vec(known_or(&words, "[a-z0-9%.~_-]{0,12}"), 0..7).prop_map(|segments| format!("/{}", segments.join("/")));
    prop_oneof![3 => select(real.to_vec()), 1 => segments].boxed()
}

fn query() -> BoxedStrategy<String> {
    let names = ["added_after", "limit", "next", "match[id]", "match[type]", "match[version]", "match[spec_version]", "match%5Bid%5D", "match[x]"];
    let values = [
        "2021-03-02T00:00:00.000000Z",
        "2024-05-01T12:00:00Z",
        "9999-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "1",
        "0",
        "18446744073709551615",
        "18446744073709551616",
        "first,last",
        "all",
        "indicator",
        "2.1",
        "2.0,2.1",
        "indicator--5a4d7b1e-0000-4000-8000-000000000000",
        ",",
        "%FF",
        "%00",
        "%",
    ];
    let pair = (known_or(&names, "[a-z_%\\[\\]]{0,8}"), option::of(known_or(&values, "[A-Za-z0-9%,:.+_-]{0,40}")));
    let pair = pair.prop_map(|(name, value)| value.map_or(name.clone(), |value| format!("{name}={value}")));
    vec(pair, 0..4).prop_map(|pairs| if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }).boxed()
}

fn headers() -> BoxedStrategy<Vec<(&'static str, String)>> {
    let types = [
        "application/taxii+json;version=2.1",
        "application/taxii+json;version=2.1",
        "application/stix+json;version=2.1",
        "application/vnd.oasis.stix+json; version=2.0",
        "application/taxii+json;version=\"2.1",
        "*/*;q=0.5,application/*;q=x",
        ";;=,,;q",
    ];
    let credentials = ["Basic", "Basic Og==", "Basic d3JpdGVyOg==", "Bearer txw_", "Token x", "Negotiate \"", " "];
    let one = prop_oneof![
        4 => known_or(&types, "[ -~]{0,40}").prop_map(|value| ("accept", value)),
        4 => known_or(&types, "[ -~]{0,40}").prop_map(|value| ("content-type", value)),
        1 => known_or(&credentials, "[ -~]{0,30}").prop_map(|value| ("authorization", value)),
        1 => known_or(&["Elastic-Filebeat/8", "curl/7.58.0"], "[ -~]{0,30}").prop_map(|value| ("user-agent", value)),
        1 => "[ -~]{0,30}".prop_map(|value| ("x-forwarded-for", value)),
        1 => "[ -~]{0,30}".prop_map(|value| ("host", value)),
        1 => "[ -~]{0,30}".prop_map(|value| ("x-api-key", value)),
    ];
    vec(one, 0..4).boxed()
}

/// Any JSON, of the names and values that STIX uses and others.
fn any_json() -> BoxedStrategy<Value> {
    let words =
        ["indicator", "id", "2.1", "2021-03-02T00:00:00.000Z", "indicator--5a4d7b1e-0000-4000-8000-000000000000", "[a:b = 'c']", "stix", "\u{0}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        known_or(&words, "\\PC{0,20}").prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(5, 40, 5, |inner| {
        let names = known_or(&["id", "type", "name", "hashes", "extensions", "extension_type"], "\\PC{0,8}");
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((names, inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    tree.boxed()
}

/// A good object with one property made into something else.
fn damaged_object() -> BoxedStrategy<Value> {
    let good = [indicator(5), malware(5), identity(5), relationship(5), language_content(5), marking_definition(5), url(5)];
    let names = [
        "id",
        "type",
        "spec_version",
        "created",
        "modified",
        "pattern",
        "valid_from",
        "valid_until",
        "revoked",
        "labels",
        "confidence",
        "lang",
        "external_references",
        "object_marking_refs",
        "granular_markings",
        "extensions",
        "kill_chain_phases",
        "definition",
        "contents",
        "value",
        "source_ref",
        "x_custom",
        "created_by_ref",
        "name",
        "defanged",
    ];
    (select(good.to_vec()), known_or(&names, "\\PC{1,8}"), any_json()).prop_map(|(good, name, value)| with(&good, json!({ name: value }))).boxed()
}

fn body() -> BoxedStrategy<Option<Vec<u8>>> {
    let envelope = |objects: Vec<Value>| json!({ "objects": objects }).to_string().into_bytes();
    let bodies = prop_oneof![
        4 => vec(damaged_object(), 0..4).prop_map(envelope),
        1 => vec(any_json(), 0..4).prop_map(envelope),
        1 => any_json().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..100),
    ];
    option::weighted(0.7, bodies).boxed()
}

fn request() -> impl Strategy<Value = Drawn> {
    (method(), path(), query(), headers(), body()).prop_map(|(method, path, query, headers, body)| Drawn {
        method,
        target: path + &query,
        headers,
        body,
    })
}

/// Runs `test` on many drawn values; a panic in it fails, and is shrunk.
fn draw<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(strategy, |value| {
        test(value);
        Ok(())
    });
    outcome.unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn t092_t021_no_request_yields_a_5xx() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let client = server.writer().without_mirror();
    runtime.block_on(client.add(OBJECTS, &indicators(3)));
    draw(1500, &request(), |drawn| {
        let mut request: Request<'_> = client.request(drawn.method.parse::<Method>().unwrap(), drawn.target.clone());
        for (name, value) in &drawn.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &drawn.body {
            request = request.body(body.clone());
        }
        // Each answer is checked in full.
        runtime.block_on(request.send());
    });
    runtime.block_on(async {
        client.get("/taxii2/").await.expect(200);
        client.get(OBJECTS).await.expect(200);
    });
}

#[test]
fn t092_t143_every_object_is_judged_whatever_is_in_it() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let client = server.writer();
    draw(1500, &vec(prop_oneof![5 => damaged_object(), 1 => any_json()], 1..4), |objects| {
        let reply = runtime.block_on(client.post(OBJECTS, json!({ "objects": objects }).to_string())).expect(202);
        assert_eq!(reply.get("total_count"), objects.len());
    });
    // What was taken can be read, as the checks of each page tell.
    runtime.block_on(client.get(format!("{OBJECTS}?match[version]=all&limit=50"))).expect(200);
}

#[test]
fn t092_what_is_no_http_harms_nobody() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let fragments =
        select(vec!["GET ", "POST ", "/taxii2/", " HTTP/1.1", "\r\n", "Host: x", "Content-Length: ", "Transfer-Encoding: chunked", "-1", "\0"]);
    let garbage = vec(prop_oneof![4 => fragments.prop_map(|text| text.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..20)], 0..12);
    draw(300, &garbage, |parts| {
        runtime.block_on(async {
            server.raw().await.send(parts.concat()).await;
            server.anonymous().get("/taxii2/").await.expect(200);
        });
    });
}
