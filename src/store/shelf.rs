//! The objects of a collection in memory: the contract in its plainest form.
//!
//! All of a collection, or as much of it as a write has to do with: a store that keeps its objects elsewhere reads that, lets it be decided here
//! what comes of the write, and writes down what has become different.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use bytes::Bytes;

use super::holding::{self, Coming, Version};
use super::only::Header;
use super::{NewObject, Outcome, Page, Record, Removal, Select, StoreError, Versions, rules};
use crate::stix::id::{StixId, type_of};
use crate::stix::json;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;
use uuid::Uuid;

/// The objects of one collection.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// The last stamp given; stays when its object is deleted.
    pub(super) last: Stamp,
    /// Everything in its order.
    pub(super) records: BTreeMap<Stamp, Kept>,
    /// The stamps of each object's versions.
    pub(super) versions: HashMap<StixId, BTreeMap<Instant, Stamp>>,
    /// What was deleted for good, with what is said of it.
    pub(super) deleted: Vec<Gone>,
}

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: StixId,
    pub(super) version: String,
    pub(super) level: Level,
    pub(super) holds: Vec<StixId>,
    pub(super) origin: Option<Uuid>,
    pub(super) revoked: bool,
    pub(super) object: Bytes,
}

/// A version that was deleted for good.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) id: StixId,
    pub(super) instant: Instant,
    /// The digest of its content.
    pub(super) digest: [u8; 32],
    pub(super) said: String,
}

impl Shelf {
    pub(super) fn page(&self, select: &Select) -> Page {
        let mut filling = rules::Filling::new(select);
        for (added, kept) in self.records.range(Stamp(select.from.max(select.after).0 + 1)..) {
            if !wanted(kept, select) || !self.choose(&kept.id, select.after, &select.versions).contains(added) {
                continue;
            }
            if !filling.take(kept.record(*added)) {
                break;
            }
        }
        filling.done()
    }

    fn choose(&self, id: &StixId, after: Stamp, versions: &Versions) -> Vec<Stamp> {
        let of = self.versions.get(id).into_iter().flatten();
        rules::choose(versions, of.map(|(instant, stamp)| (instant, *stamp)).filter(|(_, stamp)| *stamp > after))
    }

    /// Stores what is new of an envelope and says of each object what became of it; what is odd joins the warnings.
    pub(super) fn add(&mut self, objects: &mut [NewObject], now: Stamp) -> Vec<Outcome> {
        let closing = (0..objects.len()).rev().find(|at| self.is_new(&objects[..*at], &objects[*at]));
        objects.iter_mut().enumerate().map(|(at, new)| self.add_one(new, now, closing == Some(at))).collect()
    }

    /// The latest version of an object.
    fn latest(&self, id: &StixId) -> Option<&Kept> {
        let (_, stamp) = self.versions.get(id)?.last_key_value()?;
        self.records.get(stamp)
    }

    /// Whether `new` will be stored when the objects before it in its envelope have been.
    fn is_new(&self, earlier: &[NewObject], new: &NewObject) -> bool {
        let twin = |old: &NewObject| match (&old.version, &new.version) {
            (Some((_, old)), Some((_, new))) => old == new,
            (None, None) => json::same(&old.object, &new.object),
            _ => false,
        };
        self.stored(new).is_none() && self.gone(new, Stamp::ZERO).is_none() && !earlier.iter().any(|old| old.id == new.id && twin(old))
    }

    fn add_one(&mut self, new: &mut NewObject, now: Stamp, closing: bool) -> Outcome {
        if let Some(outcome) = self.stored(new).or_else(|| self.gone(new, now)) {
            return outcome;
        }
        if let Some(latest) = self.latest(&new.id).filter(|_| new.version.is_some()) {
            new.warning = rules::warning(new, &latest.object);
        }
        let of = self.versions.entry(new.id.clone()).or_default();
        let mut stamp = rules::next_stamp(self.last, now);
        if closing {
            stamp = rules::closing_stamp(stamp, now);
        }
        let (version, instant) = new.version.clone().unwrap_or_else(|| {
            // The stamp becomes a version, which another object of this id may have taken by its `modified`.
            while of.contains_key(&stamp.instant()) {
                stamp = Stamp(stamp.0 + 1);
            }
            (stamp.to_string(), stamp.instant())
        });
        self.last = stamp;
        of.insert(instant, stamp);
        let NewObject { id, level, holds, origin, revoked, object, .. } = new.clone();
        let kept = Kept { id, version: version.clone(), level, holds, origin, revoked, object };
        self.records.insert(stamp, kept);
        Outcome::Added(version)
    }

    /// What becomes of an object whose version, or as an SCO whose content, is stored already.
    fn stored(&self, new: &NewObject) -> Option<Outcome> {
        let versions = self.versions.get(&new.id)?;
        let Some((text, instant)) = &new.version else {
            let same = versions.values().filter_map(|stamp| self.records.get(stamp)).find(|kept| json::same(&kept.object, &new.object))?;
            return Some(Outcome::Duplicate(same.version.clone()));
        };
        let kept = self.records.get(versions.get(instant)?)?;
        let same = json::same(&kept.object, &new.object);
        Some(if same { Outcome::Duplicate(text.clone()) } else { Outcome::Conflict(text.clone()) })
    }

