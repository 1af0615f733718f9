//! The head of a feed (`feed.toml`) and its sources (`sources.toml`).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use toml::value::Datetime;
use uuid::Uuid;

use super::CuratedError;
use super::files::{Files, line_of};
use super::pattern::Kind;

/// `feed.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) title: String,
    pub(super) description: String,
    /// The `UUIDv5` namespace of the ids that are ours to give.
    pub(super) namespace: Uuid,
    /// The key of the identity that has created the objects.
    pub(super) publisher: String,
    /// `created` and first `modified`, as a STIX timestamp.
    #[serde(deserialize_with = "timestamp")]
    pub(super) created: String,
    /// The TLP level of what states none.
    pub(super) tlp: String,
    /// Whether the marking of TLP 1 stands beside that of TLP 2.0, for clients that know the four of TLP 1 only. Observables
    /// have no versions: those that a store already has keep the markings with which they came.
    #[serde(default)]
    pub(super) tlp1_twin: bool,
    /// The confidence of a relationship that states none.
    pub(super) confidence: u8,
    /// A label of every indicator.
    pub(super) label: String,
    #[serde(default)]
    pub(super) licence: String,
    #[serde(default)]
    pub(super) citation: String,
    /// How confidence is given.
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) gaps: Vec<String>,
    pub(super) root: Root,
    /// Days of validity by kind of indicator.
    #[serde(default)]
    pub(super) validity: BTreeMap<Kind, u64>,
    /// Needed where `attack.csv` has rows.
    pub(super) attack: Option<Attack>,
    pub(super) collections: Vec<Collection>,
}

/// The API root of the feed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Root {
    pub(super) slug: String,
    pub(super) title: String,
}

/// How reference copies of ATT&CK objects are made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attack {
    /// The key of MITRE's identity.
    pub(super) identity: String,
    /// Older than every version of MITRE's own, as a STIX timestamp.
    #[serde(deserialize_with = "timestamp")]
    pub(super) created: String,
    /// The confidence of what ATT&CK says of who uses what.
    pub(super) confidence: u8,
    /// The key of the marking that repeats the terms of ATT&CK.
    pub(super) marking: String,
}

/// A collection of the feed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collection {
    pub(super) id: Uuid,
    pub(super) alias: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) public: bool,
    pub(super) contents: Contents,
}

/// What goes into a collection, besides everything that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Contents {
    /// The simple indicators and what they are based on.
    Indicators,
    /// The simple indicators and everything else but the hunting patterns.
    Graph,
    /// The hunting patterns, what they are based on and what they indicate.
    Hunting,
    /// Nothing: others fill it.
    Submissions,
}

/// A publication.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) organisation: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
    /// A day, a month or a year.
    pub(super) published: String,
    pub(super) licence: Option<String>,
}

/// The publications by their keys.
pub(super) type Sources = BTreeMap<String, Source>;

/// Reads `feed.toml`.
pub(super) fn read(files: &Files, folder: &str) -> Result<Manifest, CuratedError> {
    typed(files, &format!("{folder}/feed.toml"))
}

/// Reads `sources.toml`, if it is there.
pub(super) fn read_sources(files: &Files, folder: &str) -> Result<Sources, CuratedError> {
    let path = format!("{folder}/sources.toml");
    if files.has(&path) { typed(files, &path) } else { Ok(Sources::new()) }
}

impl Source {
    /// The publication as an external reference (STIX 2.1 §2.5).
    pub(super) fn reference(&self) -> Value {
        let mut reference = json!({"source_name": self.organisation, "description": self.title});
        if let Some(url) = &self.url {
            reference["url"] = json!(url);
        }
        reference
    }
}

/// A TOML date or date-time as a STIX timestamp with three fraction digits; a date is its first instant.
pub(super) fn stix_time(time: &Datetime) -> Option<String> {
    let date = time.date?;
    let clock = match (time.time, time.offset) {
        (None, None) => "00:00:00.000Z".to_owned(),
        (Some(t), Some(toml::value::Offset::Z)) => {
            format!("{:02}:{:02}:{:02}.{:03}Z", t.hour, t.minute, t.second.unwrap_or(0), t.nanosecond.unwrap_or(0) / 1_000_000)
        }
        _ => return None,
    };
    Some(format!("{date}T{clock}"))
}

fn timestamp<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    stix_time(&Datetime::deserialize(from)?).ok_or_else(|| serde::de::Error::custom("neither a date nor a time in UTC"))
}

fn typed<T: DeserializeOwned>(files: &Files, path: &str) -> Result<T, CuratedError> {
    let text = files.text(path)?;
    toml::from_str(text).map_err(|error| toml_error(path, text, &error))
}

/// What the TOML reader found wrong, with the line.
pub(super) fn toml_error(path: &str, text: &str, error: &toml::de::Error) -> CuratedError {
    CuratedError::new(path, error.span().map_or(0, |span| line_of(text, span.start)), error.message())
}
