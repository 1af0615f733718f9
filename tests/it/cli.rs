//! The program from outside: its verbs, its exit codes, its start and its end.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use reqwest::{Certificate, Client, Version, tls};
use serde_json::Value;
use taxiway::taxii::media;
use tempfile::TempDir;

use crate::program::{ADMIN_PASSWORD, Server, finish, run, store_in, taxiway};
use crate::support::client::http;

async fn may_administrate(server: &Server, password: &str) -> bool {
    http().get(format!("{}/admin/users/", server.url)).basic_auth("admin", Some(password)).send().await.unwrap().status() == 200
}

#[tokio::test]
async fn the_first_start_tells_a_password_and_the_second_does_not() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_with(folder.path(), &[], None);
    let password = server.greeting.lines().find_map(|line| line.split_once("told this once: ")).unwrap().1.to_owned();
    assert!(may_administrate(&server, &password).await);
    server.terminate();
    assert!(server.end().success());

    let server = Server::start_with(folder.path(), &[], Some(ADMIN_PASSWORD));
    assert!(!server.greeting.contains("user admin"), "{}", server.greeting);
    assert!(may_administrate(&server, &password).await);
    assert!(!may_administrate(&server, ADMIN_PASSWORD).await);
}

#[tokio::test]
async fn the_first_password_can_be_given() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    assert!(!server.greeting.contains(ADMIN_PASSWORD));
    assert!(may_administrate(&server, ADMIN_PASSWORD).await);
    let elsewhere = TempDir::new().unwrap();
    let short = finish(taxiway(elsewhere.path(), &["serve", "--listen", "127.0.0.1:0"]).env("TAXIWAY_ADMIN_PASSWORD", "short"));
    assert_eq!((short.0, short.2.as_str()), (2, "taxiway: TAXIWAY_ADMIN_PASSWORD: a password has 12 characters at least\n"));
}

#[test]
fn a_request_in_flight_is_finished_when_the_server_is_told_to_stop() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start(folder.path());
    let mut idle = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let mut busy = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let body = br#"{"slug": "feeds", "title": "Feeds"}"#;
    let credentials = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("admin:{ADMIN_PASSWORD}"));
    let head = format!(
        "POST /admin/roots/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).unwrap();
    let goes_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut answer = vec![0; goes_on.len()];
    busy.read_exact(&mut answer).unwrap();
    assert_eq!(answer, goes_on);

    server.terminate();
    server.wait_for("stopping");
    busy.write_all(body).unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "who waits for nothing is not waited for");
    assert!(server.end().success());
    assert_eq!(run(folder.path(), &["root", "list"]).1, "SLUG   TITLE\nfeeds  Feeds\n");
}

#[tokio::test]
async fn a_store_at_rest_tells_who_was_handed_what() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    let (root, collection) = (["root", "add", "feeds", "--title", "Feeds"], ["collection", "add", "feeds/ours", "--title", "Ours"]);
    for verb in [&root[..], &collection, &["add", "feeds/ours", "c2.badhost.net"]] {
        let (exit, _, said) = server.run(folder.path(), verb);
        assert_eq!(exit, 0, "{said}");
    }
    let url = format!("{}/feeds/collections/ours/objects/", server.url);
    let poll = http().get(url).header("accept", media::TAXII).basic_auth("admin", Some(ADMIN_PASSWORD));
    assert_eq!(poll.send().await.unwrap().status(), 200);
    server.terminate();
    assert!(server.end().success());
    let (exit, told, said) = run(folder.path(), &["consumers"]);
    assert!(exit == 0 && told.contains("feeds/ours"), "{told}{said}");
}

