//! Nothing leaves that its reader is not cleared for: random markings, clearances, ceilings and ways to read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use taxiway::stix::marking::{Level, TLP};
use taxiway::store::directory::{Collection, Edit, Sharing, User};
use taxiway::taxii::stamp::Stamp;
use tokio::runtime::Runtime;

use crate::support::client::Client;
use crate::support::console::Browser;
use crate::support::samples::{id, indicator, with};
use crate::support::server::{Backend, MANIFEST, OBJECTS, Server};

/// Numbers of the indicators of a set; a report for each of them may hold some of the others.
const MOST: usize = 8;
/// All levels, as somebody may be cleared for them.
const LEVELS: [Level; 5] = Level::MARKED;

/// An indicator or a report in two versions at most.
#[derive(Debug, Clone)]
struct Thing {
    /// Whether it is a report, and which things it holds.
    holds: Option<Vec<usize>>,
    /// The places in [`TLP`] of what marks it as a whole and a part of it, in its first version and in its second.
    first: (Option<usize>, Option<usize>),
    second: Option<(Option<usize>, Option<usize>)>,
}

/// What a property is asked of.
#[derive(Debug, Clone)]
struct Scene {
    things: Vec<Thing>,
    /// In which order the first versions come; the second ones come then.
    order: Vec<usize>,
    clearance: Level,
    unmarked: Level,
    ceiling: Level,
    redact: bool,
}

fn scene() -> impl Strategy<Value = Scene> {
    let marking = || proptest::option::weighted(0.6, 0..TLP.len());
    let markings = move || (marking(), proptest::option::weighted(0.3, 0..TLP.len()));
    let holds = proptest::option::weighted(0.4, vec(0..MOST, 1..4));
    let thing = (holds, markings(), proptest::option::weighted(0.4, markings()));
    let things = vec(thing.prop_map(|(holds, first, second)| Thing { holds, first, second }), MOST);
    let order = Just((0..MOST).collect::<Vec<_>>()).prop_shuffle();
    let ceiling = prop_oneof![2 => Just(Level::Red), 1 => select(&LEVELS[..])];
    (things, order, select(&LEVELS[..]), select(&LEVELS[..3]), ceiling, any::<bool>()).prop_map(
        |(things, order, clearance, unmarked, ceiling, redact)| Scene { things, order, clearance, unmarked: unmarked.min(ceiling), ceiling, redact },
    )
}

fn id_of(scene: &Scene, at: usize) -> String {
    id(if scene.things[at].holds.is_some() { "report" } else { "indicator" }, at)
}

/// A text that stands in one version of one thing only.
fn token(at: usize, version: usize, part: &str) -> String {
    format!("secret-{part}-{at}-{version}-x")
}

fn object(scene: &Scene, at: usize, version: usize, (whole, part): (Option<usize>, Option<usize>)) -> Value {
    let modified = format!("2021-03-0{}T00:00:00.000Z", 2 + version);
    let named = json!({ "name": token(at, version, "name"), "description": token(at, version, "part"), "modified": modified });
    let mut object = match &scene.things[at].holds {
        None => with(&indicator(at), named),
        Some(held) => {
            let mut refs: Vec<String> = held.iter().filter(|held| **held != at).map(|held| id_of(scene, *held)).collect();
            refs.push(id("indicator", 900 + at));
            refs.sort();
            refs.dedup();
            let report = json!({
                "type": "report", "spec_version": "2.1", "id": id("report", at), "created": "2021-03-02T00:00:00.000Z",
                "published": "2021-03-02T00:00:00Z", "report_types": ["indicator"], "object_refs": refs,
            });
            with(&report, named)
        }
    };
    if let Some(whole) = whole {
        object["object_marking_refs"] = json!([TLP[whole].id]);
    }
    if let Some(part) = part {
        object["granular_markings"] = json!([{ "marking_ref": TLP[part].id, "selectors": ["description"] }]);
    }
    object
}

/// How high each version of each thing counts, as the rules say, worked out the slow way; `None` if it is not taken at all.
struct Expected {
    /// By thing and version: the level of all of it, and of what is left without the marked part.
    levels: BTreeMap<(usize, usize), (Level, Level)>,
}

