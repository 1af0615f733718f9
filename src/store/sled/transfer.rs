//! A sled store that is read whole or filled, for copies from and to stores of other kinds.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sled::{Batch, Db, IVec};

use super::Options;
use super::disk::{Disk, Seat};
use super::keys::{self, Parts, Place};
use super::runs;
use super::shelf::{Grave as Buried, Shelf, places};
use crate::stix::id::{StixId, type_of};
use crate::stix::json::Json;
use crate::stix::object::holds;
use crate::stix::time::Instant;
use crate::store::StoreError;
use crate::store::audit::Entry;
use crate::store::directory::{Collection, Directory};
use crate::store::paper::Kind;
use crate::store::shelf::Kept;
use crate::store::transfer::{Grave, Rest, Vessel, Whole};
use crate::taxii::stamp::Stamp;

/// The format of a store of which not everything has arrived.
const COPYING: &[u8] = b"taxiway copy";
/// Versions that are read at once, and whatever more the last object has.
const VERSIONS: usize = 1_000;
/// What a version costs on the disk besides its octets.
const OVERHEAD: usize = 512;

/// A store that nobody else has open.
pub(in crate::store) struct SledVessel {
    db: Db,
    disk: Mutex<Disk>,
    _seat: Seat,
}

impl SledVessel {
    /// Takes a directory. If it is to be `there`, it must be that of a store; else it is made.
    pub(in crate::store) fn open(dir: &Path, options: &Options, there: bool) -> Result<Self, StoreError> {
        if there && !dir.join("db").exists() {
            return Err(StoreError::Name(format!("sled:{}", dir.display())));
        }
        let (mut seat, db) = Seat::take(dir, options)?;
        seat.abandon();
        match db.get(keys::FORMAT)? {
            None if !there && db.is_empty() => drop(db.insert(keys::FORMAT, COPYING)?),
            Some(format) if !there && format == COPYING => {}
            _ => super::set_up(&db)?,
        }
        Ok(Self { disk: Mutex::new(Disk::new(dir, options.reserve)?), db, _seat: seat })
    }

    fn shelf(&self, number: u32) -> Shelf<'_> {
        Shelf { tree: &self.db, number }
    }

    /// Writes a batch if there is room for it.
    fn write(&self, batch: Batch, octets: usize) -> Result<(), StoreError> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).room(octets)?;
        self.db.apply_batch(batch)?;
        Ok(())
    }

    /// A version as its entry tells it.
    fn read(&self, number: u32, id: &StixId, added: Stamp) -> Result<Kept, StoreError> {
        let found = self.shelf(number).fetch(added)?.ok_or_else(|| super::plan::missing(number, added))?;
        let (record, header) = (found.entry.record(added), found.entry.header());
        let json = std::str::from_utf8(&record.object).ok().and_then(|text| Json::parse_some(text, &["object_refs"]).ok());
        let holds = json.as_ref().and_then(Json::as_object).map(holds).unwrap_or_default();
        let (version, level, origin) = (record.version, record.level, record.origin);
        Ok(Kept { id: id.clone(), version, level, holds, origin, revoked: header.revoked, object: record.object })
    }

    /// Writes the runs of all types of a collection, which want the objects in their order.
    fn write_runs(&self, number: u32, last: Stamp) -> Result<(), StoreError> {
        let mut stamps: BTreeMap<String, Vec<Stamp>> = BTreeMap::new();
        for found in self.shelf(number).scan(Place::Newest, Stamp::ZERO, last) {
            let found = found?;
            stamps.entry(type_of(found.entry.id()).to_owned()).or_default().push(found.added);
        }
        for (type_name, stamps) in stamps {
            for (key, run) in runs::of(number, &type_name, &stamps) {
                self.db.insert(key, run)?;
            }
        }
        Ok(())
    }

    /// The id and the instant in the key of a version.
    fn named(key: &IVec) -> Result<(StixId, Instant), StoreError> {
        let damaged = || StoreError::Damaged(format!("the key {}", key.escape_ascii()));
        let rest = key.get(5..).ok_or_else(damaged)?;
        let end = rest.iter().position(|byte| *byte == 0).ok_or_else(damaged)?;
        let id = std::str::from_utf8(&rest[..end]).ok().and_then(|id| StixId::parse(id).ok()).ok_or_else(damaged)?;
        Ok((id, Instant::from_key(&rest[end + 1..]).ok_or_else(damaged)?))
    }
}

#[async_trait]
impl Vessel for SledVessel {
    async fn directory(&self) -> Result<Option<Directory>, StoreError> {
        let text = self.db.get(keys::DIRECTORY)?;
        text.map(|text| serde_json::from_slice(&text).map_err(|error| StoreError::Damaged(format!("the directory: {error}")))).transpose()
    }

    async fn top(&self, number: u32) -> Result<Stamp, StoreError> {
        self.db.get(keys::of(keys::LAST, number))?.map_or(Ok(Stamp::ZERO), |value| keys::stamp_of(&value))
    }

    async fn objects(&self, number: u32, after: Option<&str>) -> Result<Vec<Whole>, StoreError> {
        let all = keys::of(b'v', number);
        let mut start = after.map_or_else(|| all.clone(), |id| keys::versions(number, id));
        if after.is_some()
            && let Some(end) = start.last_mut()
        {
            // Behind every version of that object.
            *end = 1;
        }
        let (mut objects, mut count): (Vec<Whole>, usize) = (Vec::new(), 0);
        for pair in self.db.range((Bound::Included(start), Bound::Unbounded)) {
            let (key, value) = pair?;
            if !key.starts_with(&all) {
                break;
            }
            let (id, instant) = Self::named(&key)?;
            let same = objects.last().is_some_and(|(last, _)| *last == id);
            if !same && count >= VERSIONS {
                break;
            }
            let added = keys::stamp_of(&value)?;
            let kept = self.read(number, &id, added)?;
            match objects.last_mut().filter(|_| same) {
                Some((_, versions)) => versions.push((instant, added, kept)),
                None => objects.push((id, vec![(instant, added, kept)])),
            }
            count += 1;
        }
        Ok(objects)
    }

