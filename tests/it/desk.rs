//! `/desk/…`: the work of analysts, as they and as TAXII clients see it.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use taxiway::store::directory::{Edit, Rights};

use crate::support::client::{Client, Reply, http};
use crate::support::samples::{CREATED, id, indicator, malware, with};
use crate::support::server::{DOCUMENT_OCTETS, EVERY_STORE, OBJECTS, PASSWORD, Server};

/// The collection that most tests work on.
const DESK: &str = "/desk/feeds/private/";
const DAY: u64 = 86_400;
const ADDRESS: &str = "[ipv4-addr:value = '198.51.100.7']";

async fn json(client: &Client, method: Method, target: &str, body: Value) -> Reply {
    client.request(method, target).header("content-type", "application/json").body(body.to_string()).send().await
}

/// Posts JSON to a path below the collection.
async fn send(client: &Client, what: &str, body: Value) -> Reply {
    json(client, Method::POST, &format!("{DESK}{what}/"), body).await
}

/// Publishes values: verdict and detail of each.
async fn publish(client: &Client, values: &[&str], terms: Value) -> Vec<(String, String)> {
    let told = send(client, "indicators", json!({ "values": values, "terms": terms })).await.expect(200).list("indicators");
    told.iter().map(|told| (text(told, "verdict"), text(told, "detail"))).collect()
}

/// Publishes one value, which must come out with this verdict; returns the detail.
async fn one(client: &Client, value: &str, terms: Value, verdict: &str) -> String {
    let told = publish(client, &[value], terms).await.pop().unwrap();
    assert_eq!(told.0, verdict, "{told:?}");
    told.1
}

/// Changes objects: what became of each.
async fn revise(client: &Client, targets: &[&str], change: Value) -> Vec<Value> {
    send(client, "revisions", json!({ "targets": targets, "change": change })).await.expect(200).list("objects")
}

/// The newest version of an object, as a TAXII client gets it.
async fn newest(client: &Client, id: &str) -> Value {
    client.get(format!("{OBJECTS}?match[id]={id}")).await.expect(200).objects().pop().unwrap_or_default()
}

/// All newest versions of a type.
async fn all(client: &Client, type_name: &str) -> Vec<Value> {
    client.get(format!("{OBJECTS}?match[type]={type_name}&limit=50")).await.expect(200).objects()
}

/// Imports a file and waits for its end.
async fn import(client: &Client, name: &str, file: &str, dry_run: bool, terms: Value) -> Value {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("name", name)
        .append_pair("dry_run", &dry_run.to_string())
        .append_pair("terms", &terms.to_string())
        .finish();
    let request = client.request(Method::POST, format!("{DESK}imports/?{query}")).header("content-type", "application/octet-stream");
    let begun = request.body(file.to_owned()).send().await.expect(202).json();
    loop {
        let import = client.get(format!("/desk/imports/{}/", text(&begun, "id"))).await.expect(200).json();
        if import["state"] != "running" {
            assert_eq!(import["state"], "done", "{import}");
            return import;
        }
    }
}

async fn undo(client: &Client, import: &Value) -> Reply {
    client.request(Method::POST, format!("/desk/imports/{}/undo/", text(import, "id"))).send().await
}

/// The entries of the audit log, the latest first.
async fn audit(client: &Client, query: &str) -> Vec<Value> {
    client.get(format!("/desk/audit/?{query}")).await.expect(200).list("entries")
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// The verdicts of an import that were given at all.
fn tally(import: &Value) -> BTreeMap<String, u64> {
    let tally = import["tally"].as_object().unwrap().iter();
    tally.map(|(word, count)| (word.clone(), count.as_u64().unwrap())).filter(|(_, count)| *count > 0).collect()
}

fn counts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
    of.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
}

/// The reader of a server, who is cleared for TLP:GREEN, as an analyst.
async fn cleared_for_green(server: &Server) -> Client {
    let rights = Rights { read: true, write: true, own: false };
    server.feed.edit(vec![Edit::Grant { user: "reader".into(), collection: server.id_of("feeds", "private"), rights }], None).await.unwrap();
    server.reader()
}

