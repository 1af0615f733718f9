//! What happens at each limit: whoever meets one is told when to come again, and nobody else notices (Q21, Q25, T-186).

use futures_util::FutureExt;
use reqwest::Method;
use serde_json::json;
use taxiway::door::Options;
use taxiway::taxii::media;

use crate::support::client::Reply;
use crate::support::samples::{indicator, indicators};
use crate::support::server::{Backend, MAX_CONTENT_LENGTH, OBJECTS, PUBLIC_OBJECTS, Server};

async fn server(change: impl FnOnce(&mut Options)) -> Server {
    Server::with(Backend::Memory, change).await
}

/// The seconds after which a refusal says that trying again may help.
#[track_caller]
fn wait(refused: &Reply) -> u64 {
    refused.header("retry-after").parse().unwrap_or_else(|_| panic!("no Retry-After: {refused}"))
}

#[tokio::test]
async fn t186_whoever_asks_too_often_is_told_to_wait_and_nobody_else_is() {
    let server = server(|options| options.limits.requests_per_minute = 3).await;
    let reader = server.reader();
    for _ in 0..3 {
        reader.get("/feeds/").await.expect(200);
    }
    let seconds = wait(&reader.get("/feeds/").await.expect(429));
    server.writer().get("/feeds/").await.expect(200);
    server.anonymous().get("/feeds/").await.expect(200);
    // With another credential it is still the same caller.
    let token = server.token("reader", None).await;
    let by_token = server.anonymous().header("authorization", &format!("Bearer {token}"));
    by_token.get("/feeds/").await.expect(429);
    server.clock.advance(seconds);
    by_token.get("/feeds/").await.expect(200);
}

