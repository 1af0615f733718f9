//! Undoing an import: what it brought is revoked, what it changed gets its content back, and what others have changed since is left alone.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Working;
use super::change::Change;
use super::revise::{Held, Plan, Revised};
use crate::feed::Feed;
use crate::feed::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::{Act, Entry, Stored, Trail};
use crate::store::{Record, Select, Versions};
use crate::taxii::stamp::Stamp;

/// Entries of the audit log that are read at once.
const ENTRIES: usize = 1_000;

/// What an undoing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// Objects that the import brought, and that are revoked now.
    pub revoked: usize,
    /// Objects that have again what they said before.
    pub restored: usize,
    /// Objects that are left as they are, with the reasons.
    pub left: Vec<(String, String)>,
}

impl Feed {
    /// Undoes what the import `id` wrote to a collection between two times. Undoing twice changes nothing the second time.
    pub async fn undo(&self, working: &Working, id: Uuid, (started, ended): (Stamp, Stamp), act: Act) -> Result<Undone, FeedError> {
        let mut undone = Undone::default();
        for stored in self.written(working, id, started, ended).await? {
            self.undo_write(working, stored, &act, &mut undone).await?;
        }
        Ok(undone)
    }

    /// The writes of an import, as the audit log tells them.
    async fn written(&self, working: &Working, id: Uuid, started: Stamp, ended: Stamp) -> Result<Vec<Stored>, FeedError> {
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

    async fn undo_write(&self, working: &Working, stored: Stored, act: &Act, undone: &mut Undone) -> Result<(), FeedError> {
        let _turn = self.desk.lock().await;
        let now = act.at;
        let records = self.stored(working, stored).await?;
        let ids: Vec<StixId> = records.iter().filter_map(|record| StixId::parse(&record.id).ok()).collect();
        let newest = self.held(&working.reading, &ids).await?;
        let history = self.history(working, &ids).await?;
        let mut plan = Plan::default();
        let mut brought = Vec::new();
        for (record, id) in records.iter().zip(&ids) {
            let Some(held) = newest.get(id) else { continue };
            let mine = held.properties.get("modified").is_some_and(|modified| *modified == json!(record.version));
            if id.type_name() == "identity" || (mine && held.revoked) {
                // Who has written stays known; and what is revoked already needs no more.
                continue;
            }
            if !mine {
                undone.left.push((record.id.clone(), "others have changed it since".into()));
                continue;
            }
            let before = history.get(record.id.as_str()).and_then(|versions| before(versions, &record.version));
            brought.push(before.is_none());
            match before {
                Some(before) => plan.change(id, held, now, |_| Ok(before.properties)),
                None => plan.change(id, held, now, |properties| Change::Revoke.apply(properties, now)),
            }
        }
        for (revised, was_new) in self.carry_out(working, plan, act.clone()).await?.into_iter().zip(brought) {
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

    /// The versions that one write stored, as far as they are still there.
    async fn stored(&self, working: &Working, stored: Stored) -> Result<Vec<Record>, FeedError> {
        let select = Select {
            after: Stamp::ZERO,
            from: Stamp(stored.first.0.saturating_sub(1)),
            limit: stored.count,
            octets: usize::MAX,
            ids: None,
            types: None,
            versions: Versions::All,
            clearance: working.reading.clearance,
        };
        let page = self.store.page(working.reading.collection, &select).await?;
        Ok(page.records.into_iter().take_while(|record| record.added <= stored.last).collect())
    }
}

/// The version of an object before another.
fn before(versions: &[Record], version: &str) -> Option<Held> {
    let instant = |record: &Record| Instant::parse(&record.version).ok();
    let bound = Instant::parse(version).ok()?;
    let earlier = versions.iter().filter(|record| instant(record).is_some_and(|its| its < bound));
    earlier.max_by_key(|record| instant(record)).and_then(Held::read)
}