/// Everything that can be done to a collection, with bodies that would do it.
fn acts() -> [(&'static str, Value); 4] {
    [
        ("indicators", json!({ "values": ["198.51.100.7"] })),
        ("revisions", json!({ "targets": ["198.51.100.7"], "change": "revoke" })),
        ("restorations", json!({ "target": "198.51.100.7", "version": CREATED })),
        ("sightings", json!({ "targets": ["198.51.100.7"] })),
    ]
}

#[tokio::test]
async fn who_may_not_work_on_a_collection_is_told_so_and_changes_nothing() {
    let server = Server::start().await;
    one(&server.writer(), "198.51.100.7", json!({}), "new").await;
    let before = server.writer().get(OBJECTS).await.objects();
    for (what, body) in acts() {
        send(&server.reader(), what, body.clone()).await.expect(403);
        send(&server.user("dropbox"), what, body.clone()).await.expect(403);
        send(&server.user("nobody"), what, body.clone()).await.expect(404);
        let hidden = send(&server.anonymous(), what, body.clone()).await.expect(404);
        assert!(!hidden.header("www-authenticate").is_empty(), "credentials may help");
        json(&server.writer(), Method::POST, &format!("/desk/feeds/secret/{what}/"), body).await.expect(404);
        server.writer().get(format!("{DESK}{what}/")).await.expect(405);
    }
    for what in ["review", "imports"] {
        let file = |client: Client| async move {
            client.request(Method::POST, format!("{DESK}{what}/")).header("content-type", "text/csv").body("value\n198.51.100.9\n").send().await
        };
        file(server.reader()).await.expect(403);
        file(server.user("nobody")).await.expect(404);
    }
    assert_eq!(server.writer().get(OBJECTS).await.objects(), before);

    for path in ["/desk/audit/", "/desk/audit/1/", "/desk/audit/export/", "/desk/imports/", "/desk/imports/x/"] {
        server.anonymous().get(path).await.expect(401);
    }
    server.writer().get("/desk/audit/export/").await.expect(403);
    for path in ["/desk/", "/desk/nothing/", "/desk/audit/1/", "/desk/audit/x/", "/desk/imports/x/", "/desk/feeds/private/nothing/"] {
        server.writer().get(path).await.expect(404);
    }
    server.close().await;
    for (what, body) in acts() {
        send(&server.anonymous(), what, body).await.expect(401);
    }
    server.anonymous().get("/desk/objects/").await.expect(401);
}

#[tokio::test]
async fn what_cannot_be_understood_is_told_with_its_place() {
    let server = Server::start().await;
    let writer = server.writer();
    let post = |what: &str, kind: &str, body: String| {
        let request = writer.request(Method::POST, format!("{DESK}{what}/")).header("content-type", kind).body(body);
        request.send()
    };
    for (what, body) in acts() {
        post(what, "text/plain", body.to_string()).await.expect(415);
        post(what, "application/json", "{".into()).await.expect(400);
        post(what, "application/json", r#"{"colour": "red"}"#.into()).await.expect(422);
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        post("imports", kind, "value\n198.51.100.7\n".into()).await.expect(415);
    }
    post("imports", "text/csv", "nothing of interest".into()).await.expect(422);
    post("imports", "text/csv", "x".repeat(usize::try_from(DOCUMENT_OCTETS).unwrap() + 1)).await.expect(413);
    writer.request(Method::POST, format!("{DESK}imports/?colour=red")).header("content-type", "text/csv").body("x").send().await.expect(400);
    let query = "terms=%7B%22confidence%22%3A101%7D";
    let request = writer.request(Method::POST, format!("{DESK}imports/?{query}")).header("content-type", "text/csv");
    request.body("value\n198.51.100.7\n").send().await.expect(422);
    for query in ["limit=x", "tlp=blue", "collection=x", "order=size"] {
        writer.get(format!("/desk/objects/?{query}")).await.expect(400);
    }
    writer.get("/desk/audit/?colour=red").await.expect(400);
    writer.get("/desk/audit/?verb=dance").await.expect(400);
    writer.get("/desk/objects/?collection=feeds/secret").await.expect(404);
    assert_eq!(writer.get(OBJECTS).await.objects().len(), 0);
}

#[tokio::test]
async fn what_is_published_is_what_taxii_clients_get() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let terms = json!({
            "tlp": "green", "confidence": 80, "valid_days": 90, "labels": ["exchange"], "indicator_types": ["malicious-activity"],
            "kill_chain": ["initial-access"], "related": [id("malware", 1)], "source": { "name": "CERT", "url": "https://cert.example.org/1" },
        });
        let told = publish(&server.writer(), &["198.51.100[.]7", "see hxxps://evil[.]example[.]com/a and 10.0.0.1", "nothing"], terms).await;
        assert_eq!(told.iter().map(|(verdict, _)| verdict.as_str()).collect::<Vec<_>>(), ["new", "new", "nothing", "nothing"], "{told:?}");
        let found = newest(&server.reader(), &told[0].1).await;
        assert_eq!((&found["pattern"], &found["confidence"], &found["labels"]), (&json!(ADDRESS), &json!(80), &json!(["exchange"])));
        assert_eq!(found["object_marking_refs"], json!(["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]));
        assert_eq!(found["kill_chain_phases"], json!([{ "kill_chain_name": "mitre-attack", "phase_name": "initial-access" }]));
        assert!(text(&found, "valid_until").starts_with("2024-07-30T12:00:00."), "{found}");
        assert_eq!(found["external_references"][0]["source_name"], "CERT");
        let author = newest(&server.reader(), &text(&found, "created_by_ref")).await;
        assert_eq!(author["name"], "writer");
        let [related, _] = &all(&server.reader(), "relationship").await[..] else { panic!() };
        assert_eq!((&related["source_ref"], &related["target_ref"]), (&found["id"], &json!(id("malware", 1))));
        assert_eq!(newest(&server.reader(), &told[1].1).await["pattern"], "[url:value = 'https://evil.example.com/a']");
    }
}

#[tokio::test]
async fn a_trial_tells_the_same_and_stores_nothing() {
    let server = Server::start().await;
    let body = json!({ "values": ["198.51.100.7", "[nonsense = 'x']"], "terms": { "labels": ["a"] }, "dry_run": true });
    let told = send(&server.writer(), "indicators", body.clone()).await.expect(200).list("indicators");
    assert_eq!((&told[0]["verdict"], &told[1]["verdict"]), (&json!("new"), &json!("refused")));
    let table = "value\n198.51.100.7\n198.51.100[.]7\n";
    let tried = import(&server.writer(), "a.csv", table, true, json!({})).await;
    assert_eq!(tally(&tried), counts(&[("known", 1), ("new", 1)]), "two lines that say the same");
    assert_eq!(server.writer().get(OBJECTS).await.objects().len(), 0);
    assert_eq!(audit(&server.admin(), "").await.len(), 0);
}

#[tokio::test]
async fn what_no_object_could_be_is_refused_and_leaves_nothing_behind() {
    let server = Server::start().await;
    for terms in [
        json!({ "confidence": 101 }),
        json!({ "valid_days": 0 }),
        json!({ "related": ["nonsense"] }),
        json!({ "source": { "name": " " } }),
        json!({ "source": { "name": "CERT", "url": "not a URL" }, "related": [id("malware", 1)] }),
    ] {
        one(&server.writer(), "198.51.100.7", terms, "refused").await;
    }
    assert_eq!(server.writer().get(OBJECTS).await.objects().len(), 0);
}

#[tokio::test]
async fn the_same_said_again_is_one_indicator() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let (writer, admin) = (server.writer(), server.admin());
        let first = one(&writer, "198.51.100.7", json!({ "confidence": 60, "source": { "name": "CISA" } }), "new").await;
        let again = one(&writer, "198.51.100[.]7", json!({ "confidence": 60, "source": { "name": "CISA" } }), "known").await;
        assert_eq!(first, again);
        let spelled = "[ ipv4-addr:value  =  '198.51.100.7' ]";
        assert_eq!(one(&admin, spelled, json!({ "confidence": 50, "source": { "name": "ESET" } }), "merged").await, first);
        let merged = newest(&writer, &first).await;
        assert_eq!((&merged["confidence"], merged["external_references"].as_array().unwrap().len()), (&json!(80), 2));
        // What somebody else has posted under an id of its own.
        let foreign = with(&indicator(1), json!({ "pattern": "[ domain-name:value  =  'evil.example.com' ]" }));
        writer.add(OBJECTS, &[foreign]).await;
        let known = one(&writer, "evil[.]example[.]com", json!({ "labels": ["mine"] }), "merged").await;
        assert_eq!(known, id("indicator", 1));
        assert_eq!(newest(&writer, &known).await["labels"], json!(["mine"]));
        assert_eq!(all(&writer, "indicator").await.len(), 2);
        // Twice in one go.
        let told = publish(&writer, &["198.51.100.8", "[ipv4-addr:value='198.51.100.8']"], json!({})).await;
        assert_eq!((told[0].0.as_str(), told[1].0.as_str(), &told[0].1), ("new", "known", &told[1].1));
    }
}

#[tokio::test]
async fn many_who_publish_the_same_at_once_make_one_indicator() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let clients: Vec<Client> = (0..8).map(|at| if at % 2 == 0 { server.writer() } else { server.admin() }).collect();
        let told = join_all(clients.iter().map(|client| publish(client, &["198.51.100.7", "evil.example.com"], json!({})))).await;
        let new = told.iter().flatten().filter(|(verdict, _)| verdict == "new").count();
        assert_eq!(new, 2, "{told:?}");
        assert_eq!(all(&server.writer(), "indicator").await.len(), 2);
    }
}

