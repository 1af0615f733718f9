//! Several servers on one PostgreSQL, each a real program: writers and followers that go from one to another while servers and databases are killed.

mod cluster;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, query_scalar};
use taxiway::taxii::media;
use tokio::sync::watch;
use uuid::Uuid;

use crate::program::{self, ADMIN_PASSWORD};
use crate::scene::random;
use crate::support::client;
use crate::support::postgres;
use crate::support::samples::{indicator, revised, url as url_sco, with};
use cluster::{Cluster, Line, url};

const WRITERS: usize = 8;
const FOLLOWERS: usize = 4;
/// Envelopes of each writer, and objects in each.
const ENVELOPES: usize = 40;
const OBJECTS: usize = 5;
/// How long who was refused, or has found nothing, waits before it asks again.
const PAUSE: Duration = Duration::from_millis(20);
/// How often a follower that misses something asks before that counts as lost.
const PATIENCE: usize = 500;
/// What servers say is not read here: it must not fill the pipe.
const SETTINGS: &str = "[log]\nfilter = \"off\"\n[limits]\nrequests_per_minute = 0\nobjects_per_minute = 0\n";

/// Servers on one database, by where they are at the moment.
struct Servers {
    folder: tempfile::TempDir,
    stores: Vec<Vec<String>>,
    running: Mutex<Vec<Option<program::Server>>>,
    urls: RwLock<Vec<String>>,
    http: reqwest::Client,
}