    /// What is said of an object whose version, or as an SCO whose content, was deleted for good.
    fn gone(&self, new: &NewObject, now: Stamp) -> Option<Outcome> {
        let is_it = |gone: &&Gone| match &new.version {
            Some((_, instant)) => gone.instant == *instant,
            None => gone.digest == json::digest(&new.object),
        };
        let gone = self.deleted.iter().filter(|gone| gone.id == new.id).find(is_it)?;
        let version = new.version.as_ref().map_or_else(|| now.to_string(), |(text, _)| text.clone());
        Some(Outcome::Deleted(version, gone.said.clone()))
    }

    /// Settles how high what was added since `before`, and what holds it, counts; returns what counts higher than before.
    pub(super) fn settle(&mut self, before: Stamp) -> Result<Vec<StixId>, StoreError> {
        let fresh: Vec<(Stamp, StixId, Vec<StixId>, Level)> = self
            .records
            .range((Bound::Excluded(before), Bound::Unbounded))
            .map(|(added, kept)| (*added, kept.id.clone(), kept.holds.clone(), kept.level))
            .collect();
        let is_latest = |added: &Stamp, id: &StixId| self.versions.get(id).and_then(BTreeMap::last_key_value).is_some_and(|(_, last)| last == added);
        let mut coming: Vec<Coming<'_>> =
            fresh.iter().map(|(added, id, holds, level)| Coming { id, holds, level: *level, is_latest: is_latest(added, id) }).collect();
        let raised = holding::settle(&Before { shelf: self, before }, &mut coming)?;
        let levels: Vec<(Stamp, Level)> = fresh.iter().zip(&coming).map(|((added, ..), coming)| (*added, coming.level)).collect();
        let higher = raised.iter().map(|(added, (_, level))| (*added, *level));
        for (added, level) in levels.into_iter().chain(higher).collect::<Vec<_>>() {
            if let Some(kept) = self.records.get_mut(&added) {
                kept.level = level;
            }
        }
        Ok(raised.into_values().map(|(id, _)| id).collect())
    }

    pub(super) fn delete(&mut self, id: &StixId, versions: &Versions, removal: &Removal) -> Vec<Stamp> {
        let gone = self.choose(id, Stamp::ZERO, versions);
        for stamp in &gone {
            let (kept, of) = (self.records.remove(stamp), self.versions.get(id));
            let instant = of.and_then(|of| of.iter().find(|(_, added)| *added == stamp)).map(|(instant, _)| instant.clone());
            if let (Some(kept), Some(instant), Removal::ForGood { at, why }) = (kept, instant, removal) {
                let digest = json::digest(&kept.object);
                self.deleted.push(Gone { id: id.clone(), instant, digest, said: rules::deleted(*at, why) });
            }
        }
        if let Some(of) = self.versions.get_mut(id) {
            of.retain(|_, stamp| !gone.contains(stamp));
            if of.is_empty() {
                self.versions.remove(id);
            }
        }
        gone
    }
}

/// A collection as it was before an envelope came.
struct Before<'a> {
    shelf: &'a Shelf,
    before: Stamp,
}

impl holding::Stored for Before<'_> {
    fn latest(&self, id: &StixId) -> Result<Option<Version>, StoreError> {
        let mut old = self.shelf.versions.get(id).into_iter().flatten().filter(|(_, added)| **added <= self.before);
        Ok(old.next_back().and_then(|(_, added)| self.shelf.records.get(added).map(|kept| kept.as_version(*added))))
    }

    fn holders(&self, id: &StixId) -> Result<Vec<Version>, StoreError> {
        let old = self.shelf.records.range(..=self.before);
        Ok(old.filter(|(_, kept)| kept.holds.contains(id)).map(|(added, kept)| kept.as_version(*added)).collect())
    }
}

impl Kept {
    fn record(&self, added: Stamp) -> Record {
        let (id, version, object) = (self.id.to_string(), self.version.clone(), self.object.clone());
        Record { added, id, version, level: self.level, origin: self.origin, object }
    }

    fn as_version(&self, added: Stamp) -> Version {
        Version { id: self.id.clone(), added, level: self.level }
    }

    fn header(&self) -> Header {
        Header { level: self.level, origin: self.origin, revoked: self.revoked }
    }
}

fn wanted(kept: &Kept, select: &Select) -> bool {
    kept.level <= select.clearance
        && select.only.as_ref().is_none_or(|only| only.admits(kept.header(), &kept.object))
        && select.ids.as_ref().is_none_or(|ids| ids.contains(&kept.id))
        && select.types.as_ref().is_none_or(|types| types.iter().any(|t| t == type_of(kept.id.as_str())))
}
