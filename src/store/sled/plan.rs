//! What a group of envelopes comes to: judged in order, before anything is written.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use sled::{Batch, Tree};
use uuid::Uuid;

use super::keys::{self, Parts, Place};
use super::runs;
use super::shelf::{Shelf, places};
use super::view::View;
use crate::stix::id::StixId;
use crate::stix::json;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::audit::{Act, Entry, Stored};
use crate::store::holding::{self, Coming};
use crate::store::{Added, Addition, NewObject, Outcome, Record, StoreError, rules};
use crate::taxii::stamp::Stamp;

/// What is to be written for a group, and what its writers are to be told.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// New objects. Until the commit is there they stand behind the last stamp, where nobody looks.
    pub(super) entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Their indexes, to be written after them: the log keeps the order, so that no index comes back from a crash alone.
    /// In the order of keys, in which sled writes less.
    pub(super) indexes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Makes the entries part of the collections, all or none.
    pub(super) commit: Batch,
    /// The last stamps after this group.
    pub(super) tops: HashMap<u32, Stamp>,
    /// The stamp of the last entry of the audit log after this group.
    pub(super) audited: Stamp,
    /// What the new objects have superseded.
    pub(super) superseded: Vec<(u32, Stamp)>,
    /// What counts higher from now on, since it holds one of the new objects.
    pub(super) raised: Vec<(u32, Stamp)>,
    /// The new objects that are the latest versions, in the order of each collection.
    pub(super) latest: HashMap<u32, Vec<Record>>,
    /// The answers, in the order of the envelopes.
    pub(super) answers: Vec<Result<Added, StoreError>>,
    /// Whether there is anything to write.
    pub(super) is_empty: bool,
}

/// Judges `additions` one after the other, each against the store and all before it.
pub(super) fn plan(tree: &Tree, view: &View, additions: Vec<Addition>) -> Result<Plan, StoreError> {
    let mut group = Group { tree, view, objects: HashMap::new(), fresh: Vec::new(), tops: HashMap::new(), raised: BTreeMap::new() };
    let mut drafts = Vec::new();
    for addition in &additions {
        drafts.push(match view.house.number(addition.collection) {
            Ok(number) => Ok(group.judge_all(number, addition)?),
            Err(missing) => Err(missing),
        });
    }
    group.close();
    group.settle()?;
    group.write(additions, drafts)
}

/// The state of the store as the envelopes of a group find it one after the other.
struct Group<'a> {
    tree: &'a Tree,
    view: &'a View,
    /// The objects that the group deals with.
    objects: HashMap<(u32, StixId), Object>,
    /// What is to be stored, in the order of the stamps.
    fresh: Vec<Fresh>,
    /// For each collection that gets something: the last stamp given, and where in `fresh` it was given.
    tops: HashMap<u32, (Stamp, usize)>,
    /// Stored versions that count higher from now on.
    raised: BTreeMap<(u32, Stamp), (StixId, Level)>,
}

/// An object that the group deals with.
struct Object {
    /// Stored and to be stored, by ascending instant.
    versions: Vec<Known>,
    /// What becomes of an SCO that says again what a version says, by the digest of that. Read only for an SCO, and then once: an
    /// envelope may hold very many versions of one.
    contents: Option<HashMap<[u8; 32], Draft>>,
}

/// A version of an object, stored or to be stored.
struct Known {
    instant: Instant,
    added: Stamp,
    /// Where it stands in [`Group::fresh`].
    fresh: Option<usize>,
}

/// A version that is to be stored.
struct Fresh {
    number: u32,
    id: StixId,
    /// The text of its version; an SCO takes the stamp's.
    version: Option<String>,
    instant: Instant,
    added: Stamp,
    /// The clock of its envelope.
    now: Stamp,
    parts: NewObject,
}

/// What became of an object, before the last stamps are settled.
#[derive(Clone)]
enum Draft {
    /// Stored as this one of the fresh.
    Added(usize),
    /// The same as this one of the fresh.
    Again(usize),
    /// Settled.
    Told(Outcome),
}