#[tokio::test]
async fn a_revocation_is_a_new_version_and_final() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let writer = server.writer();
        let ours = one(&writer, "198.51.100.7", json!({}), "new").await;
        let since = writer.get(OBJECTS).await.last().to_owned();
        let other = with(&indicator(1), json!({ "pattern": "[ipv4-addr:value = '198.51.100.7' OR ipv4-addr:value = '198.51.100.7']" }));
        writer.add(OBJECTS, &[other]).await;
        let told = revise(&writer, &["198.51.100[.]7", "203.0.113.1", "what is this"], json!("revoke")).await;
        let outcomes: Vec<&str> = told.iter().filter_map(|one| one["outcome"].as_str()).collect();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == "refused").count(), 2, "{told:?}");
        assert_eq!(newest(&writer, &ours).await["revoked"], true);
        let news = writer.get(format!("{OBJECTS}?added_after={since}&match[type]=indicator")).await.objects();
        assert!(news.iter().any(|object| object["id"] == json!(ours) && object["revoked"] == true), "pollers see it");
        assert_eq!(revise(&writer, &[&ours], json!("revoke")).await[0]["outcome"], "refused");
        assert_eq!(revise(&writer, &[&ours], json!({ "confidence": 5 })).await[0]["outcome"], "refused");
    }
}