/// Verbs that make, show and remove everything, with refusals among them.
const VERBS: &[&[&str]] = &[
    &["root", "add", "feeds", "--title", "Feeds", "--description", "All of them"],
    &["root", "add", "feeds", "--title", "Feeds"],
    &["root", "list"],
    &["root", "list", "--json"],
    &["collection", "add", "feeds/ours", "--title", "Ours", "--id", "43b0d9b5-9b8a-4d6c-9d4e-0b4b1d1c6f11", "--public", "--json"],
    &["collection", "add", "feeds/theirs", "--title", "Theirs", "--id", "53b0d9b5-9b8a-4d6c-9d4e-0b4b1d1c6f11"],
    &["collection", "add", "none/theirs", "--title", "Theirs"],
    &["collection", "list"],
    &["user", "add", "siem of/Ä?#%", "--clearance", "amber+strict"],
    &["user", "add", "ops", "--admin", "--json"],
    &["user", "list"],
    &["grant", "siem of/Ä?#%", "feeds/ours", "read,write"],
    &["grant", "siem of/Ä?#%", "feeds/theirs", "read"],
    &["grant", "nobody", "feeds/ours", "read"],
    &["grants"],
    &["grants", "--json"],
    &["user", "show", "siem of/Ä?#%"],
    &["user", "passwd", "siem of/Ä?#%"],
    &["user", "passwd", "nobody"],
    &["token", "list"],
    &["token", "list", "nobody"],
    &["token", "remove", "0123456789ab"],
    &["collection", "show", "feeds/ours"],
    &["collection", "show", "feeds/53b0d9b5-9b8a-4d6c-9d4e-0b4b1d1c6f11", "--json"],
    &["ungrant", "siem of/Ä?#%", "feeds/ours"],
    &["ungrant", "siem of/Ä?#%", "feeds/ours"],
    &["user", "remove", "siem of/Ä?#%"],
    &["grants"],
    &["collection", "remove", "feeds/ours"],
    &["root", "remove", "feeds"],
    &["collection", "remove", "feeds/theirs"],
    &["root", "remove", "feeds"],
    &["root", "remove", "feeds"],
];

/// Timestamps replaced: they are the only thing that may differ.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.trim_matches(|c: char| "\",;".contains(c)).ends_with('Z') && word.contains('T') && word.contains(':');
    text.lines().map(|line| line.split(' ').map(|word| if is_time(word) { "TIME" } else { word }).collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
fn verbs_do_the_same_on_a_store_and_on_a_server() {
    let (here, there) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    // The same users on both.
    let server = Server::start(here.path());
    server.terminate();
    assert!(server.end().success());
    let server = Server::start(there.path());
    let store = store_in(here.path());
    for verb in VERBS {
        let local = finish(taxiway(there.path(), verb).args(["--store", &store]).env("TAXIWAY_PASSWORD", ADMIN_PASSWORD));
        let remote = server.run(there.path(), verb);
        assert!(local.0 < 2, "{verb:?}: {local:?}");
        assert_eq!((local.0, timeless(&local.1), timeless(&local.2)), (remote.0, timeless(&remote.1), timeless(&remote.2)), "{verb:?}");
    }
}

#[tokio::test]
async fn a_token_is_told_once_on_standard_output_and_speaks_for_its_user() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    let (code, token, told) = server.run(folder.path(), &["token", "add", "admin", "--label", "the CLI", "--expires", "90d"]);
    assert_eq!((code, token.lines().count()), (0, 1), "{told}");
    assert!(!told.contains(token.trim()));
    let listed = finish(taxiway(folder.path(), &["token", "list", "--json", "--url", &server.url]).env("TAXIWAY_TOKEN", token.trim()));
    let listed: Value = serde_json::from_str(&listed.1).unwrap();
    let shown = &listed["tokens"][0];
    assert_eq!(shown["label"], "the CLI");
    let id = shown["id"].as_str().unwrap();
    assert_eq!(run(folder.path(), &["token", "remove", id, "--url", &server.url, "--token", token.trim()]).0, 0);
    let denied = finish(taxiway(folder.path(), &["token", "list", "--url", &server.url]).env("TAXIWAY_TOKEN", token.trim()));
    assert_eq!((denied.0, denied.2.as_str()), (3, "taxiway: the credentials are not valid\n"));
}

