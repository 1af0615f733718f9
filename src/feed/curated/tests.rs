//! The feed that ships, and what is said about files that are wrong.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::files::Files;
use super::{CuratedCollection, CuratedFeed, CuratedObject, read, readme};
use crate::stix::marking::Level;
use crate::stix::object;
use crate::stix::sco_id::sco_id;
use crate::stix::time::Instant;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/indicators");

fn shipped() -> CuratedFeed {
    read(&Files::embedded()).unwrap().remove(0)
}

fn collection<'a>(feed: &'a CuratedFeed, alias: &str) -> &'a CuratedCollection {
    feed.collections.iter().find(|c| c.alias == alias).unwrap()
}

fn json(object: &CuratedObject) -> Value {
    serde_json::from_slice(&object.bytes).unwrap()
}

fn of_type(collection: &CuratedCollection, type_name: &str) -> Vec<Value> {
    collection.objects.iter().filter(|o| o.id.type_name() == type_name).map(json).collect()
}

/// The indicators of a feed by their names in the store.
fn indicators(feed: &CuratedFeed) -> Vec<Value> {
    ["exchange-2021-indicators", "exchange-2021-hunting"].iter().flat_map(|alias| of_type(collection(feed, alias), "indicator")).collect()
}

/// The embedded files with one of them changed.
fn with(path: &str, change: impl Fn(&str) -> String) -> Files {
    let files = Files::embedded();
    assert!(files.iter().any(|(its, _)| its == path), "{path}");
    Files::given(files.iter().map(|(its, text)| (its.to_owned(), if its == path { change(text) } else { text.to_owned() })))
}

fn complaint(files: &Files) -> String {
    read(files).unwrap_err().to_string()
}