#[tokio::test]
async fn what_was_revoked_is_published_again_only_if_that_is_asked_for() {
    let server = Server::start().await;
    let writer = server.writer();
    let first = one(&writer, "198.51.100.7", json!({}), "new").await;
    revise(&writer, &[&first], json!("revoke")).await;
    assert_eq!(one(&writer, "198.51.100.7", json!({}), "revoked").await, first);
    let second = one(&writer, "198.51.100.7", json!({ "revive": true }), "new").await;
    assert_ne!(first, second);
    assert_eq!(one(&writer, "198.51.100.7", json!({}), "known").await, second);
    revise(&writer, &["198.51.100.7"], json!("revoke")).await;
    let third = one(&writer, "198.51.100.7", json!({ "revive": true }), "new").await;
    assert!(third != first && third != second);
}

#[tokio::test]
async fn each_change_is_a_version() {
    let server = Server::start().await;
    let writer = server.writer();
    let id = one(&writer, "198.51.100.7", json!({ "tlp": "amber", "labels": ["a", "b"] }), "new").await;
    for change in [
        json!({ "label": { "add": ["c"], "remove": ["a"] } }),
        json!({ "tlp": "green" }),
        json!({ "confidence": 70 }),
        json!({ "extend": 30 }),
        json!({ "set": { "description": "an office" } }),
    ] {
        let told = revise(&writer, &[&id], change.clone()).await;
        assert_eq!(told[0]["outcome"], "changed", "{change}: {told:?}");
        let again = revise(&writer, &[&id], change.clone()).await;
        let expected = if change.get("extend").is_some() { "changed" } else { "unchanged" };
        assert_eq!(again[0]["outcome"], expected, "{change}: {again:?}");
    }
    let found = newest(&writer, &id).await;
    assert_eq!((&found["labels"], &found["confidence"], &found["description"]), (&json!(["b", "c"]), &json!(70), &json!("an office")));
    assert_eq!(newest(&server.reader(), &id).await, found, "now it is green");
    for change in [
        json!({ "confidence": 101 }),
        json!({ "extend": 0 }),
        json!({ "set": { "id": "x" } }),
        json!({ "set": { "pattern": "[x" } }),
        json!({ "tlp": "red" }),
    ] {
        assert_eq!(revise(&writer, &[&id], change.clone()).await[0]["outcome"], "refused", "{change}");
    }
    assert_eq!(revise(&writer, &[&id], json!("expire")).await[0]["outcome"], "changed");
}

#[tokio::test]
async fn an_earlier_content_is_taken_up_again_also_of_what_is_revoked() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let writer = server.writer();
        let id = one(&writer, "198.51.100.7", json!({ "labels": ["first"] }), "new").await;
        let first = newest(&writer, &id).await;
        revise(&writer, &[&id], json!({ "label": { "add": ["second"] } })).await;
        let restore = async |version: &str| send(&writer, "restorations", json!({ "target": id, "version": version })).await;
        let told = restore(&text(&first, "modified")).await.expect(200).list("objects");
        assert_eq!((&told[0]["outcome"], &told[0]["id"]), (&json!("changed"), &json!(id)));
        assert_eq!(newest(&writer, &id).await["labels"], json!(["first"]));

        revise(&writer, &[&id], json!("revoke")).await;
        let revocation = newest(&writer, &id).await;
        restore(&text(&revocation, "modified")).await.expect(422);
        restore("2001-01-01T00:00:00Z").await.expect(404);
        restore("yesterday").await.expect(422);
        let told = restore(&text(&first, "modified")).await.expect(200).list("objects");
        let successor = text(&told[0], "id");
        assert_ne!(successor, id);
        let found = newest(&writer, &successor).await;
        assert_eq!((&found["labels"], &found["pattern"], found.get("revoked")), (&json!(["first"]), &first["pattern"], None));
        let follows = all(&writer, "relationship").await.pop().unwrap();
        assert_eq!(follows["relationship_type"], "derived-from");
        assert_eq!((&follows["source_ref"], &follows["target_ref"]), (&json!(successor), &json!(id)));
        restore(&text(&first, "modified")).await.expect(422);
        assert_eq!(one(&writer, "198.51.100.7", json!({}), "known").await, successor);
    }
}