#[test]
fn a_locked_store_says_so_and_names_the_way_out() {
    let folder = TempDir::new().unwrap();
    let _server = Server::start(folder.path());
    for verb in [&["user", "list"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let (code, out, told) = run(folder.path(), verb);
        assert_eq!((code, out.as_str(), told.lines().count()), (4, "", 1), "{told}");
        assert!(told.contains("in use by another process") && told.contains("--url"), "{told}");
    }
}

#[test]
fn a_store_is_copied_and_compacted_while_no_server_has_it_open() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    let (code, _, said) = run(folder.path(), &["compact"]);
    assert_eq!((code, said.contains("in use by another process")), (4, true), "{said}");
    server.terminate();
    assert!(server.end().success());

    assert_eq!(run(folder.path(), &["root", "add", "feeds", "--title", "Feeds"]).0, 0);
    let (code, _, said) = run(folder.path(), &["copy", "sled:taxiway-data", "sled:copy"]);
    assert_eq!((code, said.starts_with("copied sled:taxiway-data to sled:copy: ")), (0, true), "{said}");
    let (code, _, said) = run(folder.path(), &["compact"]);
    assert_eq!((code, said.starts_with("compacted sled:taxiway-data: ")), (0, true), "{said}");
    for store in ["sled:taxiway-data", "sled:copy"] {
        assert!(run(folder.path(), &["root", "list", "--store", store]).1.contains("Feeds"), "{store}");
    }
    assert_eq!(run(folder.path(), &["copy", "sled:taxiway-data", "sled:copy"]).0, 5, "nothing is written over");
    assert_eq!(run(folder.path(), &["copy", "sled:nowhere", "sled:other"]).0, 2);
    assert!(!folder.path().join("other").exists() && !folder.path().join("nowhere").exists());
}

#[test]
fn whatever_goes_wrong_at_the_start_is_told_in_one_line() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fs::write(folder.path().join("bad.toml"), "listen = '127.0.0.1:0'\n[limits]\npage = 3\n").unwrap();
    fs::write(folder.path().join("cert.pem"), "nonsense").unwrap();
    for (flags, code, words) in [
        (&["--listen", &address][..], 4, "is in use by another program; --listen"),
        (&["--listen", "0.0.0.0:0"], 2, "say --insecure"),
        (&["--listen", "[::]:0"], 2, "say --insecure"),
        (&["--listen", "nowhere"], 2, "--listen: listen: invalid value"),
        (&["--config", "bad.toml"], 2, "bad.toml: there is no setting limits.page"),
        (&["--config", "none.toml"], 2, "cannot read none.toml"),
        (&["--tls-cert", "none.pem", "--tls-key", "cert.pem"], 2, "cannot read none.pem"),
        (&["--tls-cert", "cert.pem", "--tls-key", "cert.pem"], 2, "cert.pem and cert.pem: "),
        (&["--store", "redis:x", "--listen", "127.0.0.1:0"], 2, "redis:x"),
    ] {
        let mut arguments = vec!["serve"];
        arguments.extend(flags);
        let (found, out, told) = run(folder.path(), &arguments);
        assert_eq!((found, out.as_str(), told.lines().count()), (code, "", 1), "{flags:?}: {told}");
        assert!(told.contains(words), "{flags:?}: {told}");
    }
}

#[test]
fn exit_codes_are_what_the_help_says() {
    let folder = TempDir::new().unwrap();
    // A port that no test of this machine can be given meanwhile.
    let closed = "http://127.0.0.1:1";
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["root", "list"], 0),
        (&["root", "remove", "none"], 1),
        (&["root", "list", "--colour"], 2),
        (&["grant", "ann", "feeds", "read"], 2),
        (&["grant", "ann", "feeds/ours", "all"], 2),
        (&["user", "add", "ann"], 2),
        (&["root", "list", "--url", "ftp://x"], 2),
        (&["root", "list", "--url", closed, "--token", "txw_x"], 4),
    ] {
        let (found, _, told) = run(folder.path(), arguments);
        assert_eq!(found, code, "{arguments:?}: {told}");
    }
}

