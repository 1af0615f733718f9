//! What is asked of a list besides its name: the query, and which values it selects.

use std::str::FromStr;

use axum::http::StatusCode;
use xxhash_rust::xxh3::xxh3_64;

use crate::door::error::Failure;
use crate::feed::access::Reading;
use crate::feed::values::chunk::Row;
use crate::stix::ioc::Kind;
use crate::stix::marking::Level;
use crate::store::only::Only;
use crate::taxii::stamp::{DAY, Stamp};

/// The names of the parameters, for who has mistyped one.
const PARAMETERS: &str = "kind, min_confidence, label, max_age, max_entries, shard";

/// A query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Only values of these kinds; empty: of all that the list is for.
    pub kinds: Vec<Kind>,
    /// Only indicators at least so confident.
    pub min_confidence: Option<u8>,
    /// Only indicators with one of these labels or types.
    pub labels: Vec<String>,
    /// Only indicators whose version is at most so old, in microseconds.
    pub max_age: Option<u64>,
    /// At most so many values, the most confident first.
    pub max_entries: Option<usize>,
    /// Only this part of so many, beginning with 1.
    pub shard: Option<(u32, u32)>,
}

/// What a list selects at a time.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The query.
    pub asked: Asked,
    /// What of the collection the reader is shown, if not all.
    pub view: Option<View>,
    /// Nothing above this level.
    pub clearance: Level,
    /// Whether what a warning list blocks is left out.
    pub guarded: bool,
}

/// What a collection shows of another one, as far as it is about indicators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Whether it shows indicators at all.
    indicators: bool,
    /// Only what was added so many microseconds ago or less.
    max_age: Option<u64>,
    /// Only what is so.
    only: Only,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs in the list.
    In,
    /// It does not.
    Out,
    /// It was taken back or is not valid now, and would belong there otherwise.
    Gone,
    /// A warning list blocks it.
    Warned,
}

impl Asked {
    /// Reads a query; what is not understood is refused, since a list that holds too much does harm.
    pub fn read(query: &str) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            asked.take(&name, &value).map_err(|what| Failure::new(StatusCode::BAD_REQUEST, what))?;
        }
        asked.kinds.sort_unstable();
        asked.kinds.dedup();
        asked.labels.sort_unstable();
        asked.labels.dedup();
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = |wanted: &str| format!("the parameter {name}: {value:?} is not {wanted}");
        match name {
            "kind" => self
                .kinds
                .extend(value.split(',').map(|kind| kind_named(kind.trim()).ok_or_else(|| wrong("a kind of value"))).collect::<Result<Vec<_>, _>>()?),
            "min_confidence" => self.min_confidence = Some(number(value, 0, 100).ok_or_else(|| wrong("a number from 0 to 100"))?),
            "label" => self.labels.extend(value.split(',').map(|label| label.trim().to_owned())),
            "max_age" => {
                let age = humantime::parse_duration(value).ok().and_then(|age| u64::try_from(age.as_micros()).ok());
                self.max_age = Some(age.filter(|age| *age > 0).ok_or_else(|| wrong("a time like 90d or 12h"))?);
            }
            "max_entries" => self.max_entries = Some(number(value, 1, usize::MAX).ok_or_else(|| wrong("a number from 1 up"))?),
            "shard" => {
                let parts = value.split_once('/').and_then(|(part, of)| Some((number(part, 1, 1000)?, number(of, 1, 1000)?)));
                self.shard = Some(parts.filter(|(part, of)| part <= of).ok_or_else(|| wrong("a part of a whole like 2/5"))?);
            }
            _ => return Err(format!("there is no parameter {name:?}; there are {PARAMETERS}")),
        }
        Ok(())
    }

    /// The query in a form of its own, the same for all that ask the same.
    pub fn normal(&self) -> String {
        let kinds = self.kinds.iter().map(|kind| ("kind", kind.name().to_owned()));
        let labels = self.labels.iter().map(|label| ("label", label.clone()));
        let others = [
            self.min_confidence.map(|least| ("min_confidence", least.to_string())),
            self.max_age.map(|age| ("max_age", format!("{age}us"))),
            self.max_entries.map(|most| ("max_entries", most.to_string())),
            self.shard.map(|(part, of)| ("shard", format!("{part}/{of}"))),
        ];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kinds.chain(labels).chain(others.into_iter().flatten())).finish()
    }
}

