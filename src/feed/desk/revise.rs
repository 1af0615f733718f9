//! Revision: new versions of what a collection holds, made from the newest ones and written as one.

use std::collections::HashMap;
use std::fmt::Display;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::Change;
use super::indicator::time;
use super::{Unfit, Working, beyond, decay, each, identity};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::feed::object::{Properties, to_bytes};
use crate::feed::sharing::{Admitted, Door};
use crate::stix::id::StixId;
use crate::stix::json::Json;
use crate::stix::marking::Level;
use crate::stix::object;
use crate::stix::time::Instant;
use crate::store::audit::Act;
use crate::store::{Addition, NewObject, Outcome, Record, Select, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// Ids that are read from the store at once.
const CHUNK: usize = 1_000;

/// The newest version of an object, as an analyst has it in hand.
#[derive(Debug, Clone)]
pub struct Held {
    /// Its properties.
    pub properties: Properties,
    /// Its TLP level.
    pub level: Level,
    /// Whether it is revoked.
    pub revoked: bool,
}

/// What became of an object that was to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Revised {
    /// There is a new version.
    Changed {
        /// The object, or the one that follows it.
        id: String,
        /// The new version.
        version: String,
    },
    /// It is so already.
    Unchanged {
        /// The object.
        id: String,
    },
    /// It cannot be changed so.
    Refused {
        /// The object.
        id: String,
        /// Why not.
        why: String,
    },
}

impl Feed {
    /// Makes a new version of each object with one change. All new versions are one write.
    pub async fn revise(&self, working: &Working, ids: &[StixId], change: &Change, act: Act) -> Result<Vec<Revised>, FeedError> {
        let _turn = self.turn().await?;
        let now = act.at;
        let held = self.held(&working.reading, ids).await?;
        let mut plan = Plan::default();
        for id in ids {
            match held.get(id) {
                None => plan.refuse(id, &Unfit::Missing(id.clone())),
                Some(held) => plan.change(id, held, now, |properties| within(change.apply(properties, now)?, working.reading.clearance)),
            }
        }
        self.carry_out(working, plan, act, false).await
    }

    /// Takes up the content that an object had in an earlier version. Of one that is revoked, which is final, a successor takes it up: a new
    /// object, and a relationship that says what it follows.
    pub async fn restore(&self, working: &Working, id: &StixId, version: &str, act: Act) -> Result<Revised, FeedError> {
        let _turn = self.turn().await?;
        let now = act.at;
        let instant = Instant::parse(version).map_err(|_| Unfit::Asked(format!("{version:?} is no version")))?;
        let old = self.version(&working.reading, id, instant).await?.ok_or_else(|| Unfit::Missing(id.clone()))?;
        if old.revoked {
            return Err(Unfit::Object(id.clone(), "that version is the one that revokes it".into()).into());
        }
        let held = self.held(&working.reading, std::slice::from_ref(id)).await?;
        let newest = held.get(id).ok_or_else(|| Unfit::Missing(id.clone()))?;
        let mut plan = Plan::default();
        if newest.revoked {
            let successor = self.successor(&working.reading, id, &old).await?;
            self.introduce(&mut plan, &working.reading, &act).await?;
            plan.follow(id, &successor, old, &identity::author(&act.who), now);
        } else {
            plan.change(id, newest, now, |_| Ok(old.properties));
        }
        let revised = self.carry_out(working, plan, act, false).await?;
        revised.into_iter().next().ok_or_else(|| Unfit::Raced.into())
    }

    /// The newest versions of objects of a collection, as far as the reader may see them.
    pub async fn held(&self, reading: &Reading, ids: &[StixId]) -> Result<HashMap<StixId, Held>, StoreError> {
        let mut held = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(CHUNK) {
            for record in self.records(reading, ids.to_vec(), Versions::LAST).await? {
                if let (Ok(id), Some(object)) = (StixId::parse(&record.id), Held::read(&record)) {
                    held.insert(id, object);
                }
            }
        }
        Ok(held)
    }

    /// One version of an object.
    async fn version(&self, reading: &Reading, id: &StixId, instant: Instant) -> Result<Option<Held>, StoreError> {
        let versions = Versions::Some { first: false, last: false, at: vec![instant] };
        let records = self.records(reading, vec![id.clone()], versions).await?;
        Ok(records.first().and_then(Held::read))
    }

    /// Chosen versions of some objects.
    pub async fn records(&self, reading: &Reading, ids: Vec<StixId>, versions: Versions) -> Result<Vec<Record>, StoreError> {
        let select = Select { ids: Some(ids), ..reading.select(versions) };
        Ok(self.store.page(reading.collection, &select).await?.records)
    }