/// The counts of the published facts: a change here is a row dropped, doubled or added.
#[test]
fn every_published_indicator_is_there_once() {
    let mut kinds = BTreeMap::new();
    for indicator in indicators(&shipped()) {
        *kinds.entry(indicator["labels"][1].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    let expected = [
        ("domain", 43),
        ("email", 2),
        ("filename", 62),
        ("filepath", 42),
        ("filepath-glob", 5),
        ("ipv4", 82),
        ("md5", 42),
        ("sha1", 25),
        ("sha256", 72),
        ("url-path", 9),
        ("user-agent", 14),
    ];
    assert_eq!(kinds.iter().map(|(kind, count)| (kind.as_str(), *count)).collect::<Vec<_>>(), expected);
}

/// The values themselves: the digest was computed over the published facts, not over this folder.
#[test]
fn the_values_are_the_published_ones() {
    let files = Files::embedded();
    let rows = super::tables::read_indicators(&files, "exchange-2021").unwrap();
    let mut values: Vec<_> = rows.iter().map(|row| format!("{}|{}", row.cells.kind.name(), row.cells.value)).collect();
    values.sort();
    let digest = Sha256::digest(values.join("\n"));
    assert_eq!(digest[..8], [0xa6, 0x5d, 0x5a, 0x3a, 0xbd, 0xc9, 0xfa, 0x01]);
}

#[test]
fn ids_are_the_same_for_ever() {
    let feed = shipped();
    let id_of = |pattern: &str| indicators(&feed).iter().find(|i| i["pattern"] == pattern).map(|i| i["id"].as_str().unwrap().to_owned());
    assert_eq!(id_of("[ipv4-addr:value = '103.77.192.219']").as_deref(), Some("indicator--f45ffbf5-8d9b-581e-a0eb-b362a9751590"));
    assert_eq!(id_of("[domain-name:value = 'p.estonine.com']").as_deref(), Some("indicator--e436835a-605b-555f-a050-39d363327d50"));
    assert_eq!(id_of("[file:hashes.MD5 = '099c8625c58b315b6c11f5baeb859f4c']").as_deref(), Some("indicator--4bc3c721-ab81-554a-b52b-b628bdd2b995"));
    assert_eq!(feed.publisher.as_str(), "identity--5ab98d49-471f-55b1-b9bd-6a051ab0f225");
    let graph = collection(&feed, "exchange-2021");
    let named = |name: &str| graph.objects.iter().map(json).find(|o| o["name"] == name).map(|o| o["id"].as_str().unwrap().to_owned());
    assert_eq!(named("DearCry").as_deref(), Some("malware--bc639f99-4b47-5187-9be7-4e1face21705"));
    assert_eq!(named("HAFNIUM").as_deref(), Some("intrusion-set--2688b13e-8e71-405a-9c40-0dee94bddf87"), "ATT&CK's own");
    assert_eq!(
        feed.collections.iter().map(|c| c.id.to_string()).collect::<Vec<_>>(),
        [
            "1d3cbd4e-5a0c-4d2f-8a36-0d0c1d1a5a01",
            "6f0a7c5e-93a4-4b0b-b1a9-2f7d9be5c202",
            "b4e8d6a1-2c57-4f3e-9d68-7a1b0c9e3303",
            "e2a95b30-7d84-4c19-a6f2-58c3d47f1404",
        ]
    );
}

#[test]
fn q26_what_is_referred_to_stands_before_it_in_the_same_collection() {
    let feed = shipped();
    assert!(collection(&feed, "submissions").objects.is_empty());
    for collection in &feed.collections {
        let mut seen = HashSet::new();
        for object in &collection.objects {
            let properties = json(object).as_object().unwrap().clone();
            for reference in crate::feed::object::references(&properties) {
                assert!(
                    seen.contains(reference) || reference == object.id.as_str(),
                    "{}: {reference} of {} comes later or never",
                    collection.alias,
                    object.id
                );
            }
            assert!(seen.insert(object.id.to_string()), "{} twice in {}", object.id, collection.alias);
        }
    }
}

/// The pattern style guide of `clients.md` §1.2: what every known client takes out of a pattern.
#[test]
fn simple_indicators_keep_to_the_style_guide() {
    let feed = shipped();
    let simple = collection(&feed, "exchange-2021-indicators");
    let paths = ["ipv4-addr:value", "domain-name:value", "email-addr:value", "file:hashes.MD5", "file:hashes.'SHA-1'", "file:hashes.'SHA-256'"];
    for indicator in of_type(simple, "indicator") {
        let pattern = indicator["pattern"].as_str().unwrap();
        let (path, value) = pattern.strip_prefix('[').and_then(|p| p.strip_suffix("']")).and_then(|p| p.split_once(" = '")).unwrap();
        assert!(paths.contains(&path), "{pattern}");
        assert!(!value.contains([' ', '\'', '\\']) && *value == value.to_lowercase(), "{pattern}");
        let needed = [
            "name",
            "description",
            "indicator_types",
            "valid_from",
            "confidence",
            "created_by_ref",
            "object_marking_refs",
            "labels",
            "kill_chain_phases",
            "external_references",
        ];
        for property in needed {
            assert!(indicator.get(property).is_some(), "{pattern} has no {property}");
        }
        assert_eq!((&indicator["pattern_type"], &indicator["pattern_version"]), (&Value::from("stix"), &Value::from("2.1")));
        assert_eq!(indicator.get("valid_until").is_some(), path == "ipv4-addr:value" || path == "email-addr:value", "{pattern}");
        assert!(!indicator["labels"].as_array().unwrap().contains(&Value::from("expert-pattern")));
    }
}

#[test]
fn every_simple_indicator_is_based_on_an_observable_and_points_to_something() {
    let feed = shipped();
    let graph = collection(&feed, "exchange-2021");
    let relationships = of_type(graph, "relationship");
    let sources = |kind: &str| {
        relationships.iter().filter(|r| r["relationship_type"] == kind).map(|r| r["source_ref"].as_str().unwrap()).collect::<HashSet<_>>()
    };
    let (based_on, indicates) = (sources("based-on"), sources("indicates"));
    for indicator in of_type(collection(&feed, "exchange-2021-indicators"), "indicator") {
        let id = indicator["id"].as_str().unwrap();
        assert!(based_on.contains(id) && indicates.contains(id), "{id}");
    }
    for indicator in of_type(collection(&feed, "exchange-2021-hunting"), "indicator") {
        assert!(indicator["labels"].as_array().unwrap().contains(&Value::from("expert-pattern")));
        assert!(!graph.objects.iter().any(|o| o.id.as_str() == indicator["id"]), "hunting patterns are never mixed in");
    }
}

#[test]
fn s044_observables_have_the_identifier_of_the_standard() {
    for collection in shipped().collections {
        for object in &collection.objects {
            let properties = json(object).as_object().unwrap().clone();
            if let Some(id) = sco_id(object.id.type_name(), &properties) {
                assert_eq!(id, object.id);
            }
        }
    }
}

#[test]
fn q27_a_sighting_says_where() {
    let sightings = of_type(collection(&shipped(), "exchange-2021"), "sighting");
    assert!(!sightings.is_empty() && sightings.iter().all(|s| s["where_sighted_refs"].as_array().is_some_and(|refs| !refs.is_empty())));
}

/// ATT&CK's objects stay MITRE's: created by it, and older than its own first publication.
#[test]
fn reference_copies_yield_to_their_creator() {
    let graph = collection(&shipped(), "exchange-2021").clone();
    let copies: Vec<_> = graph.objects.iter().map(json).filter(|o| o["created_by_ref"] == "identity--c78cb6e5-0c4b-4611-8297-d1b8b55e40b5").collect();
    assert!(copies.iter().filter(|o| o["type"] == "attack-pattern").count() > 50);
    for copy in copies {
        assert_eq!(copy["modified"], "2017-06-01T00:00:00.000Z");
        assert_eq!(copy["external_references"][0]["source_name"], "mitre-attack");
    }
}

/// Nothing ties APT40 to the Exchange exploitation but what the sources say of the indictment.
#[test]
fn apt40_is_met_only_in_what_is_said_of_the_indictment() {
    let graph = collection(&shipped(), "exchange-2021").clone();
    let apt40 = "intrusion-set--7113eaa5-ba79-4fb3-b68a-398ee9cd698e";
    let referring: Vec<_> =
        graph.objects.iter().filter(|o| o.id.as_str() != apt40 && String::from_utf8_lossy(&o.bytes).contains(apt40)).map(json).collect();
    let mut names: Vec<_> = referring.iter().filter_map(|o| o["name"].as_str().or(o["abstract"].as_str())).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AA21-200A: what the indicted actors of APT40 do",
            "APT40 is not charged with the Exchange exploitation",
            "Indictment of officers of the Hainan State Security Department",
        ]
    );
    assert_eq!(referring.len(), names.len());
}