impl Expected {
    fn of(scene: &Scene) -> Self {
        let level = |marking: Option<usize>| marking.map(|at| TLP[at].level);
        let mut levels: BTreeMap<(usize, usize), (Level, Level)> = BTreeMap::new();
        let steps = scene.order.iter().map(|at| (*at, 0, scene.things[*at].first));
        let later = scene.order.iter().filter_map(|at| Some((*at, 1, scene.things[*at].second?)));
        for (at, version, (whole, part)) in steps.chain(later) {
            let marked = level(whole).max(level(part)).unwrap_or(scene.unmarked);
            if marked > scene.ceiling {
                continue;
            }
            levels.insert((at, version), (marked, level(whole).unwrap_or(scene.unmarked)));
            let latest = |levels: &BTreeMap<(usize, usize), (Level, Level)>, at: usize| {
                levels.range((at, 0)..=(at, 1)).next_back().map(|(key, (level, _))| (*key, *level))
            };
            let mut new = vec![(at, version)];
            while let Some((touched, _)) = new.pop() {
                let keys: Vec<(usize, usize)> = levels.keys().copied().collect();
                for key in keys {
                    let holds = scene.things[key.0].holds.iter().flatten().filter(|held| **held != key.0);
                    let counted: Vec<usize> = holds.copied().filter(|held| key == (at, version) || *held == touched).collect();
                    let most = counted.iter().filter_map(|held| latest(&levels, *held)).map(|(_, level)| level).max();
                    let own = levels[&key].0;
                    if most > Some(own) {
                        levels.get_mut(&key).unwrap().0 = most.unwrap();
                        if latest(&levels, key.0).is_some_and(|(latest, _)| latest == key) {
                            new.push(key);
                        }
                    }
                }
            }
        }
        Self { levels }
    }

    /// Texts that somebody with this clearance must not be shown, whatever is asked.
    fn hidden(&self, scene: &Scene, clearance: Level) -> Vec<String> {
        let mut hidden = Vec::new();
        for at in 0..MOST {
            for version in 0..2 {
                let Some((all, rest)) = self.levels.get(&(at, version)).copied() else {
                    hidden.extend([token(at, version, "name"), token(at, version, "part")]);
                    continue;
                };
                if all > clearance {
                    hidden.push(token(at, version, "part"));
                    // The name may be shown in a copy without the part.
                    let copied = scene.redact && scene.things[at].holds.is_none() && rest <= clearance;
                    hidden.extend((!copied).then(|| token(at, version, "name")));
                }
            }
        }
        hidden
    }
}

async fn set(server: &Server, scene: &Scene, clearance: Level) {
    let directory = server.feed.directory();
    let user = User { clearance, ..directory.users["reader"].clone() };
    let sharing = Sharing { ceiling: scene.ceiling, unmarked: scene.unmarked, redact: scene.redact, ..Sharing::default() };
    let collection = Collection { sharing, ..directory.find_collection("feeds", "private").unwrap().clone() };
    server.feed.edit(vec![Edit::SetUser(user), Edit::SetCollection(collection)], None).await.unwrap();
}

/// Everything that can be read, as one text.
async fn everything(server: &Server, reader: &Client, scene: &Scene, cursors: &[String]) -> String {
    let lists = "/lists/feeds/private/";
    let mut paths: Vec<String> = vec![
        OBJECTS.into(),
        format!("{OBJECTS}?match[version]=all"),
        format!("{OBJECTS}?match[version]=first"),
        format!("{OBJECTS}?match[type]=indicator,report,relationship"),
        MANIFEST.into(),
        format!("{MANIFEST}?match[version]=all"),
        "/desk/objects/?limit=100".into(),
        "/desk/objects/?text=secret&limit=100".into(),
        "/desk/consumers/".into(),
        "/desk/audit/".into(),
        format!("{lists}indicators.csv"),
        format!("{lists}bundle.json"),
        format!("{lists}objects.jsonl"),
        format!("{lists}manifest.json"),
        format!("{lists}sigma.yml"),
        format!("{lists}zeek.intel"),
        "/feeds/collections/private/".into(),
    ];
    for at in 0..MOST {
        let id = id_of(scene, at);
        paths.extend([format!("{OBJECTS}{id}/"), format!("{OBJECTS}{id}/?match[version]=all"), format!("{OBJECTS}{id}/versions/")]);
        paths.push(format!("/desk/feeds/private/objects/{id}/"));
        paths.push(format!("{OBJECTS}?match[id]={id}&match[version]=all"));
    }
    paths.extend(cursors.iter().map(|cursor| format!("{OBJECTS}?next={cursor}")));
    let mut all = String::new();
    for path in paths {
        let reply = reader.clone().without_mirror().get(path.clone()).await;
        assert!(reply.status < 500, "{reply}");
        writeln!(all, "{path} {:?} {}", reply.headers, String::from_utf8_lossy(&reply.body)).unwrap();
    }
    let browser = Browser::of(server, "reader").await;
    let mut pages =
        vec!["/console/".to_owned(), "/console/browse/?q=secret".to_owned(), "/console/campaigns/".to_owned(), "/console/sharing/".to_owned()];
    pages.extend((0..MOST).map(|at| format!("/console/objects/feeds/private/{}/", id_of(scene, at))));
    for path in pages {
        let page = browser.get(path.clone()).await;
        assert!(page.status < 500, "{page}");
        writeln!(all, "{path} {}", page.text().replace('\n', " ")).unwrap();
    }
    all + &events(server).await
}

