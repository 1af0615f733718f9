//! One object as the index wants it: read from its text once, before it is packed.

use std::num::NonZeroU64;

use uuid::Uuid;

use super::browse::MULTI;
use super::known::digest;
use super::telling::Telling;
use crate::stix::id::{StixId, type_of};
use crate::stix::json::{Json, Members};
use crate::stix::marking::Level;
use crate::stix::pattern::normal::normal_form;
use crate::stix::pattern::parse::parse;
use crate::stix::pattern::parts::Parts;
use crate::stix::time::Instant;
use crate::store::Record;
use crate::taxii::stamp::Stamp;

/// The type whose objects are edges.
pub(super) const RELATIONSHIP: &str = "relationship";
/// References that say nothing about what an object has to do with another: those to markings.
const OF_MARKINGS: [&str; 2] = ["object_marking_refs", "granular_markings"];
/// The reference that is kept apart, as the source.
const CREATED_BY: &str = "created_by_ref";

/// An identifier in parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) type_name: Box<str>,
    pub(super) uuid: Uuid,
    /// The identifier as it is written, if that is not as UUIDs are written usually: in lower case.
    pub(super) odd: Option<Box<str>>,
}

impl Key {
    /// The parts of an identifier; `None` if it is none.
    pub(super) fn of(id: &str) -> Option<Self> {
        let (type_name, uuid) = id.split_once("--")?;
        let parsed = Uuid::try_parse(uuid).ok()?;
        let mut buffer = Uuid::encode_buffer();
        let odd = (parsed.hyphenated().encode_lower(&mut buffer) != uuid).then(|| id.into());
        Some(Self { type_name: type_name.into(), uuid: parsed, odd })
    }

    /// The identifier as it was written.
    pub(super) fn text(&self) -> String {
        self.odd.as_ref().map_or_else(|| format!("{}--{}", self.type_name, self.uuid), ToString::to_string)
    }
}

/// What an object is, in two words that repeat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Sort {
    /// Its type. Of a reference: the type of what it refers to.
    pub(super) type_name: Box<str>,
    /// Of an indicator the type of object that its pattern is about, [`MULTI`], or the language of the pattern if that is not STIX; of
    /// a relationship its `relationship_type`; of a reference its property; else empty.
    pub(super) kind: Box<str>,
}

/// An object to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) added: Stamp,
    pub(super) key: Key,
    pub(super) kind: Box<str>,
    pub(super) level: Level,
    pub(super) revoked: bool,
    pub(super) confidence: Option<u8>,
    /// Microseconds.
    pub(super) modified: Option<u64>,
    /// Microseconds.
    pub(super) valid_until: Option<u64>,
    /// [`digest`] of the pattern's normal form.
    pub(super) digest: Option<NonZeroU64>,
    /// Its `created_by_ref`; empty if it has none.
    pub(super) source: Box<str>,
    /// Its `labels` and `indicator_types`, sorted, each once.
    pub(super) labels: Box<[Box<str>]>,
    pub(super) telling: Telling,
    /// What it refers to: the kind is the property.
    pub(super) references: Vec<(Sort, Uuid)>,
}

impl Entry {
    /// Reads a record. What cannot be read, which no gate lets in, is kept as what nobody but the highest clearance sees.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let key = Key::of(&record.id)?;
        let text = std::str::from_utf8(&record.object).unwrap_or_default();
        let json = Json::parse(text).ok();
        let known = StixId::parse(&record.id).is_ok();
        Some(match json.as_ref().and_then(Json::as_object).filter(|_| known) {
            Some(object) => Self::read(record.added, key, object, record.level),
            None => Self::bare(record.added, key, Level::Red),
        })
    }

    fn bare(added: Stamp, key: Key, level: Level) -> Self {
        Self {
            added,
            key,
            kind: Box::default(),
            level,
            revoked: false,
            confidence: None,
            modified: None,
            valid_until: None,
            digest: None,
            source: Box::default(),
            labels: Box::default(),
            telling: Telling::default(),
            references: Vec::new(),
        }
    }

    fn read(added: Stamp, key: Key, object: &Members<'_>, level: Level) -> Self {
        let time = |name| object.text(name).and_then(|text| Instant::parse(text).ok()).map(|instant| instant.micros());
        let pattern = object.text("pattern").filter(|_| &*key.type_name == "indicator");
        let is_stix = object.text("pattern_type").is_none_or(|language| language == "stix");
        let tree = pattern.filter(|_| is_stix).and_then(|pattern| parse(pattern).ok());
        let parts = tree.as_ref().map(Parts::of).unwrap_or_default();
        let kind = match &*key.type_name {
            "indicator" if !is_stix => object.text("pattern_type").unwrap_or_default(),
            "indicator" if tree.is_some() => parts.only_type().unwrap_or(MULTI),
            RELATIONSHIP => object.text("relationship_type").unwrap_or_default(),
            _ => "",
        };
        let mut telling = Telling::of(object, &parts);
        if let Some(foreign) = pattern.filter(|_| tree.is_none()) {
            telling.push(foreign);
        }
        let mut references = Vec::new();
        gather_references(object, &mut references);
        Self {
            kind: kind.into(),
            revoked: object.get("revoked") == Some(&Json::Bool(true)),
            confidence: confidence(object),
            modified: time("modified"),
            valid_until: time("valid_until"),
            digest: tree.as_ref().map(|tree| digest(&normal_form(tree))),
            source: object.text(CREATED_BY).unwrap_or_default().into(),
            labels: labels(object).into_iter().map(Into::into).collect(),
            telling,
            references,
            ..Self::bare(added, key, level)
        }
    }
}

