//! A second report of what is known already: its source is added, and the confidence rises by a stated rule.
//!
//! - A report is another one if it names a source that the indicator does not name yet. The same source again changes nothing
//!   but what it adds: labels, types, phases, and a later end.
//! - Two reports of confidence *a* and *b* are as sure as one of `100 - (100 - a)(100 - b) / 100`, at most 95, unless one was surer
//!   than that already: two chances to be wrong that know nothing of each other.
//! - A report that may travel less far than the indicator leaves no trace in it: neither its source nor its weight.

use serde_json::{Value, json};

use super::indicator::{Terms, reference, time, until};
use crate::feed::object::Properties;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;

/// No number of reports makes surer than this.
const SUREST: u64 = 95;

/// The properties of a known indicator after another report of it; `None` if the report says nothing new.
pub fn merge(known: &Properties, level: Level, terms: &Terms, now: Stamp) -> Option<Properties> {
    if terms.tlp > level.max(Level::Clear) {
        return None;
    }
    let mut merged = known.clone();
    let is_other = terms.source.as_ref().is_some_and(|source| add(&mut merged, "external_references", [reference(source)]));
    if let Some(reported) = terms.confidence.map(u64::from) {
        let stated = known.get("confidence").and_then(Value::as_u64);
        let joint = match stated {
            None => Some(reported),
            Some(stated) if is_other => Some(together(stated, reported)),
            Some(_) => None,
        };
        if let Some(joint) = joint {
            merged.insert("confidence".into(), json!(joint));
        }
    }
    add(&mut merged, "labels", terms.labels.iter().map(|label| json!(label)));
    if add(&mut merged, "indicator_types", terms.indicator_types.iter().map(|name| json!(name))) {
        // What is known is not unknown.
        retain(&mut merged, "indicator_types", |name| name != "unknown");
    }
    let phases = terms.kill_chain.iter().map(|phase| json!({"kill_chain_name": "mitre-attack", "phase_name": phase}));
    add(&mut merged, "kill_chain_phases", phases);
    extend(&mut merged, until(terms, now));
    (merged != *known).then_some(merged)
}

/// How sure two reports are together.
pub(super) fn together(one: u64, other: u64) -> u64 {
    let (one, other) = (one.min(100), other.min(100));
    let joint = 100 - (100 - one) * (100 - other) / 100;
    joint.min(SUREST).max(one).max(other)
}

/// Adds what is not yet in a list; whether there was any such thing.
pub(super) fn add(properties: &mut Properties, name: &str, values: impl IntoIterator<Item = Value>) -> bool {
    let mut list = properties.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let before = list.len();
    for value in values {
        if !list.iter().any(|held| same(held, &value)) {
            list.push(value);
        }
    }
    let added = list.len() > before;
    if added {
        properties.insert(name.to_owned(), list.into());
    }
    added
}

/// Keeps in a list what is wanted; an empty list is no property (STIX 2.1 §2.9).
pub(super) fn retain(properties: &mut Properties, name: &str, wanted: impl Fn(&Value) -> bool) {
    let Some(list) = properties.get_mut(name).and_then(Value::as_array_mut) else { return };
    list.retain(wanted);
    if list.is_empty() {
        properties.remove(name);
    }
}

/// External references are the same if they name the same source and, where both have one, the same page.
fn same(one: &Value, other: &Value) -> bool {
    match (one.get("source_name"), other.get("source_name")) {
        (Some(here), Some(there)) => here == there && (one.get("url") == other.get("url") || one.get("url").is_none() || other.get("url").is_none()),
        _ => one == other,
    }
}

/// Moves the end on, never back; what does not end stays so, and who says no end says nothing of it.
fn extend(properties: &mut Properties, until: Option<Stamp>) {
    let stated = properties.get("valid_until").and_then(Value::as_str).and_then(|stated| Instant::parse(stated).ok());
    if let (Some(stated), Some(until)) = (stated, until)
        && stated < until.instant()
    {
        properties.insert("valid_until".into(), json!(time(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::indicator::Source;
    use super::*;
    use crate::taxii::stamp::DAY;

    const NOW: Stamp = Stamp(1_700_000_000_000_000);

    fn known() -> Properties {
        let value = json!({
            "labels": ["a"], "confidence": 60, "indicator_types": ["unknown"], "valid_until": time(Stamp(NOW.0 + 10 * DAY)),
            "external_references": [{"source_name": "CISA", "url": "https://example.gov/1"}],
        });
        value.as_object().unwrap().clone()
    }

    fn from(source: &str) -> Terms {
        let source = Some(Source { name: source.into(), url: None });
        Terms { source, confidence: Some(50), valid_days: Some(5), ..Terms::default() }
    }

    #[test]
    fn another_source_raises_the_confidence_and_is_named() {
        let merged = merge(&known(), Level::Clear, &from("ESET"), NOW).unwrap();
        assert_eq!(merged["confidence"], 80);
        assert_eq!(merged["external_references"].as_array().unwrap().len(), 2);
        assert_eq!(merged["valid_until"], known()["valid_until"], "an end never moves back");
    }

    #[test]
    fn the_same_source_again_says_nothing_new() {
        assert_eq!(merge(&known(), Level::Clear, &from("CISA"), NOW), None);
        let more = Terms { labels: vec!["b".into()], valid_days: Some(20), indicator_types: vec!["malicious-activity".into()], ..from("CISA") };
        let merged = merge(&known(), Level::Clear, &more, NOW).unwrap();
        assert_eq!((&merged["confidence"], &merged["labels"]), (&json!(60), &json!(["a", "b"])));
        assert_eq!(merged["indicator_types"], json!(["malicious-activity"]));
        assert_eq!(merged["valid_until"], time(Stamp(NOW.0 + 20 * DAY)));
    }

    #[test]
    fn a_report_that_may_travel_less_far_leaves_no_trace() {
        assert_eq!(merge(&known(), Level::Green, &Terms { tlp: Level::Amber, ..from("Partner") }, NOW), None);
        assert!(merge(&known(), Level::Amber, &Terms { tlp: Level::Amber, ..from("Partner") }, NOW).is_some());
    }

    proptest::proptest! {
        #[test]
        fn two_reports_are_at_least_as_sure_as_one(one in 0_u64..=100, other in 0_u64..=100) {
            let joint = together(one, other);
            proptest::prop_assert_eq!(joint, together(other, one));
            proptest::prop_assert!(joint >= one.max(other) && joint <= SUREST.max(one).max(other));
        }
    }
}
