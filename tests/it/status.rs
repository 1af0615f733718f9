//! `GET /{root}/status/{id}/` (TAXII 2.1 §4.3).

use serde_json::json;

use crate::support::samples::{CREATED, indicator, marking_definition, revised, url, with};
use crate::support::server::{MANIFEST, OBJECTS, PUBLIC_OBJECTS, Server};

fn path(status: &serde_json::Value) -> String {
    format!("/feeds/status/{}/", status["id"].as_str().unwrap())
}

#[tokio::test]
async fn t112_t113_t114_t115_t120_t003_a_status_can_be_read_again_and_does_not_change() {
    let server = Server::start().await;
    let status = server.writer().add(OBJECTS, &[indicator(1), indicator(2)]).await;
    assert_eq!((&status["status"], &status["total_count"]), (&json!("complete"), &json!(2)));
    for _ in 0..2 {
        assert_eq!(server.writer().get(path(&status)).await.expect(200).json(), status);
        server.writer().add(OBJECTS, &[indicator(3)]).await;
    }
}

#[tokio::test]
async fn t116_t117_t076_t152_q22_every_object_is_listed_with_its_version() {
    let server = Server::start().await;
    let objects = [revised(&indicator(1), "2021-03-03T00:00:00.000Z"), marking_definition(1), url(1), with(&indicator(2), json!({ "pattern": 7 }))];
    let status = server.writer().post(OBJECTS, json!({ "objects": objects }).to_string()).await.expect(202).json();
    let successes = status["successes"].as_array().unwrap();
    assert_eq!(successes[0], json!({ "id": objects[0]["id"], "version": "2021-03-03T00:00:00.000Z" }));
    assert_eq!((&successes[1]["id"], &successes[1]["version"]), (&objects[1]["id"], &json!(CREATED)));
    let manifest = server.writer().get(MANIFEST).await.expect(200).objects();
    assert_eq!(manifest[2]["version"], successes[2]["version"]);
    let failure = &status["failures"][0];
    assert_eq!((&failure["id"], &failure["version"]), (&objects[3]["id"], &json!(CREATED)));
    assert!(failure["message"].as_str().is_some_and(|message| message.contains("pattern")), "{failure}");
}

#[tokio::test]
async fn t119_what_is_no_status_is_not_found() {
    let server = Server::start().await;
    let status = server.writer().add(OBJECTS, &[indicator(1)]).await;
    for unknown in ["00000000-0000-4000-8000-000000000000", "nonsense", "%20", "1", "%7B%7D", "..%2F..%2Fetc"] {
        server.writer().get(format!("/feeds/status/{unknown}/")).await.expect(404);
    }
    server.writer().get(path(&status).replace("/feeds/", "/partners/")).await.expect(404);
    let curly = path(&status).replace("status/", "status/%7B").trim_end_matches('/').to_owned() + "%7D/";
    server.writer().get(curly).await.expect(404);
}

#[tokio::test]
async fn t118_t119_a_status_lasts_a_day_and_expires_after_its_time() {
    let server = Server::start().await;
    let status = server.writer().add(OBJECTS, &[indicator(1)]).await;
    server.clock.advance(24 * 3600);
    server.writer().get(path(&status)).await.expect(200);
    server.clock.advance(25 * 3600);
    server.writer().get(path(&status)).await.expect(404);
    server.feed.sweep().await.unwrap();
    server.writer().get(path(&status)).await.expect(404);
}

#[tokio::test]
async fn t122_a_status_is_for_who_made_the_request() {
    let server = Server::start().await;
    let own = server.writer().add(OBJECTS, &[indicator(1)]).await;
    for (name, expected) in [("writer", 200), ("admin", 200), ("dropbox", 404), ("reader", 404), ("nobody", 404)] {
        server.user(name).get(path(&own)).await.expect(expected);
    }
    server.anonymous().get(path(&own)).await.expect_any(&[401, 404]);
    // Who may only write reads its own.
    let dropped = server.user("dropbox").add(OBJECTS, &[indicator(2)]).await;
    assert_eq!(server.user("dropbox").get(path(&dropped)).await.expect(200).json(), dropped);
}

#[tokio::test]
async fn t121_t006_the_time_of_the_request_is_a_taxii_timestamp() {
    let server = Server::start().await;
    let before = server.writer().add(PUBLIC_OBJECTS, &[indicator(1)]).await;
    server.clock.advance(60);
    let after = server.writer().add(PUBLIC_OBJECTS, &[indicator(2)]).await;
    assert!(before["request_timestamp"].as_str().unwrap().starts_with("2024-05-01T12:00:0"), "{before}");
    assert!(after["request_timestamp"].as_str().unwrap().starts_with("2024-05-01T12:01:0"), "{after}");
}

#[tokio::test]
async fn q22_t010_with_and_without_the_last_slash() {
    let server = Server::start().await;
    let path = path(&server.writer().add(OBJECTS, &[indicator(1)]).await);
    let with = server.writer().get(&path).await.expect(200);
    assert_eq!(server.writer().get(path.trim_end_matches('/')).await.expect(200).body, with.body);
    server.writer().head(&path).await.expect(200);
}
