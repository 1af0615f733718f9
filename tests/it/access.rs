//! Who may see and do what: credentials, rights and TLP levels (TAXII 2.1 §1.6.9, §5, App. B; Q20, Q23, Q25).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use taxiway::stix::marking::Level;
use taxiway::taxii::stamp::Stamp;

use crate::support::client::Client;
use crate::support::samples::{id, indicator, marked, revised, url};
use crate::support::server::{EVERY_STORE, MANIFEST, OBJECTS, PASSWORD, PRIVATE, PUBLIC_OBJECTS, START, Server};

const LEVELS: [Level; 6] = [Level::Unmarked, Level::Clear, Level::Green, Level::Amber, Level::AmberStrict, Level::Red];

/// One URL of every endpoint.
fn every_url() -> Vec<String> {
    let object = format!("{OBJECTS}{}/", id("indicator", 0));
    let fixed = ["/taxii2/", "/feeds/", "/feeds/collections/", PRIVATE, MANIFEST, OBJECTS, "/feeds/status/00000000-0000-4000-8000-000000000000/"];
    fixed.into_iter().map(str::to_owned).chain([object.clone(), format!("{object}versions/")]).collect()
}

#[tokio::test]
async fn t104_t129_t182_where_credentials_are_needed_their_lack_is_401() {
    let server = Server::start().await;
    server.close().await;
    for url in every_url() {
        let reply = server.anonymous().get(&url).await.expect(401);
        let challenges: Vec<&str> = reply.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(challenges.len(), 2, "{challenges:?}");
        server.anonymous().head(&url).await.expect(401);
    }
    server.anonymous().post(OBJECTS, "{}").await.expect(401);
    server.anonymous().delete(format!("{OBJECTS}{}/", id("indicator", 0))).await.expect(401);
    server.anonymous().get("/nothing/").await.expect(401);
}

#[tokio::test]
async fn t182_t129_wrong_and_unreadable_credentials_are_401_everywhere() {
    let server = Server::start().await;
    let basic = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    let headers = [
        basic(b"writer:wrong"),
        basic(format!("stranger:{PASSWORD}").as_bytes()),
        basic(b"writer"),
        basic(b":"),
        basic(b"\xff\xfe:\xff"),
        "Basic".into(),
        "Basic %%%".into(),
        "Bearer".into(),
        "Bearer nonsense".into(),
        "Bearer txw_nonsense".into(),
        "Token ".into(),
        "Digest username=\"writer\"".into(),
        "nonsense".into(),
        "\u{fc}".into(),
    ];
    for header in headers {
        let client = server.anonymous().header("authorization", &header);
        for url in every_url() {
            // Five wrong passwords are free, then the same user waits (429).
            client.get(&url).await.expect_any(&[401, 429]);
        }
        server.clock.advance(3600);
        client.get(PUBLIC_OBJECTS).await.expect(401);
    }
}

#[tokio::test]
async fn t180_q19_q23_every_way_to_say_who_one_is() {
    let server = Server::start().await;
    let token = server.token("writer", None).await;
    let basic = STANDARD.encode(format!("writer:{PASSWORD}"));
    let token_as_password = STANDARD.encode(format!("anybody:{token}"));
    let token_without_user = STANDARD.encode(format!(":{token}"));
    for (name, value) in [
        ("authorization", format!("Basic {basic}")),
        ("authorization", format!("basic {basic}")),
        ("authorization", format!("BASIC   {basic}")),
        ("authorization", format!("Basic {token_as_password}")),
        ("authorization", format!("Basic {token_without_user}")),
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("bearer {token}")),
        ("authorization", format!("Token {token}")),
        ("x-api-key", token.clone()),
    ] {
        server.anonymous().header(name, &value).get(OBJECTS).await.expect(200);
    }
    server.anonymous().header("x-api-key", "nonsense").get(PUBLIC_OBJECTS).await.expect(401);
    server.anonymous().header("x-other-key", &token).get(OBJECTS).await.expect_any(&[401, 404]);
}

#[tokio::test]
async fn t182_a_token_ends_when_it_expires() {
    let server = Server::start().await;
    let token = server.token("reader", Some(Stamp(START + 3_600_000_000))).await;
    let client = server.anonymous().header("authorization", &format!("Bearer {token}"));
    client.get(OBJECTS).await.expect(200);
    server.clock.advance(3601);
    client.get(OBJECTS).await.expect(401);
}

