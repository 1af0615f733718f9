//! Links with other servers: rings of our own with wires that break, medallion as a foreign end, a server that does everything wrong, and webhooks.

mod bad;
mod wire;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use taxiway::links::runner::Runner;
use taxiway::links::send::sign;
use taxiway::links::state;
use taxiway::stix::marking::Level;
use taxiway::store::directory::{Edit, Link, LinkCredential, LinkKind, Partner, Rights, User};
use taxiway::taxii::stamp::Stamp;
use tempfile::TempDir;
use uuid::Uuid;

use crate::scene::random;
use crate::support::samples::{indicator, indicators, with};
use crate::support::server::{Backend, EVERY_STORE, OBJECTS, PASSWORD, Server};
use wire::Wire;

const OURS: &str = "/feeds/collections/private/";

/// Makes a partner at a server, with a user of its name who may read and write.
async fn befriend(server: &Server, name: &str, clearance: Level) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let partner = Partner {
        name: name.into(),
        id: Uuid::new_v4(),
        title: name.to_uppercase(),
        clearance,
        named: true,
        expires: None,
        requests_per_minute: None,
        accepted: BTreeMap::new(),
        created: Stamp(1),
    };
    let user = User { name: name.into(), clearance, partner: Some(name.into()), ..server.feed.directory().users["reader"].clone() };
    let (collection, rights) = (server.id_of("feeds", "private"), Rights { read: true, write: true, own: false });
    let share = Edit::Share { partner: name.into(), collection, rights };
    server.feed.edit(vec![Edit::AddPartner(partner), Edit::AddUser(user), share], None).await.unwrap();
}

/// Makes a link of a server.
async fn link(server: &Server, kind: LinkKind, partner: Option<&str>, url: &str, credential: LinkCredential) -> Link {
    let link = Link {
        id: Uuid::new_v4(),
        name: format!("link-{}", Uuid::new_v4().simple()),
        kind,
        collection: server.id_of("feeds", "private"),
        partner: partner.map(Into::into),
        url: url.into(),
        credential,
        clearance: Level::Amber,
        every: 60,
        paused: false,
        created: Stamp(1),
    };
    server.feed.edit(vec![Edit::AddLink(link.clone())], None).await.unwrap();
    link
}

fn basic(user: &str) -> LinkCredential {
    LinkCredential::Basic { user: user.into(), password: PASSWORD.into() }
}

/// Runs a link once; how it stands then.
async fn run(server: &Server, link: &Link) -> state::State {
    Runner::default().once(&server.feed, link).await.unwrap()
}

/// What a server has of its collection: the latest version of each object, and whether it is revoked.
async fn held(server: &Server) -> BTreeMap<String, (String, bool)> {
    let (admin, mut all, mut path) = (server.admin().without_mirror(), BTreeMap::new(), OBJECTS.to_owned());
    loop {
        let page = admin.get(path).await.expect(200).json();
        for object in page["objects"].as_array().into_iter().flatten() {
            let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
            let before = all.insert(text("id"), (text("modified"), object["revoked"] == true));
            assert!(before.is_none(), "{} stands there twice", text("id"));
        }
        let Some(next) = page["next"].as_str() else { return all };
        path = format!("{OBJECTS}?next={next}");
    }
}

/// Servers in a ring, each with a link to the next one; what two of them exchange goes over a wire of its own.
struct Ring {
    servers: Vec<Server>,
    links: Vec<Link>,
    wires: Vec<Wire>,
    /// Decides what happens next; the same each time.
    dice: u64,
}

impl Ring {
    async fn of(count: usize, kind: LinkKind, backend: Backend) -> Self {
        let mut servers = Vec::new();
        for _ in 0..count {
            let server = Server::on(backend).await;
            for at in 0..count {
                befriend(&server, &format!("server-{at}"), Level::Amber).await;
            }
            servers.push(server);
        }
        let (mut links, mut wires) = (Vec::new(), Vec::new());
        for at in 0..count {
            let next = (at + 1) % count;
            let wire = Wire::to(servers[next].address).await;
            let url = format!("http://{}{OURS}", wire.address);
            // At the other side we are the user of our own name.
            links.push(link(&servers[at], kind, Some(&format!("server-{next}")), &url, basic(&format!("server-{at}"))).await);
            wires.push(wire);
        }
        Self { servers, links, wires, dice: 7 }
    }