#[test]
fn settings_come_from_the_file_beside_which_the_program_is_started() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("taxiway.toml"), "store = 'sled:here'\n").unwrap();
    assert_eq!(run(folder.path(), &["root", "add", "feeds", "--title", "Feeds"]).0, 0);
    assert!(folder.path().join("here").is_dir());
    let elsewhere = finish(taxiway(folder.path(), &["root", "list"]).env("TAXIWAY_STORE", "sled:there"));
    assert_eq!((elsewhere.0, elsewhere.1.as_str()), (0, ""));
}

/// A self-signed certificate for 127.0.0.1 and its key in a folder.
fn certify(folder: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

#[tokio::test]
async fn t177_tls_of_both_versions_with_both_protocols() {
    let folder = TempDir::new().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = certify(folder.path());
    let server = Server::start_with(folder.path(), &["--tls-cert", "cert.pem", "--tls-key", "key.pem"], Some(ADMIN_PASSWORD));
    assert!(server.url.starts_with("https://"), "{}", server.url);
    for version in [tls::Version::TLS_1_2, tls::Version::TLS_1_3] {
        for (one_only, protocol) in [(false, Version::HTTP_2), (true, Version::HTTP_11)] {
            let client = Client::builder().tls_certs_only([certificate.clone()]).tls_version_min(version).tls_version_max(version);
            let client = if one_only { client.http1_only() } else { client };
            let answer = client.build().unwrap().get(format!("{}/taxii2/", server.url)).basic_auth("admin", Some(ADMIN_PASSWORD)).send();
            let answer = answer.await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, protocol), "{version:?}");
        }
    }
    assert!(http().get(format!("{}/taxii2/", server.url)).send().await.is_err(), "who does not know the certificate does not go on");
}

/// A domain name whose id and content are right.
const GOOD: &str = r#"{"type":"domain-name","spec_version":"2.1","id":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7","value":"example.com"}"#;
/// One without the value.
const BAD: &str = r#"{"type":"domain-name","spec_version":"2.1","id":"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"}"#;

#[test]
fn check_takes_every_form_of_what_is_right() {
    let folder = TempDir::new().unwrap();
    let bundle = format!(r#"{{"type":"bundle","id":"bundle--3c10e93f-798e-4a26-a0c1-08156efab7f5","objects":[{GOOD},{GOOD}]}}"#);
    for (name, text) in [
        ("bundle.json", bundle),
        ("envelope.json", format!(r#"{{"more":false,"objects":[{GOOD}]}}"#)),
        ("list.json", format!("[{GOOD}]")),
        ("object.json", GOOD.to_owned()),
        ("lines.jsonl", format!("{GOOD}\n\n{GOOD}\n")),
        ("notes.txt", "not looked at".to_owned()),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let (code, out, told) = run(folder.path(), &["check", "."]);
    assert_eq!((code, out.as_str(), told.as_str()), (0, "", "files: 5, objects: 7, errors: 0, warnings: 0\n"));
}

#[test]
fn check_tells_what_is_wrong_where_and_by_which_rule() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("bad.json"), format!("[{GOOD},{BAD},17]")).unwrap();
    fs::write(folder.path().join("broken.json"), "{\n\"objects\": [}").unwrap();
    let (code, out, told) = run(folder.path(), &["check", "bad.json", "broken.json"]);
    assert_eq!((code, told.as_str()), (1, "files: 2, objects: 3, errors: 3, warnings: 0\n"));
    let lines = [
        "bad.json:1:125: domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7: value: is required (STIX 2.1 §6.4)",
        "bad.json:1:226: must be an object, is a number (STIX 2.1 §2)",
        "broken.json:2:13: not JSON: expected value",
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), lines);
    let (code, out, _) = run(folder.path(), &["check", "bad.json", "--json"]);
    let findings: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, findings.len()), (1, 2));
    let told = ["file", "line", "column", "severity", "id", "property", "section"].map(|name| findings[0][name].to_string());
    let id = "\"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7\"";
    assert_eq!(told, ["\"bad.json\"", "1", "125", "\"error\"", id, "\"value\"", "\"§6.4\""]);
}

