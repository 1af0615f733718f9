//! `/lists/…`: the same indicators for tools that speak no TAXII.

use reqwest::Method;
use serde_json::{Value, json};
use taxiway::feed::guard::{Guard, Options};
use taxiway::stix::marking::Level;
use taxiway::store::directory::{Edit, Rights};

use crate::support::client::{Client, Reply};
use crate::support::samples::{id, indicator, malware, marked, relationship, revised, with};
use crate::support::server::{Backend, EVERY_STORE, OBJECTS, PUBLIC_OBJECTS, Server};

const LISTS: &str = "/lists/feeds/private/";
const LATER: &str = "2024-05-01T00:00:00.000Z";

/// An indicator of a pattern.
fn of(number: usize, pattern: &str) -> Value {
    with(&indicator(number), json!({ "pattern": pattern }))
}

/// An indicator of a domain, of a confidence.
fn domain(number: usize, name: &str, confidence: u8) -> Value {
    with(&of(number, &format!("[domain-name:value = '{name}']")), json!({ "confidence": confidence }))
}

async fn list(client: &Client, list: &str) -> Reply {
    client.get(format!("{LISTS}{list}")).await.expect(200)
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

async fn lines(client: &Client, name: &str) -> Vec<String> {
    text(&list(client, name).await).lines().map(str::to_owned).collect()
}

async fn with_header(client: &Client, target: &str, name: &str, value: &str) -> Reply {
    client.request(Method::GET, target).header(name, value).send().await
}

#[tokio::test]
async fn a_list_is_the_current_set_and_follows_every_change() {
    for backend in EVERY_STORE {
        let server = Server::on(backend).await;
        let writer = server.writer();
        let (one, two) = (domain(1, "b.evil.example", 50), domain(2, "evil.example", 80));
        writer.add(OBJECTS, &[one.clone(), two, of(3, "[ipv4-addr:value = '198.51.100.7' OR domain-name:value = 'a.example']"), malware(1)]).await;
        assert_eq!(lines(&writer, "domain.txt").await, ["a.example", "evil.example", "b.evil.example"]);
        assert_eq!(lines(&writer, "ip.txt").await, ["198.51.100.7"]);
        // A new version takes the place of the old one; what is revoked is gone.
        writer.add(OBJECTS, &[revised(&domain(1, "c.example", 50), LATER)]).await;
        assert_eq!(lines(&writer, "domain.txt").await, ["a.example", "c.example", "evil.example"]);
        writer.add(OBJECTS, &[with(&revised(&domain(2, "evil.example", 80), LATER), json!({ "revoked": true }))]).await;
        assert_eq!(lines(&writer, "domain.txt").await, ["a.example", "c.example"]);
        // An object that is deleted leaves what it was before.
        writer.delete(format!("{OBJECTS}{}/?match[version]=last", id("indicator", 1))).await.expect(200);
        assert_eq!(lines(&writer, "domain.txt").await, ["a.example", "b.evil.example"]);
    }
}

#[tokio::test]
async fn validity_begins_and_ends_without_a_change() {
    let server = Server::start().await;
    let writer = server.writer();
    let soon = with(&domain(1, "soon.example", 50), json!({ "valid_from": "2024-05-01T12:01:00Z", "valid_until": "2024-05-01T12:02:00Z" }));
    writer.add(OBJECTS, &[soon, domain(2, "always.example", 50)]).await;
    assert_eq!(lines(&writer, "domain.txt").await, ["always.example"]);
    let before = list(&writer, "domain.txt").await;
    server.clock.advance(60);
    assert_eq!(lines(&writer, "domain.txt").await, ["always.example", "soon.example"]);
    server.clock.advance(60);
    let after = list(&writer, "domain.txt").await;
    assert_eq!(text(&after), text(&before));
    assert_eq!(after.header("etag"), before.header("etag"), "the tag names the content");
    assert_ne!(after.header("last-modified"), before.header("last-modified"));
}

#[tokio::test]
async fn q_one_value_of_several_indicators_stands_once() {
    let server = Server::start().await;
    let writer = server.writer();
    writer.add(OBJECTS, &[domain(1, "evil.example", 20), domain(2, "EVIL.example", 90), domain(3, "evil.example", 50)]).await;
    let csv = lines(&writer, "indicators.csv").await;
    assert_eq!(csv.len(), 2, "{csv:?}");
    assert!(csv[1].contains("evil.example,90") && csv[1].contains(&id("indicator", 2)), "the most confident is told: {csv:?}");
}

#[tokio::test]
async fn filters_in_the_query() {
    let server = Server::start().await;
    let writer = server.writer();
    let labelled = with(&domain(1, "a.example", 90), json!({ "labels": ["hot"] }));
    let old = with(&domain(2, "b.example", 60), json!({ "created": "2010-01-01T00:00:00.000Z", "modified": "2010-01-01T00:00:00.000Z" }));
    writer.add(OBJECTS, &[labelled, old, domain(3, "c.example", 75), of(4, "[url:value = 'http://c.example/x']")]).await;
    for (query, expected) in [
        ("domain.txt?min_confidence=75", &["a.example", "c.example"][..]),
        ("domain.txt?label=hot,cold", &["a.example"]),
        ("domain.txt?max_age=3000d", &["a.example", "c.example"]),
        ("domain.txt?max_entries=2", &["a.example", "c.example"]),
    ] {
        assert_eq!(lines(&writer, query).await, expected, "{query}");
    }
    let most = lines(&writer, "domain.txt?max_entries=3").await;
    assert_eq!(most, ["a.example", "c.example", "b.example"], "the most confident first");
    let mut parts = Vec::new();
    for part in 1..=3 {
        parts.extend(lines(&writer, &format!("domain.txt?shard={part}/3")).await);
    }
    parts.sort();
    assert_eq!(parts, ["a.example", "b.example", "c.example"]);
    assert_eq!(list(&writer, "indicators.csv?kind=url").await.header("x-taxiway-entries"), "1");
    for wrong in ["domain.txt?min_confidence=x", "domain.txt?confidence=5", "domain.txt?kind=nonsense"] {
        writer.get(format!("{LISTS}{wrong}")).await.expect(400);
    }
    writer.get(format!("{LISTS}no-such.txt")).await.expect(404);
}

#[tokio::test]
async fn a_client_that_has_the_list_is_told_so() {
    let server = Server::start().await;
    let writer = server.writer();
    writer.add(OBJECTS, &[domain(1, "a.example", 50)]).await;
    let target = format!("{LISTS}domain.txt");
    let first = list(&writer, "domain.txt").await;
    let (tag, date) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    with_header(&writer, &target, "if-none-match", &tag).await.expect(304);
    assert_eq!(writer.request(Method::HEAD, &target).send().await.expect(200).header("content-length"), "10");
    // What is none of the list's changes nothing.
    writer.add(OBJECTS, &[of(2, "[url:value = 'http://a.example/']")]).await;
    with_header(&writer, &target, "if-none-match", &tag).await.expect(304);
    writer.add(OBJECTS, &[domain(3, "b.example", 50)]).await;
    let second = with_header(&writer, &target, "if-none-match", &tag).await.expect(200);
    assert_eq!(text(&second), "a.example\nb.example\n");
    with_header(&writer, &target, "if-none-match", "\"other\"").await.expect(200);
    assert!(!date.is_empty());
}

#[tokio::test]
async fn a_compressed_list_is_the_list() {
    let server = Server::start().await;
    let writer = server.writer();
    let many: Vec<Value> = (0..300).map(|n| domain(n, &format!("n{n}.evil.example"), 50)).collect();
    writer.add(OBJECTS, &many).await;
    let target = format!("{LISTS}rpz.zone");
    let plain = text(&writer.get(&target).await.expect(200));
    for _ in 0..2 {
        let packed = with_header(&writer, &target, "accept-encoding", "gzip").await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip");
        // The client of these tests has unpacked it.
        assert_eq!(text(&packed), plain);
        assert!(packed.header("content-length").parse::<usize>().unwrap() * 4 < plain.len());
    }
}

#[tokio::test]
async fn nothing_above_clearance_is_in_a_list() {
    let server = Server::start().await;
    let level = |number, name, level| marked(&domain(number, name, 50), level);
    let objects = [level(1, "clear.example", Level::Clear), level(2, "green.example", Level::Green), level(3, "amber.example", Level::Amber)];
    server.writer().add(OBJECTS, &objects).await;
    server.writer().add(PUBLIC_OBJECTS, &objects).await;
    assert_eq!(lines(&server.reader(), "domain.txt").await, ["clear.example", "green.example"]);
    let reader = list(&server.reader(), "domain.txt").await;
    assert_eq!(reader.header("x-taxiway-entries"), "2");
    assert_eq!(text(&server.anonymous().get("/lists/feeds/public/domain.txt").await.expect(200)), "clear.example\n");
    for name in ["bundle.json", "objects.jsonl", "indicators.csv", "manifest.json", "hashes.csv", "suricata.rules", "rpz.zone", "sigma.yml"] {
        let told = text(&server.reader().get(format!("{LISTS}{name}")).await.expect(200));
        assert!(!told.contains("amber"), "{name}: {told}");
    }
    server.anonymous().get(format!("{LISTS}domain.txt")).await.expect_any(&[401, 404]);
    server.user("dropbox").get(format!("{LISTS}domain.txt")).await.expect(403);
    server.reader().get("/lists/feeds/secret/domain.txt").await.expect(404);
}

#[tokio::test]
async fn what_a_warning_list_blocks_is_left_out_and_counted() {
    let guard = Guard::open(&Options { defaults: true, ..Options::default() }).unwrap();
    let server = Server::guarded(Backend::Memory, guard).await;
    let writer = server.writer();
    writer.add(OBJECTS, &[of(1, "[ipv4-addr:value = '8.8.8.8']"), of(2, "[ipv4-addr:value = '45.77.1.2']")]).await;
    let told = list(&writer, "ipv4.txt").await;
    assert_eq!((text(&told).as_str(), told.header("x-taxiway-warned")), ("45.77.1.2\n", "1"));
}

#[tokio::test]
async fn a_key_opens_its_list_and_nothing_else() {
    let server = Server::start().await;
    server.writer().add(OBJECTS, &[domain(1, "a.example", 90), domain(2, "b.example", 10)]).await;
    let opened = json!({ "root": "feeds", "collection": "private", "file": "domain.txt", "query": "min_confidence=50" });
    let admin = server.admin();
    let made = admin.request(Method::POST, "/admin/users/reader/tokens/").header("content-type", "application/json");
    let made = made.body(json!({ "label": "firewall", "list": opened }).to_string()).send().await.expect(201);
    let key = made.get("token").as_str().unwrap().to_owned();
    let nobody = server.anonymous();
    let told = nobody.get(format!("/lists/by-key/{key}/domain.txt")).await.expect(200);
    assert_eq!(text(&told), "a.example\n");
    for other in ["url.txt", "indicators.csv", "domain.txt?min_confidence=0", "bundle.json"] {
        nobody.get(format!("/lists/by-key/{key}/{other}")).await.expect(404);
    }
    nobody.get("/lists/by-key/txw_nonsense/domain.txt").await.expect(404);
    // It is no token.
    let bearer = nobody.request(Method::GET, OBJECTS).header("authorization", &format!("Bearer {key}")).send().await;
    assert_eq!(bearer.status, 401);
    // It ends with the rights of whom it stands for.
    let reading = server.id_of("feeds", "private");
    let ended = Edit::Grant { user: "reader".into(), collection: reading, rights: Rights::default() };
    server.feed.edit(vec![ended], None).await.unwrap();
    nobody.get(format!("/lists/by-key/{key}/domain.txt")).await.expect(404);
}

#[tokio::test]
async fn a_bundle_holds_what_belongs_to_its_indicators() {
    let server = Server::start().await;
    let writer = server.writer();
    let expired = with(&indicator(2), json!({ "valid_until": "2024-04-30T00:00:00Z" }));
    writer.add(OBJECTS, &[indicator(1), expired, malware(1), malware(2), relationship(1), relationship(2)]).await;
    let bundle: Value = serde_json::from_slice(&list(&writer, "bundle.json").await.body).unwrap();
    let ids: Vec<&str> = bundle["objects"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap()).collect();
    let expected = [id("indicator", 1), id("malware", 1), id("malware", 2), id("relationship", 1)];
    assert_eq!(ids, expected);
    assert_eq!(lines(&writer, "objects.jsonl").await.len(), 4);
    let first = list(&writer, "bundle.json").await;
    with_header(&writer, &format!("{LISTS}bundle.json"), "if-none-match", first.header("etag")).await.expect(304);
    writer.add(OBJECTS, &[malware(3)]).await;
    with_header(&writer, &format!("{LISTS}bundle.json"), "if-none-match", first.header("etag")).await.expect(200);
}

#[tokio::test]
async fn every_list_is_there_and_hostile_values_are_in_none_that_a_device_reads() {
    let server = Server::start().await;
    let writer = server.writer();
    let hostile = ["evil.example\"; drop", "=cmd()", "a'b\\\\c", &format!("{}.example", "a".repeat(64)), "x\ny.example", "ev#il.example"];
    let objects: Vec<Value> = hostile.iter().enumerate().map(|(n, name)| domain(n, &name.replace('\'', "\\'"), 50)).collect();
    writer.add(OBJECTS, &objects).await;
    let all = writer.get("/lists/").await.expect(200).list("lists");
    assert!(all.len() > 60, "{}", all.len());
    for file in &all {
        let name = file["name"].as_str().unwrap();
        let told = list(&writer, name).await;
        assert_eq!(told.header("content-type"), file["media_type"].as_str().unwrap(), "{name}");
        let carries_all = ["indicators.csv", "bundle.json", "objects.jsonl"].contains(&name);
        if !carries_all {
            assert_eq!(told.header("x-taxiway-entries"), "0", "{name}: {}", text(&told));
            assert!(!text(&told).contains("cmd()"), "{name}");
        }
    }
    assert_eq!(list(&writer, "rpz.zone").await.header("x-taxiway-left-out"), "6");
    assert_eq!(list(&writer, "indicators.csv").await.header("x-taxiway-entries"), "6");
}