#[tokio::test]
async fn sightings_move_the_confidence_both_ways() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let writer = server.writer();
        let id = one(&writer, "198.51.100.7", json!({ "tlp": "green", "confidence": 50 }), "new").await;
        let sight = async |client: &Client, more: Value| {
            let mut body = json!({ "targets": ["198.51.100.7"] });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            send(client, "sightings", body).await.expect(200).list("objects")
        };
        let told = sight(&writer, json!({ "count": 3, "source": { "name": "proxy" }, "comment": "by the office" })).await;
        let sighting = newest(&server.reader(), &text(&told[0], "id")).await;
        assert_eq!((&sighting["sighting_of_ref"], &sighting["count"], &sighting["description"]), (&json!(id), &json!(3), &json!("by the office")));
        assert_eq!(sighting["object_marking_refs"], newest(&writer, &id).await["object_marking_refs"]);
        assert_eq!(newest(&writer, &id).await["confidence"], 60);
        let told = sight(&server.admin(), json!({ "false_positive": true })).await;
        let wrong = newest(&writer, &text(&told[0], "id")).await;
        assert_eq!((&wrong["count"], &wrong["labels"]), (&json!(0), &json!(["false-positive"])));
        assert_eq!(newest(&writer, &text(&wrong, "created_by_ref")).await["name"], "admin", "whoever has seen it is known");
        assert_eq!(newest(&writer, &id).await["confidence"], 36);
        for _ in 0..3 {
            sight(&writer, json!({ "false_positive": true })).await;
        }
        let ended = newest(&writer, &id).await;
        assert_eq!(ended["confidence"], 7);
        assert!(text(&ended, "valid_until").as_str() < "2024-05-02", "nobody blocks by it any more: {ended}");
        send(&writer, "sightings", json!({ "targets": [id], "count": 0 })).await.expect(422);
    }
}

#[tokio::test]
async fn who_is_not_cleared_neither_sees_nor_revises_nor_learns_of_it() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let (writer, green) = (server.writer(), cleared_for_green(&server).await);
        let amber = one(&writer, "198.51.100.7", json!({ "tlp": "amber", "labels": ["secret"] }), "new").await;
        let imported = import(&writer, "secret.csv", "value\n198.51.100.77\n", false, json!({ "tlp": "amber" })).await;
        let before = newest(&writer, &amber).await;
        let nothing = id("indicator", 99);

        // What is told of it is what is told of something that is not there.
        let told = |reply: Reply, name: &str| reply.expect(404).without_id().to_string().replace(name, "X");
        let show = async |name: &str| told(green.get(format!("{DESK}objects/{name}/")).await, name);
        assert_eq!(show(&amber).await, show(&nothing).await);
        assert_eq!(show("198.51.100.7").await, show("203.0.113.1").await);
        let refused = async |name: &str, what: &str, body: Value| {
            let body: Value = serde_json::from_str(&body.to_string().replace('X', name)).unwrap();
            send(&green, what, body).await.expect(200).get("objects").to_string().replace(name, "X")
        };
        for (what, body) in [("revisions", json!({ "targets": ["X"], "change": "revoke" })), ("sightings", json!({ "targets": ["X"] }))] {
            assert_eq!(refused(&amber, what, body.clone()).await, refused(&nothing, what, body.clone()).await);
            assert_eq!(refused("198.51.100.7", what, body.clone()).await, refused("203.0.113.1", what, body).await);
        }
        let restore = json!({ "target": amber, "version": before["modified"] });
        send(&green, "restorations", restore).await.expect(404);
        assert_eq!(green.get("/desk/objects/?text=198.51.100.7").await.expect(200).get("total"), 0);
        let review = green.request(Method::POST, format!("{DESK}review/")).header("content-type", "text/plain").body("198.51.100.7");
        assert_eq!(review.send().await.expect(200).list("candidates")[0]["known"], json!([]));
        assert_eq!(green.get("/desk/imports/").await.list("imports").len(), 0);
        green.get(format!("/desk/imports/{}/", text(&imported, "id"))).await.expect(404);
        undo(&green, &imported).await.expect(404);
        assert_eq!(audit(&green, "").await.len(), 0);
        let entry = audit(&writer, "verb=publish").await.pop().unwrap();
        green.get(format!("/desk/audit/{}/", entry["at"])).await.expect(404);

        // The same value of its own is another indicator, and the one that it may not see stays as it is.
        let own = one(&green, "198.51.100.7", json!({ "tlp": "green" }), "new").await;
        assert_ne!(own, amber);
        assert_eq!(one(&green, "198.51.100.7", json!({ "tlp": "green" }), "known").await, own);
        assert_eq!(newest(&writer, &amber).await, before);
        one(&green, "203.0.113.1", json!({ "tlp": "amber" }), "refused").await;
        assert_eq!(revise(&green, &[&own], json!({ "tlp": "amber" })).await[0]["outcome"], "refused");
    }
}

#[tokio::test]
async fn an_id_that_is_taken_by_what_may_not_be_seen_is_left_alone() {
    let server = Server::start().await;
    let (writer, green) = (server.writer(), cleared_for_green(&server).await);
    let first = one(&writer, "198.51.100.7", json!({ "tlp": "green" }), "new").await;
    revise(&writer, &[&first], json!({ "tlp": "amber" })).await;
    let before = newest(&writer, &first).await;
    let own = one(&green, "198.51.100.7", json!({ "tlp": "green" }), "new").await;
    assert_ne!(first, own);
    assert_eq!(newest(&writer, &first).await, before);
    assert_eq!(newest(&green, &own).await["pattern"], ADDRESS);
}