/// Which markings the objects of a feed carry, and the definitions that come with them.
fn markings(feed: &CuratedFeed) -> (HashSet<Vec<String>>, HashSet<String>) {
    let all = feed.collections.iter().flat_map(|c| &c.objects).map(json).collect::<Vec<_>>();
    let refs = |o: &Value| o["object_marking_refs"].as_array().map(|refs| refs.iter().map(|r| r.as_str().unwrap().to_owned()).collect::<Vec<_>>());
    let definitions = all.iter().filter(|o| o["type"] == "marking-definition").map(|o| o["id"].as_str().unwrap().to_owned());
    (all.iter().filter_map(refs).map(|refs| refs.into_iter().take(2).collect()).collect(), definitions.collect())
}

#[test]
fn q28_the_twin_of_tlp_1_is_a_switch() {
    let (clear, white) = ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9");
    let (_, definitions) = markings(&shipped());
    assert!(definitions.contains(clear) && !definitions.contains(white));
    let twins = read(&with("exchange-2021/feed.toml", |text| text.replace("tlp1_twin = false", "tlp1_twin = true"))).unwrap().remove(0);
    let (carried, definitions) = markings(&twins);
    assert!(definitions.contains(clear) && definitions.contains(white));
    assert_eq!(carried, HashSet::from([vec![clear.to_owned(), white.to_owned()]]));
    for object in twins.collections.iter().flat_map(|c| &c.objects) {
        let judged = object::judge(std::str::from_utf8(&object.bytes).unwrap(), &Instant::parse("2026-12-01T00:00:00Z").unwrap());
        assert!(judged.unwrap().level <= Level::Clear, "{}", object.entry);
    }
}