impl Fresh {
    fn version(&self) -> String {
        self.version.clone().unwrap_or_else(|| self.added.to_string())
    }

    fn record(&self) -> Record {
        let NewObject { level, origin, object, .. } = &self.parts;
        Record { added: self.added, id: self.id.to_string(), version: self.version(), level: *level, origin: *origin, object: object.clone() }
    }
}

impl<'a> Group<'a> {
    fn judge_all(&mut self, number: u32, addition: &Addition) -> Result<Vec<Draft>, StoreError> {
        addition.objects.iter().map(|new| self.judge(number, new, addition.now)).collect()
    }

    fn judge(&mut self, number: u32, new: &NewObject, now: Stamp) -> Result<Draft, StoreError> {
        if let Some(outcome) = self.deleted(number, new, now)? {
            return Ok(Draft::Told(outcome));
        }
        let key = (number, new.id.clone());
        let mut object = match self.objects.remove(&key) {
            Some(object) => object,
            None => Object { versions: self.stored(number, &new.id)?, contents: None },
        };
        let draft = match &new.version {
            Some((text, instant)) => match self.find(number, &object.versions, instant)? {
                Some(kept) if json::same(&kept, &new.object) => Draft::Told(Outcome::Duplicate(text.clone())),
                Some(_) => Draft::Told(Outcome::Conflict(text.clone())),
                None => {
                    // Only an object that is there already costs a look at its latest version.
                    let latest = object.versions.last().map(|known| self.content(number, known)).transpose()?;
                    let warning = latest.map(|(latest, _)| rules::warning(new, &latest));
                    let at = self.store(number, &mut object.versions, new, now);
                    if let (Some(warning), Some(fresh)) = (warning, self.fresh.get_mut(at)) {
                        fresh.parts.warning = warning;
                    }
                    Draft::Added(at)
                }
            },
            None => self.judge_observable(number, &mut object, new, now)?,
        };
        self.objects.insert(key, object);
        Ok(draft)
    }

    /// What is said of a version that was deleted for good.
    fn deleted(&self, number: u32, new: &NewObject, now: Stamp) -> Result<Option<Outcome>, StoreError> {
        if !self.view.graves.contains(&number) {
            return Ok(None);
        }
        let version = || new.version.as_ref().map_or_else(|| now.to_string(), |(text, _)| text.clone());
        Ok(self.shelf(number).grave(new)?.map(|said| Outcome::Deleted(version(), said)))
    }

    /// The versions of an object that are stored.
    fn stored(&self, number: u32, id: &StixId) -> Result<Vec<Known>, StoreError> {
        let versions = self.shelf(number).versions(id.as_str())?;
        Ok(versions.into_iter().map(|(instant, added)| Known { instant, added, fresh: None }).collect())
    }

    /// The content of the version of this instant.
    fn find(&self, number: u32, versions: &[Known], instant: &Instant) -> Result<Option<Bytes>, StoreError> {
        let found = versions.binary_search_by(|old| old.instant.cmp(instant)).ok().and_then(|at| versions.get(at));
        found.map(|known| self.content(number, known).map(|(content, _)| content)).transpose()
    }

    /// An SCO without `modified` is a version of its own unless a version says the same.
    fn judge_observable(&mut self, number: u32, object: &mut Object, new: &NewObject, now: Stamp) -> Result<Draft, StoreError> {
        let contents = match &mut object.contents {
            Some(contents) => contents,
            None => object.contents.insert(self.contents(number, &object.versions)?),
        };
        let digest = json::digest(&new.object);
        if let Some(again) = contents.get(&digest) {
            return Ok(again.clone());
        }
        let at = self.store(number, &mut object.versions, new, now);
        contents.insert(digest, Draft::Again(at));
        Ok(Draft::Added(at))
    }

