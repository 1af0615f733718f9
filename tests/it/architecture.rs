//! Holds the floors of the house: who may import whom, and which crates stay in which room.

use std::fs;
use std::path::{Path, PathBuf};

/// Each floor with the floors it may use. Neighbours (`http`, `admin`, `desk`, `lists`, `events`, `console`, `operation`) do not know each other.
const FLOORS: &[(&str, &[&str])] = &[
    ("stix", &[]),
    ("taxii", &["stix"]),
    ("store", &["stix", "taxii"]),
    ("feed", &["stix", "taxii", "store"]),
    ("links", &["stix", "taxii", "store", "feed"]),
    ("auth", &["stix", "taxii", "store", "feed"]),
    ("door", &["stix", "taxii", "store", "feed", "auth", "links"]),
    ("http", &["stix", "taxii", "store", "feed", "auth", "door"]),
    ("admin", &["stix", "taxii", "store", "feed", "auth", "links", "door"]),
    ("desk", &["stix", "taxii", "store", "feed", "auth", "door"]),
    ("lists", &["stix", "taxii", "store", "feed", "auth", "door"]),
    ("events", &["stix", "taxii", "store", "feed", "auth", "door"]),
    ("console", &["stix", "taxii", "store", "feed", "auth", "links", "door"]),
    ("operation", &["stix", "taxii", "store", "feed", "auth", "links", "door"]),
    ("config", &["stix", "taxii", "store", "feed", "auth", "door", "operation"]),
    ("telemetry", &["config"]),
    (
        "cli",
        &[
            "stix",
            "taxii",
            "store",
            "feed",
            "links",
            "auth",
            "door",
            "http",
            "admin",
            "desk",
            "lists",
            "events",
            "console",
            "operation",
            "config",
            "telemetry",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Crates, and the only places that may name them.
const ROOMS: &[(&str, &[&str])] = &[
    ("sled::", &["store/sled/"]),
    ("sqlx::", &["store/postgres/"]),
    ("axum::", &["door/", "http/", "admin/", "desk/", "lists/", "events/", "console/", "operation/", "cli/"]),
    ("askama::", &["console/"]),
    ("axum_server::", &["door/serve.rs", "door/connection.rs", "door/tls.rs"]),
    ("rustls::", &["door/tls.rs", "cli/mod.rs"]),
    ("x509_parser::", &["auth/credential.rs"]),
    ("argon2::", &["auth/password.rs"]),
    ("clap::", &["cli/"]),
    ("reqwest::", &["cli/", "links/"]),
    ("psl::", &["stix/ioc/host.rs"]),
    ("lopdf::", &["feed/document/pdf.rs"]),
    ("html5ever::", &["feed/document/html.rs"]),
    ("encoding_rs::", &["feed/document/encoding.rs"]),
    ("chardetng::", &["feed/document/encoding.rs"]),
    ("prometheus_client::", &["operation/metrics.rs"]),
];

/// Crates that the pure floors may not name: no I/O, no clock, no HTTP.
const IMPURE: &[&str] = &["tokio::", "axum::", "hyper::", "sled::", "sqlx::", "std::fs", "std::net::Tcp", "Utc::now", "SystemTime"];

#[test]
fn a_floor_imports_lower_floors_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let floor = floor_of(&path);
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
            panic!("{path}: the floor {floor} is not in the table of this test");
        };
        for (number, line) in code(&text) {
            for used in imports(line) {
                if used != floor && FLOORS.iter().any(|(name, _)| *name == used) && !allowed.contains(&used) {
                    wrong.push(format!("{path}:{number}: {floor} uses {used}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that go up or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (number, line) in code(&text) {
            for (name, rooms) in ROOMS {
                if mentions(line, name) && !rooms.iter().any(|room| path.starts_with(room)) {
                    wrong.push(format!("{path}:{number}: {name} belongs in {}", rooms.join(", ")));
                }
            }
            if matches!(floor_of(&path), "stix" | "taxii") {
                wrong.extend(IMPURE.iter().filter(|name| mentions(line, name)).map(|name| format!("{path}:{number}: {name} in a pure floor")));
            }
        }
    }
    assert!(wrong.is_empty(), "crates out of their rooms:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_its_job_in_the_first_line() {
    let silent: Vec<String> = sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "files without a first line of documentation: {silent:?}");
}

#[test]
fn nothing_is_re_exported() {
    let faces: Vec<String> = sources()
        .into_iter()
        .flat_map(|(path, text)| {
            code(&text).filter(|(_, line)| line.trim_start().starts_with("pub use ")).map(|(n, _)| format!("{path}:{n}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(faces.is_empty(), "re-export faces: {faces:?}");
}

/// The files of `src/` with their texts; paths relative to it.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.into_iter().map(|file| (file.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), fs::read_to_string(&file).unwrap())).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn floor_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or(path)
}

/// Numbered lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules that a line names as `crate::module` (or, in the program, `taxiway::module`).
fn imports(line: &str) -> Vec<&str> {
    let names = ["crate::", "taxiway::"].into_iter().flat_map(|prefix| line.match_indices(prefix).map(move |(at, _)| at + prefix.len()));
    names.map(|at| line[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")).collect()
}

/// Whether a line names a crate's path, not a longer one that ends alike (`crate::store::sled::` names our own module).
fn mentions(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}
