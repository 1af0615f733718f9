//! Writes: for each collection one lane in which envelopes wait for each other, and those that wait are written as one.
//!
//! Other servers have lanes of their own; the row of the collection brings all of them into one order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::error::{Fault, patiently};
use super::excerpt::Excerpt;
use super::{Inner, log, papers};
use crate::stix::id::StixId;
use crate::store::audit::{Act, Deleted, Stored};
use crate::store::{Added, Addition, NewObject, Removal, StatusRecord, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// Envelopes that may wait in a lane.
const LONGEST: usize = 1_024;
/// A group ends when its objects have more octets than this.
const GROUP_OCTETS: usize = 4 << 20;

/// An envelope, and who waits for what becomes of it.
type Waiting = (Addition, oneshot::Sender<Result<Added, StoreError>>);

/// The lanes of all collections.
#[derive(Debug)]
pub(super) struct Lanes {
    inner: Arc<Inner>,
    open: Mutex<HashMap<u32, mpsc::Sender<Waiting>>>,
    waiting: Arc<AtomicU64>,
}

/// What became of an envelope, and what of it is still to be written.
struct Judged {
    added: Added,
    kept: Option<(Uuid, StatusRecord)>,
    stored: Option<Stored>,
}

impl Lanes {
    /// Lanes that nobody is in.
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, open: Mutex::default(), waiting: Arc::default() }
    }

    /// Envelopes that wait.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// [`Store::add`](crate::store::Store::add).
    pub(super) async fn add(&self, number: u32, addition: Addition) -> Result<Added, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.lane(number).try_send((addition, reply));
        let answer = match sent {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(StoreError::Engine("the writer of a collection has ended".into()))),
            Err(_) => Err(StoreError::Busy),
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        answer
    }

    /// The lane of a collection; its task goes on for who waits even if nobody else does any more.
    fn lane(&self, number: u32) -> mpsc::Sender<Waiting> {
        let mut lanes = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(number).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(LONGEST);
            tokio::spawn(work(self.inner.clone(), number, receiver));
            sender
        });
        lane.clone()
    }
}

/// Writes what comes into a lane, group by group.
async fn work(inner: Arc<Inner>, number: u32, mut lane: mpsc::Receiver<Waiting>) {
    while let Some((addition, reply)) = lane.recv().await {
        let mut octets = size(&addition);
        let (mut additions, mut replies) = (vec![addition], vec![reply]);
        while octets < GROUP_OCTETS {
            let Ok((addition, reply)) = lane.try_recv() else { break };
            octets += size(&addition);
            additions.push(addition);
            replies.push(reply);
        }
        let collection = additions.first().map(|addition| addition.collection).unwrap_or_default();
        let missing = StoreError::NoCollection(collection);
        match inner.add(number, &additions).await {
            Ok(Some(answers)) => replies.into_iter().zip(answers).for_each(|(reply, added)| drop(reply.send(Ok(added)))),
            Ok(None) => replies.into_iter().for_each(|reply| drop(reply.send(Err(missing.clone())))),
            Err(error) => replies.into_iter().for_each(|reply| drop(reply.send(Err(error.clone())))),
        }
    }
}

fn size(addition: &Addition) -> usize {
    addition.objects.iter().map(|new| new.object.len()).sum()
}

impl Inner {
    /// Writes a group; `None` if the collection is not there any more.
    async fn add(&self, number: u32, additions: &[Addition]) -> Result<Option<Vec<Added>>, StoreError> {
        let written = patiently!(self.try_add(number, additions).await)?;
        Ok(written.map(|(answers, edition)| {
            self.editions.learn(number, edition);
            self.notices.tell();
            answers
        }))
    }

    async fn try_add(&self, number: u32, additions: &[Addition]) -> Result<Option<(Vec<Added>, i64)>, Fault> {
        let objects: Vec<&NewObject> = additions.iter().flat_map(|addition| &addition.objects).collect();
        let mut change = self.primary.begin().await?;
        let Some(mut excerpt) = Excerpt::hold(&mut change, number, &objects).await? else { return Ok(None) };
        let judged: Vec<Judged> = additions.iter().map(|addition| judge(&mut excerpt, addition)).collect::<Result<_, _>>()?;
        let edition = excerpt.write(&mut change).await?;
        for Judged { kept, .. } in &judged {
            papers::put_status(&mut change, kept.as_ref()).await?;
        }
        for (addition, Judged { added, stored, .. }) in additions.iter().zip(&judged) {
            log::write(&mut change, addition.act.clone().filter(|_| stored.is_some()), |entry| {
                entry.collection = Some(addition.collection);
                entry.stored = *stored;
                entry.raised = added.raised.iter().map(ToString::to_string).collect();
            })
            .await?;
        }
        let answers = judged.into_iter().map(|judged| judged.added).collect();
        change.commit().await?;
        Ok(Some((answers, edition)))
    }

    /// [`Store::delete`](crate::store::Store::delete).
    pub(super) async fn delete(
        &self,
        number: u32,
        collection: Uuid,
        id: &StixId,
        versions: &Versions,
        removal: &Removal,
        act: Option<Act>,
    ) -> Result<usize, StoreError> {
        let gone = patiently!({
            let mut change = self.primary.begin().await?;
            let Some(mut excerpt) = Excerpt::hold_object(&mut change, number, id).await? else {
                return Err(StoreError::NoCollection(collection).into());
            };
            let gone = excerpt.shelf.delete(id, versions, removal);
            if gone.is_empty() {
                return Ok((0, None));
            }
            let edition = excerpt.write(&mut change).await?;
            let deleted: Vec<Deleted> = gone.iter().map(|added| Deleted { id: id.to_string(), added: *added }).collect();
            log::write(&mut change, act.clone(), |entry| {
                entry.collection = Some(collection);
                entry.deleted = deleted;
            })
            .await?;
            change.commit().await?;
            Ok((gone.len(), Some(edition)))
        });
        let (count, edition) = gone?;
        if let Some(edition) = edition {
            self.editions.learn(number, edition);
            self.notices.tell();
        }
        Ok(count)
    }
}

/// Lets the shelf decide what becomes of an envelope.
fn judge(excerpt: &mut Excerpt, addition: &Addition) -> Result<Judged, StoreError> {
    let mut objects = addition.objects.clone();
    let before = excerpt.shelf.last;
    let outcomes = excerpt.shelf.add(&mut objects, addition.now);
    let raised = excerpt.shelf.settle(before)?;
    let stored = Stored::of(excerpt.shelf.records.range(Stamp(before.0 + 1)..).map(|(stamp, _)| *stamp));
    let kept = addition.receipt.clone().map(|receipt| (receipt.id, receipt.settle(&objects, &outcomes, addition.now)));
    let status = kept.as_ref().map(|(_, record)| record.status.clone());
    Ok(Judged { added: Added { outcomes, status, raised }, kept, stored })
}
