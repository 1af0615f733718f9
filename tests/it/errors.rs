//! Failures, and requests that no proper client sends (TAXII 2.1 §3.6). The shape of errors is checked on every answer.

use reqwest::Method;
use serde_json::json;
use taxiway::taxii::media;

use crate::support::samples::{id, indicator, indicators};
use crate::support::server::{Backend, ENVELOPE_OBJECTS, JSON_DEPTH, MANIFEST, MAX_CONTENT_LENGTH, OBJECTS, PRIVATE, Server};

/// The head of a POST by the writer up to its framing.
async fn post_head(server: &Server) -> String {
    let token = server.token("writer", None).await;
    format!("POST {OBJECTS} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nContent-Type: {}\n", media::TAXII)
}

/// A body of exactly `length` octets: an envelope with one indicator, filled up with white space.
fn envelope_of(length: u64) -> Vec<u8> {
    let mut body = json!({ "objects": [indicator(1)] }).to_string().into_bytes();
    body.resize(usize::try_from(length).unwrap(), b' ');
    body
}

/// `body` in chunks of `size` octets.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let chunk = |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
    body.chunks(size).map(chunk).chain([b"0\r\n\r\n".to_vec()]).flatten().collect()
}

#[tokio::test]
async fn t025_other_methods_are_405_and_say_which_there_are() {
    let server = Server::start().await;
    let object = format!("{OBJECTS}{}/", id("indicator", 1));
    let versions = format!("{object}versions/");
    let read_only = ["/taxii2/", "/feeds/", "/feeds/collections/", PRIVATE, MANIFEST, &versions].map(|url| (url, "GET,HEAD"));
    for (url, allowed) in read_only.into_iter().chain([(OBJECTS, "GET,HEAD,POST"), (object.as_str(), "GET,HEAD,DELETE")]) {
        for method in ["PUT", "PATCH", "OPTIONS", "POST", "DELETE", "TRACE", "PROPFIND", "X"].map(|method| method.parse::<Method>().unwrap()) {
            if !allowed.contains(method.as_str()) {
                let reply = server.writer().request(method, url).send().await.expect(405);
                assert_eq!(reply.header("allow"), allowed, "{url}");
            }
        }
    }
}

#[tokio::test]
async fn t027_t012_t090_what_is_not_there_is_404_with_an_error() {
    let server = Server::start().await;
    for url in ["/nothing/at/all/", "/feeds/nothing/", "/feeds/collections/private/nothing/", "/feeds/status/", "/taxii2/feeds/", "/favicon.ico"] {
        let error = server.writer().get(url).await.expect(404).json();
        assert_eq!((&error["title"], &error["http_status"]), (&json!("Not Found"), &json!("404")), "{url}");
        server.writer().head(url).await.expect(404);
    }
}

#[tokio::test]
async fn t029_of_several_faults_one_that_applies_is_told() {
    let server = Server::start().await;
    let faults = server.user("dropbox").accept("text/html");
    faults.get(format!("{OBJECTS}?limit=0")).await.expect_any(&[406, 403]);
    server.user("dropbox").get(format!("{OBJECTS}?limit=0")).await.expect(403);
    faults.get("/feeds/collections/secret/objects/?limit=0").await.expect(404);
    server.anonymous().basic("writer", "wrong").accept("text/html").get(format!("{OBJECTS}?limit=0")).await.expect(401);
    server.reader().post(OBJECTS, "nonsense").await.expect(403);
    let plain = server.reader().request(Method::POST, OBJECTS).header("content-type", "text/plain").body("x").send().await;
    plain.expect(403);
}

#[tokio::test]
async fn t028_q19_without_a_user_agent() {
    let server = Server::start().await;
    for method in ["GET", "HEAD"] {
        server.raw().await.exchange(&format!("{method} /taxii2/ HTTP/1.1\nHost: x"), b"").await.expect(200);
    }
}

