//! What the gate costs an object: the strict parse alone, parse and judgement together, and both under the guard with its built-in lists.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use taxiway::feed::guard::{Guard, Options, Posting};
use taxiway::stix::json::Json;
use taxiway::stix::object::{judge, judge_shown};
use taxiway::stix::time::Instant;

/// An indicator of about 1 kB, as a feed of threat intelligence has them.
const INDICATOR: &str = r#"{
"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
"created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2021-03-02T12:00:00.000Z","modified":"2021-03-08T09:30:00.000Z",
"name":"Web shell on Exchange servers","description":"Seen on servers that were entered through CVE-2021-26855; the file is written by the offline address book's virtual directory and answers to a parameter that carries JScript.",
"indicator_types":["malicious-activity"],"pattern":"[file:hashes.'SHA-256' = '65149e036fff06026d80ac9ad4d156332822dc93142cf1a122b1841ec8de34b5' AND file:name = 'web.aspx']",
"pattern_type":"stix","pattern_version":"2.1","valid_from":"2021-03-02T12:00:00Z","labels":["webshell","exchange"],"confidence":85,
"kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"persistence"}],
"external_references":[{"source_name":"publisher","description":"The report in which the file was described first.","url":"https://reports.example.org/2021/03/02/exchange-servers/"}],
"object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}"#;

const FILE: &str = r#"{"type":"file","spec_version":"2.1","id":"file--1b264e8e-0cc1-53f0-a740-e7c8a217264d","size":1612,"name":"web.aspx","mime_type":"text/plain",
"hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e","SHA-256":"65149e036fff06026d80ac9ad4d156332822dc93142cf1a122b1841ec8de34b5"},
"object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}"#;

const RELATIONSHIP: &str = r#"{"type":"relationship","spec_version":"2.1","id":"relationship--57b56a43-b8b0-4cba-9deb-34e3e1faed9e",
"created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2021-03-02T12:00:00.000Z","modified":"2021-03-02T12:00:00.000Z",
"relationship_type":"indicates","source_ref":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","target_ref":"malware--31b940d4-6f7f-459a-80ea-9c1f17b5891b",
"object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}"#;

/// The names of the samples.
const KINDS: [&str; 3] = ["indicator", "file", "relationship"];

fn main() {
    divan::main();
}

fn sample(kind: &str) -> &'static str {
    match kind {
        "indicator" => INDICATOR,
        "file" => FILE,
        _ => RELATIONSHIP,
    }
}

#[divan::bench(args = KINDS)]
fn parse(bencher: Bencher<'_, '_>, kind: &str) {
    let text = sample(kind);
    bencher.counter(ItemsCount::new(1_usize)).counter(BytesCount::of_str(text)).bench(|| Json::parse(black_box(text)).is_ok());
}

#[divan::bench(args = KINDS)]
fn parse_and_judge(bencher: Bencher<'_, '_>, kind: &str) {
    let text = sample(kind);
    let now = Instant::parse("2026-01-01T00:00:00Z").expect("a timestamp");
    assert!(judge(text, &now).is_ok(), "{kind} is valid");
    bencher.counter(ItemsCount::new(1_usize)).counter(BytesCount::of_str(text)).bench(|| judge(black_box(text), &now).is_ok());
}

#[divan::bench(args = KINDS)]
fn parse_judge_and_guard(bencher: Bencher<'_, '_>, kind: &str) {
    let text = sample(kind);
    let now = Instant::parse("2026-01-01T00:00:00Z").expect("a timestamp");
    let guard = Guard::open(&Options { defaults: true, posting: Posting::Block, ..Options::default() }).expect("the lists that are built in");
    bencher.counter(ItemsCount::new(1_usize)).counter(BytesCount::of_str(text)).bench(|| {
        let mut watch = guard.watch();
        let revoked = judge_shown(black_box(text), &now, &mut |part| watch.see(part)).is_ok_and(|object| object.revoked);
        watch.verdict(revoked).is_ok()
    });
}
