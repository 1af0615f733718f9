//! The tables of a feed: `iocs.csv`, `attack.csv` and `timeline.csv`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::CuratedError;
use super::files::Files;
use super::pattern::Kind;

/// A row with the line it stands on.
pub(super) struct Row<T> {
    pub(super) line: usize,
    pub(super) cells: T,
}

/// A row of `iocs.csv`: one indicator.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Indicator {
    pub(super) value: String,
    pub(super) kind: Kind,
    /// What it is, in a phrase.
    pub(super) context: String,
    /// Keys of what it indicates.
    #[serde(deserialize_with = "list")]
    pub(super) about: Vec<String>,
    /// The key of an ATT&CK technique, or empty.
    pub(super) technique: String,
    /// `YYYY-MM-DD`.
    pub(super) first_seen: String,
    /// `YYYY-MM-DD`, or empty.
    pub(super) last_seen: String,
    pub(super) confidence: u8,
    pub(super) tlp: String,
    #[serde(deserialize_with = "list")]
    pub(super) sources: Vec<String>,
    /// `indicator_types`, where they differ from `malicious-activity`.
    #[serde(deserialize_with = "list")]
    pub(super) types: Vec<String>,
    /// What else it may match.
    pub(super) false_positives: String,
    /// A name and a description by hand, where those made from the other cells will not do.
    pub(super) name: String,
    pub(super) description: String,
    /// 2 or more gives the indicator another identity: the way back after it was revoked. The column may be left out.
    #[serde(default)]
    pub(super) generation: Option<u32>,
}

impl Indicator {
    /// What names the indicator within its feed, such as `ipv4|192.0.2.1`.
    pub(super) fn natural_key(&self) -> String {
        let generation = self.generation.map_or(String::new(), |n| format!("|{n}"));
        format!("{}|{}{generation}", self.kind.name(), self.value)
    }
}

/// A row of `attack.csv`: an object that ATT&CK defines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub(super) key: String,
    /// ATT&CK's STIX identifier.
    pub(super) id: String,
    pub(super) attack_id: String,
    pub(super) name: String,
    /// The name that our sources use, where it is another.
    pub(super) called: String,
    #[serde(deserialize_with = "list")]
    pub(super) aliases: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(super) tactics: Vec<String>,
    /// Keys of those that use it, by ATT&CK's account.
    #[serde(deserialize_with = "list")]
    pub(super) used_by: Vec<String>,
}

/// A row of `timeline.csv`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Milestone {
    /// `YYYY-MM-DD`.
    pub(super) date: String,
    pub(super) event: String,
    #[serde(deserialize_with = "list")]
    pub(super) sources: Vec<String>,
}

/// Reads `iocs.csv`.
pub(super) fn read_indicators(files: &Files, folder: &str) -> Result<Vec<Row<Indicator>>, CuratedError> {
    rows(files, &format!("{folder}/iocs.csv"))
}

/// Reads `attack.csv`.
pub(super) fn read_attack(files: &Files, folder: &str) -> Result<Vec<Row<Reference>>, CuratedError> {
    rows(files, &format!("{folder}/attack.csv"))
}

/// Reads `timeline.csv`.
pub(super) fn read_timeline(files: &Files, folder: &str) -> Result<Vec<Row<Milestone>>, CuratedError> {
    rows(files, &format!("{folder}/timeline.csv"))
}

/// The rows of a table; none where there is no such file.
fn rows<T: DeserializeOwned>(files: &Files, path: &str) -> Result<Vec<Row<T>>, CuratedError> {
    if !files.has(path) {
        return Ok(Vec::new());
    }
    let mut reader = csv::Reader::from_reader(files.text(path)?.as_bytes());
    let fail = |error: &csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        let what = match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} cells where the header has {expected_len}"),
            _ => error.to_string(),
        };
        CuratedError::new(path, usize::try_from(line).unwrap_or(0), what)
    };
    let header = reader.headers().map_err(|error| fail(&error))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| fail(&error))?;
        let line = record.position().map_or(0, |p| usize::try_from(p.line()).unwrap_or(0));
        rows.push(Row { line, cells: record.deserialize(Some(&header)).map_err(|error| fail(&error))? });
    }
    Ok(rows)
}

/// A cell with entries between `;`.
fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let cell = String::deserialize(from)?;
    Ok(cell.split(';').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
}