#[test]
fn check_counts_warnings_apart_unless_it_is_strict() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("odd.json"), GOOD.replace("example.com", "_dmarc.example.com").replace("-5401-", "-4401-")).unwrap();
    for (strict, ended) in [(&["check", "odd.json"][..], 0), (&["check", "odd.json", "--strict"], 1)] {
        let (code, out, told) = run(folder.path(), strict);
        assert_eq!((code, told.as_str()), (ended, "files: 1, objects: 1, errors: 0, warnings: 1\n"));
        assert!(out.starts_with("odd.json:1:") && out.contains(": warning: domain-name--"), "{out}");
    }
}

#[test]
fn check_judges_curated_feeds_by_their_entries() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("indicators/exchange-2021"), folder.path().join("indicators/mine"));
    fs::create_dir_all(&to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    let (code, out, told) = run(folder.path(), &["check", "indicators"]);
    assert!(code == 0 && told.contains("errors: 0"), "{told}");
    assert!(out.lines().all(|line| line.starts_with("indicators/mine/") && line.contains(": warning: ")), "{out}");
    let table = fs::read_to_string(to.join("iocs.csv")).unwrap();
    fs::write(to.join("iocs.csv"), table.replacen(",clear,", ",purple,", 1)).unwrap();
    for (there, path) in [(folder.path(), "indicators"), (folder.path(), "indicators/mine"), (&folder.path().join("indicators"), ".")] {
        let (code, out, _) = run(there, &["check", path]);
        assert_eq!(code, 1);
        assert!(out.contains("mine/iocs.csv:2:") && out.lines().count() == 1, "{out}");
    }
}

#[test]
fn check_reads_standard_input() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("in"), BAD).unwrap();
    let input = fs::File::open(folder.path().join("in")).unwrap();
    let (code, out, _) = finish(taxiway(folder.path(), &["check", "-"]).stdin(input));
    assert_eq!(code, 1);
    assert!(out.starts_with("-:1:1: domain-name--"), "{out}");
}

#[test]
fn check_says_what_it_cannot_read() {
    let folder = TempDir::new().unwrap();
    for missing in ["none.json", "."] {
        let (code, out, told) = run(folder.path(), &["check", missing]);
        assert_eq!((code, out.as_str(), told.lines().count()), (2, "", 2), "{told}");
    }
    fs::write(folder.path().join("bad.json"), BAD).unwrap();
    let (code, out, told) = run(folder.path(), &["check", "none.json", "bad.json"]);
    assert_eq!((code, out.lines().count()), (2, 1), "what can be read is judged: {told}");
    assert!(told.starts_with("taxiway: cannot read none.json: "), "{told}");
}

/// A server with the collection `feeds/ours`.
fn server_with_a_collection(folder: &Path) -> Server {
    let server = Server::start(folder);
    for verb in [&["root", "add", "feeds", "--title", "Feeds"][..], &["collection", "add", "feeds/ours", "--title", "Ours"]] {
        assert_eq!(server.run(folder, verb).0, 0);
    }
    server
}

