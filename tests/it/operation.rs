//! What those who keep a server running ask it, and what it notes of every request.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::{Router, http};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use reqwest::StatusCode;
use serde_json::{Value, json};
use taxiway::auth::Authenticator;
use taxiway::door::App;
use taxiway::feed::Feed;
use taxiway::feed::clock::SystemClock;
use taxiway::operation::{self, Gauge, Operation};
use taxiway::stix::marking::Level;
use taxiway::store::directory::Edit;
use taxiway::store::memory::MemoryStore;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::program;
use crate::support::client::{self, Client};
use crate::support::samples::{indicator, indicators, malware, marked};
use crate::support::server::{Backend, EVERY_STORE, OBJECTS, PUBLIC_OBJECTS, Server};

const OBJECTS_ROUTE: &str = r#"route="/{root}/collections/{collection}/objects/""#;

/// The value of a series on a sheet of metrics; `None` if it is not there.
fn value(sheet: &str, series: &str) -> Option<f64> {
    let line = sheet.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

async fn sheet(server: &Server) -> String {
    let reply = server.admin().get("/metrics").await.expect(200);
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// What the metrics tell of a user in `feeds/private`: objects and seconds of lag.
async fn lag(server: &Server, user: &str) -> Option<(f64, f64)> {
    let sheet = sheet(server).await;
    let of = |name: &str| value(&sheet, &format!(r#"taxiway_consumer_{name}{{user="{user}",root="feeds",collection="private"}}"#));
    Some((of("lag_objects")?, of("lag_seconds")?))
}

/// Follows a collection from where `query` begins to its end.
async fn follow(client: &Client, query: &str) {
    let mut next = None;
    loop {
        let target = next.map_or(format!("{OBJECTS}?{query}"), |next| format!("{OBJECTS}?{query}&next={next}"));
        next = client.get(target).await.expect(200).next();
        if next.is_none() {
            return;
        }
    }
}

#[tokio::test]
async fn whether_the_server_lives_and_is_ready_is_for_everybody() {
    for backend in EVERY_STORE {
        let server = Server::on(backend).await;
        server.close().await;
        server.anonymous().get("/taxii2/").await.expect(401);
        for (path, word) in [("/healthz", "alive\n"), ("/healthz/", "alive\n"), ("/readyz", "ready\n")] {
            let reply = server.anonymous().get(path).await.expect(200);
            assert_eq!((reply.body.as_ref(), reply.header("cache-control")), (word.as_bytes(), "no-store"), "{path}");
            server.anonymous().head(path).await.expect(200);
        }
    }
}

#[tokio::test]
async fn what_the_metrics_name_is_for_administrators() {
    let server = Server::start().await;
    server.anonymous().get("/metrics").await.expect(401);
    server.anonymous().basic("admin", "wrong").get("/metrics").await.expect(401);
    server.writer().get("/metrics").await.expect(404);
    server.admin().get("/metrics").await.expect(200);
    let token = server.token("admin", None).await;
    server.anonymous().header("authorization", &format!("Bearer {token}")).get("/metrics").await.expect(200);
}

#[tokio::test]
async fn requests_and_objects_are_counted() {
    let server = Server::start().await;
    let (writer, anonymous) = (server.writer().without_mirror(), server.anonymous().without_mirror());
    writer.add(OBJECTS, &indicators(3)).await;
    writer.post(OBJECTS, json!({ "objects": [indicator(0), {}] }).to_string()).await.expect(202);
    writer.get(OBJECTS).await.expect(200);
    writer.get(OBJECTS).await.expect(200);
    writer.get(format!("{OBJECTS}?limit=0")).await.expect(400);
    anonymous.get(OBJECTS).await.expect(404);
    anonymous.get("/secret-in-a-path/or/so/").await.expect(404);

    let sheet = sheet(&server).await;
    let requests = |labels: String| value(&sheet, &format!("taxiway_http_requests_total{{{labels}}}"));
    for (method, status, count) in [("POST", 202, 2.0), ("GET", 200, 2.0), ("GET", 400, 1.0), ("GET", 404, 1.0)] {
        let labels = format!(r#"{OBJECTS_ROUTE},method="{method}",status="{status}""#);
        assert_eq!(requests(labels), Some(count), "{method} {status}: {sheet}");
    }
    assert_eq!(requests(r#"route="none",method="GET",status="404""#.into()), Some(1.0), "{sheet}");
    assert!(!sheet.contains("secret"), "only patterns are labels");
    for (series, count) in [
        ("taxiway_http_requests_in_flight", 1.0),
        ("taxiway_objects_served_total", 6.0),
        (r#"taxiway_objects_received_total{outcome="added"}"#, 3.0),
        (r#"taxiway_objects_received_total{outcome="duplicate"}"#, 1.0),
        (r#"taxiway_objects_received_total{outcome="refused"}"#, 1.0),
        (r#"taxiway_directory_entries{kind="users"}"#, 5.0),
        ("taxiway_loaded", 1.0),
    ] {
        assert_eq!(value(&sheet, series), Some(count), "{series}: {sheet}");
    }
    let durations = |part: &str| value(&sheet, &format!("taxiway_http_request_duration_seconds_{part}")).unwrap();
    assert!((durations(&format!(r#"bucket{{{OBJECTS_ROUTE},method="GET",le="+Inf"}}"#)) - 4.0).abs() < f64::EPSILON, "{sheet}");
    let bytes = |series: String| value(&sheet, &series).unwrap();
    assert!(
        bytes(format!(r#"taxiway_http_response_bytes_total{{{OBJECTS_ROUTE},method="GET"}}"#)) > bytes("taxiway_objects_served_bytes_total".into())
    );
}

#[tokio::test]
async fn the_octets_of_a_bundle_are_counted_as_it_is_sent() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(60)).await;
    let forti = server.writer().without_mirror().accept("application/vnd.oasis.stix+json;version=2.0");
    let bundle = forti.get(OBJECTS).await.expect(200);
    let sheet = sheet(&server).await;
    let series = format!(r#"taxiway_http_response_bytes_total{{{OBJECTS_ROUTE},method="GET"}}"#);
    assert_eq!(value(&sheet, &series).map(|octets| octets.to_string()), Some(bundle.body.len().to_string()));
}

#[tokio::test]
async fn a_consumer_lags_by_what_it_has_not_got() {
    for backend in EVERY_STORE {
        let server = Server::on(backend).await;
        server.writer().add(OBJECTS, &indicators(5)).await;
        assert_eq!(lag(&server, "reader").await, None, "who has not polled is no consumer");
        server.clock.advance(60);
        let page = server.reader().get(format!("{OBJECTS}?limit=2")).await.expect(200);
        let (objects, seconds) = lag(&server, "reader").await.unwrap();
        assert!((objects - 3.0).abs() < f64::EPSILON && (60.0..61.0).contains(&seconds), "{objects} {seconds}");
        follow(&server.reader(), &format!("added_after={}", page.last())).await;
        assert_eq!(lag(&server, "reader").await, Some((0.0, 0.0)));
        server.writer().add(OBJECTS, &[indicator(9)]).await;
        assert_eq!(lag(&server, "reader").await.map(|(objects, _)| objects.to_string()), Some("1".into()));
    }
}

#[tokio::test]
async fn a_consumer_lags_only_behind_what_it_asks_for_and_may_see() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(2)).await;
    follow(&server.reader(), "match[type]=indicator").await;
    server.writer().add(OBJECTS, &[marked(&indicator(7), Level::Amber), malware(8)]).await;
    assert_eq!(lag(&server, "reader").await, Some((0.0, 0.0)));
    server.writer().add(OBJECTS, &[indicator(3)]).await;
    assert_eq!(lag(&server, "reader").await.map(|(objects, _)| objects.to_string()), Some("1".into()));
    // Who asks for one object follows nothing.
    server.reader().get(format!("{OBJECTS}?match[id]={}", indicator(3)["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(lag(&server, "reader").await.map(|(objects, _)| objects.to_string()), Some("1".into()));
    server.feed.edit(vec![Edit::RemoveUser("reader".into())], None).await.unwrap();
    assert_eq!(lag(&server, "reader").await, None, "who may not read any more is no consumer");
}

#[tokio::test]
async fn who_is_nobody_in_particular_is_no_consumer() {
    let server = Server::start().await;
    server.anonymous().get(PUBLIC_OBJECTS).await.expect(200);
    assert!(!sheet(&server).await.contains("taxiway_consumer_lag_objects{"));
}

#[tokio::test]
async fn t090_a_request_has_an_id_that_its_failure_repeats() {
    let server = Server::start().await;
    let asked = |client: Client| client.header("x-request-id", "given-1");
    let (one, two) = (server.writer().get("/nothing/").await.expect(404), asked(server.writer()).get("/nothing/").await.expect(404));
    assert!(one.header("x-request-id").len() == 16 && one.header("x-request-id") != two.header("x-request-id"));
    assert_ne!(two.header("x-request-id"), "given-1", "this peer is no proxy of ours");
    assert_eq!(one.get("error_id"), one.header("x-request-id"));

    let server = Server::with(Backend::Memory, |options| options.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let reply = asked(server.writer()).get("/nothing/").await.expect(404);
    assert_eq!((reply.header("x-request-id"), reply.get("error_id")), ("given-1", Value::from("given-1")));
    let reply = server.writer().header("x-request-id", "two words").get("/taxii2/").await.expect(200);
    assert_eq!(reply.header("x-request-id").len(), 16);
}

/// The doors of a server that has not loaded anything yet, reached without a socket.
async fn doors(metrics_from: &[&str], trusted_proxies: &[&str]) -> (Arc<Operation>, Router) {
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let store = Arc::new(MemoryStore::default());
    let feed_options = taxiway::feed::Options {
        page_default: 10,
        page_max: 10,
        page_octets: 1_000,
        status_hours: 24,
        envelope_objects: 10_000,
        json_depth: 128,
        catalog_octets: 1 << 20,
    };
    let feed = Arc::new(Feed::open(store, Arc::new(SystemClock), feed_options).await.unwrap());
    let auth = Arc::new(Authenticator::new(feed.clone()).unwrap());
    let options = taxiway::door::Options { trusted_proxies: addresses(trusted_proxies), ..crate::support::server::options_of_the_doors() };
    let app = Arc::new(App::new(feed, auth, options));
    let watching = operation::Options { metrics_from: addresses(metrics_from), log_requests: false };
    let paths = taxiway::http::table().into_iter().map(|(path, _)| path);
    let operation = Operation::new(app.clone(), paths, watching).unwrap();
    let router = operation.around(taxiway::http::router(app));
    (operation, router)
}

/// Asks the doors for a path, from an address and with headers; the status and the body.
async fn ask(doors: &Router, path: &str, from: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let peer = SocketAddr::new(from.parse().unwrap(), 4711);
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    let request = request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
    let response: http::Response<Body> = doors.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn before_everything_is_loaded_requests_wait_and_readiness_says_no() {
    let (operation, doors) = doors(&[], &[]).await;
    let (status, why) = ask(&doors, "/readyz/", "192.0.2.9", &[]).await;
    assert_eq!((status.as_u16(), why.starts_with("starting")), (503, true), "{why}");
    assert_eq!(ask(&doors, "/healthz/", "192.0.2.9", &[]).await.0, 200);
    let mut poll = Box::pin(ask(&doors, "/taxii2/", "192.0.2.9", &[]));
    assert!((&mut poll).now_or_never().is_none(), "what is still to be loaded is not missing");
    operation.stage().set_loaded();
    assert_eq!(poll.await.0, 401);
    assert_eq!(ask(&doors, "/readyz/", "192.0.2.9", &[]).await.0, 200);
    operation.stage().set_stopping();
    assert_eq!(ask(&doors, "/readyz/", "192.0.2.9", &[]).await, (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into()));
    assert_eq!(ask(&doors, "/taxii2/", "192.0.2.9", &[]).await.0, 401, "who comes all the same is served");
}

#[tokio::test]
async fn what_others_count_is_shown_too() {
    let (operation, doors) = doors(&["127.0.0.1"], &[]).await;
    operation.watch(Gauge { name: "taxiway_connections", help: "Connections that are open", read: Box::new(|| 7) });
    let (_, sheet) = ask(&doors, "/metrics/", "127.0.0.1", &[]).await;
    assert_eq!(value(&sheet, "taxiway_connections"), Some(7.0), "{sheet}");
}

#[tokio::test]
async fn the_metrics_can_be_opened_to_addresses_but_not_to_what_a_proxy_brings() {
    let (_operation, plain) = doors(&["127.0.0.1"], &[]).await;
    assert_eq!(ask(&plain, "/metrics/", "127.0.0.1", &[]).await.0, 200);
    assert_eq!(ask(&plain, "/metrics/", "192.0.2.9", &[]).await.0, 401);
    for header in ["x-forwarded-for", "via", "forwarded", "x-real-ip"] {
        assert_eq!(ask(&plain, "/metrics/", "127.0.0.1", &[(header, "127.0.0.1")]).await.0, 401, "{header}");
    }
    let (_operation, behind) = doors(&["127.0.0.1", "192.0.2.7"], &["127.0.0.1"]).await;
    assert_eq!(ask(&behind, "/metrics/", "127.0.0.1", &[]).await.0, 401, "the proxy does not say for whom it asks");
    for (client, status) in [("192.0.2.7", 200), ("192.0.2.9", 401), ("nonsense", 401), ("127.0.0.1", 401), ("192.0.2.7, 192.0.2.9", 401)] {
        assert_eq!(ask(&behind, "/metrics/", "127.0.0.1", &[("x-forwarded-for", client)]).await.0, status, "{client}");
    }
}

/// A real server with settings of its own.
fn server_with(folder: &TempDir, settings: &str) -> program::Server {
    std::fs::write(folder.path().join("taxiway.toml"), settings).unwrap();
    program::Server::start(folder.path())
}

#[tokio::test]
async fn a_line_is_logged_for_each_request_if_asked_for_and_has_no_secrets() {
    let folder = TempDir::new().unwrap();
    let mut server = server_with(&folder, "[log]\nrequests = true\nformat = 'json'\n");
    let url = format!("{}/admin/users/?limit=1&api_key=hunter2", server.url);
    let answer = client::http().get(url).basic_auth("admin", Some(program::ADMIN_PASSWORD)).send().await.unwrap();
    let line = server.wait_for("answered");
    let line: Value = serde_json::from_str(line.lines().last().unwrap()).unwrap();
    let fields = &line["fields"];
    assert_eq!(fields["request"], answer.headers()["x-request-id"].to_str().unwrap());
    let told = json!([fields["method"], fields["path"], fields["query"], fields["status"], fields["user"], fields["peer"]]);
    assert_eq!(told, json!(["GET", "/admin/users/", "limit=1&api_key=…", 200, "admin", "127.0.0.1"]));
    assert!(!line.to_string().contains("hunter2") && !line.to_string().contains("Basic"));
}

#[tokio::test]
async fn a_server_that_was_told_to_stop_says_so_before_it_closes() {
    let folder = TempDir::new().unwrap();
    let mut server = server_with(&folder, "operation.drain_seconds = 3600\n");
    let client = client::http();
    let url = server.url.clone();
    let status = async |path: &str| client.get(format!("{url}{path}")).send().await.unwrap().status().as_u16();
    assert_eq!(status("/readyz").await, 200);
    server.terminate();
    server.wait_for("stopping");
    assert_eq!((status("/readyz").await, status("/taxii2/").await), (503, 401));
}
