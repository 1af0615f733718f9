//! The curated feed as others take it: real programs, the rules by which known clients get values out of patterns, and a second
//! feed that somebody dropped into a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use taxiway::feed::curated::files::Files;
use taxiway::feed::curated::{self, CuratedCollection, CuratedFeed};
use taxiway::stix::object;
use taxiway::stix::time::Instant;
use tempfile::TempDir;

use crate::program::{ADMIN_PASSWORD, Server};
use crate::support::client;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/indicators");

fn shipped() -> CuratedFeed {
    curated::read(&Files::embedded()).unwrap().remove(0)
}

/// A collection as a bundle.
fn bundle(collection: &CuratedCollection) -> String {
    let objects: Vec<_> = collection.objects.iter().map(|object| std::str::from_utf8(&object.bytes).unwrap()).collect();
    format!(r#"{{"type":"bundle","id":"bundle--{}","objects":[{}]}}"#, uuid::Uuid::new_v4(), objects.join(",\n"))
}

/// Runs a script of `tests/curated/` over the bundles of the feed, with the Python that `TAXIWAY_PYTHON` names.
///
/// Without it the test is passed over, but not where everything must run (`CI`).
fn run(script: &str) {
    let Some(python) = std::env::var_os("TAXIWAY_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "TAXIWAY_PYTHON must name a Python with tests/curated/requirements.txt");
        println!("passed over: TAXIWAY_PYTHON does not name a Python with tests/curated/requirements.txt");
        return;
    };
    let folder = TempDir::new().unwrap();
    for collection in shipped().collections.iter().filter(|c| !c.objects.is_empty()) {
        fs::write(folder.path().join(format!("{}.json", collection.alias)), bundle(collection)).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/curated").join(script);
    let output = Command::new(python).arg("-B").arg(path).arg(folder.path()).output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn stix2_validator_accepts_every_object() {
    run("validate.py");
}

#[test]
fn stix2_parse_accepts_every_object() {
    run("parse.py");
}

#[test]
fn misp_stix_imports_both_main_collections() {
    run("misp.py");
}

/// What the gate warns of, and why the feed does it all the same: an indicator stands on the observable itself, where the standard
/// lists observed data only, and a file is known by the one hash that its source gives.
const MEANT: [&str; 5] = [
    "hashes: should hold a SHA-256 (STIX 2.1 §2.7)",
    "relationship_type: indicator based-on domain-name is not listed in the standard (STIX 2.1 §3.7)",
    "relationship_type: indicator based-on email-addr is not listed in the standard (STIX 2.1 §3.7)",
    "relationship_type: indicator based-on file is not listed in the standard (STIX 2.1 §3.7)",
    "relationship_type: indicator based-on ipv4-addr is not listed in the standard (STIX 2.1 §3.7)",
];

#[test]
fn the_gate_takes_every_object() {
    let now = Instant::parse("2026-12-01T00:00:00Z").unwrap();
    let mut warnings = BTreeSet::new();
    for object in shipped().collections.iter().flat_map(|c| &c.objects) {
        match object::judge(std::str::from_utf8(&object.bytes).unwrap(), &now) {
            Ok(judged) => warnings.extend(judged.warnings.iter().map(ToString::to_string)),
            Err(refusal) => panic!("{}: {:?}", object.entry, refusal.findings),
        }
    }
    assert!(warnings.iter().map(String::as_str).eq(MEANT), "{warnings:#?}");
}

/// Kind and value, as the rows of `iocs.csv` have them.
type Iocs = BTreeSet<(String, String)>;

/// What the simple rows of `iocs.csv` say.
fn simple_rows() -> Iocs {
    let mut reader = csv::Reader::from_path(Path::new(FOLDER).join("exchange-2021/iocs.csv")).unwrap();
    let rows = reader.records().map(|row| row.unwrap());
    let pairs = rows.map(|row| (row[1].to_owned(), row[0].to_owned()));
    pairs.filter(|(kind, _)| ["ipv4", "domain", "email", "sha256", "sha1", "md5"].contains(&kind.as_str())).collect()
}

/// Every indicator of the collection for clients.
fn simple_indicators() -> Vec<Value> {
    let feed = shipped();
    let collection = feed.collections.iter().find(|c| c.alias == "exchange-2021-indicators").unwrap();
    let objects = collection.objects.iter().map(|object| serde_json::from_slice::<Value>(&object.bytes).unwrap());
    objects.filter(|object| object["type"] == "indicator").collect()
}

/// The kind that a path in a pattern is about.
fn kind(path: &str) -> &'static str {
    match path {
        "ipv4-addr:value" => "ipv4",
        "domain-name:value" => "domain",
        "email-addr:value" => "email",
        "file:hashes.MD5" => "md5",
        "file:hashes.'SHA-1'" => "sha1",
        "file:hashes.'SHA-256'" => "sha256",
        other => panic!("{other}"),
    }
}

/// Holds a client's rule against the rows: from every indicator exactly one value, and all together the rows.
fn gets_every_row(rule: impl Fn(&Value) -> Vec<(String, String)>) {
    let mut found = Iocs::new();
    for indicator in simple_indicators() {
        let iocs = rule(&indicator);
        assert_eq!(iocs.len(), 1, "{}: {iocs:?}", indicator["pattern"]);
        found.extend(iocs);
    }
    assert_eq!(found, simple_rows());
}

/// `clients.md` §1.2: blanks removed, then one expression for values and one for hashes; what stands before `:` or the hash is the kind.
#[test]
fn xsoar_gets_every_value() {
    let value = Regex::new(r"(\w.*?value=)'(.*?)'").unwrap();
    let hash = Regex::new(r"(\w.*?hashes\..*?=)'(.*?)'").unwrap();
    gets_every_row(|indicator| {
        let pattern = indicator["pattern"].as_str().unwrap().replace(' ', "");
        let both = value.captures_iter(&pattern).chain(hash.captures_iter(&pattern));
        both.map(|found| (kind(found[1].trim_end_matches('=')).to_owned(), found[2].to_owned())).collect()
    });
}

/// `clients.md` §1.2: the type by the head of the pattern, pieces at AND and OR, from each what stands on both sides of `=`; objects of
/// STIX 2.1 alone.
#[test]
fn elastic_gets_every_value() {
    let connective = Regex::new(r"\s+AND\s+|\s+OR\s+").unwrap();
    let comparison = Regex::new(r"^\[?(.*?) = '([^']*)'\]?$").unwrap();
    gets_every_row(|indicator| {
        assert_eq!(indicator["spec_version"], "2.1");
        let pattern = indicator["pattern"].as_str().unwrap();
        assert!(["[ipv4-addr", "[domain-name", "[email-addr", "[file"].iter().any(|head| pattern.starts_with(head)), "{pattern}");
        let pieces = connective.split(pattern).filter_map(|piece| comparison.captures(piece));
        pieces.map(|found| (kind(&found[1]).to_owned(), found[2].to_owned())).collect()
    });
}

/// `clients.md` §1.2: one expression for the type of the observable and the value.
#[test]
fn opencti_gets_every_value() {
    let expression = Regex::new(r"\[(.*?):.*'(.*?)'\]").unwrap();
    gets_every_row(|indicator| {
        let pattern = indicator["pattern"].as_str().unwrap();
        let found = expression.captures_iter(pattern);
        // The connector tells types apart, not hashes.
        found.map(|found| (kind_of_type(&found[1], &found[2]).to_owned(), found[2].to_owned())).collect()
    });
}

fn kind_of_type(type_name: &str, value: &str) -> &'static str {
    match (type_name, value.len()) {
        ("ipv4-addr", _) => "ipv4",
        ("domain-name", _) => "domain",
        ("email-addr", _) => "email",
        ("file", 32) => "md5",
        ("file", 40) => "sha1",
        ("file", 64) => "sha256",
        other => panic!("{other:?}"),
    }
}

/// The political story: what each report is called, when it was published and, by name, what it speaks of.
const STORY: [(&str, &str, &[&str]); 5] = [
    (
        "Joint condemnation of the PRC's malicious cyber activities",
        "2021-07-19",
        &[
            "Government of the United States",
            "European Union",
            "NATO",
            "Government of the United Kingdom",
            "Government of Australia",
            "Government of Canada",
            "Government of New Zealand",
            "Government of Japan",
            "Ministry of State Security of the PRC",
            "Cyber actors affiliated with the Ministry of State Security",
            "Exchange Server exploitation of early 2021",
        ],
    ),
    (
        "Condemnation without sanctions: what was said for it and against it",
        "2021-07-19",
        &[
            "Joint condemnation of the PRC's malicious cyber activities",
            "Why no sanctions came with the condemnation",
            "a senior official of the U.S. administration, unnamed",
            "Dmitri Alperovitch, chairman of the Silverado Policy Accelerator",
            "Dmitri Alperovitch",
            "Silverado Policy Accelerator",
        ],
    ),
    (
        "140,000 servers compromised, fewer than 10,000 a week after the one-click tool",
        "2021-07-19",
        &[
            "Exchange Server exploitation of early 2021",
            "Run the one-click Exchange On-premises Mitigation Tool",
            "140,000 servers, and fewer than 10,000 a week after the one-click tool",
            "140000",
        ],
    ),
    (
        "FBI removes hundreds of web shells from U.S. servers",
        "2021-04-13",
        &["U.S. Department of Justice", "Federal Bureau of Investigation", "Court-authorised removal of web shells", "China Chopper"],
    ),
    (
        "Indictment of officers of the Hainan State Security Department",
        "2021-07-19",
        &[
            "U.S. Department of Justice",
            "Ministry of State Security of the PRC",
            "Hainan State Security Department",
            "Hainan Xiandun Technology Development Co., Ltd.",
            "Ding Xiaoyang",
            "Cheng Qingmin",
            "Zhu Yunmin",
            "Wu Shurong",
            "Leviathan",
        ],
    ),
];

#[test]
fn the_political_story_is_told_by_dated_reports_that_refer_to_all_they_speak_of() {
    let feed = shipped();
    let graph = feed.collections.iter().find(|c| c.alias == "exchange-2021").unwrap();
    let objects: Vec<Value> = graph.objects.iter().map(|object| serde_json::from_slice(&object.bytes).unwrap()).collect();
    for (name, published, speaks_of) in STORY {
        let report = objects.iter().find(|o| o["type"] == "report" && o["name"] == name).unwrap();
        assert!(report["published"].as_str().unwrap().starts_with(published), "{name}");
        assert!(!report["external_references"].as_array().unwrap().is_empty(), "{name}");
        let refs = report["object_refs"].as_array().unwrap();
        let referred: Vec<_> = objects.iter().filter(|o| refs.contains(&o["id"])).collect();
        for wanted in speaks_of {
            let is_it = |o: &Value| {
                let count = o["count"].as_i64().map(|count| count.to_string());
                o["name"] == *wanted || o["abstract"] == *wanted || o["authors"][0] == *wanted || count.as_deref() == Some(*wanted)
            };
            assert!(referred.iter().any(|o| is_it(o)), "{name} does not refer to {wanted}");
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

async fn get(url: &str) -> Value {
    let answer = client::http().get(url).header("accept", "application/taxii+json;version=2.1").send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// A folder beside the one that ships, with the least a feed needs and a row of CSV, is served without a line of code.
#[tokio::test]
async fn a_second_folder_is_a_second_feed() {
    let folder = TempDir::new().unwrap();
    let indicators = folder.path().join("indicators");
    copy_folder(&Path::new(FOLDER).join("exchange-2021"), &indicators.join("exchange-2021"));
    copy_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/feed/curated/sample")), &indicators.join("small"));
    let header = "value,kind,context,about,technique,first_seen,last_seen,confidence,tlp,sources,types,false_positives,name,description";
    fs::write(indicators.join("small/iocs.csv"), format!("{header}\nc2.small-campaign.net,domain,Control host,,,2026-01-01,,70,clear,,,,,\n"))
        .unwrap();
    let server = Server::start_with(folder.path(), &["--indicators", "indicators"], Some(ADMIN_PASSWORD));
    let collections = get(&format!("{}/feeds/collections/", server.url)).await;
    let titles: Vec<_> = collections["collections"].as_array().unwrap().iter().map(|c| c["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&"Exchange 2021 campaign") && titles.contains(&"Small"), "{titles:?}");
    let page = get(&format!("{}/feeds/collections/small/objects/?match[type]=indicator", server.url)).await;
    assert_eq!(page["objects"].as_array().unwrap().len(), 1);
    assert_eq!(page["objects"][0]["pattern"], "[domain-name:value = 'c2.small-campaign.net']");
    let exchange = get(&format!("{}/feeds/collections/exchange-2021-indicators/objects/?match[type]=indicator&limit=1", server.url)).await;
    assert_eq!(exchange["objects"][0]["labels"][0], "exchange-2021");
}