    /// The id of what follows a revoked object: for an indicator the next generation of its pattern.
    async fn successor(&self, reading: &Reading, id: &StixId, old: &Held) -> Result<StixId, FeedError> {
        let Some(normal) = old.properties.get("pattern").and_then(Value::as_str).and_then(identity::normal) else {
            return Ok(StixId::new(id.type_name(), Uuid::new_v4()));
        };
        let same = self.same(reading, &[normal.as_str()].into(), identity::levels(&normal, reading.clearance).collect()).await?;
        match same.into_values().flatten().find(|(_, held)| !held.revoked) {
            Some((other, _)) => Err(Unfit::Object(id.clone(), format!("{other} says the same and is not revoked")).into()),
            None => self.free(reading, &normal, old.level).await,
        }
    }

    /// Judges and writes what was planned; with `dry_run` it is only judged.
    pub(super) async fn carry_out(&self, working: &Working, plan: Plan, act: Act, dry_run: bool) -> Result<Vec<Revised>, FeedError> {
        let Plan { mut revised, writes } = plan;
        let now = act.at;
        let (mut objects, mut also, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut wanted = false;
        let door = Door::of(&self.directory(), working.writing.collection, working.writing.origin);
        let judge_one = move |write: Write| (write.part, text(&write.properties, "id").to_owned(), judge(&write.properties, now, &door));
        for (part, id, judged) in each(writes, judge_one).await? {
            let told = part.place().and_then(|place| revised.get_mut(place));
            match (judged, told) {
                (Err(why), Some(told)) if matches!(part, Part::Told(_)) => *told = Revised::Refused { id, why },
                // What goes with something that is refused is not wanted either.
                (Err(_), _) | (Ok(_), Some(Revised::Refused { .. })) => {}
                (Ok(admitted), _) => {
                    wanted |= !matches!(part, Part::Alone);
                    objects.push(admitted.object);
                    also.extend(admitted.also);
                    places.push(part);
                }
            }
        }
        if dry_run || !wanted {
            return Ok(revised);
        }
        objects.extend(also);
        let addition = Addition { collection: working.writing.collection, objects, now, receipt: None, act: Some(act) };
        let added = self.put(addition).await?;
        for (part, outcome) in places.into_iter().zip(added.outcomes) {
            let told = part.place().and_then(|place| revised.get_mut(place));
            let why = match outcome {
                Outcome::Conflict(_) => Unfit::Raced.to_string(),
                Outcome::Deleted(_, why) => why,
                Outcome::Added(_) | Outcome::Duplicate(_) => continue,
            };
            if let (Part::Told(_), Some(told)) = (part, told) {
                *told = Revised::Refused { id: told.id().to_owned(), why };
            }
        }
        Ok(revised)
    }
}

impl Held {
    /// Reads a record; `None` for what is no JSON object, which the gate does not let in.
    pub fn read(record: &Record) -> Option<Self> {
        let properties: Properties = serde_json::from_slice(&record.object).ok()?;
        let level = record.level;
        let revoked = properties.get("revoked") == Some(&json!(true));
        Some(Self { properties, level, revoked })
    }
}

impl Revised {
    /// The object that this is about.
    pub fn id(&self) -> &str {
        match self {
            Self::Changed { id, .. } | Self::Unchanged { id } | Self::Refused { id, .. } => id,
        }
    }
}

/// New versions that are to be written, and what is to be told of each object.
#[derive(Debug, Default)]
pub(super) struct Plan {
    revised: Vec<Revised>,
    writes: Vec<Write>,
}

/// An object that is to be written.
#[derive(Debug)]
struct Write {
    part: Part,
    properties: Properties,
}

/// What part a write has in a plan, with the place among what is told.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// It is told of.
    Told(usize),
    /// It goes with what is told of, and is not written without it.
    With(usize),
    /// It goes with anything that is written.
    Alone,
}

impl Part {
    fn place(self) -> Option<usize> {
        match self {
            Self::Told(place) | Self::With(place) => Some(place),
            Self::Alone => None,
        }
    }
}

impl Plan {
    pub(super) fn refuse(&mut self, id: &StixId, why: &dyn Display) {
        self.revised.push(Revised::Refused { id: id.to_string(), why: why.to_string() });
    }

    /// Plans the next version of an object, if `change` makes another of it.
    pub(super) fn change(&mut self, id: &StixId, held: &Held, now: Stamp, change: impl FnOnce(&Properties) -> Result<Properties, String>) {
        if held.revoked {
            return self.refuse(id, &"it is revoked, which is final (STIX 2.1 §3.6); restoring an earlier version makes a successor");
        }
        let Some(modified) = next_version(&held.properties, now) else {
            return self.refuse(id, &"an object without modified has no versions (STIX 2.1 §3.6)");
        };
        match change(&held.properties) {
            Err(why) => self.refuse(id, &why),
            Ok(changed) if without_version(&changed) == without_version(&held.properties) => {
                self.revised.push(Revised::Unchanged { id: id.to_string() });
            }
            Ok(mut changed) => {
                changed.insert("modified".into(), json!(modified));
                changed.insert("created".into(), held.properties.get("created").cloned().unwrap_or_default());
                self.tell(Revised::Changed { id: id.to_string(), version: modified }, changed);
            }
        }
    }