#[test]
fn indicators_are_added_found_shown_seen_and_revoked() {
    let folder = TempDir::new().unwrap();
    let server = server_with_a_collection(folder.path());
    let run = |verb: &[&str]| server.run(folder.path(), verb);
    let add = [
        "add",
        "feeds/ours",
        "198.51.100[.]7",
        "hxxp://evil[.]example[.]com/a",
        "--tlp",
        "green",
        "--confidence",
        "60",
        "--valid-for",
        "90d",
        "--accept-warnings",
    ];
    let trial: Vec<&str> = add.into_iter().chain(["--dry-run"]).collect();
    assert_eq!(run(&trial).2, "nothing was stored\n");
    assert_eq!(run(&["find"]).1, "");
    let (code, out, told) = run(&add);
    assert_eq!((code, told.as_str(), out.lines().count()), (0, "", 3), "{out}{told}");
    assert!(out.lines().nth(1).unwrap().starts_with("new      198.51.100.7"), "{out}");
    let (code, out, _) = run(&["add", "feeds/ours", "nonsense", "198.51.100.7", "--accept-warnings"]);
    assert_eq!((code, out.contains("nothing  nonsense"), out.contains("known    198.51.100.7")), (0, true, true), "{out}");
    assert_eq!(run(&["add", "feeds/ours", "nonsense"]).0, 1);
    assert_eq!(run(&["add", "feeds/none", "198.51.100.8"]).0, 1);

    assert_eq!(run(&["sight", "feeds/ours", "198.51.100.7", "--count", "2", "--source", "proxy"]).0, 0);
    assert_eq!(run(&["edit", "feeds/ours", "198.51.100.7", "--label", "office", "--note", "as seen"]).0, 0);
    assert_eq!(run(&["edit", "feeds/ours", "198.51.100.7"]).0, 2, "nothing to change");
    assert_eq!(run(&["extend", "feeds/ours", "198.51.100.7", "--valid-for", "1y"]).0, 0);
    let (code, out, told) = run(&["find", "198.51.100.7", "--type", "indicator", "--tlp", "green", "--label", "office"]);
    assert_eq!((code, told.as_str(), out.lines().count()), (0, "1 of 1\n", 2), "{out}");
    assert!(out.contains("green") && out.contains("Address 198.51.100.7"), "{out}");
    let found: Value = serde_json::from_str(&run(&["find", "--collection", "feeds/ours", "--json", "--limit", "1"]).1).unwrap();
    assert_eq!(found["rows"].as_array().unwrap().len(), 1);

    let (code, out, _) = run(&["revoke", "feeds/ours", "198.51.100.7", "203.0.113.1", "--note", "it is the office"]);
    assert_eq!((code, out.lines().count()), (1, 2), "{out}");
    assert!(out.ends_with("203.0.113.1: refused: no indicator in this collection says \"203.0.113.1\"\n"), "{out}");
    let (code, card, _) = run(&["show", "feeds/ours", "198.51.100.7"]);
    assert_eq!(code, 0);
    for words in ["revoked      yes", "admin  publish (desk)  127.0.0.1", "admin  revoke (desk)   127.0.0.1  it is the office", "labels       office"]
    {
        assert!(card.contains(words), "{words}: {card}");
    }
    let versions: Value = serde_json::from_str(&run(&["show", "feeds/ours", "198.51.100.7", "--json"]).1).unwrap();
    let first = versions["versions"].as_array().unwrap().last().unwrap()["version"].as_str().unwrap();
    let (code, out, _) = run(&["restore", "feeds/ours", "198.51.100.7", first]);
    assert_eq!((code, out.starts_with("indicator--")), (0, true), "{out}");
    assert_eq!(run(&["find", "198.51.100.7", "--type", "indicator", "--revoked", "no"]).2, "1 of 1\n");

    let (code, out, _) = run(&["audit", "--verb", "revoke"]);
    assert_eq!((code, out.lines().count(), out.contains("it is the office")), (0, 2, true), "{out}");
    let entry = out.lines().nth(1).unwrap().split(' ').next().unwrap();
    let entry: Value = serde_json::from_str(&run(&["audit", entry]).1).unwrap();
    assert_eq!((entry["written"][0]["before"].get("revoked"), &entry["written"][0]["after"]["revoked"]), (None, &Value::Bool(true)));
    let (code, out, _) = run(&["audit", "--export"]);
    let entries: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, entries.last().unwrap()["verb"].as_str()), (0, Some("restore")));
    assert_eq!(run(&["collection", "decay", "feeds/ours", "on"]).2, "feeds/ours decays from now on\n");
    assert!(run(&["collection", "show", "feeds/ours"]).1.contains("decay        on"));
}