/// The rows of a table and the objects of a file, last first.
fn reversed(path: &str, text: &str) -> String {
    if path.rsplit('.').next() == Some("csv") {
        let (header, rows) = text.split_once('\n').unwrap();
        let rows: Vec<_> = rows.lines().rev().collect();
        return format!("{header}\n{}\n", rows.join("\n"));
    }
    let blocks: Vec<_> = text.split("\n[[").collect();
    let (head, objects) = blocks.split_first().unwrap();
    // Every collection has its place in feed.toml; the order of what is in it is what this is about.
    if path.ends_with("feed.toml") {
        text.to_owned()
    } else {
        [*head].into_iter().chain(objects.iter().rev().copied()).collect::<Vec<_>>().join("\n[[")
    }
}

#[test]
fn neither_loading_again_nor_the_order_of_rows_and_objects_changes_a_byte() {
    let bytes = |feed: &CuratedFeed| feed.collections.iter().flat_map(|c| c.objects.iter().map(|o| o.bytes.clone())).collect::<Vec<_>>();
    let files = Files::embedded();
    let feed = shipped();
    for other in [files.clone(), Files::given(files.iter().map(|(path, text)| (path.to_owned(), reversed(path, text))))] {
        let other = read(&other).unwrap().remove(0);
        assert_eq!(bytes(&feed), bytes(&other));
        assert_eq!(feed.digest, other.digest);
    }
}

#[test]
fn an_edit_changes_the_digest_and_one_object() {
    let feed = shipped();
    let edited = read(&with("exchange-2021/software.toml", |text| text.replace("Bot for coin mining", "Program for coin mining"))).unwrap().remove(0);
    assert_ne!(feed.digest, edited.digest);
    let (old, new) = (&collection(&feed, "exchange-2021").objects, &collection(&edited, "exchange-2021").objects);
    assert_eq!(old.iter().zip(new).filter(|(a, b)| a.bytes != b.bytes).count(), 1);
    let label = read(&with("exchange-2021/feed.toml", |text| text.replace("Addresses, domains, mailboxes", "Addresses, names, mailboxes")))
        .unwrap()
        .remove(0);
    assert_ne!(feed.digest, label.digest, "what a collection says of itself counts too");
}

#[test]
fn a_generation_is_another_identity() {
    let change = |text: &str| {
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let rows: Vec<_> = lines.map(|row| if row.starts_with("103.77.192.219,") { format!("{row},2") } else { format!("{row},") }).collect();
        format!("{header},generation\n{}\n", rows.join("\n"))
    };
    let again = with("exchange-2021/iocs.csv", change);
    let again =
        Files::given(again.iter().map(|(path, text)| (path.to_owned(), text.replace("\"ipv4:103.77.192.219\"", "\"ipv4:103.77.192.219|2\""))));
    let again = read(&again).unwrap().remove(0);
    let ids = |feed: &CuratedFeed| indicators(feed).iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect::<HashSet<_>>();
    assert_eq!(ids(&shipped()).symmetric_difference(&ids(&again)).count(), 2);
}

