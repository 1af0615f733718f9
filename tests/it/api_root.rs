//! `GET /{root}/` (TAXII 2.1 §4.2).

use crate::support::server::{MAX_CONTENT_LENGTH, Server};

#[tokio::test]
async fn t106_t107_t108_t004_an_api_root_says_what_it_takes() {
    let server = Server::start().await;
    let root = server.reader().get("/feeds/").await.expect(200).json();
    assert_eq!(root["title"], "Root feeds");
    assert_eq!(root["versions"], serde_json::json!(["application/taxii+json;version=2.1"]));
    assert_eq!(root["max_content_length"], MAX_CONTENT_LENGTH);
}

#[tokio::test]
async fn t111_t176_each_root_has_its_own_url_and_others_are_not_found() {
    let server = Server::start().await;
    assert_eq!(server.admin().get("/partners/").await.expect(200).get("title"), "Root partners");
    for unknown in ["/nothing/", "/feed/", "/FEEDS/", "/feeds%2F/", "/%00/", "/f%C3%A9eds/"] {
        server.admin().get(unknown).await.expect(404);
    }
}

#[tokio::test]
async fn t091_a_root_that_is_not_yours_is_as_one_that_is_not_there() {
    let server = Server::start().await;
    let (hidden, absent) = (server.reader().get("/partners/").await.expect(404), server.reader().get("/nothing/").await.expect(404));
    assert_eq!(hidden.without_id(), absent.without_id());
}

#[tokio::test]
async fn t010_t026_without_the_last_slash_and_head() {
    let server = Server::start().await;
    server.reader().get("/feeds").await.expect(200);
    server.reader().head("/feeds/").await.expect(200);
}