#[tokio::test]
async fn t186_the_anonymous_are_told_apart_by_their_address() {
    let change = |options: &mut Options| {
        options.limits.requests_per_minute = 1;
        options.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    let server = server(change).await;
    let from = |address: &str| server.anonymous().header("x-forwarded-for", address);
    from("192.0.2.1").get("/taxii2/").await.expect(200);
    from("192.0.2.1").get("/taxii2/").await.expect(429);
    from("192.0.2.2").get("/taxii2/").await.expect(200);
}

#[tokio::test]
async fn q25_a_crawl_that_has_begun_is_never_broken_off() {
    let server = server(|options| options.limits.objects_per_minute = 4).await;
    server.writer().add(PUBLIC_OBJECTS, &indicators(20)).await;
    let client = server.anonymous().without_mirror();
    let mut page = client.get(format!("{PUBLIC_OBJECTS}?limit=3")).await.expect(200);
    let mut found = page.ids();
    while let Some(next) = page.next() {
        page = client.get(format!("{PUBLIC_OBJECTS}?limit=3&next={next}")).await.expect(200);
        found.extend(page.ids());
    }
    assert_eq!(found.len(), 20);
    // Another one does not begin, nor does one that only looks like going on.
    let seconds = wait(&client.get(PUBLIC_OBJECTS).await.expect(429));
    client.get(format!("{PUBLIC_OBJECTS}?next=nonsense")).await.expect(429);
    client.get(format!("{PUBLIC_OBJECTS}?next=")).await.expect(429);
    server.clock.advance(seconds);
    client.get(PUBLIC_OBJECTS).await.expect(200);
}

#[tokio::test]
async fn q21_q25_a_body_for_which_there_is_no_memory_is_refused_and_the_refusal_arrives() {
    let server = server(|options| options.limits.body_memory = MAX_CONTENT_LENGTH).await;
    let token = server.token("writer", None).await;
    let head = format!("POST {OBJECTS} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nContent-Type: {}\n", media::TAXII);
    let body = json!({ "objects": [indicator(1)] }).to_string();
    let padded = body.clone() + &" ".repeat(150_000 - body.len());

    // One that is still being sent holds most of the memory.
    let mut first = server.raw().await;
    first.send(format!("{head}Expect: 100-continue\nContent-Length: {}\n\n", padded.len()).replace('\n', "\r\n")).await;
    assert_eq!(first.interim().await, 100);

    let refused = server.writer().post(OBJECTS, padded.clone()).await.expect(503);
    assert!(wait(&refused) > 0);
    // Whoever waits for leave is told at once, and whoever does not say how long it is, when it gets too long.
    let mut second = server.raw().await;
    second.exchange(&format!("{head}Expect: 100-continue\nContent-Length: {}", padded.len()), b"").await.expect(503);
    let mut third = server.raw().await;
    let chunk = format!("{:x}\r\n{padded}\r\n0\r\n\r\n", padded.len());
    third.exchange(&format!("{head}Transfer-Encoding: chunked"), chunk.as_bytes()).await.expect(503);
    // Small ones still fit, and reading needs none of it.
    server.writer().post(OBJECTS, body).await.expect(202);
    server.writer().get(OBJECTS).await.expect(200);

    first.send(&padded).await;
    first.reply("POST / HTTP/1.1").await.expect(202);
    server.writer().post(OBJECTS, padded).await.expect(202);
}

#[tokio::test]
async fn q21_a_refusal_arrives_while_the_body_is_still_being_sent() {
    let server = server(|options| options.limits.requests_per_minute = 1).await;
    let token = server.token("reader", None).await;
    let reader = format!("Host: x\nAuthorization: Bearer {token}");
    server.raw().await.exchange(&format!("GET /feeds/ HTTP/1.1\n{reader}"), b"").await.expect(200);
    // More than all sockets hold.
    let body = vec![b' '; 20_000_000];
    for (path, head, status) in
        [(OBJECTS, reader.as_str(), 429), (OBJECTS, "Host: x\nAuthorization: Bearer txw_x", 401), ("/nothing/at/all/", "Host: x", 404)]
    {
        let head = format!("POST {path} HTTP/1.1\n{head}\nContent-Length: {}", body.len());
        server.raw().await.exchange(&head, &body).await.expect(status);
    }
}

#[tokio::test]
async fn a_body_of_the_advertised_length_always_fits_into_free_memory() {
    let server = server(|options| options.limits.body_memory = MAX_CONTENT_LENGTH).await;
    let body = json!({ "objects": [indicator(1)] }).to_string();
    let most = usize::try_from(MAX_CONTENT_LENGTH).unwrap();
    let padded = body.clone() + &" ".repeat(most - body.len());
    server.writer().post(OBJECTS, padded.clone()).await.expect(202);
    let token = server.token("writer", None).await;
    let head = format!("POST {OBJECTS} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nContent-Type: {}\nTransfer-Encoding: chunked", media::TAXII);
    let chunk = |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    let chunks: Vec<Vec<u8>> = padded.as_bytes().chunks(1000).map(chunk).chain([b"0\r\n\r\n".to_vec()]).collect();
    server.raw().await.exchange(&head, &chunks.concat()).await.expect(202);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_and_none_is_turned_away() {
    let server = server(|options| options.limits.connections = 1).await;
    let get = "GET /taxii2/ HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = server.raw().await;
    first.send(get).await;
    first.reply(get).await.expect(200);
    let mut second = server.raw().await;
    second.send(get).await;
    for _ in 0..20 {
        first.send(get).await;
        first.reply(get).await.expect(200);
    }
    assert!(second.reply(get).now_or_never().is_none(), "there were two connections");
    drop(first);
    second.reply(get).await.expect(200);
}

#[tokio::test]
async fn whoever_does_not_finish_a_head_is_let_go() {
    let server = server(|options| options.limits.header_seconds = 1).await;
    let (mut silent, mut half) = (server.raw().await, server.raw().await);
    half.send("GET /taxii2/ HTTP/1.1\r\nHost:").await;
    assert!(silent.is_closed().await);
    assert!(half.is_closed().await);
    server.anonymous().request(Method::GET, "/taxii2/").send().await.expect(200);
}
