//! Reading a collection page by page, alone and while others write (TAXII 2.1 §3.2, §3.5; Q1 to Q8).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use taxiway::stix::marking::Level;

use crate::support::client::{Client, Reply};
use crate::support::samples::{id, indicator, indicators, malware, marked, revised, with};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, PAGE_OCTETS, PUBLIC_OBJECTS, Server};

/// How a reader gets from one page to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Next,
    AddedAfter,
}

/// All pages of `endpoint` under a query.
async fn pages(client: &Client, endpoint: &str, query: &str, by: By) -> Vec<Reply> {
    let mut pages = vec![client.get(format!("{endpoint}?{query}")).await.expect(200)];
    while let Some(page) = pages.last().filter(|page| page.more()) {
        let onward = match by {
            By::Next => format!("next={}", page.next().unwrap()),
            By::AddedAfter => format!("added_after={}", page.last()),
        };
        pages.push(client.get(format!("{endpoint}?{query}&{onward}")).await.expect(200));
    }
    pages
}

fn ids(pages: &[Reply]) -> Vec<String> {
    pages.iter().flat_map(Reply::ids).collect()
}

/// A server with indicators 0 to `count` and as many objects of another type between them.
async fn filled(count: usize) -> Server {
    let server = Server::start().await;
    let both: Vec<_> = (0..count).flat_map(|number| [indicator(number), malware(number)]).collect();
    for chunk in both.chunks(30) {
        server.writer().add(OBJECTS, chunk).await;
    }
    server
}

#[tokio::test]
async fn t084_t085_t087_every_object_once_whichever_way_and_at_every_page_size() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(11)).await;
        let expected: Vec<String> = (0..11).map(|number| id("indicator", number)).collect();
        for endpoint in [OBJECTS, MANIFEST] {
            for by in [By::Next, By::AddedAfter] {
                for limit in [1, 2, 10, 11, 12] {
                    let pages = pages(&server.writer(), endpoint, &format!("limit={limit}"), by).await;
                    assert_eq!(ids(&pages), expected, "{endpoint} {by:?} {limit}");
                    assert_eq!(pages.len(), 11usize.div_ceil(limit), "no page is empty (Q5)");
                }
            }
        }
    }
}

#[tokio::test]
async fn t084_t051_pages_of_filtered_queries() {
    let server = filled(12).await;
    for query in ["match[type]=malware", "match[version]=all&match[type]=malware", "match[type]=malware&match[spec_version]=2.1"] {
        for by in [By::Next, By::AddedAfter] {
            let pages = pages(&server.writer(), OBJECTS, &format!("{query}&limit=5"), by).await;
            assert_eq!(ids(&pages), (0..12).map(|number| id("malware", number)).collect::<Vec<_>>(), "{query} {by:?}");
        }
    }
}

#[tokio::test]
async fn t051_next_survives_any_url_encoding() {
    let server = filled(3).await;
    let next = server.writer().get(format!("{OBJECTS}?limit=1&match[type]=malware")).await.next().unwrap();
    let encoded = next.bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat();
    assert_eq!(server.writer().get(format!("{OBJECTS}?next={encoded}&limit=1")).await.expect(200).ids(), [id("malware", 1)]);
}

#[tokio::test]
async fn q1_t054_next_alone_carries_the_query_and_the_limit_is_free() {
    let server = filled(10).await;
    let after = server.writer().get(format!("{OBJECTS}?limit=4")).await.last().to_owned();
    let first = server.writer().get(format!("{OBJECTS}?added_after={after}&match[type]=malware&limit=2")).await.expect(200);
    assert_eq!(first.ids(), [id("malware", 2), id("malware", 3)]);
    for (limit, expected) in [("&limit=1", 4..5), ("&limit=3", 4..7), ("", 4..10)] {
        let second = server.writer().get(format!("{OBJECTS}?next={}{limit}", first.next().unwrap())).await.expect(200);
        assert_eq!(second.ids(), expected.map(|number| id("malware", number)).collect::<Vec<_>>(), "{limit}");
    }
}