#[tokio::test]
async fn a_version_tells_who_made_it_to_those_who_may_know() {
    let server = Server::start().await;
    let id = one(&server.writer(), "198.51.100.7", json!({}), "new").await;
    let note = json!({ "targets": [id], "change": { "confidence": 30 }, "note": "seen at the office" });
    let asked = send(&server.admin(), "revisions", note).await.expect(200);
    let show = async |client: Client| client.get(format!("{DESK}objects/198.51.100%5B.%5D7/")).await.expect(200).list("versions");
    let by_admin = show(server.admin()).await;
    assert_eq!(by_admin.len(), 2);
    let entry = &by_admin[0]["entry"];
    assert_eq!((&entry["who"], &entry["verb"], &entry["note"]), (&json!("admin"), &json!("edit"), &json!("seen at the office")));
    assert_eq!((&entry["from"], &entry["request"]), (&json!("127.0.0.1"), &json!(asked.header("x-request-id"))));
    assert_eq!((&by_admin[1]["entry"]["who"], &by_admin[1]["entry"]["verb"]), (&json!("writer"), &json!("publish")));
    let by_writer = show(server.writer()).await;
    assert_eq!(
        (&by_writer[0]["entry"]["who"], by_writer[0]["entry"].get("from")),
        (&json!("admin"), None),
        "others are told who, and not from where"
    );
    assert_eq!(by_writer[1]["entry"]["from"], "127.0.0.1");
    assert!(show(server.reader()).await.iter().all(|version| version["entry"].is_null()));
}

#[tokio::test]
async fn what_nobody_touches_decays_where_the_operator_says_so() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let writer = server.writer();
        let id = one(&writer, "198.51.100.7", json!({ "confidence": 90 }), "new").await;
        let touched = one(&writer, "198.51.100.8", json!({ "confidence": 90 }), "new").await;
        let path = "/admin/collections/feeds/private/decay/";
        let admin = server.admin();
        let switch = |on: bool| json(&admin, Method::PUT, path, json!({ "decay": on }));
        server.clock.advance(31 * DAY);
        assert_eq!(server.feed.decay().await.unwrap(), 0, "nobody has said so");
        assert_eq!(server.admin().get(path).await.get("decay"), false);
        assert_eq!(switch(true).await.expect(200).get("decay"), true);
        json(&writer, Method::PUT, path, json!({ "decay": true })).await.expect(403);
        json(&admin, Method::PUT, "/admin/collections/feeds/nothing/decay/", json!({ "decay": true })).await.expect(404);
        json(&admin, Method::PUT, path, json!({})).await.expect(422);

        one(&writer, "198.51.100.8", json!({ "labels": ["again"] }), "merged").await;
        assert_eq!(server.feed.decay().await.unwrap(), 1);
        let fallen = newest(&writer, &id).await;
        assert_eq!((&fallen["confidence"], &fallen["labels"]), (&json!(60), &json!(["decayed-1"])));
        assert_eq!(server.feed.decay().await.unwrap(), 0, "a step at a time");
        server.clock.advance(31 * DAY);
        assert_eq!(server.feed.decay().await.unwrap(), 2);
        assert_eq!(newest(&writer, &id).await["confidence"], 30);
        send(&writer, "sightings", json!({ "targets": [touched] })).await.expect(200);
        assert_eq!(newest(&writer, &touched).await["labels"], json!(["again"]), "whoever sights it makes it young again");
        server.clock.advance(31 * DAY);
        server.feed.decay().await.unwrap();
        assert!(text(&newest(&writer, &id).await, "valid_until").starts_with("2024-08-02"), "its life of 90 days is over");
        let entry = &audit(&server.admin(), "verb=decay").await[0];
        assert_eq!((&entry["who"], &entry["through"]), (&json!("taxiway"), &json!("program")));
        switch(false).await.expect(200);
        server.clock.advance(31 * DAY);
        assert_eq!(server.feed.decay().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_file_is_imported_line_by_line_and_undone_as_a_whole() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let (writer, admin) = (server.writer(), server.admin());
        let known = one(&writer, "198.51.100.1", json!({ "confidence": 60, "source": { "name": "CISA" } }), "new").await;
        let before = newest(&writer, &known).await;
        let gone = one(&writer, "198.51.100.2", json!({}), "new").await;
        revise(&writer, &[&gone], json!("revoke")).await;
        let table = "value,confidence,comment\n198.51.100[.]1,50,again\n198.51.100.2,,\n198.51.100.3,70,new\n198.51.100.4,,\nnonsense,,\n198.51.100.5,x,\n,,\n";
        let imported = import(&writer, "list.csv", table, false, json!({ "source": { "name": "ESET" } })).await;
        assert_eq!(tally(&imported), counts(&[("merged", 1), ("new", 2), ("nothing", 1), ("refused", 2), ("revoked", 1)]), "{imported}");
        let lines: Vec<(u64, String)> =
            imported["lines"].as_array().unwrap().iter().map(|line| (line["line"].as_u64().unwrap(), text(line, "verdict"))).collect();
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
        let of_lines = |verdicts: &str| writer.get(format!("/desk/imports/{}/?verdicts={verdicts}", text(&imported, "id")));
        assert_eq!(of_lines("refused,nothing").await.expect(200).list("lines").len(), 3);
        let listed = admin.get("/desk/imports/").await.list("imports");
        assert_eq!((listed.len(), &listed[0]["name"], listed[0].get("lines")), (1, &json!("list.csv"), None));

        let [three, four] = ["198.51.100.3", "198.51.100.4"];
        let changed = text(&revise(&admin, &[four], json!({ "label": { "add": ["mine"] } })).await[0], "id");
        let undone = undo(&writer, &imported).await.expect(200).json();
        assert_eq!((&undone["revoked"], &undone["restored"]), (&json!(1), &json!(1)), "{undone}");
        assert_eq!(undone["left"], json!([[changed, "others have changed it since"]]));
        let show = writer.get(format!("{DESK}objects/{three}/")).await.expect(200).list("versions");
        assert_eq!(show[0]["object"]["revoked"], true);
        let restored = with(&newest(&writer, &known).await, json!({ "modified": before["modified"] }));
        assert_eq!(restored, before);
        assert_eq!(newest(&writer, &changed).await["labels"], json!(["mine"]));
        undo(&writer, &imported).await.expect(422);
        assert_eq!(writer.get(format!("/desk/imports/{}/", text(&imported, "id"))).await.get("state"), "undone");
        let entries = audit(&writer, &format!("import={}", text(&imported, "id"))).await;
        assert!(entries.iter().all(|entry| entry["verb"] == "import" && entry["who"] == "writer" && entry["from"] == "127.0.0.1"), "{entries:?}");
        assert_eq!(audit(&writer, "verb=undo").await.len(), 1);
    }
}