    fn contents(&self, number: u32, versions: &[Known]) -> Result<HashMap<[u8; 32], Draft>, StoreError> {
        let settled = |known: &Known| {
            let (content, version) = self.content(number, known)?;
            Ok((json::digest(&content), known.fresh.map_or(Draft::Told(Outcome::Duplicate(version)), Draft::Again)))
        };
        versions.iter().map(settled).collect()
    }

    /// The object of a known version, and the text of the version.
    fn content(&self, number: u32, known: &Known) -> Result<(Bytes, String), StoreError> {
        if let Some(fresh) = known.fresh.and_then(|at| self.fresh.get(at)) {
            return Ok((fresh.parts.object.clone(), fresh.version()));
        }
        let found = self.shelf(number).fetch(known.added)?.ok_or_else(|| missing(number, known.added))?;
        Ok((found.entry.object(), found.entry.version().into()))
    }

    /// Gives a version its stamp and its place in [`Group::fresh`], which is returned.
    fn store(&mut self, number: u32, known: &mut Vec<Known>, new: &NewObject, now: Stamp) -> usize {
        let last = self.tops.get(&number).map_or(self.view.top(number), |(last, _)| *last);
        let mut added = rules::next_stamp(last, now);
        // The stamp of an SCO becomes a version, which another object of this id may have taken by its `modified`.
        while new.version.is_none() && has(known, &added.instant()) {
            added = Stamp(added.0 + 1);
        }
        let (version, instant) = new.version.clone().map_or_else(|| (None, added.instant()), |(text, instant)| (Some(text), instant));
        let at = self.fresh.len();
        self.tops.insert(number, (added, at));
        insert(known, Known { instant: instant.clone(), added, fresh: Some(at) });
        self.fresh.push(Fresh { number, id: new.id.clone(), version, instant, added, now, parts: new.clone() });
        at
    }

    /// Gives the last object of each collection its closing stamp.
    fn close(&mut self) {
        for (last, at) in self.tops.values_mut() {
            let Some(fresh) = self.fresh.get_mut(*at) else { continue };
            let Some(Object { versions: known, .. }) = self.objects.get_mut(&(fresh.number, fresh.id.clone())) else { continue };
            let closing = rules::closing_stamp(fresh.added, fresh.now);
            let is_observable = fresh.version.is_none();
            if is_observable && has(known, &closing.instant()) {
                continue;
            }
            known.retain(|old| old.fresh != Some(*at));
            fresh.added = closing;
            if is_observable {
                fresh.instant = closing.instant();
            }
            insert(known, Known { instant: fresh.instant.clone(), added: closing, fresh: Some(*at) });
            *last = closing;
        }
    }