#[tokio::test]
async fn q2_next_with_the_query_repeated() {
    let server = filled(6).await;
    let query = "added_after=2021-01-01T00:00:00Z&match[type]=indicator&limit=2";
    assert_eq!(ids(&pages(&server.writer(), OBJECTS, query, By::Next).await).len(), 6);
}

#[tokio::test]
async fn q3_q4_a_stale_next_is_joined_with_a_newer_added_after() {
    let server = filled(6).await;
    let stale = server.writer().get(format!("{OBJECTS}?limit=2")).await.next().unwrap();
    let all = server.writer().get(format!("{OBJECTS}?limit=50")).await.last().to_owned();
    server.clock.advance(30 * 24 * 3600);
    server.writer().add(OBJECTS, &[indicator(50)]).await;
    let reply = server.writer().get(format!("{OBJECTS}?added_after={all}&next={stale}")).await.expect(200);
    assert_eq!((reply.ids(), reply.more()), (vec![id("indicator", 50)], false));
    // And with an older one, the cursor holds.
    let reply = server.writer().get(format!("{OBJECTS}?added_after=2021-01-01T00:00:00Z&next={stale}")).await.expect(200);
    assert_eq!(reply.ids()[0], id("indicator", 1));
}

#[tokio::test]
async fn q3_t053_a_next_of_another_collection_is_passed_over() {
    let server = filled(6).await;
    server.writer().add(PUBLIC_OBJECTS, &[indicator(70)]).await;
    let foreign = server.writer().get(format!("{OBJECTS}?limit=2")).await.next().unwrap();
    assert_eq!(server.writer().get(format!("{PUBLIC_OBJECTS}?next={foreign}")).await.expect(200).ids(), [id("indicator", 70)]);
    let elsewhere = format!("/partners/collections/private/objects/?next={foreign}");
    assert!(server.writer().get(elsewhere).await.expect(200).ids().is_empty());
}

#[tokio::test]
async fn t053_a_next_never_yields_what_the_new_query_does_not() {
    let server = filled(6).await;
    let malware = server.writer().get(format!("{OBJECTS}?match[type]=malware&limit=2")).await.next().unwrap();
    for query in ["match[type]=indicator".to_owned(), format!("match[id]={},{}", id("indicator", 5), id("indicator", 1))] {
        let reply = server.writer().get(format!("{OBJECTS}?{query}&next={malware}")).await.expect_any(&[200, 400, 404]);
        assert!(reply.ids().iter().all(|id| id.starts_with("indicator")), "{reply}");
    }
    let one = server.writer().get(format!("{OBJECTS}{}/?next={malware}", id("indicator", 0))).await.expect_any(&[200, 400, 404]);
    assert!(one.status != 200 || one.ids() == [id("indicator", 0)], "{one}");
}

#[tokio::test]
async fn t053_invariant_5_a_next_of_somebody_with_more_rights_shows_no_more() {
    let server = Server::start().await;
    let levels = [Level::Unmarked, Level::Red, Level::Green, Level::Amber, Level::Clear, Level::Red, Level::Green];
    let objects: Vec<_> = levels.iter().enumerate().map(|(number, level)| marked(&indicator(number), *level)).collect();
    server.admin().add(OBJECTS, &objects).await;
    let next = server.admin().get(format!("{OBJECTS}?limit=1")).await.next().unwrap();
    let seen = |reply: Reply| reply.ids();
    let reply = server.reader().get(format!("{OBJECTS}?next={next}")).await.expect(200);
    assert_eq!(seen(reply), [2, 4, 6].map(|number| id("indicator", number)));
    server.user("dropbox").get(format!("{OBJECTS}?next={next}")).await.expect(403);
    server.user("nobody").get(format!("{OBJECTS}?next={next}")).await.expect(404);
}