#[test]
fn complaints_name_file_and_line() {
    let second_row = |cell: &str, other: &str| with("exchange-2021/iocs.csv", |text| text.replacen(cell, other, 1));
    for (files, expected) in [
        (second_row(",ipv4,", ",ipv5,"), "exchange-2021/iocs.csv:2: unknown variant `ipv5`"),
        (second_row(",exchange-ioc-hunter,", ",no-such-source,"), "no source has the key \"no-such-source\""),
        (second_row("T1190,2021", "T1190,2021-21"), "exchange-2021/iocs.csv:2: first_seen: "),
        (second_row(",clear,", ",pink,"), "exchange-2021/iocs.csv:2: tlp: no level \"pink\""),
        (second_row("T1190", "T9999"), "exchange-2021/iocs.csv:2: technique: \"T9999\" is not in attack.csv"),
        (second_row("value,kind,context", "value,kind,contxt"), "exchange-2021/iocs.csv:2: "),
        (
            with("exchange-2021/iocs.csv", |text| format!("{text}1.2.3,ipv4,a,hafnium,T1190,2021-03-09,,40,clear,,,,,\n")),
            "exchange-2021/iocs.csv:400: \"1.2.3\" is no IPv4 address in its plain form",
        ),
        (with("exchange-2021/iocs.csv", |text| format!("{text}1.2.3.4,ipv4,a\n")), "exchange-2021/iocs.csv:400: 3 cells where the header has 14"),
        (with("exchange-2021/iocs.csv", |text| format!("{text}{}\n", text.lines().nth(1).unwrap())), "exchange-2021/iocs.csv:400: the key "),
        (
            with("exchange-2021/software.toml", |text| text.replacen("is_family = true", "is_famly = true", 1)),
            "exchange-2021/software.toml:7: is_famly is nothing that an entry may say",
        ),
        (
            with("exchange-2021/software.toml", |text| text.replacen("[[malware]]", "[[malwares]]", 1)),
            "exchange-2021/software.toml:3: malwares is no type of STIX 2.1",
        ),
        (
            with("exchange-2021/software.toml", |text| text.replacen("key = \"sportsball\"", "key = \"web-shell\"", 1)),
            "the key \"web-shell\" is taken already",
        ),
        (with("exchange-2021/software.toml", |text| format!("{text}\n[[tool]]\nname = \"nameless\"\n")), "key is missing"),
        (with("exchange-2021/sightings.toml", |text| text.replace("[\"eset\"]", "[\"esset\"]")), "where_sighted_refs: nothing has the key \"esset\""),
        (
            with("exchange-2021/relationships.toml", |text| text.replacen("target = [\"hafnium\"]", "target = [\"hafnum\"]", 1)),
            "exchange-2021/relationships.toml:6: nothing has the key \"hafnum\"",
        ),
        (with("exchange-2021/relationships.toml", |text| format!("{text}{text}")), ": the same as exchange-2021/relationships.toml:6"),
        (
            with("exchange-2021/reports.toml", |text| text.replacen("published = 2021-03-02", "published = 2021-03-52", 1)),
            "exchange-2021/reports.toml:",
        ),
        (with("exchange-2021/feed.toml", |text| text.replacen("public = true", "public = yes", 1)), "exchange-2021/feed.toml:"),
        (with("exchange-2021/feed.toml", |text| text.replacen("Exchange 2021 campaign", "Exchange 2021, campaign", 1)), "has a . or a , in it"),
        (
            with("exchange-2021/feed.toml", |text| text.replacen("\"Exchange 2021 campaign\"", "\"Exchange 2021 hunting\"", 1)),
            "share an id, an alias or a title",
        ),
        (Files::given([("lonely/iocs.csv", "")]), "lonely/feed.toml: there is no such file"),
    ] {
        let said = complaint(&files);
        assert!(said.contains(expected), "{said:?} does not say {expected:?}");
    }
}

#[test]
fn the_embedded_files_are_those_of_the_folder() {
    let folder = Files::in_folder(Path::new(FOLDER)).unwrap();
    assert!(folder.iter().eq(Files::embedded().iter()), "the program was built from other files");
}

#[test]
fn readme_is_up_to_date() {
    let feed = read(&Files::in_folder(Path::new(FOLDER)).unwrap()).unwrap().remove(0);
    let path = Path::new(FOLDER).join(&feed.name).join("README.md");
    let wanted = readme::readme(&feed);
    if std::env::var_os("TAXIWAY_BLESS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} is stale; to write it anew: TAXIWAY_BLESS=1 cargo test readme", path.display());
}
