//! The lists before the programs that read them: whatever values and names are like, each loads its files without a complaint.
//!
//! `./check` installs the programs. Where one is missing, its test says so and passes; in CI it fails.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::samples::{indicator, with};
use crate::support::server::{OBJECTS, Server};

const LISTS: &str = "/lists/feeds/private/";
/// How many objects there are whose values are made up of odd characters.
const RANDOM: usize = 150;

/// What indicators are about, by the path of their patterns. Of hashes the gate lets in no other than such.
const PATHS: [&str; 10] = [
    "ipv4-addr:value",
    "ipv6-addr:value",
    "domain-name:value",
    "url:value",
    "email-addr:value",
    "file:name",
    "directory:path",
    "windows-registry-key:key",
    "mutex:name",
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
];

/// Values that are what they say, and rare.
const SOUND: [(&str, &str); 22] = [
    ("ipv4-addr:value", "198.51.100.7"),
    ("ipv4-addr:value", "198.51.100.0/24"),
    ("ipv4-addr:value", "203.0.113.128/25"),
    ("ipv6-addr:value", "2001:db8::1"),
    ("ipv6-addr:value", "2001:db8:0:0:1::/80"),
    ("ipv6-addr:value", "::ffff:198.51.100.9"),
    ("domain-name:value", "evil.example"),
    ("domain-name:value", "www.evil.example"),
    ("domain-name:value", "_dmarc.evil.example"),
    ("domain-name:value", "bücher.example"),
    ("domain-name:value", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.example"),
    ("url:value", "http://evil.example/a?b=c&d=%27;%22#e"),
    ("url:value", "https://evil.example:8443/ä;x=\"1\"|y"),
    ("url:value", "http://[2001:db8::5]/*.php"),
    ("email-addr:value", "=cmd@evil.example"),
    ("file:hashes.MD5", "D41D8CD98F00B204E9800998ECF8427E"),
    ("file:hashes.'SHA-256'", "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"),
    ("file:name", "it's;a \"test\"?*.exe"),
    ("directory:path", "C:\\Users\\%USER%\\x"),
    ("windows-registry-key:key", "HKEY_LOCAL_MACHINE\\Software\\a|b"),
    ("mutex:name", "Global\\{a;b}#c"),
    ("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", "Mozilla/5.0 (a; b: \"c\") |d|"),
];

/// Texts that would break a list that trusts them.
const HOSTILE: [&str; 16] = [
    "evil.example\nallow all",
    "evil.example;drop",
    "evil.example\"; sid:1;)",
    "=HYPERLINK(\"x\")",
    "a,b",
    "a'b",
    "# comment",
    "*",
    "..",
    "-a.example",
    "evil.example/\\",
    "{{x}}",
    "${x}",
    "\u{202e}x",
    "a\tb",
    "",
];

/// An indicator whose pattern asks for a value at a path.
fn about(number: usize, path: &str, value: &str, name: &str) -> Value {
    let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
    with(&indicator(number), json!({ "pattern": format!("[{path} = '{quoted}']"), "name": name, "confidence": number % 101 }))
}

/// Sound values, hostile ones for every path, and random ones; with names that are hostile too.
fn objects() -> Vec<Value> {
    let mut runner = TestRunner::deterministic();
    let odd = "[a-z0-9.:/\\\\;\"'|,=#%*?(){}\\[\\]$<>&!~^+@ \n\t\u{e9}-]{1,40}";
    let mut all: Vec<(String, String)> = SOUND.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    all.extend(PATHS.iter().flat_map(|path| HOSTILE.iter().map(|value| ((*path).to_owned(), (*value).to_owned()))));
    all.push(("domain-name:value".into(), format!("{}.example", "a".repeat(64))));
    all.push(("url:value".into(), format!("http://evil.example/{}", "a".repeat(3000))));
    for number in 0..RANDOM {
        let value = odd.new_tree(&mut runner).unwrap().current();
        all.push((PATHS[number % PATHS.len()].to_owned(), value));
    }
    let name = |number: usize| HOSTILE[number % HOSTILE.len()];
    all.iter().enumerate().map(|(number, (path, value))| about(number, path, value, &format!("n {}", name(number)))).collect()
}

/// A server with all of that, and a folder with the lists of these names.
async fn fetched(names: &[&str]) -> (Server, TempDir) {
    let server = Server::start().await;
    let writer = server.writer();
    for envelope in objects().chunks(200) {
        writer.add(OBJECTS, envelope).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let list = writer.get(format!("{LISTS}{name}")).await.expect(200);
        assert_ne!(list.header("x-taxiway-entries"), "0", "{name}");
        fs::write(folder.path().join(name), &list.body).unwrap();
    }
    (server, folder)
}

/// Runs a program, if it is there; in CI it is.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Option<Output> {
    let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let Some(place) = places.iter().map(|place| Path::new(place).join(program)).find(|path| path.exists()) else {
        assert!(std::env::var_os("CI").is_none(), "this needs {program}");
        println!("passed over: there is no {program}");
        return None;
    };
    Some(Command::new(place).args(arguments).current_dir(folder).output().unwrap())
}

/// A program loads its files and complains of nothing.
#[track_caller]
fn loads(program: &str, arguments: &[&str], folder: &Path, complaints: &[&str]) {
    let Some(output) = run(program, arguments, folder) else { return };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !complaints.iter().any(|complaint| said.contains(complaint)), "{program}: {said}");
}

#[tokio::test]
async fn q_bind_loads_the_zone() {
    let (_server, folder) = fetched(&["rpz.zone"]).await;
    loads("named-checkzone", &["rpz.example", "rpz.zone"], folder.path(), &["ignoring", "bad"]);
}

