//! Objects whose time in a collection is over: nobody has touched them for as long as the collection keeps things.

use super::Feed;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::audit::{Act, Verb};
use crate::store::{Removal, Select, StoreError, Versions};
use crate::taxii::stamp::{DAY, Stamp};

/// Objects that are looked at together.
const PAGE: usize = 500;

impl Feed {
    /// Lets objects go for good whose latest version was added longer ago than their collection keeps things. Returns how many went.
    pub async fn retire(&self) -> Result<usize, StoreError> {
        let (directory, now) = (self.directory(), self.clock.now());
        let mut gone = 0;
        for collection in directory.collections.values() {
            let Some(days) = collection.sharing.retention_days else { continue };
            let end = Stamp(now.0.saturating_sub(u64::from(days) * DAY));
            loop {
                let select = Select { limit: PAGE, ..Select::all(Versions::LAST, Level::Red) };
                let page = self.store.page(collection.id, &select).await?;
                let old: Vec<StixId> = page.records.iter().filter(|record| record.added < end).filter_map(|r| StixId::parse(&r.id).ok()).collect();
                let all_are = old.len() == page.records.len();
                for id in &old {
                    let act = Act::of_program(Verb::Retire, self.clock.now());
                    self.store.delete(collection.id, id, &Versions::All, Removal::Retired, Some(act)).await?;
                    self.catalog.doubt(collection.id, id);
                    self.values.doubt(collection.id, id);
                }
                gone += old.len();
                if !all_are || !page.more {
                    break;
                }
            }
        }
        Ok(gone)
    }
}