/// The `confidence`, from 0 to 100 (§3.2).
pub(in crate::feed) fn confidence(object: &Members<'_>) -> Option<u8> {
    match object.get("confidence") {
        Some(Json::Integer(number)) => u8::try_from(*number).ok().filter(|number| *number <= 100),
        _ => None,
    }
}

/// The `labels` and `indicator_types`, sorted, each once.
pub(in crate::feed) fn labels<'o>(object: &'o Members<'_>) -> Vec<&'o str> {
    let list = |name| object.get(name).and_then(Json::as_list).unwrap_or_default().iter().filter_map(Json::as_text);
    let mut labels: Vec<&str> = list("labels").chain(list("indicator_types")).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// The references in an object and in whatever it holds: properties whose names end in `_ref` and `_refs` (§3.1).
fn gather_references(object: &Members<'_>, into: &mut Vec<(Sort, Uuid)>) {
    for (name, value) in object.iter().filter(|(name, _)| !OF_MARKINGS.contains(name) && *name != CREATED_BY) {
        match value {
            Json::Text(id) if name.ends_with("_ref") => refer(name, id, into),
            Json::List(ids) if name.ends_with("_refs") => ids.iter().filter_map(Json::as_text).for_each(|id| refer(name, id, into)),
            Json::List(list) => list.iter().filter_map(Json::as_object).for_each(|inner| gather_references(inner, into)),
            Json::Object(inner) => gather_references(inner, into),
            _ => {}
        }
    }
}

fn refer(property: &str, id: &str, into: &mut Vec<(Sort, Uuid)>) {
    if let Some((type_name, uuid)) = id.split_once("--").and_then(|(_, uuid)| Some((type_of(id), Uuid::try_parse(uuid).ok()?))) {
        into.push((Sort { type_name: type_name.into(), kind: property.into() }, uuid));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::stix::object;

    fn entry(object: &serde_json::Value) -> Entry {
        let id = object["id"].as_str().unwrap().to_owned();
        let text = object.to_string();
        let level = object::level(Json::parse(&text).unwrap().as_object().unwrap());
        Entry::of(&Record { added: Stamp(7), id, version: String::new(), level, origin: None, object: object.to_string().into() }).unwrap()
    }

    const ID: &str = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

    #[test]
    fn an_indicator_is_read() {
        let read = entry(&json!({
            "type": "indicator", "id": ID, "name": "A", "confidence": 85, "revoked": true, "modified": "2021-03-02T00:00:00.000001Z",
            "valid_until": "2021-03-03T00:00:00Z", "pattern": "[domain-name:value = 'B.example']", "pattern_type": "stix",
            "labels": ["z", "b"], "indicator_types": ["b", "a"], "created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "object_marking_refs": ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
        }));
        assert_eq!((read.level, read.revoked, read.confidence, &*read.kind), (Level::Red, true, Some(85), "domain-name"));
        assert_eq!((read.modified, read.valid_until), (Some(1_614_643_200_000_001), Some(1_614_729_600_000_000)));
        assert_eq!(read.digest, Some(digest("[domain-name:value = 'b.example']")));
        assert_eq!(read.labels.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["a", "b", "z"]);
        assert_eq!((&*read.source, read.telling.text.as_str()), ("identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "a\nb.example"));
        assert!(read.references.is_empty());
    }

    #[test]
    fn kinds_tell_languages_and_mixtures() {
        for (language, pattern, kind) in [
            ("stix", "[file:name = 'a' OR file:name = 'b']", "file"),
            ("stix", "[file:name = 'a'] AND [url:value = 'b']", MULTI),
            ("stix", "[broken", ""),
            ("yara", "rule a {}", "yara"),
        ] {
            let read = entry(&json!({"id": ID, "pattern": pattern, "pattern_type": language}));
            assert_eq!((&*read.kind, read.digest.is_some()), (kind, language == "stix" && !kind.is_empty()), "{pattern}");
        }
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        let to = |kind: &str| format!("{kind}--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
        let read = entry(&json!({
            "id": to("email-message"), "from_ref": to("email-addr"), "to_refs": [to("email-addr")],
            "body_multipart": [{"body_raw_ref": to("artifact")}],
            "extensions": {"x": {"x_ref": to("x-mine"), "no_ref": "none"}}, "object_marking_refs": [to("marking-definition")],
        }));
        let found: BTreeSet<_> = read.references.iter().map(|(sort, _)| (&*sort.kind, &*sort.type_name)).collect();
        let expected = [("from_ref", "email-addr"), ("to_refs", "email-addr"), ("body_raw_ref", "artifact"), ("x_ref", "x-mine")];
        assert_eq!(found, BTreeSet::from(expected));
    }

    #[test]
    fn an_id_keeps_its_spelling() {
        for id in [ID, "file--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F"] {
            let key = Key::of(id).unwrap();
            assert_eq!((key.text().as_str(), key.odd.is_some()), (id, id != ID));
        }
        assert_eq!(Key::of("nothing"), None);
    }
}