#[tokio::test]
async fn q_dnsmasq_loads_names() {
    let (_server, folder) = fetched(&["dnsmasq.conf"]).await;
    loads("dnsmasq", &["--test", "--conf-file=dnsmasq.conf"], folder.path(), &["bad", "error"]);
}

#[tokio::test]
async fn q_squid_loads_names_addresses_and_expressions() {
    let (_server, folder) = fetched(&["squid-domain.acl", "squid-ip.acl", "squid-url.acl"]).await;
    let acl = |name: &str, kind: &str| format!("acl {name} {kind} \"{}/squid-{name}.acl\"\n", folder.path().display());
    let settings = [acl("domain", "dstdomain"), acl("ip", "dst"), acl("url", "url_regex"), "http_port 3128\n".to_owned()].concat();
    fs::write(folder.path().join("squid.conf"), settings).unwrap();
    loads("squid", &["-k", "parse", "-f", "squid.conf"], folder.path(), &["FATAL", "ERROR", "Bungled", "is a subdomain", "is a subnetwork"]);
}

#[tokio::test]
async fn q_haproxy_loads_addresses_and_names() {
    let (_server, folder) = fetched(&["haproxy-ip.lst", "haproxy-domain.lst"]).await;
    let settings = "defaults\n  mode http\n  timeout client 1s\n  timeout connect 1s\n  timeout server 1s\nfrontend f\n  bind 127.0.0.1:18080\n  \
                    http-request deny if { src -f haproxy-ip.lst }\n  http-request deny if { hdr(host) -m end -f haproxy-domain.lst }\n";
    fs::write(folder.path().join("haproxy.cfg"), settings).unwrap();
    loads("haproxy", &["-c", "-f", "haproxy.cfg"], folder.path(), &["ALERT", "error"]);
}

#[tokio::test]
async fn q_yara_compiles_the_rules() {
    let (_server, folder) = fetched(&["yara.yar"]).await;
    loads("yara", &["yara.yar", "/dev/null"], folder.path(), &["error", "warning"]);
}

#[tokio::test]
async fn q_suricata_loads_rules() {
    let (_server, folder) = fetched(&["suricata.rules"]).await;
    let arguments = ["-T", "-S", "suricata.rules", "-c", "/etc/suricata/suricata.yaml", "-l", "."];
    loads("suricata", &arguments, folder.path(), &["Error:", "rules failed to load, 1"]);
}

/// Runs a script over lists, in the environment that `./check` makes.
async fn python(script: &str, names: &[&str]) {
    let Some(python) = std::env::var_os("TAXIWAY_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "this needs TAXIWAY_PYTHON");
        println!("passed over: TAXIWAY_PYTHON is not set");
        return;
    };
    let (server, folder) = fetched(names).await;
    if names.contains(&"manifest.json") {
        let manifest: Value = serde_json::from_slice(&fs::read(folder.path().join("manifest.json")).unwrap()).unwrap();
        for event in manifest.as_object().unwrap().keys() {
            let event = format!("{event}.json");
            let body = server.writer().get(format!("{LISTS}{event}")).await.expect(200).body;
            fs::write(folder.path().join(event), body).unwrap();
        }
    }
    let output = Command::new(python).arg("-c").arg(script).args(names).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn q_python_reads_every_table() {
    let script = "
import csv, sys
for name in sys.argv[1:]:
    with open(name, newline='', encoding='utf-8') as file:
        rows = list(csv.reader(file, strict=True))
    assert len(rows) > 1 and {len(row) for row in rows} == {len(rows[0])}, name
    cells = [cell.lstrip() for row in rows[1:] for cell in row]
    assert name != 'indicators.csv' or not any(cell[:1] in '=+-@' for cell in cells if cell), name
";
    let tables = ["indicators.csv", "splunk-ip.csv", "splunk-domain.csv", "splunk-file.csv", "splunk-http.csv", "splunk-email.csv"];
    python(script, &tables).await;
}

#[tokio::test]
async fn q_pymisp_loads_the_events_that_the_manifest_names() {
    let script = "
import json
from pymisp import MISPEvent
manifest = json.load(open('manifest.json'))
lines = {tuple(line.split(',')) for line in open('hashes.csv').read().splitlines()}
known = set()
for uuid, told in manifest.items():
    event = MISPEvent()
    event.load_file(uuid + '.json')
    assert (event.uuid, event.info, event.Orgc.uuid) == (uuid, told['info'], told['Orgc']['uuid']), uuid
    for attribute in event.attributes:
        assert attribute.type in event.describe_types['category_type_mappings'][attribute.category], attribute
        known |= {(value, uuid) for value in attribute.hash_values('md5')}
assert lines and lines <= known, lines - known
";
    python(script, &["manifest.json", "hashes.csv"]).await;
}

#[tokio::test]
async fn q_pysigma_reads_the_rules() {
    let script = "
from sigma.collection import SigmaCollection
rules = SigmaCollection.from_yaml(open('sigma.yml', encoding='utf-8').read()).rules
assert rules and not any(rule.errors for rule in rules), [rule.errors for rule in rules]
";
    python(script, &["sigma.yml"]).await;
}

#[tokio::test]
async fn q_stix2_validator_takes_the_bundle() {
    let script = "
import json
from stix2validator import validate_file
result = validate_file('bundle.json')
assert result.is_valid, result.as_dict()
assert json.load(open('bundle.json'))['objects'] == [json.loads(line) for line in open('objects.jsonl', encoding='utf-8')]
";
    python(script, &["bundle.json", "objects.jsonl"]).await;
}