    /// Plans a write of which something is to be told.
    pub(super) fn tell(&mut self, told: Revised, properties: Properties) {
        self.writes.push(Write { part: Part::Told(self.revised.len()), properties });
        self.revised.push(told);
    }

    /// Plans a write that goes with what was told of last.
    pub(super) fn also(&mut self, properties: Properties) {
        self.writes.push(Write { part: self.revised.len().checked_sub(1).map_or(Part::Alone, Part::With), properties });
    }

    /// Plans a write that goes with whatever else is written.
    pub(super) fn introduce(&mut self, properties: Properties) {
        self.writes.push(Write { part: Part::Alone, properties });
    }

    /// Plans the object that takes up the content of one that is revoked.
    fn follow(&mut self, id: &StixId, successor: &StixId, old: Held, author: &StixId, now: Stamp) {
        let (mut properties, at) = (old.properties, time(now));
        properties.insert("id".into(), json!(successor.as_str()));
        properties.insert("created_by_ref".into(), json!(author.as_str()));
        properties.insert("created".into(), json!(at));
        properties.insert("modified".into(), json!(at));
        decay::forget(&mut properties);
        let markings = properties.get("object_marking_refs").cloned();
        self.tell(Revised::Changed { id: successor.to_string(), version: at }, properties);
        self.also(relationship(successor, "derived-from", id, author, markings, now));
    }
}

/// A relationship between two objects, marked as the object that it begins with.
pub(super) fn relationship(source: &StixId, kind: &str, target: &StixId, author: &StixId, markings: Option<Value>, now: Stamp) -> Properties {
    let at = time(now);
    let mut properties = Properties::new();
    let members = [
        ("type", json!("relationship")),
        ("spec_version", json!("2.1")),
        ("id", json!(identity::relationship(source, kind, target).as_str())),
        ("created_by_ref", json!(author.as_str())),
        ("created", json!(at)),
        ("modified", json!(at)),
        ("relationship_type", json!(kind)),
        ("source_ref", json!(source.as_str())),
        ("target_ref", json!(target.as_str())),
    ];
    properties.extend(members.map(|(name, value)| (name.to_owned(), value)));
    properties.extend(markings.map(|markings| ("object_marking_refs".to_owned(), markings)));
    properties
}

/// An object that passes the gate, or why it does not.
fn judge(properties: &Properties, now: Stamp, door: &Door) -> Result<Admitted, String> {
    let bytes = to_bytes(properties);
    let judged = std::str::from_utf8(&bytes).map_err(|error| error.to_string()).and_then(|text| {
        object::judge(text, &now.instant()).map_err(|refusal| refusal.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })?;
    door.admit(NewObject::of(judged, bytes.into()), now)
}

/// What somebody with this clearance may write: what it may read afterwards.
fn within(properties: Properties, clearance: Level) -> Result<Properties, String> {
    if level(&properties) > clearance { Err(beyond(clearance)) } else { Ok(properties) }
}

/// The highest TLP level that marks an object or a part of it, as the gate finds it.
pub(super) fn level(properties: &Properties) -> Level {
    let text = to_bytes(properties);
    let json = std::str::from_utf8(&text).ok().and_then(|text| Json::parse(text).ok());
    // What cannot be read is for nobody's eyes.
    json.as_ref().and_then(Json::as_object).map_or(Level::Red, object::level)
}

/// `modified` of the version that follows: the clock, or a millisecond after the version before it.
fn next_version(properties: &Properties, now: Stamp) -> Option<String> {
    let modified = Instant::parse(properties.get("modified")?.as_str()?).ok()?;
    Some(time(Stamp(now.0.max(modified.micros() + 1_000))))
}

fn without_version(properties: &Properties) -> Properties {
    properties.iter().filter(|(name, _)| *name != "modified" && *name != "created").map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn text<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::marking::TLP;

    #[test]
    fn a_marked_part_marks_the_object() {
        let red = TLP.iter().find(|tlp| tlp.level == Level::Red).unwrap().id;
        let whole = json!({"granular_markings": [{"marking_ref": red, "selectors": ["name"]}], "name": "a"});
        assert_eq!(level(whole.as_object().unwrap()), Level::Red);
        assert_eq!(level(json!({"name": "a"}).as_object().unwrap()), Level::Unmarked);
        assert!(within(whole.as_object().unwrap().clone(), Level::Amber).is_err());
    }
}
