//! Decay: an indicator that nobody touches is believed less and less, and then ends.
//!
//! Each kind has a life. An indicator that is not touched for a third of it falls to two thirds of its confidence, after another third
//! to half of that, and after the last it ends. How far it is stands in a label of its own; whoever reports, sights, extends or edits
//! it makes it young again. A collection decays only if its operator has said so.

use serde_json::{Value, json};

use super::Working;
use super::change::Change;
use super::merge::retain;
use super::revise::{Held, Plan, Revised};
use crate::feed::Feed;
use crate::feed::access::{Reading, Writing};
use crate::feed::error::FeedError;
use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::audit::{Act, Verb};
use crate::store::directory::Collection;
use crate::store::{Select, Versions};
use crate::taxii::stamp::{DAY, Stamp};

/// The labels of the steps that an indicator has fallen.
const STEPS: [&str; 2] = ["decayed-1", "decayed-2"];
/// How long an indicator lives of which the table says nothing, in days.
const USUAL: u32 = 365;
/// Objects that are looked at together.
const CHUNK: usize = 1_000;

/// How long the indicators of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The object type that the pattern tests first.
    pub kind: &'static str,
    /// Days until it ends if nobody touches it.
    pub days: u32,
}

/// Addresses get new tenants soon, names live longer, and a file stays what it is.
pub const RULES: [Rule; 7] = [
    Rule { kind: "ipv4-addr", days: 90 },
    Rule { kind: "ipv6-addr", days: 90 },
    Rule { kind: "url", days: 120 },
    Rule { kind: "domain-name", days: 180 },
    Rule { kind: "email-addr", days: 180 },
    Rule { kind: "network-traffic", days: 180 },
    Rule { kind: "file", days: 1_095 },
];

/// Makes an indicator young again.
pub fn forget(properties: &mut Properties) {
    retain(properties, "labels", |label| !STEPS.iter().any(|step| label == step));
}

impl Feed {
    /// Lets the indicators of every collection that decays fall by the steps that are due; returns how many did.
    pub async fn decay(&self) -> Result<usize, FeedError> {
        let mut fallen = 0;
        let directory = self.directory();
        for collection in directory.collections.values().filter(|collection| collection.decay) {
            fallen += self.decay_collection(collection).await?;
        }
        Ok(fallen)
    }

    async fn decay_collection(&self, collection: &Collection) -> Result<usize, FeedError> {
        let act = Act::of_program(Verb::Decay, self.clock.now());
        let reading = Reading::whole(collection.id, Level::Red);
        let writing = Writing { collection: collection.id, root: collection.root.clone(), writer: act.who.clone(), origin: None };
        let working = Working { reading, writing };
        let (mut from, mut fallen) = (Stamp::ZERO, 0);
        loop {
            let indicators = Some(vec!["indicator".into()]);
            let select = Select { from, limit: CHUNK, types: indicators, ..Select::all(Versions::LAST, Level::Red) };
            let page = self.store.page(collection.id, &select).await?;
            let due: Vec<StixId> = page.records.iter().filter_map(|record| due(&Held::read(record)?, act.at)).collect();
            if !due.is_empty() {
                fallen += self.fall(&working, &due, act.clone()).await?;
            }
            let Some((_, last)) = page.dates().filter(|_| page.more) else { return Ok(fallen) };
            from = last;
        }
    }

    /// Lets indicators fall that are still due when their turn has come.
    async fn fall(&self, working: &Working, ids: &[StixId], act: Act) -> Result<usize, FeedError> {
        let _turn = self.turn().await?;
        let now = act.at;
        let held = self.held(&working.reading, ids).await?;
        let mut plan = Plan::default();
        for (id, held) in held.iter().filter(|(_, held)| due(held, now).is_some()) {
            plan.change(id, held, now, |properties| fall(properties, now));
        }
        let revised = self.carry_out(working, plan, act, false).await?;
        Ok(revised.iter().filter(|revised| matches!(revised, Revised::Changed { .. })).count())
    }
}

/// The id of an indicator that is to fall a step now.
fn due(held: &Held, now: Stamp) -> Option<StixId> {
    let text = |name| held.properties.get(name).and_then(Value::as_str);
    let instant = |name| text(name).and_then(|text| Instant::parse(text).ok());
    let ended = instant("valid_until").is_some_and(|until| until <= now.instant());
    let touched = instant("modified")?.micros();
    let third = u64::from(life(text("pattern")?)) * DAY / 3;
    (!held.revoked && !ended && touched + third <= now.0).then(|| StixId::parse(text("id")?).ok()).flatten()
}

/// An indicator one step further.
fn fall(properties: &Properties, now: Stamp) -> Result<Properties, String> {
    let labels: Vec<&str> = properties.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let step = STEPS.iter().position(|step| labels.contains(step));
    let (left, label) = match step {
        None => ((2, 3), STEPS[0]),
        Some(0) => ((1, 2), STEPS[1]),
        Some(_) => return Change::Expire.apply(properties, now),
    };
    let mut fallen = properties.clone();
    if let Some(confidence) = properties.get("confidence").and_then(Value::as_u64) {
        fallen.insert("confidence".into(), json!(confidence * left.0 / left.1));
    }
    forget(&mut fallen);
    super::merge::add(&mut fallen, "labels", [json!(label)]);
    Ok(fallen)
}

/// Days that the indicator of a pattern lives.
pub fn life(pattern: &str) -> u32 {
    // What stands before the first colon is the object type of the first test.
    let kind = pattern.trim_start_matches(|c: char| c == '[' || c == '(' || c.is_ascii_whitespace()).split(':').next();
    RULES.iter().find(|rule| kind == Some(rule.kind)).map_or(USUAL, |rule| rule.days)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Stamp = Stamp(1_700_000_000_000_000);

    fn properties(age: u64) -> Properties {
        let value = json!({
            "type": "indicator", "id": "indicator--00000000-0000-4000-8000-000000000001", "confidence": 90, "labels": ["a"],
            "pattern": "[ipv4-addr:value = '198.51.100.7']", "modified": super::super::indicator::time(Stamp(NOW.0 - age * DAY)),
            "valid_from": "2021-03-02T00:00:00Z",
        });
        value.as_object().unwrap().clone()
    }

    fn held(properties: Properties) -> Held {
        Held { properties, level: Level::Clear, revoked: false }
    }

    #[test]
    fn it_falls_twice_and_ends() {
        let one = fall(&properties(30), NOW).unwrap();
        assert_eq!((&one["confidence"], &one["labels"]), (&json!(60), &json!(["a", "decayed-1"])));
        let two = fall(&one, NOW).unwrap();
        assert_eq!((&two["confidence"], &two["labels"]), (&json!(30), &json!(["a", "decayed-2"])));
        let end = fall(&two, NOW).unwrap();
        assert_eq!((&end["confidence"], &end["valid_until"]), (&json!(30), &json!(super::super::indicator::time(NOW))));
        let mut young = two;
        forget(&mut young);
        assert_eq!(young["labels"], json!(["a"]));
    }

    #[test]
    fn it_is_due_after_a_third_of_its_life() {
        assert_eq!(due(&held(properties(29)), NOW), None);
        assert!(due(&held(properties(30)), NOW).is_some());
        assert_eq!(due(&Held { revoked: true, ..held(properties(300)) }, NOW), None);
        let mut ended = properties(300);
        ended.insert("valid_until".into(), json!("2022-01-01T00:00:00Z"));
        assert_eq!(due(&held(ended), NOW), None);
    }
}
