//! One indicator as lists want it, read from its text once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::chunk::{Builder, Fresh};
use crate::feed::catalog::entry::{confidence, labels};
use crate::feed::guard::lists::{Lists, Policy};
use crate::feed::guard::subject::{Algorithm, Subject};
use crate::stix::ioc::Kind;
use crate::stix::ioc::values::{Value, values};
use crate::stix::json::{Json, Members};
use crate::stix::marking::Level;
use crate::stix::pattern::parse::parse;
use crate::stix::time::Instant;
use crate::store::Record;
use crate::taxii::stamp::Stamp;

/// Of a name the beginning is kept.
const LONGEST_NAME: usize = 512;
/// What is read of an indicator.
const MEMBERS: [&str; 13] = [
    "id",
    "created_by_ref",
    "created",
    "modified",
    "revoked",
    "name",
    "indicator_types",
    "pattern",
    "pattern_type",
    "valid_from",
    "valid_until",
    "labels",
    "confidence",
];
/// How identifiers of indicators begin.
const INDICATOR: &str = "indicator--";

/// An identifier: its UUID, or a digest of it if that is not spelled as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Object(pub(super) Uuid);

/// What is told with each value.
#[derive(Debug, Clone, Default)]
pub(super) struct Told<'t> {
    /// The identifier, if it is not spelled as usual.
    pub(super) odd_id: &'t str,
    pub(super) name: &'t str,
    pub(super) labels: Vec<&'t str>,
    pub(super) source: &'t str,
    pub(super) level: Level,
    pub(super) confidence: Option<u8>,
    pub(super) revoked: bool,
    pub(super) created: Stamp,
    pub(super) modified: Stamp,
    pub(super) valid_from: Stamp,
    pub(super) valid_until: Option<Stamp>,
}

impl Object {
    /// The object of an identifier; `None` if that is of no indicator.
    pub(super) fn of(id: &str) -> Option<Self> {
        let uuid = id.strip_prefix(INDICATOR)?;
        let parsed = Uuid::try_parse(uuid).ok().filter(|parsed| parsed.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == uuid);
        Some(Self(parsed.unwrap_or_else(|| Uuid::from_u128(xxh3_128(id.as_bytes())))))
    }

    /// The identifier, if it is spelled as usual.
    pub(super) fn id(self) -> String {
        format!("{INDICATOR}{}", self.0)
    }
}

/// Adds the values of records, at least one of each indicator: a pattern that is no list of values is told itself.
pub(super) fn read(records: &[Record], lists: &Lists, into: &mut Builder) {
    for record in records {
        read_one(record, lists, into);
    }
}

fn read_one(record: &Record, lists: &Lists, into: &mut Builder) {
    let Some(object) = Object::of(&record.id) else { return };
    let Some(json) = str::from_utf8(&record.object).ok().and_then(|text| Json::parse_some(text, &MEMBERS).ok()) else { return };
    let Some(members) = json.as_object() else { return };
    let odd_id = if object.id() == record.id { "" } else { &record.id };
    let told = Told { odd_id, level: record.level, ..Told::of(members) };
    for value in &values_of(members) {
        let Value { kind, text, sound } = value;
        into.add(&Fresh {
            object,
            added: record.added,
            told: &told,
            kind: *kind,
            value: text,
            sound: *sound,
            blocked: is_blocked(*kind, text, lists),
        });
    }
}

/// The values of an indicator, each once.
fn values_of(indicator: &Members<'_>) -> Vec<Value> {
    let is_stix = indicator.text("pattern_type").is_none_or(|language| language == "stix");
    let pattern = indicator.text("pattern").unwrap_or_default();
    let mut found = Some(pattern).filter(|_| is_stix).and_then(|pattern| parse(pattern).ok()).map(|tree| values(&tree)).unwrap_or_default();
    if found.is_empty() {
        found.push(Value { kind: Kind::Pattern, text: pattern.to_owned(), sound: false });
    }
    // A pattern may name a value twice.
    found.sort_unstable();
    found.dedup();
    found
}

impl<'t> Told<'t> {
    fn of(object: &'t Members<'_>) -> Self {
        let time = |name| object.text(name).and_then(|text| Instant::parse(text).ok()).map(|instant| Stamp(instant.micros()));
        let name = object.text("name").unwrap_or_default();
        Self {
            odd_id: "",
            name: name.get(..name.floor_char_boundary(LONGEST_NAME)).unwrap_or_default(),
            labels: labels(object),
            source: object.text("created_by_ref").unwrap_or_default(),
            level: Level::Unmarked,
            confidence: confidence(object),
            revoked: object.get("revoked") == Some(&Json::Bool(true)),
            created: time("created").unwrap_or_default(),
            modified: time("modified").unwrap_or_default(),
            valid_from: time("valid_from").unwrap_or_default(),
            valid_until: time("valid_until"),
        }
    }
}

/// Whether a warning list blocks a value.
pub(super) fn is_blocked(kind: Kind, text: &str, lists: &Lists) -> bool {
    let subject = match kind {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Network => Subject::of_network(text),
        Kind::Domain => Some(Subject::Host(text)),
        Kind::Url => Some(Subject::Url(text)),
        Kind::Email => Some(Subject::Email(text)),
        Kind::Md5 => Some(Subject::Hash(Algorithm::Md5, text)),
        Kind::Sha1 => Some(Subject::Hash(Algorithm::Sha1, text)),
        Kind::Sha256 => Some(Subject::Hash(Algorithm::Sha256, text)),
        Kind::Sha512 => Some(Subject::Hash(Algorithm::Sha512, text)),
        Kind::FileName => Some(Subject::FileName(text)),
        _ => None,
    };
    let subject = subject.unwrap_or(Subject::Other(text));
    lists.check(&subject).iter().any(|hit| hit.policy == Policy::Block)
}