    fn roll(&mut self, sides: u64) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.dice >> 33) % sides).unwrap()
    }

    /// Objects come, change and are revoked anywhere, links run and wires break, all at random.
    async fn live(&mut self, steps: usize) {
        let count = self.servers.len() as u64;
        for step in 0..steps {
            let (at, what) = (self.roll(count), self.roll(10));
            let number = self.roll(30);
            match what {
                0..3 => self.write(at, number, step).await,
                3 => self.wires[at].cut(),
                // After so many octets, somewhere in the middle of something.
                4 => self.wires[at].cut_after(self.dice % 5_000),
                5 => self.wires[at].heal(),
                _ => drop(run(&self.servers[at], &self.links[at]).await),
            }
        }
    }

    async fn write(&mut self, at: usize, number: usize, step: usize) {
        let modified = format!("2024-05-01T{:02}:{:02}:00.000Z", step / 60, step % 60);
        let known = held(&self.servers[at]).await;
        let object = with(&indicator(number), json!({ "modified": modified, "revoked": self.roll(4) == 0 }));
        // A revoked object has no later version (S-052).
        if known.get(object["id"].as_str().unwrap()).is_none_or(|(_, revoked)| !revoked) {
            self.servers[at].writer().post(OBJECTS, json!({ "objects": [object] }).to_string()).await.expect(202);
        }
    }

    /// Everything is mended, and links run until nothing goes through any more; how many rounds that took.
    async fn settle(&mut self) -> usize {
        self.wires.iter().for_each(Wire::heal);
        for round in 0..20 {
            let mut moved = 0;
            for (server, link) in self.servers.iter().zip(&self.links) {
                let before = state::State::of(&server.feed, link).await.unwrap();
                let after = run(server, link).await;
                assert_eq!(after.error, None);
                moved += (after.objects + after.refused) - (before.objects + before.refused);
            }
            if moved == 0 {
                return round;
            }
        }
        panic!("it never comes to rest")
    }

    async fn judge(&mut self) {
        self.live(220).await;
        let rounds = self.settle().await;
        assert!(rounds <= 2 * self.servers.len() + 1, "{rounds} rounds");
        let first = held(&self.servers[0]).await;
        assert!(first.len() > 10 && first.values().any(|(_, revoked)| *revoked), "{first:?}");
        for server in &self.servers[1..] {
            assert_eq!(held(server).await, first);
        }
        for (server, link) in self.servers.iter().zip(&self.links) {
            let state = state::State::of(&server.feed, link).await.unwrap();
            assert_eq!(state.quarantine, [], "{}", link.url);
        }
    }
}

#[tokio::test]
async fn rings_of_two_and_three_that_push_come_to_the_same() {
    for count in [2, 3] {
        for backend in EVERY_STORE {
            Ring::of(count, LinkKind::Push, backend).await.judge().await;
        }
    }
}

#[tokio::test]
async fn rings_of_two_and_three_that_pull_come_to_the_same() {
    for count in [2, 3] {
        for backend in EVERY_STORE {
            Ring::of(count, LinkKind::Pull, backend).await.judge().await;
        }
    }
}

#[tokio::test]
async fn nothing_goes_back_to_where_it_came_from_and_nothing_above_the_clearance_goes_at_all() {
    let [here, there] = [Server::start().await, Server::start().await];
    befriend(&here, "there", Level::Green).await;
    befriend(&there, "here", Level::Red).await;
    here.user("there").add(OBJECTS, &[indicator(1)]).await;
    let marked = |number, at: usize| with(&indicator(number), json!({ "object_marking_refs": [taxiway::stix::marking::TLP[at].id] }));
    // TLP 2.0: GREEN, AMBER, RED.
    here.admin().add(OBJECTS, &[indicator(2), marked(3, 5), marked(4, 6), marked(5, 8)]).await;
    let push = link(&here, LinkKind::Push, Some("there"), &format!("http://{}{OURS}", there.address), basic("here")).await;
    assert_eq!(run(&here, &push).await.error, None);
    let ids: Vec<String> = held(&there).await.into_keys().collect();
    assert_eq!(ids, [2, 3].map(|number| crate::support::samples::id("indicator", number)));
}