fn number<T: FromStr + PartialOrd + Copy>(text: &str, least: T, most: T) -> Option<T> {
    text.parse().ok().filter(|number| *number >= least && *number <= most)
}

/// The kind of values of lists that has this name.
pub fn kind_named(name: &str) -> Option<Kind> {
    super::format::KINDS.iter().copied().find(|kind| kind.name() == name)
}

impl View {
    /// What of the collection a reader is shown.
    pub fn of(reading: &Reading) -> Option<Self> {
        let indicators = reading.types.as_ref().is_none_or(|types| types.iter().any(|name| name == "indicator"));
        let max_age = reading.max_age_days.map(|days| u64::from(days) * DAY);
        (!reading.is_whole()).then(|| Self { indicators, max_age, only: reading.only.as_deref().cloned().unwrap_or_default() })
    }

    fn shows(&self, row: Row<'_>) -> bool {
        let Only { labels, min_confidence, .. } = &self.only;
        let confident = row.is_revoked() || min_confidence.is_none_or(|least| row.confidence().unwrap_or_default() >= least);
        self.indicators && confident && (labels.is_empty() || row.labels().iter().any(|its| labels.iter().any(|label| **its == **label)))
    }
}

impl Selection {
    /// Whether values of a kind can be in the list, of a file that is for these kinds.
    pub fn wants(&self, kind: Kind, kinds: &[Kind]) -> bool {
        kinds.contains(&kind) && (self.asked.kinds.is_empty() || self.asked.kinds.contains(&kind))
    }

    /// What becomes of a value at a time, and from when on something else becomes of it.
    pub fn judge(&self, row: Row<'_>, now: Stamp) -> (Verdict, Stamp) {
        let never = Stamp(u64::MAX);
        let asked = &self.asked;
        let confident = asked.min_confidence.is_none_or(|least| row.confidence().is_some_and(|its| its >= least));
        let labelled = asked.labels.is_empty() || row.labels().iter().any(|its| asked.labels.iter().any(|label| **its == **label));
        let shown = self.view.as_ref().is_none_or(|view| view.shows(row));
        if row.level() > self.clearance || !shown || !confident || !labelled || !self.is_in_shard(row.value()) {
            return (Verdict::Out, never);
        }
        if row.is_revoked() {
            return (Verdict::Gone, never);
        }
        let too_old = asked.max_age.map(|age| Stamp(row.modified().0.saturating_add(age)));
        let too_long = self.view.as_ref().and_then(|view| view.max_age).map(|age| Stamp(row.added().0.saturating_add(age)));
        let ends = row.valid_until().into_iter().chain(too_old).chain(too_long).min().unwrap_or(never);
        if ends <= now {
            return (Verdict::Gone, never);
        }
        if row.valid_from() > now {
            return (Verdict::Out, row.valid_from());
        }
        let verdict = if self.guarded && row.is_blocked() { Verdict::Warned } else { Verdict::In };
        (verdict, ends)
    }

    /// A part is a matter of the value alone, so that a change touches no other part.
    fn is_in_shard(&self, value: &str) -> bool {
        self.asked.shard.is_none_or(|(part, of)| xxh3_64(value.as_bytes()) % u64::from(of) == u64::from(part - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_has_one_normal_form() {
        let asked = Asked::read("kind=url,domain&min_confidence=80&label=b&label=a,b&max_age=90d&max_entries=1000&shard=2/5").unwrap();
        assert_eq!(asked.kinds, [Kind::Domain, Kind::Url]);
        assert_eq!((asked.min_confidence, asked.max_entries, asked.shard), (Some(80), Some(1000), Some((2, 5))));
        assert_eq!(asked.labels, ["a", "b"]);
        assert_eq!(asked.max_age, Some(90 * 86_400_000_000));
        assert_eq!(Asked::read(&asked.normal()).unwrap(), asked);
        assert_eq!(Asked::read("").unwrap().normal(), "");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in [
            "kind=x",
            "kind=cve",
            "min_confidence=101",
            "min_confidence=",
            "max_age=1",
            "max_age=0s",
            "max_entries=0",
            "shard=3/2",
            "shard=0/2",
            "shard=1",
            "confidence=80",
        ] {
            assert!(Asked::read(query).is_err(), "{query}");
        }
    }
}