#[tokio::test]
async fn what_an_import_came_to_twice_is_undone_to_what_was_there_before_it() {
    let server = Server::start().await;
    let writer = server.writer();
    // More lines than are written at once, of which the last says something new of the first.
    let hosts: Vec<String> = (0..2_100).map(|at| format!("10.{}.{}.1,a", at / 250 + 1, at % 250)).collect();
    let table = format!("value,labels\n{}\n10.1.0.1,b\n", hosts.join("\n"));
    let imported = import(&writer, "long.csv", &table, false, json!({})).await;
    assert_eq!(tally(&imported), counts(&[("merged", 1), ("new", 2_100)]));
    let undone = undo(&writer, &imported).await.expect(200).json();
    assert_eq!((&undone["revoked"], &undone["left"]), (&json!(2_100), &json!([])), "{undone}");
    let found = writer.get("/desk/objects/?type=indicator&revoked=no").await.get("total");
    assert_eq!(found, 0);
}

#[tokio::test]
async fn stix_events_of_misp_and_prose_are_imported() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let writer = server.writer();
        writer.add(OBJECTS, &[malware(7)]).await;
        let newer = with(&malware(7), json!({ "modified": "2022-01-01T00:00:00.000Z", "name": "newer" }));
        let red = with(&malware(8), json!({ "object_marking_refs": ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"] }));
        let bundle = json!({ "type": "bundle", "id": "bundle--3c10e93f-798e-4a26-a0c1-08156efab7f5",
            "objects": [indicator(1), malware(7), newer, { "type": "malware" }, red] });
        let expected = counts(&[("known", 1), ("merged", 1), ("new", 1), ("refused", 2)]);
        assert_eq!(tally(&import(&writer, "b.json", &bundle.to_string(), true, json!({})).await), expected);
        let stix = import(&writer, "b.json", &bundle.to_string(), false, json!({})).await;
        assert_eq!(tally(&stix), expected, "{stix}");
        assert_eq!(newest(&writer, &id("malware", 7)).await["name"], "newer");
        let undone = undo(&writer, &stix).await.expect(200).json();
        assert_eq!((&undone["revoked"], &undone["restored"]), (&json!(1), &json!(1)), "{undone}");
        assert_eq!(newest(&writer, &id("malware", 7)).await["name"], malware(7)["name"]);
        assert_eq!(newest(&writer, &id("indicator", 1)).await["revoked"], true);

        let event = json!({ "Event": { "info": "Shells", "Orgc": { "name": "CERT" }, "Tag": [{ "name": "tlp:green" }], "Attribute": [
            { "type": "ip-dst", "value": "198.51.100.7", "to_ids": true }, { "type": "comment", "value": "x", "to_ids": false },
        ] } });
        let misp = import(&writer, "event.json", &event.to_string(), false, json!({})).await;
        assert_eq!((tally(&misp), &misp["level"]), (counts(&[("new", 1), ("nothing", 1)]), &json!("green")));
        let prose = import(&writer, "mail.txt", "They used hxxp://evil[.]example[.]com/a\nand 198.51.100[.]7.", false, json!({})).await;
        assert_eq!(tally(&prose).get("new"), Some(&1), "{prose}");
        assert!(audit(&writer, "verb=import").await.len() >= 3);
    }
}

#[tokio::test]
async fn a_document_is_reviewed_and_nothing_of_it_is_stored() {
    let server = Server::start().await;
    let writer = server.writer();
    let id = one(&writer, "198.51.100.7", json!({}), "new").await;
    let count = all(&writer, "indicator").await.len();
    let request = writer.request(Method::POST, format!("{DESK}review/?name=mail.txt")).header("content-type", "text/plain");
    let found = request.body("From 198.51.100[.]7\nand evil[.]example[.]com, again 198.51.100.7").send().await.expect(200).list("candidates");
    assert_eq!((&found[0]["value"], &found[0]["count"], &found[0]["line"]), (&json!("198.51.100.7"), &json!(2), &json!(1)));
    assert_eq!((&found[0]["known"][0]["id"], &found[0]["pattern"]), (&json!(id), &json!(ADDRESS)));
    assert_eq!((&found[1]["value"], &found[1]["line"], &found[1]["known"]), (&json!("evil.example.com"), &json!(2), &json!([])));
    assert_eq!(all(&writer, "indicator").await.len(), count);
}

#[tokio::test]
async fn objects_are_found_by_what_they_say_in_what_the_caller_may_read() {
    let server = Server::start().await;
    publish(&server.writer(), &["198.51.100.7", "evil.example.com"], json!({ "labels": ["x"], "confidence": 70 })).await;
    one(&server.writer(), "198.51.100.9", json!({ "tlp": "green" }), "new").await;
    let total = async |client: Client, query: &str| client.get(format!("/desk/objects/?{query}")).await.expect(200).get("total").as_u64().unwrap();
    assert_eq!(total(server.reader(), "type=indicator").await, 3);
    assert_eq!(total(server.reader(), "type=indicator&label=x&confidence_from=70").await, 2);
    assert_eq!(total(server.reader(), "text=evil").await, 1);
    assert_eq!(total(server.reader(), "type=indicator&kind=ipv4-addr&tlp=green&collection=feeds/private").await, 1);
    assert_eq!(total(server.anonymous(), "").await, 0);
    assert_eq!(total(server.user("nobody"), "").await, 0);
}

#[tokio::test]
async fn the_audit_log_tells_who_what_when_from_where_before_and_after() {
    for store in EVERY_STORE {
        let server = Server::on(store).await;
        let (writer, admin) = (server.writer(), server.admin());
        let asked = send(&writer, "indicators", json!({ "values": ["198.51.100.7"] })).await.expect(200);
        let id = text(&asked.list("indicators")[0], "detail");
        send(&admin, "revisions", json!({ "targets": [id], "change": { "confidence": 30 }, "note": "why not" })).await.expect(200);
        writer.add(OBJECTS, &[malware(1)]).await;
        writer.delete(format!("{OBJECTS}{}/", malware(1)["id"].as_str().unwrap())).await.expect(200);
        json(&admin, Method::PUT, "/admin/collections/feeds/private/decay/", json!({ "decay": true })).await.expect(200);

        let log = audit(&admin, "").await;
        let verbs: Vec<String> = log.iter().map(|entry| text(entry, "verb")).collect();
        assert_eq!(verbs, ["administer", "delete", "post", "edit", "publish"]);
        let published = &log[4];
        assert_eq!((&published["who"], &published["from"], &published["through"]), (&json!("writer"), &json!("127.0.0.1"), &json!("desk")));
        assert_eq!((text(published, "request").as_str(), text(published, "time").get(..10)), (asked.header("x-request-id"), Some("2024-05-01")));
        assert_eq!((&published["stored"]["count"], &log[1]["deleted"][0]["id"]), (&json!(2), &malware(1)["id"]), "the indicator and who wrote it");
        let changed = &log[0]["changed"][0];
        assert_eq!(
            (&changed["what"], &changed["before"]["decay"], &changed["after"]["decay"]),
            (&json!("collection feeds/private"), &json!(false), &json!(true))
        );

        let entry = admin.get(format!("/desk/audit/{}/", log[3]["at"])).await.expect(200).json();
        let written = &entry["written"][0];
        assert_eq!((&entry["note"], &written["id"]), (&json!("why not"), &json!(id)));
        assert_eq!((written["before"].get("confidence"), &written["after"]["confidence"]), (None, &json!(30)));
        let entry = admin.get(format!("/desk/audit/{}/", published["at"])).await.expect(200).json();
        assert!(entry["written"].as_array().unwrap().iter().all(|written| written["before"].is_null()), "{entry}");

        let own = audit(&writer, "who=admin").await;
        assert!(own.len() == 3 && own.iter().all(|entry| entry["who"] == "writer"), "others see what they have done themselves: {own:?}");
        writer.get(format!("/desk/audit/{}/", log[3]["at"])).await.expect(404);
        let page = admin.get("/desk/audit/?limit=2").await.expect(200).json();
        let next = audit(&admin, &format!("limit=2&before={}", page["next"])).await;
        assert_eq!((page["entries"].as_array().unwrap().len(), &next[..]), (2, &log[2..4]));

        let export = async |query: &str| {
            let url = format!("http://{}/desk/audit/export/{query}", server.address);
            let answer = http().get(url).basic_auth("admin", Some(PASSWORD)).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, "application/jsonl"));
            let text = answer.text().await.unwrap();
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
        };
        let mut exported = export("").await;
        exported.reverse();
        assert_eq!(exported, log);
        assert_eq!(export("?objects=true").await[1]["written"][0]["after"]["confidence"], 30);
    }
}