#[tokio::test]
async fn t182_q25_guessing_is_slowed_and_nobody_else_is() {
    let server = Server::start().await;
    let wrong = server.anonymous().basic("writer", "guess");
    for _ in 0..5 {
        wrong.get(OBJECTS).await.expect(401);
    }
    let slowed = wrong.get(OBJECTS).await.expect(429);
    let wait: u64 = slowed.header("retry-after").parse().unwrap();
    assert_eq!(wait, 1);
    // The right password of the same user waits too; other users and tokens do not.
    server.writer().get(OBJECTS).await.expect(429);
    server.reader().get(OBJECTS).await.expect(200);
    let token = server.token("writer", None).await;
    server.anonymous().header("authorization", &format!("Bearer {token}")).get(OBJECTS).await.expect(200);
    server.clock.advance(wait);
    wrong.get(OBJECTS).await.expect(401);
    assert_eq!(wrong.get(OBJECTS).await.expect(429).header("retry-after"), "2", "each failure doubles the wait");
    server.clock.advance(2);
    server.writer().get(OBJECTS).await.expect(200);
    wrong.get(OBJECTS).await.expect(401);
    server.writer().get(OBJECTS).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t182_guesses_side_by_side_are_slowed_as_those_one_by_one() {
    let server = Server::start().await;
    let all_at_once = async |client: Client| {
        let requests: Vec<_> = (0..40)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.get("/feeds/").await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for request in requests {
            statuses.push(request.await.unwrap());
        }
        statuses
    };
    // A right password that everybody sends at the same time is no guess.
    assert_eq!(all_at_once(server.reader()).await, [200; 40]);
    let guesses = all_at_once(server.anonymous().basic("writer", "guess")).await;
    let tried = guesses.iter().filter(|status| **status == 401).count();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert!((5..5 + cores).contains(&tried), "{tried} of 40 guesses were tried at once");
}

#[tokio::test]
async fn t130_t132_t127_rights_agree_with_what_the_endpoints_do() {
    let server = Server::start().await;
    server.admin().add(OBJECTS, &[indicator(0)]).await;
    let object = format!("{OBJECTS}{}/", id("indicator", 0));
    let reads = [OBJECTS.to_owned(), MANIFEST.into(), object.clone(), format!("{object}versions/")];
    for name in ["admin", "reader", "writer", "dropbox", "nobody"] {
        let client = server.user(name);
        let collection = client.get(PRIVATE).await.expect_any(&[200, 404]);
        for url in &reads {
            let expected = match (collection.status, collection.status == 200 && collection.get("can_read") == true) {
                (200, true) => 200,
                (200, false) => 403,
                _ => 404,
            };
            client.get(url).await.expect(expected);
        }
        let expected = match (collection.status, collection.status == 200 && collection.get("can_write") == true) {
            (200, true) => 202,
            (200, false) => 403,
            _ => 404,
        };
        client.post(OBJECTS, json!({ "objects": [indicator(0)] }).to_string()).await.expect(expected);
    }
}

#[tokio::test]
async fn t091_what_one_may_not_see_is_as_if_it_were_not_there() {
    let server = Server::start().await;
    for client in [server.anonymous(), server.reader(), server.writer()] {
        for rest in ["", "objects/", "manifest/", "objects/indicator--5a4d7b1e-0000-4000-8000-000000000000/"] {
            let id = server.id_of("feeds", "secret").to_string();
            let hidden = [client.get(format!("/feeds/collections/secret/{rest}")).await, client.get(format!("/feeds/collections/{id}/{rest}")).await];
            let absent = client.get(format!("/feeds/collections/nothing/{rest}")).await;
            for reply in hidden {
                assert_eq!((reply.status, reply.without_id()), (absent.status, absent.without_id()));
            }
        }
    }
}

/// The ids of every object that a client is shown, over all the ways there are to see one.
async fn seen(client: &Client, objects: &str) -> Vec<String> {
    let listed = client.get(objects).await.expect(200).ids();
    let all = client.get(format!("{objects}?match[version]=all")).await.expect(200).ids();
    let bundle = client.clone().accept("application/vnd.oasis.stix+json; version=2.0").get(objects).await.expect(200).ids();
    let mut single = Vec::new();
    for number in 0..LEVELS.len() {
        let path = format!("{objects}{}/", id("indicator", number));
        let (one, versions) = (client.get(&path).await.status, client.get(format!("{path}versions/")).await.status);
        assert_eq!(one, versions);
        if one == 200 {
            single.push(id("indicator", number));
        }
    }
    assert_eq!((&listed, &listed, &listed), (&all, &bundle, &single));
    listed
}

#[tokio::test]
async fn invariant_5_nobody_is_shown_what_is_above_their_level() {
    let server = Server::start().await;
    let objects: Vec<_> = LEVELS.iter().enumerate().map(|(number, level)| marked(&indicator(number), *level)).collect();
    for collection in [OBJECTS, PUBLIC_OBJECTS] {
        server.admin().add(collection, &objects).await;
    }
    let first = |count: usize| (0..count).map(|number| id("indicator", number)).collect::<Vec<_>>();
    assert_eq!(seen(&server.anonymous(), PUBLIC_OBJECTS).await, first(2));
    assert_eq!(seen(&server.user("dropbox"), PUBLIC_OBJECTS).await, first(2));
    for collection in [OBJECTS, PUBLIC_OBJECTS] {
        assert_eq!(seen(&server.reader(), collection).await, first(3));
        assert_eq!(seen(&server.writer(), collection).await, first(4));
        assert_eq!(seen(&server.admin(), collection).await, first(6));
    }
}

#[tokio::test]
async fn invariant_5_t053_hidden_objects_leave_no_trace_in_pages() {
    let server = Server::start().await;
    let objects: Vec<_> = (0..9).map(|number| marked(&indicator(number), if number % 3 == 0 { Level::Green } else { Level::Red })).collect();
    server.admin().add(OBJECTS, &objects).await;
    let page = server.reader().get(format!("{OBJECTS}?limit=3")).await.expect(200);
    assert_eq!((page.ids().len(), page.more()), (3, false), "the hidden ones behind the last are not \"more\"");
    let page = server.reader().get(format!("{OBJECTS}?limit=2")).await.expect(200);
    assert_eq!((page.ids(), page.more()), (vec![id("indicator", 0), id("indicator", 3)], true));
    let rest = server.reader().get(format!("{OBJECTS}?limit=2&next={}", page.next().unwrap())).await.expect(200);
    assert_eq!((rest.ids(), rest.more()), (vec![id("indicator", 6)], false));
}

#[tokio::test]
async fn invariant_5_a_version_above_ones_level_hides_the_object_and_not_the_versions_below() {
    let server = Server::start().await;
    let later = marked(&revised(&indicator(0), "2021-03-05T00:00:00.000Z"), Level::Red);
    server.admin().add(OBJECTS, &[marked(&indicator(0), Level::Green), later]).await;
    assert!(server.reader().get(OBJECTS).await.expect(200).ids().is_empty());
    let versions = server.reader().get(format!("{OBJECTS}{}/versions/", id("indicator", 0))).await.expect(200);
    assert_eq!(versions.list("versions").len(), 1);
}

#[tokio::test]
async fn invariant_5_t160_deleting_leaves_alone_what_one_may_not_see() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let versions = [Level::Green, Level::Red, Level::Amber, Level::Red]
            .iter()
            .enumerate()
            .map(|(day, level)| marked(&revised(&indicator(0), &format!("2021-03-0{}T00:00:00.000Z", day + 3)), *level));
        let versions: Vec<_> = versions.collect();
        server.admin().add(OBJECTS, &versions).await;
        server.admin().add(OBJECTS, &[marked(&indicator(1), Level::Red), url(0)]).await;
        let path = |type_name: &str, number: usize| format!("{OBJECTS}{}/", id(type_name, number));
        let left = async || server.admin().get(format!("{}versions/", path("indicator", 0))).await.list("versions").len();
        // The writer is cleared for TLP:AMBER.
        server.writer().delete(path("indicator", 1)).await.expect(404);
        server.writer().delete(path("indicator", 0) + "?match[version]=last").await.expect(404);
        server.writer().delete(path("indicator", 0) + "?match[version]=2021-03-04T00:00:00.000Z").await.expect(404);
        assert_eq!(left().await, 4);
        server.writer().delete(path("indicator", 0) + "?match[version]=first").await.expect(200);
        assert_eq!(left().await, 3);
        server.writer().delete(path("indicator", 0)).await.expect(200);
        assert_eq!(left().await, 2, "the red ones");
        server.writer().get(path("indicator", 0)).await.expect(404);
        server.writer().delete(path("indicator", 0)).await.expect(404);
        server.writer().delete(path("url", 0)).await.expect(200);
        server.admin().get(path("indicator", 1)).await.expect(200);
    }
}