    /// Settles how high what is new, and what holds it, counts.
    fn settle(&mut self) -> Result<(), StoreError> {
        let numbers: Vec<u32> = self.tops.keys().copied().collect();
        for number in numbers {
            let objects = &self.objects;
            let is_latest = |at: usize, fresh: &Fresh| {
                let object = objects.get(&(number, fresh.id.clone()));
                object.and_then(|object| object.versions.last()).is_some_and(|known| known.fresh == Some(at))
            };
            let here = self.fresh.iter().enumerate().filter(|(_, fresh)| fresh.number == number);
            let (places, mut coming): (Vec<usize>, Vec<Coming<'_>>) = here
                .map(|(at, fresh)| {
                    let NewObject { holds, level, .. } = &fresh.parts;
                    (at, Coming { id: &fresh.id, holds, level: *level, is_latest: is_latest(at, fresh) })
                })
                .unzip();
            let raised = holding::settle(&self.shelf(number), &mut coming)?;
            let levels: Vec<Level> = coming.iter().map(|coming| coming.level).collect();
            for (at, level) in places.into_iter().zip(levels) {
                if let Some(fresh) = self.fresh.get_mut(at) {
                    fresh.parts.level = level;
                }
            }
            self.raised.extend(raised.into_iter().map(|(added, raise)| ((number, added), raise)));
        }
        Ok(())
    }

    fn write(self, additions: Vec<Addition>, drafts: Vec<Result<Vec<Draft>, StoreError>>) -> Result<Plan, StoreError> {
        let mut plan = Plan { audited: self.view.audited, ..Plan::default() };
        let mut hidden = vec![None; self.fresh.len()];
        for ((number, _), Object { versions: known, .. }) in &self.objects {
            let versions: Vec<(Instant, Stamp)> = known.iter().map(|k| (k.instant.clone(), k.added)).collect();
            let stored: Vec<(Instant, Stamp)> = known.iter().filter(|k| k.fresh.is_none()).map(|k| (k.instant.clone(), k.added)).collect();
            let mut before = places(&stored).into_iter();
            for (known, after) in known.iter().zip(places(&versions)) {
                match known.fresh.and_then(|at| hidden.get_mut(at)) {
                    Some(hidden) => *hidden = after,
                    None if before.next().flatten().is_some() && after.is_none() => plan.superseded.push((*number, known.added)),
                    None => {}
                }
            }
        }
        let mut newest: HashMap<(u32, &str), Vec<Stamp>> = HashMap::new();
        for (fresh, hidden_until) in self.fresh.iter().zip(hidden) {
            plan.put(fresh, hidden_until)?;
            if hidden_until == Some(Stamp::ZERO) {
                plan.latest.entry(fresh.number).or_default().push(fresh.record());
            }
            if hidden_until.is_some() {
                newest.entry((fresh.number, fresh.id.type_name())).or_default().push(fresh.added);
            }
        }
        plan.indexes.extend(newest.iter().flat_map(|((number, type_name), stamps)| runs::of(*number, type_name, stamps)));
        plan.tops = self.tops.iter().map(|(number, (last, _))| (*number, *last)).collect();
        for (number, last) in &plan.tops {
            plan.commit.insert(keys::of(keys::LAST, *number), &last.0.to_be_bytes());
        }
        for (number, added) in &plan.superseded {
            plan.commit.insert(keys::moving(*number, *added), &[]);
        }
        for ((number, added), (_, level)) in &self.raised {
            plan.raise(self.shelf(*number), *added, *level)?;
        }
        plan.is_empty = self.fresh.is_empty();
        for (mut addition, drafts) in additions.into_iter().zip(drafts) {
            for (object, draft) in addition.objects.iter_mut().zip(drafts.iter().flatten()) {
                if let Draft::Added(at) = draft {
                    object.warning = self.fresh.get(*at).and_then(|fresh| fresh.parts.warning.clone());
                }
            }
            let number = self.view.house.number(addition.collection).ok();
            let raised = self.raised.iter().filter(|((its, _), _)| Some(*its) == number).map(|(_, (id, _))| id.clone());
            let raised: Vec<StixId> = raised.collect();
            if let Some(act) = addition.act.take() {
                plan.log(act, addition.collection, self.added(drafts.iter().flatten()), &raised)?;
            }
            let answer = drafts.map(|drafts| drafts.into_iter().map(|draft| self.outcome(draft)).collect());
            plan.answer(addition, answer, raised)?;
        }
        Ok(plan)
    }

    /// What an envelope stored.
    fn added<'d>(&self, drafts: impl Iterator<Item = &'d Draft>) -> Option<Stored> {
        let added = drafts.filter_map(|draft| if let Draft::Added(at) = draft { self.fresh.get(*at) } else { None });
        Stored::of(added.map(|fresh| fresh.added))
    }

    fn outcome(&self, draft: Draft) -> Outcome {
        let version = |at: usize| self.fresh.get(at).map(Fresh::version).unwrap_or_default();
        match draft {
            Draft::Added(at) => Outcome::Added(version(at)),
            Draft::Again(at) => Outcome::Duplicate(version(at)),
            Draft::Told(outcome) => outcome,
        }
    }

    fn shelf(&self, number: u32) -> Shelf<'a> {
        Shelf { tree: self.tree, number }
    }
}

