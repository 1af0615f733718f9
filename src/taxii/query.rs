//! URL query parameters (TAXII 2.1 §3.4): what is malformed is refused, what is unknown is passed over.

use serde::{Deserialize, Serialize};

use super::cursor::{self, Cursor};
use super::stamp::Stamp;
use crate::stix::time::Instant;

/// The version of STIX that is stored.
const SPEC_VERSION: &str = "2.1";

/// Which `match` fields an endpoint defines; others are passed over (T-058, T-157).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// `id`, `type`, `version` and `spec_version`: objects and manifest.
    All,
    /// `version` and `spec_version`: one object, GET and DELETE.
    Versions,
    /// `spec_version`: the versions of one object.
    SpecVersion,
}

/// The parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only what was added later than this.
    pub added_after: Option<Stamp>,
    /// The most objects on a page; as large as asked for, the server caps it (T-048).
    pub limit: Option<u64>,
    /// Where an earlier page ended.
    pub next: Option<Cursor>,
    /// The `match` fields; `None` if there was none of those that the endpoint defines.
    pub filter: Option<Filter>,
}

/// The `match` fields, as they are carried on in cursors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// `match[id]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Vec<String>>,
    /// `match[type]`.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub types: Option<Vec<String>>,
    /// `match[version]`, a valid list when it comes from a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Vec<String>>,
    /// `match[spec_version]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_version: Option<Vec<String>>,
}

/// A malformed parameter: 400 (T-038).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {problem}")]
pub struct QueryError {
    /// Its name as the standard writes it.
    pub parameter: String,
    /// What is wrong with it.
    pub problem: String,
}

impl QueryError {
    fn new(parameter: &str, problem: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), problem: problem.into() }
    }
}

/// The versions that a filter names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// `all`.
    All,
    /// A union of keywords and instants.
    Union {
        /// `first`.
        first: bool,
        /// `last`.
        last: bool,
        /// Timestamps.
        at: Vec<Instant>,
    },
}

impl Query {
    /// Reads the raw query part of a URL (without `?`).
    pub fn parse(raw: &str, fields: Fields) -> Result<Self, QueryError> {
        let mut query = Self::default();
        let mut filter = Filter::default();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            match &*name {
                "added_after" => once(&name, &mut query.added_after, added_after(&value)?)?,
                "limit" => once(&name, &mut query.limit, limit(&value)?)?,
                // An empty `next` is what a client sends that was given none: the first page (Q19).
                "next" if value.is_empty() => {}
                "next" => once(&name, &mut query.next, next(&value)?)?,
                "match[id]" if fields == Fields::All => once(&name, &mut filter.id, ids(&value)?)?,
                "match[type]" if fields == Fields::All => once(&name, &mut filter.types, list("match[type]", &value)?)?,
                "match[version]" if fields != Fields::SpecVersion => once(&name, &mut filter.version, version_list(&value)?)?,
                "match[spec_version]" => once(&name, &mut filter.spec_version, spec_versions(&value)?)?,
                _ => {}
            }
        }
        query.filter = (filter != Filter::default()).then_some(filter);
        Ok(query)
    }
}

impl Filter {
    /// Whether objects of STIX 2.1, the only ones stored, can pass (T-080, T-083).
    pub fn wants_stored_spec_version(&self) -> bool {
        self.spec_version.as_ref().is_none_or(|versions| versions.iter().any(|v| v == SPEC_VERSION))
    }

    /// The versions asked for, if any were.
    pub fn choice(&self) -> Result<Option<Choice>, QueryError> {
        self.version.as_deref().map(versions).transpose()
    }
}

/// Sets `slot`, which may happen once (T-040, T-050, T-055).
fn once<T>(name: &str, slot: &mut Option<T>, value: T) -> Result<(), QueryError> {
    if slot.replace(value).is_some() {
        return Err(QueryError::new(name, "given more than once"));
    }
    Ok(())
}

fn added_after(value: &str) -> Result<Stamp, QueryError> {
    Stamp::parse(value).map_err(|why| QueryError::new("added_after", format!("{value:?} is no timestamp: {why}")))
}

/// A whole number above 0; beyond what a machine word holds it is as good as the largest.
fn limit(value: &str) -> Result<u64, QueryError> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if !digits || value.bytes().all(|b| b == b'0') {
        return Err(QueryError::new("limit", format!("{value:?} is no whole number above 0")));
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn next(value: &str) -> Result<Cursor, QueryError> {
    cursor::read(value).ok_or_else(|| QueryError::new("next", "not a value that this server gave out"))
}

/// The elements of a comma-separated value, none of them empty (T-061).
fn list(name: &str, value: &str) -> Result<Vec<String>, QueryError> {
    let elements: Vec<String> = value.split(',').map(str::to_owned).collect();
    if elements.iter().any(String::is_empty) {
        return Err(QueryError::new(name, format!("{value:?} has an empty element")));
    }
    Ok(elements)
}

fn ids(value: &str) -> Result<Vec<String>, QueryError> {
    let ids = list("match[id]", value)?;
    match ids.iter().find(|id| !id.contains("--")) {
        Some(bad) => Err(QueryError::new("match[id]", format!("{bad:?} is no STIX identifier (type--UUID)"))),
        None => Ok(ids),
    }
}

fn spec_versions(value: &str) -> Result<Vec<String>, QueryError> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let versions = list("match[spec_version]", value)?;
    match versions.iter().find(|v| !v.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor))) {
        Some(bad) => Err(QueryError::new("match[spec_version]", format!("{bad:?} is no version such as 2.1"))),
        None => Ok(versions),
    }
}

