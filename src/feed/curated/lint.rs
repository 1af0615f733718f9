//! What an editor of a feed should know before the server does: what is wrong with its files, and what is probably not meant.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::files::Files;
use super::pattern::{Kind, looks_like};
use super::tables::{self, Indicator, Row};
use super::{CuratedError, CuratedFeed, check_collections, read_feed};
use crate::stix::finding::Severity;
use crate::stix::object;
use crate::stix::time::Instant;

/// Something that was found in the files of a feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, below `indicators/`.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// Whether it keeps the server from loading the feed.
    pub severity: Severity,
    /// What it is, as a fragment in lower case.
    pub message: String,
}

/// Names that belong to everybody's day, and with them every name below.
const BENIGN_DOMAINS: [&str; 24] = [
    "akamai.net",
    "apple.com",
    "bing.com",
    "cloudflare.com",
    "debian.org",
    "digicert.com",
    "facebook.com",
    "gmail.com",
    "google.com",
    "googleapis.com",
    "gstatic.com",
    "icloud.com",
    "letsencrypt.org",
    "linkedin.com",
    "microsoft.com",
    "microsoftonline.com",
    "mozilla.org",
    "office.com",
    "office365.com",
    "outlook.com",
    "ubuntu.com",
    "wikipedia.org",
    "windowsupdate.com",
    "youtube.com",
];
/// Public resolvers.
const BENIGN_ADDRESSES: [&str; 10] =
    ["1.0.0.1", "1.1.1.1", "4.2.2.1", "4.2.2.2", "8.8.4.4", "8.8.8.8", "9.9.9.9", "149.112.112.112", "208.67.220.220", "208.67.222.222"];
/// Hashes of the empty file.
const EMPTY_FILE: [&str; 3] = [
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
];
/// Names that no public resolver answers (RFC 2606, 6761, 6762, 8375), and what networks call themselves inside.
const RESERVED_ENDINGS: [&str; 10] = ["arpa", "example", "home", "internal", "invalid", "lan", "local", "localdomain", "localhost", "test"];
const RESERVED_DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];
/// Networks that are nobody's public address (RFC 6890).
const RESERVED_NETWORKS: [(Ipv4Addr, u32, &str); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8, "reserved"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by the customers of a provider"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "reserved"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Everything that is to be said about the feeds of `files`, by file and line. `now` is what the clock says.
pub fn lint(files: &Files, now: &Instant) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut feeds = Vec::new();
    let mut values = HashMap::new();
    for folder in files.folders() {
        match read_feed(files, folder) {
            Ok(feed) => {
                judge(&feed, now, &mut findings);
                feeds.push(feed);
            }
            Err(wrong) => findings.push(wrong.into()),
        }
        // A table that cannot be read is told of above.
        for row in tables::read_indicators(files, folder).unwrap_or_default() {
            let file = format!("{folder}/iocs.csv");
            look_at(&file, &row, &mut findings);
            look_for_twin(&file, &row, &mut values, &mut findings);
        }
    }
    findings.extend(check_collections(&feeds).err().map(Finding::from));
    findings.sort();
    findings.dedup();
    findings
}

/// What the gate refuses, and entries that no collection holds.
fn judge(feed: &CuratedFeed, now: &Instant, findings: &mut Vec<Finding>) {
    for object in feed.collections.iter().flat_map(|collection| &collection.objects) {
        if let Err(refusal) = object::judge(&String::from_utf8_lossy(&object.bytes), now) {
            findings.extend(refusal.findings.iter().map(|what| at_entry(&object.entry, Severity::Error, what.to_string())));
        }
    }
    findings
        .extend(feed.left_out.iter().map(|entry| at_entry(entry, Severity::Warning, "in no collection: nothing that is served refers to it".into())));
}

/// One row by itself.
fn look_at(file: &str, row: &Row<Indicator>, findings: &mut Vec<Finding>) {
    let (kind, value) = (row.cells.kind, row.cells.value.as_str());
    let mut add = |severity, message| findings.push(Finding { file: file.to_owned(), line: row.line, severity, message });
    if let Err(what) = super::pattern::detect(kind, value) {
        return add(Severity::Error, what);
    }
    if let Some(other) = looks_like(kind, value) {
        add(Severity::Warning, format!("{value:?} stands as {}, but looks like {other}", kind.noun()));
    }
    let unlikely = match kind {
        Kind::Ipv4 => address_is(value),
        Kind::Domain => domain_is(value),
        // A mailbox at a great provider is as telling as any other.
        Kind::Email => value.split_once('@').and_then(|(_, host)| domain_is(host)).filter(|what| *what != WELL_KNOWN),
        _ => EMPTY_FILE.contains(&value).then_some("the hash of the empty file"),
    };
    if let Some(what) = unlikely {
        add(Severity::Warning, format!("{value} is {what}"));
    }
}

