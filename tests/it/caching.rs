//! What a client has is not sent again, what it accepts compressed comes compressed, and proxies are told what they may keep.

use reqwest::Method;
use serde_json::json;

use crate::support::client::{Client, Reply};
use crate::support::samples;
use crate::support::server::{Backend, MANIFEST, OBJECTS, PUBLIC_OBJECTS, Server};

async fn get(client: &Client, target: &str, headers: &[(&str, &str)]) -> Reply {
    let request = client.request(Method::GET, target);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await
}

#[tokio::test]
async fn a_page_that_the_client_has_is_not_sent_again() {
    for backend in [Backend::Memory, Backend::Sled] {
        let server = Server::on(backend).await;
        let writer = server.writer();
        writer.add(OBJECTS, &samples::indicators(30)).await;
        let object = format!("{OBJECTS}{}/", samples::id("indicator", 0));
        for target in [OBJECTS, &format!("{OBJECTS}?limit=3"), MANIFEST, &object, &format!("{object}versions/")] {
            let page = writer.get(target).await.expect(200);
            let tag = page.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.len() > 10, "{target}: {tag}");
            let again = get(&writer.clone().without_mirror(), target, &[("if-none-match", &tag)]).await.expect(304);
            assert!(again.body.is_empty());
            assert_eq!((again.header("etag"), again.first(), again.last()), (&*tag, page.first(), page.last()), "{target}");
        }
        let other = writer.get(format!("{OBJECTS}?limit=4")).await;
        let tag = writer.get(format!("{OBJECTS}?limit=3")).await.header("etag").to_owned();
        assert_ne!(other.header("etag"), tag);
        // Another version of an object on the page makes it another page.
        writer.add(OBJECTS, &[samples::revised(&samples::indicator(1), "2021-04-01T00:00:00.000Z")]).await;
        get(&writer.without_mirror(), &format!("{OBJECTS}?limit=3"), &[("if-none-match", &tag)]).await.expect(200);
    }
}

#[tokio::test]
async fn q15_an_empty_page_is_always_sent() {
    let server = Server::start().await;
    let page = get(&server.reader(), OBJECTS, &[("if-none-match", "*")]).await.expect(200);
    assert_eq!(page.json(), json!({ "more": false }));
}

#[tokio::test]
async fn pages_come_compressed_to_who_accepts_it() {
    let server = Server::on(Backend::Sled).await;
    server.writer().add(OBJECTS, &samples::indicators(20)).await;
    let reader = server.reader();
    let plain = reader.get(OBJECTS).await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    for (accepted, coding) in [("gzip, deflate", "gzip"), ("br;q=0.1, zstd", "zstd"), ("br", "br"), ("gzip;q=0", ""), ("identity", "")] {
        // Made for the first, kept for the second.
        for _ in 0..2 {
            let page = get(&reader, OBJECTS, &[("accept-encoding", accepted)]).await.expect(200);
            assert_eq!((page.header("content-encoding"), &page.body, page.last()), (coding, &plain.body, plain.last()));
            assert_eq!(page.header("content-length"), page.octets.to_string());
            assert!(coding.is_empty() || page.octets * 3 < plain.octets && page.header("etag") != plain.header("etag"), "{page}");
            let known = [("accept-encoding", accepted), ("if-none-match", page.header("etag"))];
            get(&reader.clone().without_mirror(), OBJECTS, &known).await.expect(304);
        }
    }
    let short = get(&reader, &format!("{OBJECTS}?limit=1"), &[("accept-encoding", "gzip")]).await;
    assert_eq!(short.header("content-encoding"), "", "a short page is not worth it");
    let head = reader.request(Method::HEAD, OBJECTS).header("accept-encoding", "gzip").send().await.expect(200);
    assert_eq!(head.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn only_what_anybody_may_see_is_for_proxies_to_keep() {
    let server = Server::start().await;
    server.writer().add(PUBLIC_OBJECTS, &samples::indicators(30)).await;
    server.writer().add(OBJECTS, &samples::indicators(3)).await;
    let kept = |reply: &Reply| reply.header("cache-control").to_owned();
    let anonymous = server.anonymous();
    assert_eq!(kept(&anonymous.get(format!("{PUBLIC_OBJECTS}?limit=5")).await), "public, max-age=60");
    assert_eq!(kept(&anonymous.get(format!("{PUBLIC_OBJECTS}?limit=50")).await), "public, no-cache");
    for reply in [
        anonymous.get(format!("{PUBLIC_OBJECTS}?added_after=2030-01-01T00:00:00Z")).await,
        server.reader().get(format!("{PUBLIC_OBJECTS}?limit=5")).await,
        server.reader().get(OBJECTS).await,
        anonymous.get("/taxii2/").await,
    ] {
        assert_eq!(kept(&reply), "private, no-cache", "{reply}");
    }
    let vary = anonymous.get(PUBLIC_OBJECTS).await.header("vary").to_owned();
    for name in ["accept", "accept-encoding", "authorization", "x-api-key"] {
        assert!(vary.split(", ").any(|one| one == name), "{vary}");
    }
}
