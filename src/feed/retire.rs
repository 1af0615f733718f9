//! Objects that go, and those whose time in a collection is over: nobody has touched them for as long as the collection keeps things.

use uuid::Uuid;

use super::{Feed, to_the_end};
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::audit::{Act, Verb};
use crate::store::{Removal, Select, StoreError, Versions};
use crate::taxii::stamp::{DAY, Stamp};

/// Objects that are looked at together.
const PAGE: usize = 500;

impl Feed {
    /// Deletes versions of an object and returns how many went. No index goes on showing what is gone.
    pub(super) async fn remove(&self, collection: Uuid, id: StixId, versions: Versions, removal: Removal, act: Act) -> Result<usize, StoreError> {
        let (store, catalog, values) = (self.store.clone(), self.catalog.clone(), self.values.clone());
        let removing = async move {
            let removed = store.delete(collection, &id, &versions, removal, Some(act)).await;
            // After an error too, which leaves it open what has happened.
            catalog.doubt(collection, &id);
            values.doubt(collection, &id);
            removed
        };
        to_the_end(removing).await?
    }

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
                gone += old.len();
                for id in old {
                    let act = Act::of_program(Verb::Retire, self.clock.now());
                    self.remove(collection.id, id, Versions::All, Removal::Retired, act).await?;
                }
                if !all_are || !page.more {
                    break;
                }
            }
        }
        Ok(gone)
    }
}
