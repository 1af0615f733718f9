//! A container counts as high as the highest that it holds: what every backend decides alike.
//!
//! Its level is settled when it comes, by the latest versions of what it holds, and raised when something it holds comes in a higher level
//! later. It is never lowered again; a new version of it is judged anew.

use std::collections::{BTreeMap, HashMap};

use super::StoreError;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// What is stored of a collection.
pub(super) trait Stored {
    /// The latest version of an object.
    fn latest(&self, id: &StixId) -> Result<Option<Version>, StoreError>;

    /// Every version of an object that holds `id`.
    fn holders(&self, id: &StixId) -> Result<Vec<Version>, StoreError>;
}

/// A stored version.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Of which object.
    pub(super) id: StixId,
    /// Its place.
    pub(super) added: Stamp,
    /// How high it counts.
    pub(super) level: Level,
}

/// A version that is to be stored.
#[derive(Debug)]
pub(super) struct Coming<'c> {
    /// Of which object.
    pub(super) id: &'c StixId,
    /// What it holds.
    pub(super) holds: &'c [StixId],
    /// How high it counts: at first what its own markings say.
    pub(super) level: Level,
    /// Whether it will be the latest of its object.
    pub(super) is_latest: bool,
}

/// Settles the levels of what is coming, and says which stored versions count higher from now on.
pub(super) fn settle(stored: &impl Stored, coming: &mut [Coming<'_>]) -> Result<BTreeMap<Stamp, (StixId, Level)>, StoreError> {
    let mut raised: BTreeMap<Stamp, (StixId, Level)> = BTreeMap::new();
    // Nobody is cleared for less than TLP:CLEAR, so what is no higher raises nothing.
    if coming.iter().all(|one| one.holds.is_empty() && one.level <= Level::Clear) {
        return Ok(raised);
    }
    let mut known: HashMap<StixId, Option<Version>> = HashMap::new();
    let mut changed = true;
    while std::mem::take(&mut changed) {
        let fresh: HashMap<StixId, Level> = coming.iter().filter(|one| one.is_latest).map(|one| (one.id.clone(), one.level)).collect();
        for container in coming.iter_mut().filter(|one| !one.holds.is_empty()) {
            for held in container.holds {
                let level = match fresh.get(held) {
                    Some(level) => *level,
                    None => level_of(stored, &mut known, &raised, held)?,
                };
                changed |= level > container.level;
                container.level = container.level.max(level);
            }
        }
        let mut sources: Vec<(StixId, Level)> = fresh.into_iter().collect();
        for (added, (id, level)) in &raised {
            let is_latest = latest(stored, &mut known, id)?.is_some_and(|version| version.added == *added);
            if is_latest && !coming.iter().any(|one| one.is_latest && one.id == id) {
                sources.push((id.clone(), *level));
            }
        }
        for (id, level) in sources.into_iter().filter(|(_, level)| *level > Level::Clear) {
            for holder in stored.holders(&id)? {
                let before = raised.get(&holder.added).map_or(holder.level, |(_, level)| *level);
                if level > before {
                    raised.insert(holder.added, (holder.id, level));
                    changed = true;
                }
            }
        }
    }
    Ok(raised)
}

/// How high the latest stored version of an object counts.
fn level_of(
    stored: &impl Stored,
    known: &mut HashMap<StixId, Option<Version>>,
    raised: &BTreeMap<Stamp, (StixId, Level)>,
    id: &StixId,
) -> Result<Level, StoreError> {
    let version = latest(stored, known, id)?;
    Ok(version.map_or(Level::Unmarked, |version| raised.get(&version.added).map_or(version.level, |(_, level)| version.level.max(*level))))
}

fn latest(stored: &impl Stored, known: &mut HashMap<StixId, Option<Version>>, id: &StixId) -> Result<Option<Version>, StoreError> {
    if let Some(version) = known.get(id) {
        return Ok(version.clone());
    }
    let version = stored.latest(id)?;
    known.insert(id.clone(), version.clone());
    Ok(version)
}