/// The same value in another row of any feed, in whatever case. Within one feed and one kind, in the same case, it is an error
/// that the feed itself tells of.
fn look_for_twin(file: &str, row: &Row<Indicator>, values: &mut HashMap<String, (Kind, String)>, findings: &mut Vec<Finding>) {
    let key = format!("{}|{}", row.cells.generation.unwrap_or_default(), row.cells.value.to_lowercase());
    match values.get(&key) {
        None => {
            values.insert(key, (row.cells.kind, format!("{file}:{}", row.line)));
        }
        Some((kind, place)) => {
            let as_what = if *kind == row.cells.kind { String::new() } else { format!(", as {}", kind.noun()) };
            let message = format!("{:?} stands in {place} as well{as_what}", row.cells.value);
            findings.push(Finding { file: file.to_owned(), line: row.line, severity: Severity::Warning, message });
        }
    }
}

const WELL_KNOWN: &str = "a well-known benign host";

fn address_is(value: &str) -> Option<&'static str> {
    if BENIGN_ADDRESSES.contains(&value) {
        return Some(WELL_KNOWN);
    }
    let address = value.parse::<Ipv4Addr>().ok()?;
    let within = |network: Ipv4Addr, length: u32| (u32::from(address) ^ u32::from(network)) >> (32 - length) == 0;
    RESERVED_NETWORKS.iter().find(|(network, length, _)| within(*network, *length)).map(|(_, _, what)| *what)
}

fn domain_is(value: &str) -> Option<&'static str> {
    let below = |domain: &&str| value.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if RESERVED_ENDINGS.iter().chain(&RESERVED_DOMAINS).any(&below) {
        return Some("a name that does not exist in public");
    }
    BENIGN_DOMAINS.iter().any(below).then_some(WELL_KNOWN)
}

/// A finding at an entry of the form `file:line`.
fn at_entry(entry: &str, severity: Severity, message: String) -> Finding {
    let (file, line) = entry.rsplit_once(':').unwrap_or((entry, ""));
    Finding { file: file.to_owned(), line: line.parse().unwrap_or(0), severity, message }
}