/// What a listener is told who begins at the beginning.
async fn events(server: &Server) -> String {
    let url = format!("http://{}/events/feeds/private/?added_after=2000-01-01T00:00:00Z", server.address);
    let request = crate::support::client::http().get(url).basic_auth("reader", Some(crate::support::server::PASSWORD));
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    // What is there comes at once; a line of greeting comes in any case.
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(std::time::Duration::from_millis(40), response.chunk()).await {
        text += &String::from_utf8_lossy(&piece);
    }
    text
}

/// All cursors that somebody with the highest clearance is given.
async fn cursors(reader: &Client) -> Vec<String> {
    let (mut found, mut path) = (Vec::new(), format!("{OBJECTS}?limit=2&match[version]=all"));
    loop {
        let page = reader.clone().without_mirror().get(path).await.expect(200).json();
        let Some(next) = page["next"].as_str() else { return found };
        found.push(next.to_owned());
        path = format!("{OBJECTS}?limit=2&next={next}");
    }
}

async fn judge(scene: &Scene, backend: Backend) {
    let server = Server::on(backend).await;
    set(&server, scene, Level::Red).await;
    for version in 0..2 {
        for at in &scene.order {
            let thing = &scene.things[*at];
            let markings = if version == 0 { Some(thing.first) } else { thing.second };
            let Some(markings) = markings else { continue };
            let envelope = json!({ "objects": [object(scene, *at, version, markings)] }).to_string();
            server.writer().post(OBJECTS, envelope).await.expect(202);
        }
    }
    let expected = Expected::of(scene);
    let reader = server.reader();
    let high = cursors(&reader).await;
    // The highest first: what was cached or noted for it must not be there for the lower.
    let full = everything(&server, &reader, scene, &high).await;
    for ((at, version), _) in expected.levels.iter().filter(|((at, version), _)| *version == 1 || scene.things[*at].second.is_none()) {
        assert!(full.contains(&token(*at, *version, "name")), "{scene:?}: {at} is not there for who may see it");
    }
    set(&server, scene, scene.clearance).await;
    let low = everything(&server, &reader, scene, &high).await;
    for secret in expected.hidden(scene, scene.clearance) {
        let line = low.lines().find(|line| line.contains(&secret)).unwrap_or_default();
        assert!(line.is_empty(), "{scene:?}: {secret} is shown to {:?} by {line}", scene.clearance);
    }
    // What may be seen is: nothing more is hidden than must be.
    for ((at, version), (all, _)) in &expected.levels {
        let is_latest = *version == 1 || !expected.levels.contains_key(&(*at, 1));
        if is_latest && *all <= scene.clearance.min(scene.ceiling) {
            assert!(low.contains(&token(*at, *version, "part")), "{scene:?}: {at} {version} of {all:?} is hidden from {:?}", scene.clearance);
        }
    }
    // A failure that tells nothing: what is hidden is as what never was.
    for at in 0..MOST {
        let visible = expected.levels.range((at, 0)..=(at, 1)).any(|(_, (all, _))| *all <= scene.clearance);
        if !visible {
            let path = |number: usize| format!("{OBJECTS}{}/", id(if scene.things[at].holds.is_some() { "report" } else { "indicator" }, number));
            let (hidden, never) = (reader.get(path(at)).await, reader.get(path(800)).await);
            let told = |reply: &crate::support::client::Reply| (reply.status, reply.json()["title"].clone(), reply.json()["description"].clone());
            assert_eq!(told(&hidden), told(&never));
        }
    }
}

#[test]
fn s090_nothing_above_the_clearance_leaves_by_any_way() {
    let runtime = Arc::new(Runtime::new().unwrap());
    let config = Config { cases: 30, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    for backend in [Backend::Memory, Backend::Sled] {
        let runner = TestRunner::new(config.clone()).run(&scene(), |scene| {
            runtime.block_on(judge(&scene, backend));
            Ok(())
        });
        runner.unwrap();
    }
}

#[tokio::test]
async fn tlp_red_leaves_only_to_who_is_named() {
    let server = Server::start().await;
    let red = with(&indicator(1), json!({ "object_marking_refs": [TLP[8].id] }));
    server.admin().add("/feeds/collections/public/objects/", &[red]).await;
    let cleared =
        User { name: "cleared".into(), clearance: Level::Red, partner: None, created: Stamp(1), ..server.feed.directory().users["reader"].clone() };
    server.feed.edit(vec![Edit::AddUser(cleared)], None).await.unwrap();
    let count = async || server.user("cleared").get("/feeds/collections/public/objects/").await.expect(200).objects().len();
    assert_eq!(count().await, 0, "a clearance alone does not name anybody");
    let (collection, rights) = (server.id_of("feeds", "public"), taxiway::store::directory::Rights { read: true, ..Default::default() });
    server.feed.edit(vec![Edit::Grant { user: "cleared".into(), collection, rights }], None).await.unwrap();
    assert_eq!(count().await, 1);
}