#[tokio::test]
async fn what_the_other_side_refuses_is_noted_and_the_rest_goes_through() {
    let [here, there] = [Server::start().await, Server::start().await];
    befriend(&here, "there", Level::Amber).await;
    befriend(&there, "here", Level::Red).await;
    // There it is already, with other content.
    there.admin().add(OBJECTS, &[with(&indicator(3), json!({ "name": "other" }))]).await;
    here.writer().add(OBJECTS, &indicators(7)).await;
    let push = link(&here, LinkKind::Push, Some("there"), &format!("http://{}{OURS}", there.address), basic("here")).await;
    let state = run(&here, &push).await;
    assert_eq!((state.error, state.objects, state.refused), (None, 6, 1));
    assert_eq!(state.quarantine[0].id, crate::support::samples::id("indicator", 3));
    assert!(state.quarantine[0].why.contains("stored already with other content"), "{:?}", state.quarantine);
    assert_eq!(held(&there).await.len(), 7);
    // A wrong password is no fault of the objects: they wait.
    here.writer().add(OBJECTS, &[indicator(20)]).await;
    let wrong = Link { credential: LinkCredential::Basic { user: "here".into(), password: "wrong".into() }, ..push.clone() };
    let state = run(&here, &wrong).await;
    assert!(state.error.unwrap().contains("401") && state.refused == 1);
    assert_eq!(run(&here, &push).await.objects, 7);
    assert_eq!(held(&there).await.len(), 8);
}