impl Servers {
    /// Starts a server with each of these flags.
    fn start(flags: Vec<Vec<String>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("taxiway.toml"), SETTINGS).unwrap();
        let servers = Self {
            folder,
            running: Mutex::new(flags.iter().map(|_| None).collect()),
            urls: RwLock::new(vec![String::new(); flags.len()]),
            stores: flags,
            http: client::http(),
        };
        (0..servers.stores.len()).for_each(|at| servers.start_again(at));
        servers
    }

    /// Kills a server as `kill -9` does, if it is running, and starts it.
    fn start_again(&self, at: usize) {
        drop(self.running.lock().unwrap()[at].take());
        let flags: Vec<&str> = self.stores[at].iter().map(String::as_str).collect();
        let server = program::Server::start_with(self.folder.path(), &flags, Some(ADMIN_PASSWORD));
        self.urls.write().unwrap()[at].clone_from(&server.url);
        self.running.lock().unwrap()[at] = Some(server);
    }

    fn any(&self) -> String {
        let urls = self.urls.read().unwrap();
        urls[usize::try_from(random(urls.len() as u64)).unwrap()].clone()
    }

    fn run(&self, arguments: &[&str]) {
        let running = self.running.lock().unwrap();
        let (code, _, said) = running[0].as_ref().unwrap().run(self.folder.path(), arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }

    /// Asks any server, and then another, until one answers with success.
    async fn ask(&self, under: &str, body: Option<&Value>) -> (reqwest::header::HeaderMap, Value) {
        loop {
            let target = format!("{}/feeds/collections/shared/objects/{under}", self.any());
            let request = match body {
                Some(body) => self.http.post(target).header("content-type", media::TAXII).body(body.to_string()),
                None => self.http.get(target),
            };
            let answer = request.basic_auth("admin", Some(ADMIN_PASSWORD)).header("accept", media::TAXII).send().await;
            if let Ok(answer) = answer
                && answer.status().is_success()
            {
                let headers = answer.headers().clone();
                // An answer that breaks off is none.
                if let Ok(text) = answer.text().await
                    && let Ok(json) = serde_json::from_str(&text)
                {
                    return (headers, json);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Posts envelopes until each was acknowledged.
async fn write(servers: Arc<Servers>, writer: usize, acknowledged: watch::Sender<Vec<String>>) {
    for envelope in 0..ENVELOPES {
        let objects: Vec<Value> = (0..OBJECTS).map(|_| with(&indicator(writer), json!({ "id": format!("indicator--{}", Uuid::new_v4()) }))).collect();
        let ids: Vec<String> = objects.iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect();
        let (_, status) = servers.ask("", Some(&json!({ "objects": objects }))).await;
        assert_eq!(status["success_count"], OBJECTS, "envelope {envelope} of writer {writer}: {status}");
        acknowledged.send_modify(|all| all.extend(ids));
    }
}

/// Follows the collection with its own cursor alone until it has everything that was acknowledged, each object once.
async fn follow(servers: Arc<Servers>, acknowledged: watch::Receiver<Vec<String>>, written: watch::Receiver<bool>) -> usize {
    let (mut seen, mut cursor, mut in_vain) = (HashSet::new(), String::new(), 0);
    loop {
        let (headers, page) = servers.ask(&format!("?limit=20{cursor}"), None).await;
        let objects = page["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
        for object in objects {
            let id = object["id"].as_str().unwrap().to_owned();
            assert!(seen.insert(id.clone()), "{id} came twice");
        }
        if let Some(next) = page["next"].as_str() {
            cursor = format!("&next={next}");
        } else if let Some(last) = headers.get("x-taxii-date-added-last") {
            cursor = format!("&added_after={}", last.to_str().unwrap());
        }
        if objects.is_empty() && *written.borrow() {
            let missing = acknowledged.borrow().iter().filter(|id| !seen.contains(*id)).count();
            if missing == 0 {
                return seen.len();
            }
            in_vain += 1;
            assert!(in_vain < PATIENCE, "{missing} objects were acknowledged and never came");
        }
        if objects.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Waits until so many objects were acknowledged.
async fn until(acknowledged: &watch::Sender<Vec<String>>, share: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a few thousand")]
    let wanted = ((WRITERS * ENVELOPES * OBJECTS) as f64 * share) as usize;
    acknowledged.subscribe().wait_for(|all| all.len() >= wanted).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_servers_and_databases_are_killed_and_each_object_comes_once() {
    let Some(primary) = Cluster::fresh() else { return };
    primary.tell("CREATE DATABASE taxiway").await;
    let replica = primary.replica().await;
    let line = Line::to(primary.port).await;
    let store = url("taxiway", line.port);
    // One of them reads from the replica what that has.
    let read_url = format!("[postgres]\nread_url = \"{}\"\n{SETTINGS}", url("taxiway", replica.port));
    let reads = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(reads.path(), read_url).unwrap();
    let flags = |more: &[&str]| ["--store", &store].iter().chain(more).map(|flag| (*flag).to_owned()).collect::<Vec<_>>();
    let servers = Arc::new(Servers::start(vec![flags(&[]), flags(&[]), flags(&["--config", &reads.path().display().to_string()])]));
    servers.run(&["root", "add", "feeds", "--title", "Feeds"]);
    servers.run(&["collection", "add", "feeds/shared", "--title", "Shared"]);

    let (acknowledged, written) = (watch::Sender::new(Vec::new()), watch::Sender::new(false));
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(servers.clone(), writer, acknowledged.clone()))).collect();
    let followers: Vec<_> = (0..FOLLOWERS).map(|_| tokio::spawn(follow(servers.clone(), acknowledged.subscribe(), written.subscribe()))).collect();

    let blocking = async |work: Box<dyn FnOnce() + Send>| tokio::task::spawn_blocking(work).await.unwrap();
    let again = |at: usize| {
        let servers = servers.clone();
        Box::new(move || servers.start_again(at))
    };
    until(&acknowledged, 0.2).await;
    blocking(again(0)).await;
    until(&acknowledged, 0.4).await;
    let primary = Arc::new(primary);
    let crashed = primary.clone();
    blocking(Box::new(move || {
        crashed.kill();
        crashed.start();
    }))
    .await;
    until(&acknowledged, 0.6).await;
    let (crashed, promoted, port) = (primary.clone(), Arc::new(replica), line.port);
    let next = promoted.clone();
    blocking(Box::new(move || {
        crashed.kill();
        next.promote();
    }))
    .await;
    line.lead_to(promoted.port);
    assert_eq!(port, line.port);
    until(&acknowledged, 0.8).await;
    blocking(again(1)).await;
    blocking(again(2)).await;

    for writer in writers {
        writer.await.unwrap();
    }
    written.send_replace(true);
    for follower in followers {
        assert!(follower.await.unwrap() >= WRITERS * ENVELOPES * OBJECTS);
    }
    let told: HashMap<String, usize> = acknowledged.borrow().iter().map(|id| (id.clone(), 1)).collect();
    assert_eq!(told.len(), WRITERS * ENVELOPES * OBJECTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_together_on_an_empty_database_make_everything_once() {
    let Some(server) = postgres::server() else { return };
    let (database, folder) = (postgres::database(&server).await, tempfile::tempdir().unwrap());
    let indicators = concat!(env!("CARGO_MANIFEST_DIR"), "/indicators");
    let starting: Vec<_> = (0..3)
        .map(|_| {
            let (database, folder) = (database.clone(), folder.path().to_owned());
            let flags = move || program::Server::start_with(&folder, &["--store", &database, "--indicators", indicators], Some(ADMIN_PASSWORD));
            tokio::task::spawn_blocking(flags)
        })
        .collect();
    let mut counts = Vec::new();
    for server in starting {
        let server = server.await.unwrap();
        let url = format!("{}/feeds/collections/exchange-2021/objects/?limit=1000", server.url);
        let page = client::http().get(url).header("accept", media::TAXII).send().await.unwrap().text().await.unwrap();
        counts.push(serde_json::from_str::<Value>(&page).unwrap()["objects"].as_array().unwrap().len());
    }
    assert!(counts[0] > 500 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_server_changes_holds_on_the_others() {
    let Some(server) = postgres::server() else { return };
    let database = postgres::database(&server).await;
    let flags = vec!["--store".to_owned(), database];
    let servers = Servers::start(vec![flags.clone(), flags]);
    let [here, there] = [0, 1].map(|at| servers.urls.read().unwrap()[at].clone());
    servers.run(&["root", "add", "feeds", "--title", "Feeds"]);
    servers.run(&["collection", "add", "feeds/shared", "--title", "Shared"]);
    servers.run(&["user", "add", "siem"]);
    let as_siem = async |under: &str| {
        let request = servers.http.get(format!("{there}{under}")).basic_auth("siem", Some(ADMIN_PASSWORD));
        request.header("accept", "*/*").send().await.unwrap()
    };
    let objects = "/feeds/collections/shared/objects/";
    let becomes = async |wanted: u16| {
        let mut asked = 0;
        while as_siem(objects).await.status().as_u16() != wanted {
            asked += 1;
            assert!(asked < PATIENCE, "the other server never says {wanted}");
            tokio::time::sleep(PAUSE).await;
        }
    };
    becomes(404).await;
    servers.run(&["grant", "siem", "feeds/shared", "read"]);
    becomes(200).await;

    // Who listens there hears what is posted here.
    let mut stream = as_siem("/events/feeds/shared/").await;
    let one = indicator(1);
    let body = json!({ "objects": [one] }).to_string();
    let post = servers.http.post(format!("{here}{objects}")).basic_auth("admin", Some(ADMIN_PASSWORD)).header("accept", media::TAXII);
    assert_eq!(post.header("content-type", media::TAXII).body(body).send().await.unwrap().status(), 202);
    let mut heard = String::new();
    while !heard.contains(one["id"].as_str().unwrap()) {
        heard += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("the stream goes on"));
    }

    // What is deleted here is not found there, by an index that had it.
    let listed = async || as_siem("/desk/objects/?collection=feeds/shared").await.text().await.unwrap();
    assert!(listed().await.contains(one["id"].as_str().unwrap()), "{}", listed().await);
    servers.run(&["delete", "feeds/shared", one["id"].as_str().unwrap()]);
    let mut asked = 0;
    while listed().await.contains(one["id"].as_str().unwrap()) {
        asked += 1;
        assert!(asked < PATIENCE, "the other server goes on listing what is gone");
        tokio::time::sleep(PAUSE).await;
    }
    servers.run(&["ungrant", "siem", "feeds/shared"]);
    becomes(404).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replica_that_is_behind_is_not_asked() {
    let Some(primary) = Cluster::fresh() else { return };
    primary.tell("CREATE DATABASE taxiway").await;
    let replica = primary.replica().await;
    // It takes what is written, and shows it later.
    primary.tell("ALTER SYSTEM SET synchronous_standby_names = ''").await;
    primary.tell("SELECT pg_reload_conf()").await;
    let reads = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(reads.path(), format!("[postgres]\nread_url = \"{}\"\n{SETTINGS}", url("taxiway", replica.port))).unwrap();
    let flags = ["--store", &url("taxiway", primary.port), "--config", &reads.path().display().to_string()].map(str::to_owned).to_vec();
    let servers = Servers::start(vec![flags]);
    servers.run(&["root", "add", "feeds", "--title", "Feeds"]);
    servers.run(&["collection", "add", "feeds/shared", "--title", "Shared"]);
    let ids = async || {
        let (_, page) = servers.ask("?limit=100", None).await;
        page["objects"].as_array().map_or(0, Vec::len)
    };
    for count in 1..=6 {
        if count == 3 {
            replica.tell("SELECT pg_wal_replay_pause()").await;
        }
        if count == 5 {
            replica.tell("SELECT pg_wal_replay_resume()").await;
        }
        servers.ask("", Some(&json!({ "objects": [indicator(count)] }))).await;
        assert_eq!(ids().await, count, "what was acknowledged is there, whether the replica has it or not");
    }
    let asked = "SELECT sum(idx_scan)::bigint FROM pg_stat_all_indexes WHERE relname LIKE 'version_%'";
    let mut connection = PgConnection::connect(&url("taxiway", replica.port)).await.unwrap();
    let mut asked_for = 0;
    // The replica is asked once it has everything; it counts that with some delay.
    while query_scalar::<_, Option<i64>>(asked).fetch_one(&mut connection).await.unwrap().unwrap_or_default() == 0 {
        ids().await;
        asked_for += 1;
        assert!(asked_for < PATIENCE, "the replica is never asked");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Everything that a reader pages through, and its last cursor.
async fn crawl(servers: &Servers) -> (Vec<Value>, String) {
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let (_, page) = servers.ask(&format!("?limit=100&match[version]=all{next}"), None).await;
        if let Some(cursor) = page["next"].as_str() {
            next = format!("&next={cursor}");
        }
        let more = page["more"] == true;
        pages.extend(page["objects"].as_array().cloned().unwrap_or_default());
        if !more {
            return (pages, next);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_is_copied_to_postgresql_and_back_and_no_consumer_notices() {
    let Some(server) = postgres::server() else { return };
    let database = postgres::database(&server).await;
    let flags = |store: &str| vec![vec!["--store".to_owned(), store.to_owned()]];
    let here = tempfile::tempdir().unwrap();
    let (sled, back) = (program::store_in(here.path()), format!("sled:{}", here.path().join("back").display()));
    let servers = Servers::start(flags(&sled));
    servers.run(&["root", "add", "feeds", "--title", "Feeds"]);
    servers.run(&["collection", "add", "feeds/shared", "--title", "Shared"]);
    servers.run(&["user", "add", "siem"]);
    servers.run(&["grant", "siem", "feeds/shared", "read"]);
    for round in 0..3 {
        let modified = format!("2026-01-0{}T00:00:00.000Z", round + 1);
        let objects: Vec<Value> = (0..700).map(|number| revised(&indicator(number), &modified)).collect();
        servers.ask("", Some(&json!({ "objects": objects }))).await;
    }
    let held: Vec<String> = (0..3).map(|number| indicator(number)["id"].as_str().unwrap().to_owned()).collect();
    servers.ask("", Some(&json!({ "objects": [report(&held), url_sco(7)] }))).await;
    servers.run(&["delete", "feeds/shared", &held[2], "--reason", "a mistake"]);
    let (before, cursor) = crawl(&servers).await;
    assert_eq!(before.len(), 3 * 700 + 2 - 3);
    drop(servers);

    let copy = |from: &str, to: &str| {
        let (code, _, said) = program::run(here.path(), &["copy", from, to]);
        assert_eq!(code, 0, "{said}");
        said.split("digest ").nth(1).unwrap().trim().to_owned()
    };
    // Broken off in the middle, wherever that is, and taken up again.
    let mut broken = program::taxiway(here.path(), &["copy", &sled, &database]).spawn().unwrap();
    while query_scalar::<_, i64>("SELECT count(*) FROM version")
        .fetch_one(&mut PgConnection::connect(&database).await.unwrap())
        .await
        .unwrap_or_default()
        < 1
    {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let _ = broken.kill();
    broken.wait().unwrap();
    let digest = copy(&sled, &database);
    assert_eq!(program::run(here.path(), &["copy", &sled, &database]).0, 5, "nothing is written over");
    let servers = Servers::start(flags(&database));
    assert_eq!(crawl(&servers).await.0, before, "every version, in the same order");
    let (_, rest) = servers.ask(&format!("?match[version]=all{cursor}"), None).await;
    assert!(rest["objects"].as_array().unwrap().len() <= 100, "the old cursor leads on where it stood: {rest}");
    // A version that was deleted for good is refused there too.
    let (_, status) = servers.ask("", Some(&json!({ "objects": [revised(&indicator(2), "2026-01-01T00:00:00.000Z")] }))).await;
    assert_eq!(status["failure_count"], 1, "{status}");
    drop(servers);

    let again = copy(&database, &back);
    assert_ne!(digest, again, "a status and a log-in came meanwhile");
    let servers = Servers::start(flags(&back));
    assert_eq!(crawl(&servers).await.0, before);
    let (headers, _) = servers.ask("?limit=1&match[type]=indicator", None).await;
    assert!(headers.contains_key("x-taxii-date-added-last"));
}

fn report(refs: &[String]) -> Value {
    json!({
        "type": "report", "spec_version": "2.1", "id": "report--4fe41a5e-3b7a-4f2c-8a05-94d9a6f2a101", "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z", "name": "One", "published": "2026-01-01T00:00:00Z", "report_types": ["campaign"],
        "object_refs": refs,
    })
}