#[tokio::test]
async fn t109_a_body_of_the_advertised_length_is_taken() {
    let server = Server::start().await;
    for length in [MAX_CONTENT_LENGTH - 1, MAX_CONTENT_LENGTH] {
        server.writer().post(OBJECTS, envelope_of(length)).await.expect(202);
        let body = envelope_of(length);
        let head = post_head(&server).await + "Transfer-Encoding: chunked";
        server.raw().await.exchange(&head, &chunked(&body, 7000)).await.expect(202);
    }
}

#[tokio::test]
async fn t110_q21_a_longer_body_is_413_and_the_answer_arrives() {
    let server = Server::start().await;
    for length in [MAX_CONTENT_LENGTH + 1, MAX_CONTENT_LENGTH * 2, MAX_CONTENT_LENGTH * 7] {
        let body = envelope_of(length);
        server.writer().post(OBJECTS, body.clone()).await.expect(413);
        let declared = format!("{}Content-Length: {length}", post_head(&server).await);
        server.raw().await.exchange(&declared, &body).await.expect(413);
        let undeclared = post_head(&server).await + "Transfer-Encoding: chunked";
        server.raw().await.exchange(&undeclared, &chunked(&body, 10_000)).await.expect(413);
    }
    assert!(server.writer().get(OBJECTS).await.objects().is_empty());
}

#[tokio::test]
async fn q21_a_body_without_end_is_413_too() {
    let server = Server::start().await;
    let head = post_head(&server).await + "Transfer-Encoding: chunked\n\n";
    let mut raw = server.raw().await;
    raw.send(head.replace('\n', "\r\n")).await;
    let chunk = chunked(&[b' '; 10_000], 10_000);
    let endless = &chunk[..chunk.len() - 5];
    // More than any limit, and never a last chunk.
    for _ in 0..=MAX_CONTENT_LENGTH * 8 / 10_000 {
        raw.send(endless).await;
    }
    raw.reply("POST / HTTP/1.1").await.expect(413);
    assert!(raw.is_closed().await);
}

#[tokio::test]
async fn t110_who_waits_for_leave_to_send_is_answered_at_once() {
    let server = Server::start().await;
    let head = post_head(&server).await + "Expect: 100-continue\n";
    let mut raw = server.raw().await;
    raw.exchange(&format!("{head}Content-Length: {}", MAX_CONTENT_LENGTH + 1), b"").await.expect(413);
    let body = json!({ "objects": [indicator(1)] }).to_string();
    let mut raw = server.raw().await;
    raw.send(format!("{head}Content-Length: {}\n\n", body.len()).replace('\n', "\r\n")).await;
    assert_eq!(raw.interim().await, 100);
    raw.send(body).await;
    raw.reply("POST / HTTP/1.1").await.expect(202);
    // A refusal that needs no body does not wait for one either.
    let refused = format!("{head}Content-Length: 10").replace(media::TAXII, "text/plain");
    server.raw().await.exchange(&refused, b"").await.expect(415);
}

#[tokio::test]
async fn t144_a_body_that_breaks_off_harms_nobody() {
    let server = Server::start().await;
    let mut raw = server.raw().await;
    raw.send(format!("{}Content-Length: 1000\n\n{{\"objects\":[", post_head(&server).await).replace('\n', "\r\n")).await;
    drop(raw);
    let mut half = server.raw().await;
    half.send(format!("{}Transfer-Encoding: chunked\n\nzz\n", post_head(&server).await).replace('\n', "\r\n")).await;
    half.reply("POST / HTTP/1.1").await.expect(400);
    assert!(server.writer().get(OBJECTS).await.expect(200).objects().is_empty());
}

#[tokio::test]
async fn t092_t186_who_stops_sending_is_answered_and_let_go() {
    let server = Server::with(Backend::Memory, |options| options.limits.body_idle_seconds = 0).await;
    let mut raw = server.raw().await;
    raw.send(format!("{}Content-Length: 1000\n\n{{", post_head(&server).await).replace('\n', "\r\n")).await;
    raw.reply("POST / HTTP/1.1").await.expect(408);
    assert!(raw.is_closed().await);
}

