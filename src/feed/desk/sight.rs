//! Sightings: somebody has seen what an indicator means, or has found that it means nothing bad.
//!
//! Both move the confidence of the indicator by a stated rule; without one it counts as 50.
//!
//! - Seen: as sure as two reports, of which the sighting is one of confidence 20 (see [`merge`](super::merge)).
//! - A false positive: six tenths are left. Below 10 the indicator ends at once, so that nobody blocks by it any more.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::Change;
use super::indicator::{Source, reference, time};
use super::merge::together;
use super::revise::{Plan, Revised};
use super::{Unfit, Working, decay, identity};
use crate::feed::Feed;
use crate::feed::error::FeedError;
use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::Act;
use crate::taxii::stamp::Stamp;

/// The most that one sighting may count (STIX 2.1 §5.2).
const MOST: u32 = 999_999_999;
/// The label of a sighting that says that the indicator was wrong.
pub const FALSE_POSITIVE: &str = "false-positive";
/// How sure one is of an indicator that does not say.
const UNSAID: u64 = 50;
/// How sure a sighting makes by itself.
const SEEN: u64 = 20;
/// Below this an indicator that was found wrong ends.
const LEAST: u64 = 10;

/// A sighting as it is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sighted {
    /// How often it was seen; without meaning for a false positive.
    pub count: u32,
    /// Whether what was seen was nothing bad.
    pub false_positive: bool,
    /// When it was first seen; without, now.
    pub first_seen: Option<String>,
    /// When it was last seen; without, when it was first.
    pub last_seen: Option<String>,
    /// Who has seen it.
    pub source: Option<Source>,
    /// What there is to say about it.
    pub comment: Option<String>,
}

impl Default for Sighted {
    fn default() -> Self {
        Self { count: 1, false_positive: false, first_seen: None, last_seen: None, source: None, comment: None }
    }
}

impl Feed {
    /// Records a sighting of each object, and what it means for the confidence of those that are indicators, in one write.
    pub async fn sight(&self, working: &Working, ids: &[StixId], sighted: &Sighted, act: Act) -> Result<Vec<Revised>, FeedError> {
        let _turn = self.turn().await?;
        let (now, author) = (act.at, identity::author(&act.who));
        let (first, last) = sighted.times(now)?;
        let held = self.held(&working.reading, ids).await?;
        let mut plan = Plan::default();
        self.introduce(&mut plan, &working.reading, &act).await?;
        for id in ids {
            match held.get(id) {
                None => plan.refuse(id, &Unfit::Missing(id.clone())),
                Some(held) if held.revoked => plan.refuse(id, &"it is revoked, which is final (STIX 2.1 §3.6)"),
                Some(held) => {
                    let sighting = sighted.object(id, held.properties.get("object_marking_refs"), &author, (first, last), now);
                    let version = time(now);
                    let told = sighting.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                    plan.tell(Revised::Changed { id: told, version }, sighting);
                    if id.type_name() == "indicator" {
                        plan.change(id, held, now, |properties| moved(properties, sighted.false_positive, now));
                    }
                }
            }
        }
        self.carry_out(working, plan, act, false).await
    }
}

impl Sighted {
    /// When it was first and last seen.
    fn times(&self, now: Stamp) -> Result<(Stamp, Stamp), Unfit> {
        if !(1..=MOST).contains(&self.count) {
            return Err(Unfit::Asked(format!("a sighting counts 1 to {MOST}")));
        }
        let read = |text: &Option<String>| match text.as_deref() {
            None => Ok(None),
            Some(text) => Instant::parse(text).map(|instant| Some(Stamp(instant.micros()))).map_err(|_| Unfit::Asked(format!("{text:?} is no time"))),
        };
        let first = read(&self.first_seen)?.unwrap_or(now);
        let last = read(&self.last_seen)?.unwrap_or(first);
        if last < first { Err(Unfit::Asked("it was last seen before it was first seen".into())) } else { Ok((first, last)) }
    }

    /// The sighting as an object, marked as what was seen (STIX 2.1 §5.2).
    fn object(&self, of: &StixId, markings: Option<&Value>, author: &StixId, (first, last): (Stamp, Stamp), now: Stamp) -> Properties {
        let at = time(now);
        let mut properties = Properties::new();
        let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
        set("type", json!("sighting"));
        set("spec_version", json!("2.1"));
        set("id", json!(StixId::new("sighting", Uuid::new_v4()).as_str()));
        set("created_by_ref", json!(author.as_str()));
        set("created", json!(at));
        set("modified", json!(at));
        set("first_seen", json!(time(first)));
        set("last_seen", json!(time(last)));
        // What was not seen counts nought (§5.2).
        set("count", json!(if self.false_positive { 0 } else { self.count }));
        set("sighting_of_ref", json!(of.as_str()));
        if self.false_positive {
            set("labels", json!([FALSE_POSITIVE]));
        }
        if let Some(comment) = self.comment.as_deref().filter(|text| !text.is_empty()) {
            set("description", json!(comment));
        }
        if let Some(source) = &self.source {
            set("external_references", json!([reference(source)]));
        }
        if let Some(markings) = markings {
            set("object_marking_refs", markings.clone());
        }
        properties
    }
}

/// The indicator after a sighting.
fn moved(properties: &Properties, false_positive: bool, now: Stamp) -> Result<Properties, String> {
    let stated = properties.get("confidence").and_then(Value::as_u64).unwrap_or(UNSAID).min(100);
    let confidence = if false_positive { stated * 6 / 10 } else { together(stated, SEEN) };
    let mut moved = properties.clone();
    moved.insert("confidence".into(), json!(confidence));
    if !false_positive {
        decay::forget(&mut moved);
    }
    if false_positive && confidence < LEAST { Change::Expire.apply(&moved, now) } else { Ok(moved) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Stamp = Stamp(1_700_000_000_000_000);

    #[test]
    fn an_indicator_that_keeps_being_wrong_ends() {
        let mut properties =
            json!({"type": "indicator", "confidence": 60, "valid_from": time(Stamp(1_600_000_000_000_000))}).as_object().unwrap().clone();
        for confidence in [36, 21, 12] {
            properties = moved(&properties, true, NOW).unwrap();
            assert_eq!((&properties["confidence"], properties.get("valid_until")), (&json!(confidence), None));
        }
        properties = moved(&properties, true, NOW).unwrap();
        assert_eq!((&properties["confidence"], &properties["valid_until"]), (&json!(7), &json!(time(NOW))));
    }

    #[test]
    fn a_sighting_makes_surer() {
        let properties = json!({"type": "indicator"}).as_object().unwrap().clone();
        assert_eq!(moved(&properties, false, NOW).unwrap()["confidence"], 60);
    }

    #[test]
    fn times_are_in_order() {
        let sighted =
            Sighted { first_seen: Some("2021-03-02T00:00:00Z".into()), last_seen: Some("2021-03-01T00:00:00Z".into()), ..Sighted::default() };
        assert!(sighted.times(NOW).is_err());
        assert!(Sighted { count: 0, ..Sighted::default() }.times(NOW).is_err());
        assert_eq!(Sighted::default().times(NOW), Ok((NOW, NOW)));
    }
}
