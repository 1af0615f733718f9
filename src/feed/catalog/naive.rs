//! The index as brute force over what the store holds, for tests: objects as JSON values, and every question a walk over all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::browse::{Browse, MULTI, Order};
use super::known::digest;
use crate::feed::access::Reading;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::{Select, Store, contract};
use crate::taxii::stamp::Stamp;

/// Patterns with their kinds, their normal forms, and what is searched of them.
pub(super) const PATTERNS: [(&str, &str, &str, &str); 5] = [
    ("[ipv4-addr:value = '10.0.0.1']", "ipv4-addr", "[ipv4-addr:value = '10.0.0.1']", "10.0.0.1"),
    ("[ ipv4-addr:value='10.0.0.1/32' ]", "ipv4-addr", "[ipv4-addr:value = '10.0.0.1']", "10.0.0.1/32"),
    ("[domain-name:value = 'Evil.example']", "domain-name", "[domain-name:value = 'evil.example']", "evil.example"),
    (
        "[url:value = 'http://a/' OR domain-name:value = 'b.example']",
        MULTI,
        "[domain-name:value = 'b.example' OR url:value = 'http://a/']",
        "http://a/\nb.example",
    ),
    (
        "[file:hashes.MD5 = '0123456789ABCDEF0123456789abcdef']",
        "file",
        "[file:hashes.MD5 = '0123456789abcdef0123456789abcdef']",
        "0123456789abcdef0123456789abcdef",
    ),
];

/// An object of a collection.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    /// The place of its collection among the readings.
    at: usize,
    pub(super) collection: Uuid,
    pub(super) added: Stamp,
    pub(super) id: String,
    json: Value,
}

/// Everything that the readings may see.
pub(super) async fn things(store: &dyn Store, readings: &[Reading]) -> Vec<Thing> {
    let mut things = Vec::new();
    for (at, reading) in readings.iter().enumerate() {
        let select = Select { limit: usize::MAX, clearance: reading.clearance, ..contract::select() };
        for record in store.page(reading.collection, &select).await.unwrap().records {
            let json = serde_json::from_slice(&record.object).unwrap();
            things.push(Thing { at, collection: reading.collection, added: record.added, id: record.id, json });
        }
    }
    things
}

impl Thing {
    fn text(&self, name: &str) -> Option<&str> {
        self.json[name].as_str()
    }

    fn type_name(&self) -> &str {
        self.text("type").unwrap()
    }

    fn time(&self, name: &str) -> Option<u64> {
        Some(Instant::parse(self.text(name)?).unwrap().micros())
    }

    fn labels(&self) -> BTreeSet<&str> {
        ["labels", "indicator_types"].into_iter().filter_map(|name| self.json[name].as_array()).flatten().filter_map(Value::as_str).collect()
    }

    fn level(&self) -> Level {
        self.json["object_marking_refs"][0].as_str().and_then(Level::of_marking).unwrap_or_default()
    }

    fn revoked(&self) -> bool {
        self.json["revoked"] == true
    }

    fn confidence(&self) -> Option<u64> {
        self.json["confidence"].as_u64()
    }

    fn pattern(&self) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
        PATTERNS.iter().find(|(pattern, ..)| self.text("pattern") == Some(*pattern))
    }

    fn kind(&self) -> Option<&str> {
        self.pattern().map(|(_, kind, ..)| *kind)
    }

    fn searched(&self) -> String {
        let pieces = [self.text("name"), self.text("value"), self.text("relationship_type"), self.pattern().map(|(.., text)| *text)];
        pieces.into_iter().flatten().collect::<Vec<_>>().join("\n").to_lowercase()
    }

    fn expired(&self, now: Stamp) -> bool {
        self.time("valid_until").is_some_and(|until| until <= now.0)
    }

    fn selected(&self, browse: &Browse, now: Stamp) -> bool {
        let any = |wanted: &[String], value: Option<&str>| wanted.is_empty() || value.is_some_and(|value| wanted.iter().any(|w| w == value));
        let least = |bound: Option<u8>| bound.is_none_or(|bound| self.confidence().is_some_and(|c| c >= bound.into()));
        let most = |bound: Option<u8>| bound.is_none_or(|bound| self.confidence().is_some_and(|c| c <= bound.into()));
        any(&browse.types, Some(self.type_name()))
            && any(&browse.kinds, self.kind())
            && any(&browse.sources, self.text("created_by_ref"))
            && browse.text.split_whitespace().all(|word| self.searched().contains(&word.to_lowercase()) || self.id == word)
            && browse.labels.iter().all(|label| self.labels().contains(label.as_str()))
            && (browse.levels.is_empty() || browse.levels.contains(&self.level()))
            && least(browse.confidence_from)
            && most(browse.confidence_to)
            && browse.added.from.is_none_or(|from| self.added >= from)
            && browse.added.to.is_none_or(|to| self.added < to)
            && browse.modified.from.is_none_or(|from| self.time("modified").is_some_and(|time| time >= from.0))
            && browse.modified.to.is_none_or(|to| self.time("modified").is_some_and(|time| time < to.0))
            && browse.revoked.is_none_or(|revoked| self.revoked() == revoked)
            && browse.expired.is_none_or(|expired| self.expired(now) == expired)
            && browse.expires_before.is_none_or(|before| self.time("valid_until").is_some_and(|until| until < before.0))
    }
}

