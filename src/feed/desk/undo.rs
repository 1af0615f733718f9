//! Undoing an import: what it brought is revoked, what it changed gets its content back, and what others have changed since is left alone.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Working;
use super::change::Change;
use super::revise::{Held, Plan, Revised};
use crate::feed::Feed;
use crate::feed::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::{Act, Entry, Stored, Trail};
use crate::store::{Record, Versions};
use crate::taxii::stamp::Stamp;

/// Entries of the audit log that are read at once.
const ENTRIES: usize = 1_000;
/// Objects that are undone together.
const CHUNK: usize = 1_000;

/// What an undoing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Objects that the import brought, and that are revoked now.
    pub revoked: usize,
    /// Objects that have again what they said before.
    pub restored: usize,
    /// Objects that are left as they are, with the reasons.
    pub left: Vec<(String, String)>,
}

/// An object that an import wrote.
struct Imported {
    id: StixId,
    versions: Vec<String>,
}

impl Feed {
    /// Undoes what the import `id` wrote to a collection between two times. Undoing twice changes nothing the second time.
    pub(super) async fn undo(&self, working: &Working, id: Uuid, span: (Stamp, Stamp), act: &Act) -> Result<Undone, FeedError> {
        let mut undone = Undone::default();
        let written = self.versions_of(working, id, span).await?;
        for written in written.chunks(CHUNK) {
            // The clock goes on while a long undoing does.
            let act = Act { at: self.clock.now(), ..act.clone() };
            self.undo_some(working, written, act, &mut undone).await?;
        }
        Ok(undone)
    }

    /// The objects that an import wrote, each with the versions that it wrote of it, in the order in which it came to them.
    async fn versions_of(&self, working: &Working, id: Uuid, span: (Stamp, Stamp)) -> Result<Vec<Imported>, FeedError> {
        let (mut written, mut places): (Vec<Imported>, HashMap<StixId, usize>) = (Vec::new(), HashMap::new());
        for stored in self.writes_of(working, id, span).await? {
            for record in self.stored(&working.reading, stored, usize::MAX).await? {
                let Ok(id) = StixId::parse(&record.id) else { continue };
                let place = *places.entry(id.clone()).or_insert(written.len());
                match written.get_mut(place) {
                    Some(imported) => imported.versions.push(record.version),
                    None => written.push(Imported { id, versions: vec![record.version] }),
                }
            }
        }
        Ok(written)
    }

    /// The writes of an import, as the audit log tells them.
    async fn writes_of(&self, working: &Working, id: Uuid, (started, ended): (Stamp, Stamp)) -> Result<Vec<Stored>, FeedError> {
        let mut trail = Trail { after: Stamp(started.0.saturating_sub(1)), before: Stamp::END, latest_first: false, limit: ENTRIES };
        let mut written = Vec::new();
        loop {
            let entries = self.store.trail(&trail).await?;
            let of_import = |entry: &&Entry| entry.act.import == Some(id) && entry.collection == Some(working.reading.collection);
            written.extend(entries.iter().filter(of_import).filter_map(|entry| entry.stored));
            match entries.last() {
                // The log may run ahead of the clock a little; a second behind the end nothing of the import can stand.
                Some(last) if entries.len() == ENTRIES && last.act.at.0 < ended.0 + 1_000_000 => trail.after = last.act.at,
                _ => return Ok(written),
            }
        }
    }

    async fn undo_some(&self, working: &Working, written: &[Imported], act: Act, undone: &mut Undone) -> Result<(), FeedError> {
        let _turn = self.turn().await?;
        let now = act.at;
        let ids: Vec<StixId> = written.iter().map(|imported| imported.id.clone()).collect();
        let newest = self.held(&working.reading, &ids).await?;
        let history = self.history(working, &ids).await?;
        let (mut plan, mut brought) = (Plan::default(), Vec::new());
        for imported in written {
            let Some(held) = newest.get(&imported.id) else { continue };
            // Who has written stays known; and what is revoked already needs no more.
            if imported.id.type_name() == "identity" || held.revoked {
                continue;
            }
            if !imported.wrote(held) {
                undone.left.push((imported.id.to_string(), "others have changed it since".into()));
                continue;
            }
            let before = history.get(imported.id.as_str()).and_then(|versions| imported.before(versions));
            brought.push(before.is_none());
            match before {
                Some(before) => plan.change(&imported.id, held, now, |_| Ok(before.properties)),
                None => plan.change(&imported.id, held, now, |properties| Change::Revoke.apply(properties, now)),
            }
        }
        for (revised, was_new) in self.carry_out(working, plan, act, false).await?.into_iter().zip(brought) {
            match revised {
                Revised::Refused { id, why } => undone.left.push((id, why)),
                Revised::Changed { .. } if was_new => undone.revoked += 1,
                Revised::Changed { .. } | Revised::Unchanged { .. } => undone.restored += 1,
            }
        }
        Ok(())
    }

    /// All versions of some objects, by id.
    async fn history(&self, working: &Working, ids: &[StixId]) -> Result<HashMap<String, Vec<Record>>, FeedError> {
        let mut history: HashMap<String, Vec<Record>> = HashMap::new();
        for record in self.records(&working.reading, ids.to_vec(), Versions::All).await? {
            history.entry(record.id.clone()).or_default().push(record);
        }
        Ok(history)
    }
}

impl Imported {
    /// Whether the import wrote what is there now. What has no versions is there as it was written.
    fn wrote(&self, held: &Held) -> bool {
        let modified = held.properties.get("modified").and_then(Value::as_str);
        modified.is_none_or(|modified| self.versions.iter().any(|version| version == modified))
    }

    /// What was there before the import came to it.
    fn before(&self, history: &[Record]) -> Option<Held> {
        let instant = |version: &str| Instant::parse(version).ok();
        let first = self.versions.iter().filter_map(|version| instant(version)).min()?;
        let earlier = history.iter().filter(|record| instant(&record.version).is_some_and(|its| its < first));
        earlier.max_by_key(|record| instant(&record.version)).and_then(Held::read)
    }
}
