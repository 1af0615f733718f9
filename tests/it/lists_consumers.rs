//! The lists before the programs that read them: whatever values and names are like, each loads its files without a complaint.
//!
//! `./check` installs the programs. Where one is missing, its test says so and passes; in CI it fails.

mod dns;
mod readers;
mod values;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::server::{OBJECTS, Server};
use values::About;

const LISTS: &str = "/lists/feeds/private/";

/// Lists of the fixed set of values and of so many odd sets are each judged.
///
/// A set is not made smaller when one fails: it is told whole, and its lists are what to look at.
#[track_caller]
fn whatever_values_are(names: &[&str], odd_sets: u32, judge: impl Fn(&Path)) {
    let runtime = Runtime::new().unwrap();
    let one = |set: &[About]| {
        let folder = runtime.block_on(fetched(set, names));
        judge(folder.path());
    };
    one(&values::fixed());
    let config = Config { cases: odd_sets, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let judged = TestRunner::new(config).run(&values::odd(), |set| {
        one(&set);
        Ok::<(), TestCaseError>(())
    });
    judged.unwrap();
}

/// A folder with the lists of these names, of a server with indicators of these values.
async fn fetched(set: &[About], names: &[&str]) -> TempDir {
    let server = Server::start().await;
    let writer = server.writer();
    let objects: Vec<Value> = set.iter().enumerate().map(|(number, about)| values::object(number, about)).collect();
    for envelope in objects.chunks(200) {
        writer.add(OBJECTS, envelope).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let get = async |name: &str| writer.get(format!("{LISTS}{name}")).await.expect(200);
    for name in names {
        let list = get(name).await;
        fs::write(folder.path().join(name), &list.body).unwrap();
        if *name == "manifest.json" {
            let manifest: Value = serde_json::from_slice(&list.body).unwrap();
            for event in manifest.as_object().unwrap().keys() {
                let event = format!("{event}.json");
                fs::write(folder.path().join(&event), get(&event).await.body).unwrap();
            }
        }
    }
    server.close().await;
    folder
}

/// Where a program is, if it is there; in CI it is.
fn program(name: &str) -> Option<PathBuf> {
    let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let found = places.iter().map(|place| Path::new(place).join(name)).find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "this needs {name}");
        println!("passed over: there is no {name}");
    }
    found
}