/// Collection and id of what is selected, in its order.
pub(super) fn browse(things: &[Thing], browse: &Browse, now: Stamp) -> Vec<(Uuid, String)> {
    let mut found: Vec<&Thing> = things.iter().filter(|thing| thing.selected(browse, now)).collect();
    let key = |thing: &Thing| match browse.order {
        Order::Added => Some((thing.added.0, String::new())),
        Order::Modified => thing.time("modified").map(|time| (time, String::new())),
        Order::Confidence => thing.confidence().map(|confidence| (confidence, String::new())),
        Order::ValidUntil => thing.time("valid_until").map(|time| (time, String::new())),
        Order::Name => Some((0, thing.searched().lines().next()?.to_owned())),
    };
    found.sort_by(|a, b| {
        let by_key = match (key(a), key(b)) {
            (Some(a), Some(b)) if browse.descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        by_key.then(b.added.cmp(&a.added)).then(a.at.cmp(&b.at))
    });
    found.into_iter().map(|thing| (thing.collection, thing.id.clone())).collect()
}

/// Counts of a selection: by type, kind, level, label and source.
pub(super) fn counts(things: &[Thing], browse: &Browse, now: Stamp) -> [BTreeMap<String, usize>; 5] {
    let mut counts = [const { BTreeMap::new() }; 5];
    for thing in things.iter().filter(|thing| thing.selected(browse, now)) {
        let words = [
            vec![thing.type_name()],
            thing.kind().into_iter().collect(),
            vec![thing.level().name()],
            thing.labels().into_iter().collect(),
            thing.text("created_by_ref").into_iter().collect(),
        ];
        for (count, words) in counts.iter_mut().zip(words) {
            for word in words {
                *count.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

/// How many are expired, expire within some days, and are revoked; and how many were added today.
pub(super) fn states(things: &[Thing], browse: &Browse, now: Stamp, days: u64) -> [usize; 4] {
    const DAY: u64 = 86_400_000_000;
    let selected = || things.iter().filter(|thing| thing.selected(browse, now));
    let soon = |thing: &&Thing| !thing.expired(now) && !thing.revoked() && thing.time("valid_until").is_some_and(|u| u <= now.0 + days * DAY);
    [
        selected().filter(|thing| thing.expired(now)).count(),
        selected().filter(soon).count(),
        selected().filter(|thing| thing.revoked()).count(),
        selected().filter(|thing| thing.added.0 / DAY >= now.0 / DAY).count(),
    ]
}

/// Collection and id of the indicators whose patterns have this normal form.
pub(super) fn known(things: &[Thing], normal: &str) -> BTreeSet<(Uuid, String)> {
    let same = |thing: &&Thing| thing.pattern().is_some_and(|(_, _, form, _)| digest(form) == digest(normal));
    things.iter().filter(same).map(|thing| (thing.collection, thing.id.clone())).collect()
}

/// Nodes with their distances and whether they are there, and edges with source, target, name and relationship.
pub(super) type Drawn = (BTreeSet<(usize, String, bool)>, BTreeSet<(String, String, String, Option<String>)>);

/// What is within `depth` edges of some ids.
pub(super) fn neighbours(things: &[Thing], ids: &[String], depth: usize) -> Drawn {
    let is_edge = |id: &str| id.starts_with("relationship--");
    let mut near: BTreeMap<String, usize> = BTreeMap::new();
    for id in ids {
        let ends =
            || things.iter().find(|thing| thing.id == *id).map(|thing| ["source_ref", "target_ref"].map(|end| thing.text(end).unwrap().to_owned()));
        let begin: Vec<String> = if is_edge(id) { ends().into_iter().flatten().collect() } else { vec![id.clone()] };
        near.extend(begin.into_iter().map(|id| (id, 0)));
    }
    let mut edges = BTreeSet::new();
    for distance in 0..depth {
        for thing in things {
            let mut found = Vec::new();
            if is_edge(&thing.id) {
                let [source, target] = ["source_ref", "target_ref"].map(|end| thing.text(end).unwrap().to_owned());
                found.push((source, target, thing.text("relationship_type").unwrap().to_owned(), Some(thing.id.clone())));
            } else {
                for (property, value) in thing.json.as_object().unwrap().iter().filter(|(name, _)| *name != "object_marking_refs") {
                    let one = property.ends_with("_ref").then(|| value.as_str().unwrap()).into_iter();
                    let many = value.as_array().filter(|_| property.ends_with("_refs")).into_iter().flatten().filter_map(Value::as_str);
                    let targets = one.chain(many).filter(|target| !is_edge(target));
                    found.extend(targets.map(|target| (thing.id.clone(), target.to_owned(), property.clone(), None)));
                }
            }
            for edge in found {
                let (source, target, name, _) = &edge;
                let touches = near.get(source) == Some(&distance) || (name != "created_by_ref" && near.get(target) == Some(&distance));
                if touches {
                    for end in [source, target] {
                        near.entry(end.clone()).or_insert(distance + 1);
                    }
                    edges.insert(edge);
                }
            }
        }
    }
    let nodes = near.into_iter().map(|(id, distance)| (distance, id.clone(), things.iter().any(|thing| thing.id == id))).collect();
    (nodes, edges)
}