#[tokio::test]
async fn t052_a_next_of_nobody_or_damaged_is_400() {
    let server = filled(6).await;
    let good = server.writer().get(format!("{OBJECTS}?limit=2")).await.next().unwrap();
    let mut damaged = vec![good[1..].to_owned(), good[..good.len() - 1].to_owned(), format!("{good}A"), format!("{good}%3D"), good.to_lowercase()];
    damaged.extend(["abc", "0", "2", "-1", "%00", "%FF", "AAAA", "../", "null", "eyJhIjoxfQ", "\u{fc}"].map(str::to_owned));
    let object = format!("{OBJECTS}{}/", id("indicator", 0));
    for endpoint in [OBJECTS, MANIFEST, &object, &format!("{object}versions/")] {
        for next in &damaged {
            server.writer().get(format!("{endpoint}?next={next}")).await.expect(400);
        }
        server.writer().get(format!("{endpoint}?next={good}&next={good}")).await.expect(400);
    }
}

#[tokio::test]
async fn q4_a_next_outlives_the_server_and_works_at_another() {
    let (one, other) = (filled(3).await, filled(3).await);
    let next = one.writer().get(format!("{OBJECTS}?limit=1")).await.next().unwrap();
    // Another server's collection has another id: its first page, and no error.
    assert_eq!(other.writer().get(format!("{OBJECTS}?next={next}&limit=1")).await.expect(200).ids(), [id("indicator", 0)]);
    one.clock.advance(365 * 24 * 3600);
    assert_eq!(one.writer().get(format!("{OBJECTS}?next={next}&limit=1")).await.expect(200).ids(), [id("malware", 0)]);
}

#[tokio::test]
async fn q5_q19_taxii2_clients_empty_next_and_changed_limit() {
    let server = filled(4).await;
    let whole = server.writer().get(format!("{OBJECTS}?limit=100&next=")).await.expect(200);
    assert_eq!((whole.ids().len(), whole.more(), whole.next()), (8, false, None));
    let first = server.writer().get(format!("{OBJECTS}?limit=3")).await.expect(200);
    let rest = server.writer().get(format!("{OBJECTS}?limit=100&next={}", first.next().unwrap())).await.expect(200);
    assert_eq!(rest.ids().len(), 5);
}

#[tokio::test]
async fn t085_q6_added_after_of_an_empty_poll_is_where_the_next_poll_begins() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        server.writer().add(OBJECTS, &indicators(2)).await;
        let mut cursor = server.writer().get(OBJECTS).await.last().to_owned();
        for number in 2..6 {
            let idle = server.writer().get(format!("{OBJECTS}?added_after={cursor}")).await.expect(200);
            assert_eq!((idle.ids().len(), idle.last()), (0, cursor.as_str()));
            server.writer().add(OBJECTS, &[indicator(number)]).await;
            let news = server.writer().get(format!("{OBJECTS}?added_after={cursor}")).await.expect(200);
            assert_eq!(news.ids(), [id("indicator", number)]);
            cursor = news.last().to_owned();
        }
    }
}

#[tokio::test]
async fn t088_dates_increase_also_when_the_clock_stands() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let mut last = String::new();
        for number in 0..20 {
            server.writer().add(OBJECTS, &[indicator(number)]).await;
            let news = server.writer().get(format!("{OBJECTS}?added_after={}", if last.is_empty() { "1970-01-01T00:00:00Z" } else { &last })).await;
            assert_eq!(news.ids(), [id("indicator", number)]);
            last = news.last().to_owned();
        }
    }
}

const WRITERS: usize = 4;
const ROUNDS: usize = 30;
/// Objects that each writer revises again and again.
const REVISED: usize = 3;

/// One writer: each round adds two objects that stay as they are, and a new version of one that is revised.
async fn write(client: Client, writer: usize) {
    for round in 0..ROUNDS {
        let number = |n: usize| writer * 1000 + n;
        let version = format!("2021-04-01T00:00:{round:02}.000Z");
        let news = [indicator(number(100 + 2 * round)), revised(&malware(number(round % REVISED)), &version), indicator(number(101 + 2 * round))];
        client.add(OBJECTS, &news).await;
    }
}