/// A program ends well and complains of nothing; what it said.
#[track_caller]
fn loads(program: &Path, arguments: &[&str], folder: &Path, complaints: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let said = said(&output);
    assert!(output.status.success() && !complaints.iter().any(|complaint| said.contains(complaint)), "{}: {said}", program.display());
    said
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn q_bind_loads_the_zone() {
    let Some(checker) = program("named-checkzone") else { return };
    whatever_values_are(&["rpz.zone"], 30, |folder| {
        loads(&checker, &["rpz.example", "rpz.zone"], folder, &["ignoring", "bad"]);
    });
}

#[test]
fn q_dnsmasq_loads_names() {
    let Some(dnsmasq) = program("dnsmasq") else { return };
    whatever_values_are(&["dnsmasq.conf"], 30, |folder| {
        loads(&dnsmasq, &["--test", "--conf-file=dnsmasq.conf"], folder, &["bad", "error"]);
    });
}

#[test]
fn q_squid_loads_names_addresses_and_expressions() {
    let Some(squid) = program("squid") else { return };
    whatever_values_are(&["squid-domain.acl", "squid-ip.acl", "squid-url.acl"], 20, |folder| {
        let acl = |name: &str, kind: &str| format!("acl {name} {kind} \"{}/squid-{name}.acl\"\n", folder.display());
        let settings = [acl("domain", "dstdomain"), acl("ip", "dst"), acl("url", "url_regex"), "http_port 3128\n".to_owned()].concat();
        fs::write(folder.join("squid.conf"), settings).unwrap();
        loads(&squid, &["-k", "parse", "-f", "squid.conf"], folder, &["FATAL", "ERROR", "Bungled", "is a subdomain", "is a subnetwork"]);
    });
}

#[test]
fn q_nftables_loads_the_sets_again_and_again() {
    let (Some(_), Some(unshare)) = (program("nft"), program("unshare")) else { return };
    // In a network of its own: loading is what shows that the sets are sound, and that they replace what was there.
    let script = "set -e
        nft -c -f nftables.nft
        nft -f nftables.nft
        nft -f nftables.nft
        nft list table inet taxiway
        ! grep -q '^198.51.100.0/24,' nftables.nft || nft get element inet taxiway ipv4 '{ 198.51.100.200 }'";
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let arguments: &[&str] = if root { &["--net", "sh", "-c", script] } else { &["--map-root-user", "--net", "sh", "-c", script] };
    whatever_values_are(&["nftables.nft"], 20, |folder| {
        let loaded = loads(&unshare, arguments, folder, &["Error"]);
        assert!(loaded.contains("set ipv4") && loaded.contains("set ipv6"), "{loaded}");
    });
}

#[test]
fn q_haproxy_loads_addresses_and_names() {
    let Some(haproxy) = program("haproxy") else { return };
    whatever_values_are(&["haproxy-ip.lst", "haproxy-domain.lst"], 20, |folder| {
        let settings = "defaults\n  mode http\n  timeout client 1s\n  timeout connect 1s\n  timeout server 1s\nfrontend f\n  bind 127.0.0.1:18080\n  \
                        http-request deny if { src -f haproxy-ip.lst }\n  http-request deny if { hdr(host) -m end -f haproxy-domain.lst }\n";
        fs::write(folder.join("haproxy.cfg"), settings).unwrap();
        loads(&haproxy, &["-c", "-f", "haproxy.cfg"], folder, &["ALERT", "error"]);
    });
}

#[test]
fn q_yara_compiles_the_rules() {
    let Some(yara) = program("yara") else { return };
    whatever_values_are(&["yara.yar"], 20, |folder| {
        loads(&yara, &["yara.yar", "/dev/null"], folder, &["error", "warning"]);
    });
}

#[test]
fn q_suricata_loads_rules() {
    let Some(suricata) = program("suricata") else { return };
    whatever_values_are(&["suricata.rules"], 10, |folder| {
        let arguments = ["-T", "-S", "suricata.rules", "-c", "/etc/suricata/suricata.yaml", "-l", "."];
        loads(&suricata, &arguments, folder, &["Error:", "rules failed to load, 1"]);
    });
}

#[test]
fn q_suricata_loads_data_sets_and_reputations() {
    let Some(suricata) = program("suricata") else { return };
    let sets = ["suricata-domain.lst", "suricata-url.lst", "suricata-user-agent.lst", "suricata-md5.lst", "suricata-sha256.lst", "suricata-ip.lst"];
    let names = [&sets[..], &["suricata-iprep.list", "suricata-categories.txt"]].concat();
    whatever_values_are(&names, 6, |folder| {
        let set = |name: &str, kind: &str| format!("dataset:isset,{},type {kind},load {name}", name.replace(['-', '.'], ""));
        let rules = [
            ("dns", format!("dns.query; {}", set("suricata-domain.lst", "string"))),
            ("http", format!("http.uri.raw; {}", set("suricata-url.lst", "string"))),
            ("http", format!("http.user_agent; {}", set("suricata-user-agent.lst", "string"))),
            ("http", format!("http.host; to_md5; {}", set("suricata-md5.lst", "md5"))),
            ("http", format!("http.host; to_sha256; {}", set("suricata-sha256.lst", "sha256"))),
            ("http", "filemd5:suricata-md5.lst".to_owned()),
            ("http", "filesha256:suricata-sha256.lst".to_owned()),
            ("ip", format!("ip.src; {}", set("suricata-ip.lst", "ip"))),
            ("ip", "iprep:any,Taxiway,>,1".to_owned()),
        ];
        // A rule of a list of hashes that is empty does not load; a data set may be.
        let is_empty = |name: &str| fs::read(folder.join(name)).unwrap().is_empty();
        let loaded = rules.iter().filter(|(_, rule)| !rule.strip_prefix("filemd5:").or(rule.strip_prefix("filesha256:")).is_some_and(is_empty));
        let text = loaded.zip(1..).map(|((kind, rule), sid)| format!("alert {kind} any any -> any any (msg:\"x\"; {rule}; sid:{sid};)\n"));
        let rules: String = text.collect();
        fs::write(folder.join("sets.rules"), rules).unwrap();
        let here = folder.display().to_string();
        let arguments = [
            "-T",
            "-S",
            "sets.rules",
            "-c",
            "/etc/suricata/suricata.yaml",
            "-l",
            ".",
            "--set",
            &format!("default-rule-path={here}"),
            "--set",
            "reputation-categories-file=suricata-categories.txt",
            "--set",
            &format!("default-reputation-path={here}"),
            "--set",
            "reputation-files.0=suricata-iprep.list",
        ];
        loads(&suricata, &arguments, folder, &["Error:", "rules failed to load, 1"]);
    });
}

/// Runs a script over lists, in the environment that `./check` makes.
fn python(script: &str, names: &[&str], odd_sets: u32) {
    let Some(python) = std::env::var_os("TAXIWAY_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "this needs TAXIWAY_PYTHON");
        println!("passed over: TAXIWAY_PYTHON is not set");
        return;
    };
    let arguments = [&["-c", script], names].concat();
    whatever_values_are(names, odd_sets, |folder| {
        loads(Path::new(&python), &arguments, folder, &[]);
    });
}

#[test]
fn q_python_reads_every_table() {
    let script = "
import csv, sys
for name in sys.argv[1:]:
    with open(name, newline='', encoding='utf-8') as file:
        rows = list(csv.reader(file, strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}, name
    cells = [cell.lstrip() for row in rows[1:] for cell in row]
    assert name != 'indicators.csv' or not any(cell[:1] in '=+-@' for cell in cells if cell), name
";
    let tables = ["indicators.csv", "splunk-ip.csv", "splunk-domain.csv", "splunk-file.csv", "splunk-http.csv", "splunk-email.csv"];
    python(script, &tables, 24);
}

#[test]
fn q_pymisp_loads_the_events_that_the_manifest_names() {
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
    assert len({attribute.uuid for attribute in event.attributes}) == len(event.attributes), 'twins'
    for attribute in event.attributes:
        assert attribute.type in event.describe_types['category_type_mappings'][attribute.category], attribute
        known |= {(value, uuid) for value in attribute.hash_values('md5')}
assert lines and lines <= known, lines - known
";
    python(script, &["manifest.json", "hashes.csv"], 10);
}

#[test]
fn q_pysigma_reads_the_rules() {
    let script = "
from sigma.collection import SigmaCollection
rules = SigmaCollection.from_yaml(open('sigma.yml', encoding='utf-8').read()).rules
assert rules and not any(rule.errors for rule in rules), [rule.errors for rule in rules]
";
    python(script, &["sigma.yml"], 10);
}

#[test]
fn q_stix2_validator_takes_the_bundle() {
    let script = "
import json
from stix2validator import validate_file
result = validate_file('bundle.json')
assert result.is_valid, result.as_dict()
assert json.load(open('bundle.json'))['objects'] == [json.loads(line) for line in open('objects.jsonl', encoding='utf-8').read().split('\\n') if line]
";
    python(script, &["bundle.json", "objects.jsonl"], 3);
}