impl Plan {
    /// Writes a new version into its place and to the versions of its object.
    fn put(&mut self, fresh: &Fresh, hidden_until: Option<Stamp>) -> Result<(), StoreError> {
        let parts = Parts {
            level: fresh.parts.level,
            revoked: fresh.parts.revoked,
            origin: fresh.parts.origin,
            hidden_until: hidden_until.unwrap_or_default(),
            id: fresh.id.as_str(),
            version: &fresh.version(),
            object: &fresh.parts.object,
        };
        let place = if hidden_until.is_some() { Place::Newest } else { Place::History };
        self.entries.push((keys::entry(place, fresh.number, fresh.added), parts.write()?));
        self.indexes.insert(keys::version(fresh.number, fresh.id.as_str(), &fresh.instant), fresh.added.0.to_be_bytes().to_vec());
        // With the commit: a stamp that was never committed is given again.
        for held in &fresh.parts.holds {
            self.commit.insert(keys::holder(fresh.number, held.as_str(), fresh.added), &[]);
        }
        Ok(())
    }

    /// Writes a stored version anew with a higher level.
    fn raise(&mut self, kept: Shelf<'_>, added: Stamp, level: Level) -> Result<(), StoreError> {
        for place in [Place::Newest, Place::History] {
            if let Some(found) = kept.fetch_from(place, added)? {
                self.commit.insert(keys::entry(place, kept.number, added), found.entry.raise(level));
                self.raised.push((kept.number, added));
                return Ok(());
            }
        }
        Err(missing(kept.number, added))
    }

    /// Tells the audit log what was stored, if anything was.
    fn log(&mut self, act: Act, collection: Uuid, stored: Option<Stored>, raised: &[StixId]) -> Result<(), StoreError> {
        if stored.is_none() {
            return Ok(());
        }
        let (key, text) = entry(&mut self.audited, act, |entry| {
            entry.collection = Some(collection);
            entry.stored = stored;
            entry.raised = raised.iter().map(ToString::to_string).collect();
        })?;
        self.commit.insert(key, text);
        Ok(())
    }

    /// Settles an envelope's answer and keeps its status.
    fn answer(&mut self, addition: Addition, outcomes: Result<Vec<Outcome>, StoreError>, raised: Vec<StixId>) -> Result<(), StoreError> {
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(refused) => {
                self.answers.push(Err(refused));
                return Ok(());
            }
        };
        let status = match addition.receipt {
            None => None,
            Some(receipt) => {
                let (id, expires) = (receipt.id, receipt.expires);
                let record = receipt.settle(&addition.objects, &outcomes, addition.now);
                let text = serde_json::to_vec(&record).map_err(|e| StoreError::Engine(format!("status {id}: {e}")))?;
                self.commit.insert(keys::status(id), text);
                self.commit.insert(keys::expiry(expires, id), &[]);
                self.is_empty = false;
                Some(record.status)
            }
        };
        self.answers.push(Ok(Added { outcomes, status, raised }));
        Ok(())
    }
}

/// The key and the text of an entry that follows `audited` in the log, which moves on to it.
pub(super) fn entry(audited: &mut Stamp, mut act: Act, tell: impl FnOnce(&mut Entry)) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    act.at = rules::next_stamp(*audited, act.at);
    *audited = act.at;
    let mut entry = act.entry();
    tell(&mut entry);
    let text = serde_json::to_vec(&entry).map_err(|e| StoreError::Engine(format!("an entry of the audit log: {e}")))?;
    Ok((keys::audit(*audited), text))
}

/// What is said of a version whose entry is gone.
pub(super) fn missing(number: u32, added: Stamp) -> StoreError {
    StoreError::Damaged(format!("the object of stamp {added} in collection {number} is missing"))
}

fn has(known: &[Known], instant: &Instant) -> bool {
    known.binary_search_by(|old| old.instant.cmp(instant)).is_ok()
}

fn insert(known: &mut Vec<Known>, new: Known) {
    let at = known.partition_point(|old| old.instant < new.instant);
    known.insert(at, new);
}