#[tokio::test]
async fn t092_requests_in_one_packet_are_answered_in_their_order() {
    let server = Server::start().await;
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut raw = server.raw().await;
    raw.send([one("/taxii2/"), one("/nothing/"), one("/feeds/")].concat()).await;
    for (path, status) in [("/taxii2/", 200), ("/nothing/", 404), ("/feeds/", 200)] {
        raw.reply(&format!("GET {path} HTTP/1.1")).await.expect(status);
    }
}

#[tokio::test]
async fn t186_paths_lead_nowhere_else() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &indicators(1)).await;
    let token = server.token("writer", None).await;
    for path in [
        "/feeds/collections/private/objects/../../secret/",
        "/feeds/../../../etc/passwd",
        "/feeds/collections/..%2f..%2fadmin/",
        "/feeds/collections/private/objects/%2e%2e/",
        "/feeds/collections/private%00/",
        "/feeds/%c0%ae%c0%ae/",
        "/feeds/collections/%ff%fe/",
        "/feeds/collections/private/objects/indicator--%0d%0aX:1/",
        "/%25%25/",
    ] {
        let head = format!("GET {path} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}");
        server.raw().await.exchange(&head, b"").await.expect(404);
    }
}

#[tokio::test]
async fn t186_depth_is_bounded_and_deep_bodies_are_refused() {
    let server = Server::start().await;
    let deep = "[".repeat(90_000) + &"]".repeat(90_000);
    server.writer().post(OBJECTS, deep.clone()).await.expect_any(&[400, 422]);
    server.writer().post(OBJECTS, format!(r#"{{"x":{deep},"objects":[]}}"#)).await.expect_any(&[400, 422]);
    let object = indicator(1).to_string().replacen('{', &format!(r#"{{"x_deep":{deep},"#), 1);
    let reply = server.writer().post(OBJECTS, format!(r#"{{"objects":[{object}]}}"#)).await.expect_any(&[202, 400, 422]);
    assert!(reply.status != 202 || reply.get("failure_count") == 1, "{reply}");
    assert!(server.writer().get(OBJECTS).await.expect(200).objects().is_empty());
}

#[tokio::test]
async fn t186_an_envelope_has_so_many_objects_and_an_object_so_many_levels() {
    let server = Server::start().await;
    let writer = server.writer();
    let url = |number: usize| format!(r#"{{"type":"url","id":"{}","value":"http://n{number}.example/"}}"#, id("url", number));
    let envelope = |count: usize| format!(r#"{{"objects":[{}]}}"#, (0..count).map(url).collect::<Vec<_>>().join(","));
    writer.post(OBJECTS, envelope(ENVELOPE_OBJECTS + 1)).await.expect(413);
    assert!(writer.get(OBJECTS).await.objects().is_empty());
    assert_eq!(writer.post(OBJECTS, envelope(ENVELOPE_OBJECTS)).await.expect(202).get("success_count"), ENVELOPE_OBJECTS);
    let nested = |levels: usize| {
        let deep = "[".repeat(levels - 1) + "1" + &"]".repeat(levels - 1);
        let object = indicator(1).to_string().replacen('{', &format!(r#"{{"x_deep":{deep},"#), 1);
        format!(r#"{{"objects":[{object}]}}"#)
    };
    let refused = writer.post(OBJECTS, nested(JSON_DEPTH + 1)).await.expect(202);
    assert_eq!((refused.get("success_count"), refused.get("failure_count")), (0.into(), 1.into()));
    assert!(refused.list("failures")[0]["message"].as_str().unwrap().contains("40 levels"), "{refused}");
    assert_eq!(writer.post(OBJECTS, nested(JSON_DEPTH)).await.expect(202).get("success_count"), 1);
}

#[tokio::test]
async fn t048_t186_long_queries_are_answered() {
    let server = Server::start().await;
    let ids: Vec<String> = (0..150).map(|number| id("indicator", number)).collect();
    server.writer().get(format!("{OBJECTS}?match[id]={}", ids.join(","))).await.expect(200);
    server.writer().get(format!("{OBJECTS}?{}", "x=1&".repeat(2000))).await.expect(200);
}
