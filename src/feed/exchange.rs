//! What links bring and take: the same gate and the same leave to read as for everybody who knocks.

use bytes::Bytes;

use super::Feed;
use super::access::{Reading, Writing};
use super::error::FeedError;
use crate::store::audit::Act;
use crate::store::{Addition, Outcome, Page, Select, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// What became of objects that were brought.
#[derive(Debug, Default)]
pub struct Brought {
    /// How many are new.
    pub added: usize,
    /// How many were there already.
    pub known: usize,
    /// Those that were not taken: their places, and why.
    pub refused: Vec<(usize, String)>,
}

impl Feed {
    /// Takes objects that a link brings, each judged as a POST would; one atomic write.
    pub async fn bring(&self, writing: &Writing, objects: Vec<Bytes>, act: Act) -> Result<Brought, FeedError> {
        let now = act.at;
        let mut brought = Brought::default();
        let (mut good, mut also, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (place, judged) in self.judge_objects(writing, objects, now).await?.into_iter().enumerate() {
            match judged {
                Ok(admitted) => {
                    good.push(admitted.object);
                    also.extend(admitted.also);
                    places.push(place);
                }
                Err(why) => brought.refused.push((place, why)),
            }
        }
        good.extend(also);
        if good.is_empty() {
            return Ok(brought);
        }
        let addition = Addition { collection: writing.collection, objects: good, now, receipt: None, act: Some(act) };
        for (place, outcome) in places.into_iter().zip(self.put(addition).await?.outcomes) {
            match outcome {
                Outcome::Added(_) => brought.added += 1,
                Outcome::Duplicate(_) => brought.known += 1,
                Outcome::Conflict(_) => brought.refused.push((place, "this version is here already with other content, which is kept".into())),
                Outcome::Deleted(_, why) => brought.refused.push((place, why)),
            }
        }
        Ok(brought)
    }

    /// The place of the last object that may be read.
    pub async fn latest(&self, reading: &Reading) -> Result<Stamp, StoreError> {
        // What is stored from now on stands behind the clock, and behind what is there.
        self.store.top(reading.collection).await
    }

    /// As [`Feed::after`], for a reader who follows: it is noted what it was handed.
    pub async fn listen(&self, reading: &Reading, place: Stamp, limit: usize, octets: usize) -> Result<Page, StoreError> {
        let select = self.behind_place(reading, place, limit, octets);
        let page = self.store.page(reading.collection, &select).await?;
        self.handed(reading, &select, &page);
        Ok(page)
    }

    /// What stands behind a place in the order, as far as it may be read: the latest versions, so many and so many octets at most.
    pub async fn after(&self, reading: &Reading, place: Stamp, limit: usize, octets: usize) -> Result<Page, StoreError> {
        self.store.page(reading.collection, &self.behind_place(reading, place, limit, octets)).await
    }

    fn behind_place(&self, reading: &Reading, place: Stamp, limit: usize, octets: usize) -> Select {
        Select { from: place.max(self.begin(reading)), limit, octets, ..reading.select(Versions::LAST) }
    }
}
