//! The false-positive guard on `POST …/objects/`, and its lists at the start of the program.

use std::fs;

use serde_json::{Value, json};
use taxiway::feed::guard::{Guard, Options, Posting};
use tempfile::TempDir;

use crate::program::{finish, taxiway};
use crate::support::samples::{id, indicator, revised, with};
use crate::support::server::{Backend, EVERY_STORE, OBJECTS, Server};

async fn server(backend: Backend, posting: Posting) -> Server {
    let guard = Guard::open(&Options { defaults: true, posting, ..Options::default() }).unwrap();
    Server::guarded(backend, guard).await
}

fn seeking(number: usize, pattern: &str) -> Value {
    with(&indicator(number), json!({ "pattern": pattern }))
}

/// One that no list knows, one on a list that blocks, one on a list that informs, and an observable on a list that blocks.
fn samples() -> [Value; 4] {
    [
        seeking(0, "[domain-name:value = 'evil.attacker.com']"),
        seeking(1, "[ipv4-addr:value = '203.0.114.5' OR ipv4-addr:value ISSUBSET '192.168.7.0/24']"),
        seeking(2, "[url:value = 'https://www.github.com/evil/tool']"),
        json!({ "type": "ipv4-addr", "spec_version": "2.1", "id": id("ipv4-addr", 0), "value": "10.1.2.3" }),
    ]
}

fn messages(status: &Value, list: &str) -> Vec<String> {
    let details = status.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    details.iter().map(|detail| detail["message"].as_str().unwrap_or_default().to_owned()).collect()
}

const PRIVATE: &str = "pattern: 192.168.7.0/24 is on the warning list \"Special-purpose networks\" (inside 192.168.0.0/16)";
const SHARED: &str = "pattern: https://www.github.com/evil/tool is on the warning list \"Shared hosting\" (sub-domain of github.com)";
const SEEN: &str = "value: 10.1.2.3 is on the warning list \"Special-purpose networks\" (inside 10.0.0.0/8)";

#[tokio::test]
async fn what_is_on_a_list_is_taken_and_told_where_lists_inform() {
    for store in EVERY_STORE {
        let server = server(store, Posting::Inform).await;
        let status = server.writer().add(OBJECTS, &samples()).await;
        assert_eq!(status["success_count"], 4, "{status}");
        let told = messages(&status, "successes");
        assert_eq!((told[1].as_str(), told[2].as_str()), (PRIVATE, SHARED), "{status}");
        assert!(told[0].is_empty() && told[3].ends_with(SEEN), "{status}");
        assert_eq!(server.writer().get(OBJECTS).await.objects(), samples());
    }
}

#[tokio::test]
async fn an_indicator_on_a_list_that_blocks_is_a_failure_where_lists_block() {
    for store in EVERY_STORE {
        let server = server(store, Posting::Block).await;
        let reply = server.writer().post(OBJECTS, json!({ "objects": samples() }).to_string()).await.expect(202);
        assert_eq!((reply.get("success_count"), reply.get("failure_count")), (json!(3), json!(1)), "{reply}");
        let failure = &reply.list("failures")[0];
        assert_eq!((&failure["id"], &failure["version"]), (&samples()[1]["id"], &samples()[1]["modified"]));
        assert_eq!(failure["message"], format!("{PRIVATE}: this server takes no indicators of what is on such a list"));
        let ids: Vec<String> = server.writer().get(OBJECTS).await.ids();
        assert_eq!(ids, [id("indicator", 0), id("indicator", 2), id("ipv4-addr", 0)]);
    }
}

#[tokio::test]
async fn a_false_positive_can_be_withdrawn_where_lists_block() {
    let server = server(Backend::Memory, Posting::Block).await;
    let withdrawn = with(&revised(&samples()[1], "2021-03-09T00:00:00.000Z"), json!({ "revoked": true }));
    assert_eq!(server.writer().add(OBJECTS, &[withdrawn]).await["success_count"], 1);
}

#[tokio::test]
async fn lists_are_not_asked_where_they_are_off() {
    let server = server(Backend::Memory, Posting::Off).await;
    let status = server.writer().add(OBJECTS, &samples()).await;
    assert!(messages(&status, "successes").iter().all(|message| !message.contains("warning list")), "{status}");
}

#[test]
fn a_list_that_cannot_be_used_ends_the_start() {
    let folder = TempDir::new().unwrap();
    let lists = folder.path().join("lists");
    fs::create_dir(&lists).unwrap();
    fs::write(lists.join("bad.json"), r#"{"name": "Ours", "type": "cidr", "list": ["10.0.0.0/8", "10.0.0/8"]}"#).unwrap();
    let start = |name, value: &str| finish(taxiway(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).env(name, value));
    let (code, _, told) = start("TAXIWAY_GUARD_FOLDER", "lists");
    assert_eq!(
        (code, told.as_str()),
        (2, "taxiway: lists/bad.json: the warning list \"Ours\": the entry \"10.0.0/8\": is neither an address nor a network\n")
    );
    let (code, _, told) = start("TAXIWAY_GUARD_BLOCK", "No such list");
    assert_eq!((code, told.as_str()), (2, "taxiway: guard.block: there is no warning list \"No such list\"\n"));
}