#[test]
fn thousands_of_lines_are_imported_and_those_that_are_not_are_told() {
    let folder = TempDir::new().unwrap();
    let server = server_with_a_collection(folder.path());
    let hosts: Vec<String> = (0..5_000).map(|at| format!("h{at}.example.com,")).collect();
    let table = format!("value,tlp\n{}\nnonsense,\n198.51.100.7,blue\n", hosts.join("\n"));
    fs::write(folder.path().join("list.csv"), table).unwrap();
    fs::write(folder.path().join("mail.txt"), "They used 198.51.100[.]9, see 203[.]0[.]113[.]8.").unwrap();
    let (code, out, told) =
        server.run(folder.path(), &["import", "feeds/ours", "list.csv", "mail.txt", "none.txt", "--label", "case-7", "--accept-warnings"]);
    assert_eq!(code, 2, "{told}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(
        lines[0].starts_with("list.csv:5002: refused: nonsense: ") && lines[1].starts_with("list.csv:5003: refused: 198.51.100.7: tlp: "),
        "{out}"
    );
    assert!(told.contains("list.csv: 5002 of 5002 lines: 5000 new, 2 refused; taxiway imports undo "), "{told}");
    assert!(told.contains("mail.txt: 2 of 2 lines: 2 new") && told.contains("none.txt: cannot be read"), "{told}");
    assert_eq!(server.run(folder.path(), &["find", "--label", "case-7", "--limit", "1"]).2, "1 of 5002\n");

    let listed: Value = serde_json::from_str(&server.run(folder.path(), &["imports", "list", "--json"]).1).unwrap();
    let id = listed["imports"].as_array().unwrap().iter().find(|import| import["name"] == "list.csv").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.run(folder.path(), &["imports", "show", &id]).1.lines().count(), 5_002);
    assert_eq!(server.run(folder.path(), &["imports", "undo", &id]).2, "5000 revoked, 0 restored, 0 left as they are\n");
    assert_eq!(server.run(folder.path(), &["imports", "undo", &id]).0, 1);
    assert!(server.run(folder.path(), &["imports", "list"]).1.contains("undone"));
    assert_eq!(server.run(folder.path(), &["find", "--label", "case-7", "--revoked", "no"]).2, "2 of 2\n");
    server.terminate();
    assert!(server.end().success());

    // The same on the store, where nobody serves.
    let (code, _, told) = run(folder.path(), &["import", "feeds/ours", "list.csv", "--revive", "--dry-run", "--accept-warnings"]);
    assert_eq!((code, told.contains("5000 new, 2 refused; nothing was stored")), (1, true), "{told}");
    let (code, out, told) = run(folder.path(), &["import", "feeds/ours", "list.csv", "--json", "--accept-warnings"]);
    let imports: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &imports["imports"][0]["tally"]["revoked"]), (1, &Value::from(5_000)), "{told}");
}

#[test]
fn standard_input_is_added_and_imported() {
    let folder = TempDir::new().unwrap();
    let server = server_with_a_collection(folder.path());
    let pipe = |verb: &[&str], text: &str| {
        fs::write(folder.path().join("in"), text).unwrap();
        let mut command = taxiway(folder.path(), verb);
        command.stdin(fs::File::open(folder.path().join("in")).unwrap());
        finish(command.args(["--url", &server.url]).env("TAXIWAY_ADMIN_PASSWORD", ADMIN_PASSWORD))
    };
    let pasted = "[file:size = 3]\nfrom 198.51.100[.]7 and 10.0.0.1\n";
    let (code, out, told) = pipe(&["add", "feeds/ours", "-", "--accept-warnings"], pasted);
    assert_eq!((code, out.lines().count()), (0, 4), "{out}{told}");
    assert!(out.contains("new      [file:size = 3]") && out.contains("nothing  10.0.0.1"), "{out}");
    let (code, _, told) = pipe(&["import", "feeds/ours", "-", "--accept-warnings"], "value\n198.51.100.7\n198.51.100.8\n");
    assert_eq!((code, told.starts_with("-: 2 of 2 lines: 1 new, 1 known")), (0, true), "{told}");
}