#[tokio::test]
async fn q25_a_bad_server_is_read_to_its_end_whatever_it_does() {
    for fault in bad::FAULTS {
        let (there, here) = (bad::Bad::serve(fault).await, Server::start().await);
        befriend(&here, "bad", Level::Amber).await;
        let pull = link(&here, LinkKind::Pull, Some("bad"), &there.url, LinkCredential::None).await;
        let mut state = run(&here, &pull).await;
        for _ in 0..4 {
            if state.error.is_some() {
                state = run(&here, &pull).await;
            }
        }
        assert_eq!(state.error, None, "{fault:?}");
        assert_eq!(held(&here).await.len(), bad::OBJECTS, "{fault:?}");
        assert!(there.asked() <= bad::MOST_REQUESTS, "{fault:?}: {} requests", there.asked());
        let refused: Vec<&str> = state.quarantine.iter().map(|refused| refused.id.as_str()).collect();
        assert_eq!(refused, ["indicator--broken"], "{fault:?}");
        // What comes later is read, and nothing twice.
        there.add();
        let state = run(&here, &pull).await;
        assert_eq!((state.error, held(&here).await.len()), (None, bad::OBJECTS + 1), "{fault:?}");
        let asked = there.asked();
        assert_eq!(run(&here, &pull).await.objects, state.objects, "{fault:?}");
        assert!(there.asked() - asked <= bad::MOST_REQUESTS, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_may_say_when_to_come_again() {
    let (there, here) = (bad::Bad::serve(bad::Fault::Busy).await, Server::start().await);
    befriend(&here, "bad", Level::Amber).await;
    let pull = link(&here, LinkKind::Pull, Some("bad"), &there.url, LinkCredential::None).await;
    let state = run(&here, &pull).await;
    assert!(state.error.unwrap().contains("429"));
    assert_eq!((state.rests_until.0 - state.tried.0) / 1_000_000, 7);
}

/// medallion with one empty collection; it ends with this.
struct Medallion {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Drop for Medallion {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Medallion {
    /// Starts it, with the Python that `./check` makes.
    fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("TAXIWAY_PYTHON") else {
            assert!(std::env::var_os("CI").is_none(), "this needs TAXIWAY_PYTHON");
            println!("passed over: TAXIWAY_PYTHON is not set");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/links/medallion_server.py");
        let collection = Uuid::new_v4().to_string();
        let mut command = Command::new(python);
        command.args(["-B", script]).arg(folder.path()).args([&collection, "ann", PASSWORD]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Some(Self { child, url: url.trim().to_owned(), _folder: folder })
    }
}

#[tokio::test]
async fn medallion_gets_what_we_push_and_gives_what_we_pull() {
    let Some(medallion) = tokio::task::spawn_blocking(Medallion::start).await.unwrap() else { return };
    let [here, far] = [Server::start().await, Server::start().await];
    for server in [&here, &far] {
        befriend(server, "medallion", Level::Amber).await;
    }
    here.writer().add(OBJECTS, &indicators(45)).await;
    let push = link(&here, LinkKind::Push, Some("medallion"), &medallion.url, basic("ann")).await;
    let state = run(&here, &push).await;
    assert_eq!((state.error, state.objects, state.quarantine), (None, 45, Vec::new()));
    let pull = link(&far, LinkKind::Pull, Some("medallion"), &medallion.url, basic("ann")).await;
    let state = run(&far, &pull).await;
    assert_eq!((state.error, state.objects, state.quarantine), (None, 45, Vec::new()));
    assert_eq!(held(&far).await, held(&here).await);
    // A revocation goes all the way, and nothing comes back.
    here.writer().add(OBJECTS, &[with(&indicator(7), json!({ "modified": "2024-05-01T00:00:00.000Z", "revoked": true }))]).await;
    assert_eq!(run(&here, &push).await.objects, 46);
    assert_eq!(run(&far, &pull).await.error, None);
    assert_eq!(held(&far).await, held(&here).await);
    let back = link(&far, LinkKind::Push, Some("medallion"), &medallion.url, basic("ann")).await;
    assert_eq!(run(&far, &back).await.objects, 0, "nothing goes back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn medallion_behind_wires_that_break_loses_nothing() {
    let Some(medallion) = tokio::task::spawn_blocking(Medallion::start).await.unwrap() else { return };
    let [here, far] = [Server::start().await, Server::start().await];
    for server in [&here, &far] {
        befriend(server, "medallion", Level::Amber).await;
    }
    let there = reqwest::Url::parse(&medallion.url).unwrap();
    let address = format!("127.0.0.1:{}", there.port().unwrap()).parse().unwrap();
    let wires = [Wire::to(address).await, Wire::to(address).await];
    let by = |wire: &Wire| format!("http://{}{}", wire.address, there.path());
    let push = link(&here, LinkKind::Push, Some("medallion"), &by(&wires[0]), basic("ann")).await;
    let pull = link(&far, LinkKind::Pull, Some("medallion"), &by(&wires[1]), basic("ann")).await;
    for round in 0..12 {
        let number = round % 5;
        let modified = format!("2024-05-01T00:00:{round:02}.000Z");
        let object = with(&indicator(number), json!({ "modified": modified, "revoked": round >= 10 }));
        // What is revoked has no later version.
        here.writer().add(OBJECTS, &[object, indicator(100 + round)]).await;
        for wire in &wires {
            wire.cut_after(random(6_000));
        }
        let _ = (run(&here, &push).await, run(&far, &pull).await);
        wires.iter().for_each(Wire::heal);
        if round % 3 == 2 {
            let _ = (run(&here, &push).await, run(&far, &pull).await);
        }
    }
    for (server, link) in [(&here, &push), (&far, &pull)] {
        // A wire that has just healed may still have carried the end of what was cut.
        let mut errors = Vec::new();
        while let Some(error) = run(server, link).await.error {
            errors.push(error);
            assert!(errors.len() < 5, "{errors:?}");
        }
    }
    assert_eq!(held(&far).await, held(&here).await);
}

/// What a webhook was called with.
#[derive(Clone, Default)]
struct Called(Arc<Mutex<Vec<(String, Bytes)>>>);

async fn called(State(called): State<Called>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut all = called.0.lock().unwrap();
    let signature = headers.get("taxiway-signature").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    all.push((signature, body));
    // The second call is lost.
    if all.len() == 2 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
}

#[tokio::test]
async fn a_webhook_is_called_signed_and_again_until_it_has_heard() {
    let calls = Called::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook/", post(called)).with_state(calls.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let server = Server::start().await;
    let hook = link(&server, LinkKind::Hook, None, &url, LinkCredential::Hmac("secret".into())).await;
    server.writer().add(OBJECTS, &[indicator(1)]).await;
    assert_eq!(run(&server, &hook).await.error, None);
    server.writer().add(OBJECTS, &[with(&indicator(1), json!({ "modified": "2024-05-01T00:00:00.000Z", "revoked": true }))]).await;
    assert!(run(&server, &hook).await.error.is_some());
    assert_eq!(run(&server, &hook).await.error, None);
    let told: Vec<(String, Bytes)> = calls.0.lock().unwrap().clone();
    for (signature, body) in &told {
        let seconds: u64 = signature.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
        assert_eq!(*signature, sign("secret", seconds, body));
    }
    let objects: Vec<Value> = told.iter().map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["objects"].clone()).collect();
    assert_eq!(objects[0][0]["object"], indicator(1));
    assert_eq!(objects[1], objects[2], "what was lost comes again");
    assert_eq!(objects[2][0]["object"]["revoked"], true);
}
