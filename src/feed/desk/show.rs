//! One object with everything that is known about it.

use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::consumers::Standing;
use crate::feed::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::time::Instant;
use crate::store::audit::Entry;
use crate::store::{Record, Versions};

use super::Unfit;

/// Versions that are shown, the latest first; of more, those that were first are left out.
const MOST: usize = 200;

/// An object as it stands in a collection.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its versions, the greatest first, each with the entry of the audit log that tells where it came from.
    pub versions: Vec<(Record, Option<Entry>)>,
    /// How many versions there are besides.
    pub older: usize,
    /// Consumers of the collection who have got as far as the newest version.
    pub reached: Vec<Standing>,
}

impl Feed {
    /// Everything about one object, as far as the reader may see it.
    pub async fn show(&self, reading: &Reading, id: &StixId) -> Result<Shown, FeedError> {
        let mut records = self.records(reading, vec![id.clone()], Versions::All).await?;
        records.sort_by_key(|record| std::cmp::Reverse(Instant::parse(&record.version).ok()));
        let Some(newest) = records.first().map(|record| record.added) else { return Err(Unfit::Missing(id.clone()).into()) };
        let older = records.len().saturating_sub(MOST);
        let mut versions = Vec::with_capacity(records.len().min(MOST));
        for record in records.into_iter().take(MOST) {
            let entry = self.entry_of(reading.collection, record.added).await?;
            versions.push((record, entry));
        }
        let directory = self.directory();
        let here = directory.collection(reading.collection).map(|(_, found)| (found.root.clone(), found.name()));
        let mut reached = self.consumers().await?;
        reached.retain(|standing| here.as_ref().is_some_and(|(root, name)| standing.root == *root && standing.collection == *name));
        reached.retain(|standing| standing.position >= newest);
        Ok(Shown { versions, older, reached })
    }
}