fn version_list(value: &str) -> Result<Vec<String>, QueryError> {
    let values = list("match[version]", value)?;
    versions(&values).map(|_| values)
}

/// Reads version values: keywords and timestamps, each once, `all` alone (T-068 to T-077).
fn versions(values: &[String]) -> Result<Choice, QueryError> {
    let error = |problem: String| QueryError::new("match[version]", problem);
    let (mut all, mut first, mut last, mut at) = (false, false, false, Vec::new());
    for value in values {
        let fresh = match value.as_str() {
            "all" => !std::mem::replace(&mut all, true),
            "first" => !std::mem::replace(&mut first, true),
            "last" => !std::mem::replace(&mut last, true),
            text => {
                let instant = Instant::parse(text).map_err(|why| error(format!("{text:?} is neither first, last, all nor a timestamp: {why}")))?;
                let fresh = !at.contains(&instant);
                at.push(instant);
                fresh
            }
        };
        if !fresh {
            return Err(error(format!("{value} is given more than once")));
        }
    }
    if all && values.len() > 1 {
        return Err(error("all stands alone".into()));
    }
    Ok(if all { Choice::All } else { Choice::Union { first, last, at } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(raw: &str) -> Result<Query, QueryError> {
        Query::parse(raw, Fields::All)
    }

    fn refused(raw: &str) {
        assert!(parse(raw).is_err(), "{raw}");
    }

    #[test]
    fn t040_t043_added_after_is_one_timestamp_in_utc() {
        for bad in [
            "",
            "now",
            "2021-03-02",
            "2021-13-02T00:00:00Z",
            "2021-03-02T25:00:00Z",
            "2021-03-02T00:00:00",
            "2021-03-02T00:00:00%2B00:00",
            "2021-03-02T00:00:00Z,2021-03-03T00:00:00Z",
        ] {
            refused(&format!("added_after={bad}"));
        }
        refused("added_after=2021-03-02T00:00:00Z&added_after=2021-03-02T00:00:00Z");
        for digits in ["", ".5", ".500", ".123456", ".123456789"] {
            assert!(parse(&format!("added_after=2021-03-02T00:00:00{digits}Z")).is_ok());
        }
    }

    #[test]
    fn t045_t048_t050_limit_is_a_whole_number_above_zero() {
        for bad in ["0", "-1", "1.5", "ten", "", "%201", "+1", "1e3", "00"] {
            refused(&format!("limit={bad}"));
        }
        refused("limit=1&limit=1");
        for (text, limit) in [("1", 1), ("9007199254740991", (1 << 53) - 1), ("99999999999999999999999", u64::MAX)] {
            assert_eq!(parse(&format!("limit={text}")).unwrap().limit, Some(limit));
        }
    }

    #[test]
    fn t055_t061_t062_match_lists() {
        refused("match[type]=indicator&match%5Btype%5D=malware");
        for bad in
            ["match[type]=", "match[type]=a,,b", "match[id]=", "match[id]=foo", "match[spec_version]=2", "match[spec_version]=2.x", "match[version]="]
        {
            refused(bad);
        }
        let filter = parse("match%5Btype%5D=indicator%2Cmalware").unwrap().filter.unwrap();
        assert_eq!(filter.types.unwrap(), ["indicator", "malware"]);
    }

    #[test]
    fn t068_to_t077_versions() {
        let choice = |text: &str| parse(&format!("match[version]={text}")).and_then(|q| q.filter.unwrap().choice()).map(Option::unwrap);
        assert_eq!(choice("all").unwrap(), Choice::All);
        let instant = Instant::parse("2021-03-02T00:00:00Z").unwrap();
        assert_eq!(choice("first,2021-03-02T00:00:00.000Z,last").unwrap(), Choice::Union { first: true, last: true, at: vec![instant] });
        for bad in ["all,last", "last,last", "newest", "2021-03-02", "2021-03-02T00:00:00Z,2021-03-02T00:00:00.0Z", "First"] {
            assert!(choice(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn t058_t059_q19_unknown_parameters_and_an_empty_next_are_passed_over() {
        assert_eq!(parse("match[match[type]]=x&foo=1&match[foo]=2&next=&&=&%FF=%FF").unwrap(), Query::default());
        assert_eq!(Query::parse("match[id]=zzz&match[type]=,", Fields::Versions).unwrap(), Query::default());
    }

    #[test]
    fn t080_t083_spec_version() {
        assert!(parse("match[spec_version]=2.0,2.1").unwrap().filter.unwrap().wants_stored_spec_version());
        assert!(!parse("match[spec_version]=2.0").unwrap().filter.unwrap().wants_stored_spec_version());
    }

    #[test]
    fn t052_a_next_of_nobody_is_malformed() {
        refused("next=abc");
        refused("next=1&next=2");
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,200}") {
            let _ = parse(&raw);
        }
    }
}
