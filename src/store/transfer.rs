//! From one store into another of any kind: every version with its bytes and its stamp, and everything besides, so that no consumer notices.
//!
//! Objects go in the order of their ids, each with all its versions, some at once; what has arrived is known by the last id, and a copy that
//! was broken off goes on there. The directory comes last: before it is there, the copy is no store. In the end both are read again and compared.

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;
use xxhash_rust::xxh3::Xxh3Default;

use super::audit::Entry;
use super::directory::{Collection, Directory};
use super::paper::Paper;
use super::shelf::Kept;
use super::{StatusRecord, StoreError};
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::taxii::stamp::Stamp;

/// Entries, papers and statuses that are written at once.
const CHUNK: usize = 1_000;

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Versions of objects and whatever else there is.
    pub records: u64,
    /// Octets of all.
    pub octets: u64,
    /// A digest of all in their order.
    pub digest: u128,
}

/// An object with all its versions, ascending by instant.
pub(super) type Whole = (StixId, Vec<(Instant, Stamp, Kept)>);

/// A version that was deleted for good.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Grave {
    pub(super) id: String,
    #[serde(skip)]
    pub(super) instant: Instant,
    pub(super) said: String,
    /// The hexadecimal digest of its content.
    pub(super) digest: String,
}

/// What stands in a store besides the objects of collections.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) statuses: Vec<(Uuid, StatusRecord)>,
    pub(super) papers: Vec<Paper>,
    pub(super) entries: Vec<Entry>,
}

/// A store that is read whole or filled, which nobody else uses meanwhile.
#[async_trait]
pub(super) trait Vessel: Send + Sync {
    /// The directory, if there is one.
    async fn directory(&self) -> Result<Option<Directory>, StoreError>;

    /// The last stamp that was given in a collection.
    async fn top(&self, number: u32) -> Result<Stamp, StoreError>;

    /// The next objects after an id, ascending; none at the end.
    async fn objects(&self, number: u32, after: Option<&str>) -> Result<Vec<Whole>, StoreError>;

    /// The last id of which there is an object.
    async fn last(&self, number: u32) -> Result<Option<String>, StoreError>;

    /// What was deleted for good, ascending by id and instant.
    async fn graves(&self, number: u32) -> Result<Vec<Grave>, StoreError>;

    /// Everything besides, ascending by kind and id.
    async fn rest(&self) -> Result<Rest, StoreError>;

    /// Makes room for a collection, unless there is.
    async fn make(&self, number: u32, collection: &Collection) -> Result<(), StoreError>;

    /// Puts objects as they are; all or none.
    async fn put(&self, number: u32, objects: Vec<Whole>) -> Result<(), StoreError>;

    /// Puts what was deleted for good, in the place of what is there.
    async fn bury(&self, number: u32, graves: Vec<Grave>) -> Result<(), StoreError>;

    /// Puts things besides, in the place of what is there.
    async fn put_rest(&self, rest: Rest) -> Result<(), StoreError>;

    /// Puts the last stamps and the directory: from now on it is a store. Everything is on the disk after that.
    async fn finish(&self, tops: &[(u32, Stamp)], directory: &Directory) -> Result<(), StoreError>;
}

/// Copies one store into another, where no store may be yet, but a part of the same copy. `progress` is told the octets that have gone over.
pub(super) async fn transfer(from: &dyn Vessel, to: &dyn Vessel, progress: &(dyn Fn(u64) + Sync)) -> Result<Copied, StoreError> {
    let directory = from.directory().await?.unwrap_or_default();
    if to.directory().await?.is_some_and(|there| there != Directory::default()) {
        return Err(StoreError::Engine("there is a store already where the copy is to be".into()));
    }
    let (mut octets, mut tops) = (0, Vec::new());
    for (number, collection) in &directory.collections {
        to.make(*number, collection).await?;
        let mut after = to.last(*number).await?;
        loop {
            let objects = from.objects(*number, after.as_deref()).await?;
            let Some((last, _)) = objects.last() else { break };
            after = Some(last.to_string());
            octets += objects.iter().flat_map(|(_, versions)| versions).map(|(_, _, kept)| kept.object.len() as u64).sum::<u64>();
            to.put(*number, objects).await?;
            progress(octets);
        }
        to.bury(*number, from.graves(*number).await?).await?;
        tops.push((*number, from.top(*number).await?));
    }
    let Rest { statuses, papers, entries } = from.rest().await?;
    for statuses in statuses.chunks(CHUNK) {
        to.put_rest(Rest { statuses: statuses.to_vec(), ..Rest::default() }).await?;
    }
    for papers in papers.chunks(CHUNK) {
        to.put_rest(Rest { papers: papers.to_vec(), ..Rest::default() }).await?;
    }
    for entries in entries.chunks(CHUNK) {
        to.put_rest(Rest { entries: entries.to_vec(), ..Rest::default() }).await?;
    }
    to.finish(&tops, &directory).await?;
    let (source, copied) = (tally(from).await?, tally(to).await?);
    if source == copied { Ok(copied) } else { Err(StoreError::Damaged("the copy differs from what was copied: was the source in use?".into())) }
}

/// Reads everything and counts it.
async fn tally(vessel: &dyn Vessel) -> Result<Copied, StoreError> {
    let mut tally = Tally::default();
    let directory = vessel.directory().await?.unwrap_or_default();
    tally.count(&directory)?;
    for number in directory.collections.keys() {
        tally.count(&vessel.top(*number).await?)?;
        let mut after = None;
        loop {
            let objects = vessel.objects(*number, after.as_deref()).await?;
            let Some((last, _)) = objects.last() else { break };
            after = Some(last.to_string());
            for (instant, added, kept) in objects.iter().flat_map(|(_, versions)| versions) {
                let Kept { id, version, level, holds, origin, revoked, object } = kept;
                tally.count(&(added, id.as_str(), version, level, holds.iter().map(StixId::as_str).collect::<Vec<_>>(), origin, revoked))?;
                tally.part(&instant.to_key());
                tally.part(object);
            }
        }
        for grave in vessel.graves(*number).await? {
            tally.count(&grave)?;
            tally.part(&grave.instant.to_key());
        }
    }
    let Rest { statuses, papers, entries } = vessel.rest().await?;
    statuses.iter().try_for_each(|status| tally.count(status))?;
    entries.iter().try_for_each(|entry| tally.count(entry))?;
    for Paper { kind, id, owner, expires, text } in papers {
        tally.count(&(kind as u8, id, owner, expires))?;
        tally.part(&text);
    }
    Ok(tally.done())
}

/// Counts what a store holds.
#[derive(Default)]
pub(super) struct Tally {
    copied: Copied,
    digest: Xxh3Default,
}

impl Tally {
    /// Counts a record.
    fn count(&mut self, record: &impl Serialize) -> Result<(), StoreError> {
        self.copied.records += 1;
        let text = serde_json::to_vec(record).map_err(|error| StoreError::Engine(format!("a record could not be counted: {error}")))?;
        self.part(&text);
        Ok(())
    }

    /// Counts a record of which the parts are all that there is.
    pub(super) fn parts(&mut self, parts: [&[u8]; 2]) {
        self.copied.records += 1;
        for part in parts {
            self.part(part);
        }
    }

    /// Counts a part of a record.
    fn part(&mut self, part: &[u8]) {
        self.copied.octets += part.len() as u64;
        self.digest.update(&part.len().to_be_bytes());
        self.digest.update(part);
    }

    pub(super) fn done(self) -> Copied {
        Copied { digest: self.digest.digest128(), ..self.copied }
    }
}