/// What a reader saw: ids with versions, in order, and how often it asked.
async fn read(client: Client, by: By, finished: Arc<AtomicUsize>) -> Vec<(String, String)> {
    let (mut seen, mut onward) = (Vec::new(), String::new());
    loop {
        // Looked at before the page is read: what was finished then is on this page or a later one.
        let over = finished.load(Ordering::SeqCst) == WRITERS;
        let page = client.get(format!("{OBJECTS}?limit=7{onward}")).await.expect(200);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        seen.extend(page.objects().iter().map(|object| (text(&object["id"]), text(&object["modified"]))));
        match (by, page.next()) {
            (By::Next, Some(next)) => onward = format!("&next={next}"),
            _ if !page.last().is_empty() => onward = format!("&added_after={}", page.last()),
            _ => {}
        }
        if over && !page.more() {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t088_t084_t085_q8_invariant_1_readers_see_everything_once_and_in_order_while_others_write() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let finished = Arc::new(AtomicUsize::new(0));
        let readers = [By::Next, By::AddedAfter].map(|by| tokio::spawn(read(server.writer().without_mirror(), by, finished.clone())));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, finished) = (server.writer().without_mirror(), finished.clone());
                tokio::spawn(async move {
                    write(client, writer).await;
                    finished.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        // The order as it stands in the end: each version's place, and which versions are the latest.
        let history = pages(&server.writer(), MANIFEST, "match[version]=all&limit=50", By::Next).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let order: Vec<(String, String)> =
            history.iter().flat_map(Reply::objects).map(|record| (text(&record["id"]), text(&record["version"]))).collect();
        assert_eq!(order.len(), WRITERS * ROUNDS * 3);
        let place: BTreeMap<_, usize> = order.iter().cloned().zip(0..).collect();
        let latest: Vec<(String, String)> = pages(&server.writer(), OBJECTS, "limit=50", By::Next)
            .await
            .iter()
            .flat_map(Reply::objects)
            .map(|object| (text(&object["id"]), text(&object["modified"])))
            .collect();
        assert_eq!(latest.len(), WRITERS * (ROUNDS * 2 + REVISED));
        for reader in readers {
            let seen = reader.await.unwrap();
            assert!(seen.is_sorted_by_key(|version| place[version]), "{store:?}: out of order");
            assert!(seen.iter().enumerate().all(|(at, version)| at == 0 || seen[at - 1] != *version), "{store:?}: twice");
            let missed: Vec<_> = latest.iter().filter(|version| !seen.contains(version)).collect();
            assert!(missed.is_empty(), "{store:?}: never seen: {missed:?}");
        }
    }
}

#[tokio::test]
async fn q24_t186_a_page_of_large_objects_is_shorter_and_none_is_lost() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let large = |number: usize, octets: usize| with(&indicator(number), json!({ "description": "x".repeat(octets) }));
        let sizes = [PAGE_OCTETS / 3, PAGE_OCTETS / 3, PAGE_OCTETS / 3, PAGE_OCTETS + 1, 10, PAGE_OCTETS - 5000];
        for (number, octets) in sizes.into_iter().enumerate() {
            server.writer().add(OBJECTS, &[large(number, octets)]).await;
        }
        for by in [By::Next, By::AddedAfter] {
            let pages = pages(&server.writer(), OBJECTS, "limit=50", by).await;
            assert_eq!(ids(&pages), (0..sizes.len()).map(|number| id("indicator", number)).collect::<Vec<_>>());
            let longest = pages.iter().filter(|page| page.objects().len() > 1).map(|page| page.body.len()).max();
            assert!(longest.is_some_and(|longest| longest <= PAGE_OCTETS + 1000), "{longest:?}");
        }
    }
}

#[tokio::test]
async fn t049_t087_the_manifest_has_more_and_next_as_the_objects_do() {
    let server = filled(4).await;
    let page = server.writer().get(format!("{MANIFEST}?limit=3")).await.expect(200).json();
    assert_eq!(page["more"], true);
    assert!(page["next"].is_string());
    let whole = server.writer().get(format!("{MANIFEST}?limit=8")).await.expect(200).json();
    assert_eq!((whole["more"].clone(), whole.get("next")), (json!(false), None));
}