impl From<CuratedError> for Finding {
    fn from(CuratedError { file, line, what }: CuratedError) -> Self {
        Self { file, line, severity: Severity::Error, message: what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = include_str!("sample/feed.toml");
    const US: &str = include_str!("sample/identities.toml");
    const HEADER: &str = "value,kind,context,about,technique,first_seen,last_seen,confidence,tlp,sources,types,false_positives,name,description";

    fn row(value: &str, kind: &str) -> String {
        format!("{value},{kind},a thing,,,2026-01-01,,50,clear,,,,,\n")
    }

    /// What is said about a feed with these rows, as `line: message`.
    fn said(rows: &[(&str, &str)]) -> Vec<String> {
        let rows: String = rows.iter().map(|(value, kind)| row(value, kind)).collect();
        let files = Files::given([
            ("small/feed.toml", FEED.to_owned()),
            ("small/identities.toml", US.to_owned()),
            ("small/iocs.csv", format!("{HEADER}\n{rows}")),
        ]);
        all(&files).iter().map(|f| format!("{}: {}", f.line, f.message)).collect()
    }

    fn all(files: &Files) -> Vec<Finding> {
        lint(files, &Instant::parse("2026-12-01T00:00:00Z").unwrap())
    }

    #[test]
    fn the_shipped_feed_is_clean() {
        assert_eq!(all(&Files::embedded()), []);
    }

    #[test]
    fn addresses_of_nobody_and_of_everybody_are_told() {
        let rows = ["10.1.2.3", "192.168.0.1", "100.127.0.1", "127.0.0.1", "8.8.8.8", "203.0.113.9", "255.255.255.255", "5.2.69.14", "100.128.0.1"];
        assert_eq!(
            said(&rows.map(|value| (value, "ipv4"))),
            [
                "2: 10.1.2.3 is private",
                "3: 192.168.0.1 is private",
                "4: 100.127.0.1 is shared by the customers of a provider",
                "5: 127.0.0.1 is loopback",
                "6: 8.8.8.8 is a well-known benign host",
                "7: 203.0.113.9 is for documentation",
                "8: 255.255.255.255 is reserved",
            ]
        );
    }

    #[test]
    fn names_that_are_benign_or_do_not_exist_are_told() {
        assert_eq!(
            said(&[
                ("login.microsoft.com", "domain"),
                ("notmicrosoft.com", "domain"),
                ("server.local", "domain"),
                ("a@gmail.com", "email"),
                ("a@b.example.org", "email"),
                ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256"),
            ]),
            [
                "2: login.microsoft.com is a well-known benign host",
                "4: server.local is a name that does not exist in public",
                "6: a@b.example.org is a name that does not exist in public",
                "7: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 is the hash of the empty file",
            ]
        );
    }

    #[test]
    fn every_value_that_disagrees_with_its_kind_is_told() {
        assert_eq!(
            said(&[("5.2.69.14", "domain"), ("a.org", "ipv4"), (&"0a".repeat(16), "sha1"), ("5.2.69.15", "filename"), ("x.exe", "domain")]),
            [
                "2: \"5.2.69.14\" is no domain name in its plain form; it looks like an IPv4 address".to_owned(),
                "3: \"a.org\" is no IPv4 address in its plain form; it looks like a domain name".to_owned(),
                format!("4: {:?} is no SHA-1 in its plain form; it looks like an MD5", "0a".repeat(16)),
                "5: \"5.2.69.15\" stands as file name, but looks like an IPv4 address".to_owned(),
                "6: \"x.exe\" stands as domain name, but looks like a file name".to_owned(),
            ]
        );
    }

    #[test]
    fn duplicates_are_told_across_kinds_cases_and_feeds() {
        let rows = |value| format!("{HEADER}\n{}", row(value, "filename"));
        let other =
            FEED.replace("small", "other").replace("Small", "Other").replace("000000000001", "000000000002").replace("000000000003", "000000000004");
        let files = Files::given([
            ("a/feed.toml", FEED.to_owned()),
            ("a/identities.toml", US.to_owned()),
            ("b/identities.toml", US.to_owned()),
            ("a/iocs.csv", format!("{}{}", rows("Shell.aspx"), row("shell.aspx", "filename"))),
            ("b/feed.toml", other),
            ("b/iocs.csv", rows("SHELL.aspx")),
        ]);
        let told: Vec<_> = all(&files).iter().map(|f| format!("{}:{}: {}", f.file, f.line, f.message)).collect();
        let (told, left_out): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| told.contains("stands in"));
        assert_eq!(left_out.len(), 3, "the collection is for simple indicators: {left_out:?}");
        assert_eq!(
            told,
            ["a/iocs.csv:3: \"shell.aspx\" stands in a/iocs.csv:2 as well", "b/iocs.csv:2: \"SHELL.aspx\" stands in a/iocs.csv:2 as well"]
        );
        assert_eq!(said(&[("5.2.69.14", "ipv4"), ("5.2.69.14", "ipv4")]).len(), 2, "the key is taken, and where else it stands");
    }

    #[test]
    fn what_the_gate_refuses_and_what_is_in_no_collection_is_told() {
        let small = "\n[[malware]]\nkey = \"m\"\nname = \"M\"\n\n[[identity]]\nkey = \"unused\"\nname = \"U\"\nid = \"identity--00000000-0000-4000-8000-000000000009\"\n";
        let files = Files::given([("small/feed.toml", FEED), ("small/identities.toml", US), ("small/things.toml", small)]);
        let told: Vec<_> = all(&files).iter().map(|f| format!("{}:{}: {:?} {}", f.file, f.line, f.severity, f.message)).collect();
        assert_eq!(
            told,
            [
                "small/things.toml:2: Error is_family: is required (STIX 2.1 §4.11)",
                "small/things.toml:6: Warning in no collection: nothing that is served refers to it",
            ]
        );
    }

    #[test]
    fn an_error_of_the_files_is_told_with_its_line() {
        let files = Files::given([("small/feed.toml", FEED.replace("publisher", "publishr"))]);
        assert!(all(&files).iter().any(|f| f.severity == Severity::Error && f.file == "small/feed.toml" && f.line > 0), "{:?}", all(&files));
    }
}
