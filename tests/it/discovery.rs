//! `GET /taxii2/` (TAXII 2.1 §4.1).

use crate::support::client::Client;
use crate::support::server::{Backend, Server};

#[tokio::test]
async fn t099_t100_t002_discovery_is_at_taxii2() {
    let server = Server::start().await;
    let discovery = server.admin().get("/taxii2/").await.expect(200).json();
    assert_eq!(discovery["title"], "Taxiway under test");
    assert_eq!(discovery["contact"], "tests@example.org");
    server.admin().get("/taxii/").await.expect(404);
}

#[tokio::test]
async fn t101_t105_t176_q17_every_root_is_absolute_and_can_be_fetched() {
    let server = Server::start().await;
    for name in ["admin", "reader", "writer", "dropbox", "nobody"] {
        let discovery = server.user(name).get("/taxii2/").await.expect(200);
        let roots = discovery.list("api_roots");
        assert!(!roots.is_empty(), "{discovery}");
        assert!(roots.contains(&discovery.get("default")), "{discovery}");
        for root in roots {
            let path = root.as_str().unwrap().strip_prefix(&format!("http://{}", server.address)).unwrap();
            assert_eq!(path.matches('/').count(), 2, "one slug beside /taxii2/: {path}");
            server.user(name).get(path).await.expect(200);
        }
    }
}

#[tokio::test]
async fn t103_roots_are_those_that_the_caller_may_use() {
    let server = Server::start().await;
    let slugs = async |client: Client| {
        let roots = client.get("/taxii2/").await.expect(200).list("api_roots");
        roots.iter().map(|root| root.as_str().unwrap().rsplit('/').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(slugs(server.admin()).await, ["empty", "feeds", "partners"]);
    assert_eq!(slugs(server.writer()).await, ["feeds", "partners"]);
    assert_eq!(slugs(server.reader()).await, ["feeds"]);
    assert_eq!(slugs(server.anonymous()).await, ["feeds"]);
}

#[tokio::test]
async fn t102_the_public_url_is_what_clients_are_told() {
    let server = Server::with(Backend::Memory, |options| options.public_url = Some("https://feeds.example.org".into())).await;
    let discovery = server.reader().get("/taxii2/").await.expect(200);
    assert_eq!(discovery.get("default"), "https://feeds.example.org/feeds/");
}

#[tokio::test]
async fn t102_a_proxy_is_believed_only_if_it_is_trusted() {
    let trusting = Server::with(Backend::Memory, |options| options.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let strict = Server::start().await;
    for (server, expected) in [(&trusting, "https://feeds.example.org/feeds/".to_owned()), (&strict, format!("http://{}/feeds/", strict.address))] {
        let client = server.reader().header("x-forwarded-proto", "https").header("x-forwarded-host", "feeds.example.org");
        assert_eq!(client.get("/taxii2/").await.expect(200).get("default"), expected);
    }
}

#[tokio::test]
async fn t102_without_a_host_the_roots_are_relative() {
    let server = Server::start().await;
    let reply = server.raw().await.exchange("GET /taxii2/ HTTP/1.0", b"").await.expect(200);
    assert_eq!(reply.get("default"), "/feeds/");
    // A host that is none must not end up in a URL.
    let reply = server.raw().await.exchange("GET /taxii2/ HTTP/1.1\nHost: a b\"c/../", b"").await.expect_any(&[200, 400]);
    assert!(reply.status == 400 || reply.get("default") == "/feeds/", "{reply}");
}

#[tokio::test]
async fn t104_t182_a_server_without_public_collections_asks_who_is_there() {
    let server = Server::start().await;
    server.anonymous().get("/taxii2/").await.expect(200);
    server.close().await;
    server.anonymous().get("/taxii2/").await.expect(401);
    // Who has an account but no rights is shown a discovery without roots (T-005).
    let discovery = server.user("nobody").get("/taxii2/").await.expect(200).json();
    assert!(discovery.get("api_roots").is_none() && discovery.get("default").is_none(), "{discovery}");
}

#[tokio::test]
async fn t010_q19_slashes_left_out_and_doubled() {
    let server = Server::start().await;
    for target in ["/taxii2", "//taxii2/", "//taxii2", "/taxii2//"] {
        let reply = server.raw().await.exchange(&format!("GET {target} HTTP/1.1\nHost: example.org"), b"").await.expect(200);
        assert_eq!(reply.get("default"), "http://example.org/feeds/", "{target}");
    }
}

#[tokio::test]
async fn t026_head_tells_what_get_does() {
    let server = Server::start().await;
    let (get, head) = (server.reader().get("/taxii2/").await, server.reader().head("/taxii2/").await.expect(200));
    assert_eq!(head.header("content-length"), get.body.len().to_string());
}
