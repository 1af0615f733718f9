//! What an analyst may change of an object, as a change of its properties.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::indicator::{self, LONGEST_DAYS, time};
use super::merge::{add, retain};
use crate::feed::object::Properties;
use crate::stix::marking::{Level, Tlp};
use crate::stix::time::Instant;
use crate::taxii::stamp::{DAY, Stamp};

/// What no edit may touch: it says which object this is, and which version.
const FIXED: [&str; 7] = ["type", "spec_version", "id", "created_by_ref", "created", "modified", "revoked"];

/// A change of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was wrong, or is over: nobody is to use it any more (STIX 2.1 §3.6).
    Revoke,
    /// It is valid for so many days from now.
    Extend(u32),
    /// It ends now.
    Expire,
    /// Words to find it by: those to be added, those to be taken away.
    Label {
        /// To be added.
        #[serde(default)]
        add: Vec<String>,
        /// To be taken away.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// How far it may travel.
    Tlp(Level),
    /// How sure one is, from 0 to 100.
    Confidence(u8),
    /// Properties by name: those with a value are set, those with null removed.
    Set(Properties),
}

impl Change {
    /// The properties after this change; what is wrong with it, if it cannot be.
    pub fn apply(&self, properties: &Properties, now: Stamp) -> Result<Properties, String> {
        let mut changed = properties.clone();
        match self {
            Self::Revoke => drop(changed.insert("revoked".into(), json!(true))),
            Self::Extend(days) => {
                is_indicator(properties)?;
                if !(1..=LONGEST_DAYS).contains(days) {
                    return Err(format!("an indicator is valid for 1 to {LONGEST_DAYS} days"));
                }
                changed.insert("valid_until".into(), json!(time(Stamp(now.0 + u64::from(*days) * DAY))));
            }
            Self::Expire => {
                is_indicator(properties)?;
                changed.insert("valid_until".into(), json!(time(end(properties, now))));
            }
            Self::Label { add: more, remove } => {
                retain(&mut changed, "labels", |label| !remove.iter().any(|gone| label == gone));
                add(&mut changed, "labels", more.iter().map(|label| json!(label)));
            }
            Self::Tlp(level) => mark(&mut changed, *level),
            Self::Confidence(confidence) if *confidence > 100 => return Err("the confidence is a number from 0 to 100".into()),
            Self::Confidence(confidence) => drop(changed.insert("confidence".into(), json!(confidence))),
            Self::Set(values) => set(&mut changed, values)?,
        }
        Ok(changed)
    }
}

fn is_indicator(properties: &Properties) -> Result<(), String> {
    if properties.get("type").is_some_and(|name| name == "indicator") { Ok(()) } else { Err("only an indicator has an end".into()) }
}

/// The earliest end from now on: `valid_until` is later than `valid_from` (STIX 2.1 §4.7).
fn end(properties: &Properties, now: Stamp) -> Stamp {
    let from = properties.get("valid_from").and_then(Value::as_str).and_then(|text| Instant::parse(text).ok());
    from.map_or(now, |from| now.max(Stamp(from.micros() + 1_000)))
}

/// Replaces the TLP markings of an object, of either generation; other markings stay.
fn mark(properties: &mut Properties, level: Level) {
    retain(properties, "object_marking_refs", |id| id.as_str().is_none_or(|id| Tlp::of_id(id).is_none()));
    add(properties, "object_marking_refs", indicator::marking(level).map(|id| json!(id)));
}

fn set(properties: &mut Properties, values: &Properties) -> Result<(), String> {
    for (name, value) in values {
        if FIXED.contains(&name.as_str()) && properties.get(name) != Some(value) {
            return Err(format!("{name} says which object and version this is; it cannot be edited"));
        }
        match value {
            Value::Null => drop(properties.remove(name)),
            value => drop(properties.insert(name.clone(), value.clone())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Stamp = Stamp(1_700_000_000_000_000);

    fn properties(value: &Value) -> Properties {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_marking_changes_and_others_stay() {
        let white = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9";
        let statement = "marking-definition--00000000-0000-4000-8000-000000000000";
        let before = properties(&json!({"object_marking_refs": [white, statement]}));
        let after = Change::Tlp(Level::Amber).apply(&before, NOW).unwrap();
        assert_eq!(after["object_marking_refs"], json!([statement, indicator::marking(Level::Amber).unwrap()]));
        let none = Change::Tlp(Level::Unmarked).apply(&properties(&json!({"object_marking_refs": [white]})), NOW).unwrap();
        assert_eq!(none.get("object_marking_refs"), None);
    }

    #[test]
    fn an_end_is_later_than_the_beginning() {
        let future = properties(&json!({"type": "indicator", "valid_from": time(Stamp(NOW.0 + DAY))}));
        assert_eq!(Change::Expire.apply(&future, NOW).unwrap()["valid_until"], time(Stamp(NOW.0 + DAY + 1_000)));
        assert!(Change::Extend(0).apply(&future, NOW).is_err());
        assert!(Change::Expire.apply(&properties(&json!({"type": "malware"})), NOW).is_err());
    }

    #[test]
    fn what_names_an_object_cannot_be_edited() {
        let before = properties(&json!({"id": "indicator--1", "name": "a", "description": "b"}));
        let edit = |value: Value| Change::Set(properties(&value)).apply(&before, NOW);
        assert!(edit(json!({"id": "indicator--2"})).is_err() && edit(json!({"revoked": true})).is_err());
        assert_eq!(
            edit(json!({"id": "indicator--1", "name": "c", "description": null})).unwrap(),
            properties(&json!({"id": "indicator--1", "name": "c"}))
        );
    }

    #[test]
    fn labels_come_once_and_go() {
        let before = properties(&json!({"labels": ["a", "b"]}));
        let after = Change::Label { add: vec!["b".into(), "c".into()], remove: vec!["a".into()] }.apply(&before, NOW).unwrap();
        assert_eq!(after["labels"], json!(["b", "c"]));
        let none = Change::Label { add: vec![], remove: vec!["a".into(), "b".into()] }.apply(&before, NOW).unwrap();
        assert_eq!(none.get("labels"), None);
    }
}