    async fn last(&self, number: u32) -> Result<Option<String>, StoreError> {
        let last = self.db.scan_prefix(keys::of(b'v', number)).keys().next_back().transpose()?;
        last.map(|key| Self::named(&key).map(|(id, _)| id.to_string())).transpose()
    }

    async fn graves(&self, number: u32) -> Result<Vec<Grave>, StoreError> {
        let graves = self.db.scan_prefix(keys::of(keys::GRAVE, number)).map(|pair| {
            let (key, value) = pair?;
            let (id, instant) = Self::named(&key)?;
            let grave: Buried = serde_json::from_slice(&value).map_err(|error| StoreError::Damaged(format!("a deletion of {id}: {error}")))?;
            Ok(Grave { id: id.to_string(), instant, said: grave.said, digest: grave.digest })
        });
        graves.collect()
    }

    async fn rest(&self) -> Result<Rest, StoreError> {
        let mut rest = Rest::default();
        for pair in self.db.scan_prefix(b"s") {
            let (key, text) = pair?;
            let record = serde_json::from_slice(&text).map_err(|error| StoreError::Damaged(format!("a status: {error}")))?;
            rest.statuses.push((keys::uuid_of(&key)?, record));
        }
        for kind in Kind::COPIED {
            for pair in self.db.scan_prefix(keys::papers(kind)) {
                let (key, value) = pair?;
                rest.papers.push(keys::read_paper(kind, &key, value)?);
            }
        }
        for pair in self.db.scan_prefix([keys::AUDIT]) {
            let entry = serde_json::from_slice(&pair?.1).map_err(|error| StoreError::Damaged(format!("an entry of the audit log: {error}")))?;
            rest.entries.push(entry);
        }
        Ok(rest)
    }

    async fn make(&self, _: u32, _: &Collection) -> Result<(), StoreError> {
        Ok(())
    }

    async fn put(&self, number: u32, objects: Vec<Whole>) -> Result<(), StoreError> {
        let (mut batch, mut octets) = (Batch::default(), 0);
        for (id, versions) in &objects {
            let order: Vec<(Instant, Stamp)> = versions.iter().map(|(instant, added, _)| (instant.clone(), *added)).collect();
            for ((instant, added, kept), hidden_until) in versions.iter().zip(places(&order)) {
                let Kept { id: _, version, level, holds, origin, revoked, object } = kept;
                let place = if hidden_until.is_some() { Place::Newest } else { Place::History };
                let (level, revoked, origin, hidden_until) = (*level, *revoked, *origin, hidden_until.unwrap_or_default());
                let parts = Parts { level, revoked, origin, hidden_until, id: id.as_str(), version, object };
                batch.insert(keys::entry(place, number, *added), parts.write()?);
                batch.insert(keys::version(number, id.as_str(), instant), &added.0.to_be_bytes());
                for held in holds {
                    batch.insert(keys::holder(number, held.as_str(), *added), &[]);
                }
                octets += object.len() + OVERHEAD;
            }
        }
        self.write(batch, octets)
    }

    async fn bury(&self, number: u32, graves: Vec<Grave>) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for Grave { id, instant, said, digest } in graves {
            let text = serde_json::to_vec(&Buried { said, digest }).map_err(|error| StoreError::Engine(format!("a deletion of {id}: {error}")))?;
            batch.insert(keys::grave(number, &id, &instant), text);
        }
        self.write(batch, OVERHEAD)
    }

    async fn put_rest(&self, Rest { statuses, papers, entries }: Rest) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let unwritten = |error: serde_json::Error| StoreError::Engine(format!("a record: {error}"));
        for (id, record) in statuses {
            batch.insert(keys::expiry(record.expires, id), &[]);
            batch.insert(keys::status(id), serde_json::to_vec(&record).map_err(unwritten)?);
        }
        for paper in papers {
            batch.insert(keys::paper_expiry(paper.expires, paper.kind, paper.id), &[]);
            batch.insert(keys::paper(paper.kind, paper.id), keys::write_paper(&paper)?);
        }
        for entry in entries {
            let entry: Entry = entry;
            batch.insert(keys::audit(entry.act.at), serde_json::to_vec(&entry).map_err(unwritten)?);
        }
        self.write(batch, OVERHEAD)
    }

    async fn finish(&self, tops: &[(u32, Stamp)], directory: &Directory) -> Result<(), StoreError> {
        for (number, last) in tops {
            self.write_runs(*number, *last)?;
        }
        // The objects are on the disk before the directory says that this is a store.
        self.db.flush()?;
        let mut batch = Batch::default();
        for (number, last) in tops {
            batch.insert(keys::of(keys::LAST, *number), &last.0.to_be_bytes());
        }
        let text = serde_json::to_vec(directory).map_err(|error| StoreError::Engine(format!("the directory: {error}")))?;
        batch.insert(keys::DIRECTORY, text);
        batch.insert(keys::FORMAT, super::FORMAT);
        self.write(batch, OVERHEAD)?;
        self.db.flush()?;
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).sync_all()
    }
}
