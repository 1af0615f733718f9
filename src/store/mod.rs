//! Where objects are kept: the contract that every backend fulfils.

pub mod audit;
#[cfg(test)]
pub mod contract;
pub mod directory;
mod holding;
pub mod memory;
pub mod only;
pub mod open;
pub mod paper;
pub mod postgres;
mod rules;
mod segments;
mod shelf;
pub mod sled;
pub mod text;
pub mod transfer;
pub mod writes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use crate::stix;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::taxii::resource::{Status, StatusDetail};
use crate::taxii::stamp::Stamp;
use audit::{Act, Entry, Trail};
use directory::{Conflict, Directory, Edit};
use only::Only;
use paper::{Kind, Paper};
use text::Text;
use writes::Write;

/// A store of STIX objects in collections, and of who may use them.
///
/// # Contract
///
/// **Order.** Every stored version has its own [`Stamp`] in its collection: strictly increasing in the order in
/// which writes become visible, `max(now, last + 1 µs)`, also after deletions and restarts. The last stamp of each
/// write that becomes visible is rounded up to a whole millisecond, unless that would run more than a second ahead of `now`
/// (Q7, T-085, T-088).
///
/// **Durable, then visible, then acknowledged.** A verb that changes something returns after the change would
/// survive a power cut; no reader is shown an added object before that. One [`Store::add`] is one atomic write:
/// after a crash all of it is there or none, its status included. An error leaves it open whether the change
/// happened; repeating it is safe.
///
/// **Versions.** A version is the pair of `id` and `modified` as an instant (T-078). An object without
/// `modified` and `created` (an SCO) takes its stamp as its version, so that each different content is a version
/// of its own (T-076, T-152). `created` stands in for `modified` where only that is there (T-151).
///
/// **Readers** never wait for writers and see each write wholly or not at all, with one exception: a page that is
/// being read while an object in it is replaced may lack that object, which then stands later in the order.
///
/// **Bytes.** An object comes back as the bytes that were added.
///
/// **Levels.** A version has the level that it is added with, but one that holds other objects of its collection counts at least as high as the
/// highest of their latest versions: of those that are there when it comes, and of those that come later.
///
/// A collection is named by its id; a verb on one that the directory does not hold is [`StoreError::NoCollection`].
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Roots, collections, users, tokens and grants as they stand.
    async fn directory(&self) -> Result<Directory, StoreError>;

    /// Applies `edits` in their order, all or none, and returns the directory after them.
    ///
    /// Edits are serialised: each is judged by [`Directory::apply`] against the result of all before it. The objects of a
    /// removed collection are gone. What became different is told in the audit log under `act`, in the same write.
    async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError>;

    /// One page of a collection in its order.
    ///
    /// A version is *chosen* by [`Versions`] among those versions of its object that were added after
    /// [`Select::after`] (T-079). Returned are the chosen ones that stand after [`Select::from`], are of the wanted ids and
    /// types and are not above the clearance: at most [`Select::limit`] of them and [`Select::octets`], ascending by stamp, and whether there are more.
    /// An object whose chosen version is above the clearance is left out; no other version takes its place.
    async fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError>;

    /// The same page as the text of its objects, which a store may have ready.
    async fn text(&self, collection: Uuid, select: &Select) -> Result<Text, StoreError> {
        Ok(self.page(collection, select).await?.into())
    }

    /// What is left of a selection for a reader at its position, without the objects.
    ///
    /// Counted is what [`Store::page`] returns of `select` from page to page, whatever its octets, up to [`Select::limit`]. Costs no
    /// more than going through so many records, and nothing where the collection holds nothing after [`Select::from`]. What is being
    /// superseded or deleted meanwhile may be counted or not.
    async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError>;

    /// The last stamp that was given in a collection; zero if none was.
    async fn top(&self, collection: Uuid) -> Result<Stamp, StoreError>;

    /// Adds the objects of one envelope, in their order, as one atomic write.
    ///
    /// For each object: same id and version as a stored one (or as an earlier one in this envelope) with the same
    /// content ([`json::same`](crate::stix::json::same)): [`Outcome::Duplicate`], nothing is stored (T-141, T-142); with other content:
    /// [`Outcome::Conflict`], the first is kept (T-150). An SCO is a duplicate if any stored version of it has the same content.
    /// A version that was deleted for good is not taken again: [`Outcome::Deleted`]. Else [`Outcome::Added`]. What is odd about it next to the latest version that was there
    /// ([`succession`](crate::stix::succession)) joins its warning in the status (S-051, S-052).
    async fn add(&self, addition: Addition) -> Result<Added, StoreError>;

    /// Deletes the chosen versions of one object for good and returns how many went; 0 if there were none.
    ///
    /// `versions` chooses as in [`Store::page`]. What is left of the object is then read as if the deleted versions had
    /// never been (an older version may be the latest again, at its old stamp). The audit log tells which went, in the same write.
    async fn delete(&self, collection: Uuid, id: &StixId, versions: &Versions, removal: Removal, act: Option<Act>) -> Result<usize, StoreError>;

    /// The status kept under `id`, unless it has expired at `now`.
    async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError>;

    /// Writes an act of which nothing comes that is stored here.
    async fn log(&self, act: Act) -> Result<(), StoreError>;

    /// Reads the audit log. Its entries have stamps of their own, strictly increasing in the order in which they were written:
    /// `max(now, last + 1 µs)`.
    async fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError>;

    /// Keeps a paper, in the place of one of the same kind and id.
    async fn keep(&self, paper: Paper) -> Result<(), StoreError>;

    /// A paper, unless it has expired at `now`.
    async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError>;

    /// All papers of a kind that have not expired at `now`, ascending by id.
    async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError>;

    /// Throws a paper away; whether it was there.
    async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError>;

    /// Forgets the statuses and papers that have expired at `now` and returns how many.
    async fn sweep(&self, now: Stamp) -> Result<usize, StoreError>;

    /// Waits until something may have been changed by another server that has the same store. Never ends where there can be none.
    ///
    /// May end for nothing, and tells nothing of what has changed: that stands in the audit log.
    async fn elsewhere(&self) {
        std::future::pending::<()>().await;
    }

    /// Whether other servers may have the same store.
    fn is_shared(&self) -> bool {
        false
    }

    /// Gives `who` the leave to do `what` for so many seconds, or prolongs it, unless another has it; whether it has it now.
    ///
    /// For what only one of several servers may do at a time. Where there is but one, it always has it.
    async fn lease(&self, _what: &str, _who: Uuid, _seconds: u32) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// What was written since this was asked last, in the order of the writes. `None` if that is not known, and nothing that was told before holds:
    /// the first time, when it was too much, and always where other servers may have the same store.
    fn hear(&self) -> Option<Vec<Write>> {
        None
    }

    /// How the store does, as far as it can tell at once.
    fn condition(&self) -> Condition {
        Condition::default()
    }
}

/// How a store does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Condition {
    /// Writes that wait for their turn.
    pub waiting: u64,
    /// Octets on the disk.
    pub octets: u64,
    /// How often [`Store::text`] had a page ready in memory.
    pub ready: Hits,
}

/// How often a cache had what was asked of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    /// Asked for and there.
    pub hits: u64,
    /// Asked for and not there.
    pub misses: u64,
}

/// Counts [`Hits`].
#[derive(Debug, Default)]
pub struct HitCounter {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl HitCounter {
    /// Counts something that was asked for.
    pub fn count(&self, found: bool) {
        let counter = if found { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted.
    pub fn hits(&self) -> Hits {
        Hits { hits: self.hits.load(Ordering::Relaxed), misses: self.misses.load(Ordering::Relaxed) }
    }
}

/// What lies outside the protocol: the store could not do its work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The directory holds no collection of this id.
    #[error("no collection {0}")]
    NoCollection(Uuid),
    /// No room is left for writing; reading goes on.
    #[error("the disk is full: {0}")]
    Full(String),
    /// More waits to be written than can be held; nothing of this was written.
    #[error("too much is waiting to be written")]
    Busy,
    /// Another process has the store open.
    #[error("the store {0} is in use by another process")]
    Locked(String),
    /// The name is that of no store.
    #[error("{0:?} names no store: expected memory:, sled:DIRECTORY or postgres://USER:PASSWORD@HOST/DATABASE")]
    Name(String),
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(String),
    /// What is stored cannot be read.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// Why an edit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The edit contradicts the directory as it stands.
    #[error(transparent)]
    Refused(#[from] Conflict),
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Select {
    /// `added_after`: only versions with a later stamp take part at all.
    pub after: Stamp,
    /// Position of the reader: only versions with a later stamp are returned. At or after `after`.
    pub from: Stamp,
    /// The most to return; at least 1.
    pub limit: usize,
    /// The most octets of objects to return; the first record is returned whatever its size.
    pub octets: usize,
    /// Only objects with one of these ids.
    pub ids: Option<Vec<StixId>>,
    /// Only objects of these types.
    pub types: Option<Vec<String>>,
    /// Which versions of each object.
    pub versions: Versions,
    /// Nothing above this level.
    pub clearance: Level,
    /// Nothing but this.
    pub only: Option<Arc<Only>>,
}

/// What a deletion means for those who bring the same version again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It is refused from now on.
    ForGood {
        /// The clock.
        at: Stamp,
        /// What they are told.
        why: String,
    },
    /// Its time here is over, and that is all.
    Retired,
}

impl Select {
    /// Everything of a collection that a clearance may see, in these versions, on one page.
    pub fn all(versions: Versions, clearance: Level) -> Self {
        let (after, from) = (Stamp::ZERO, Stamp::ZERO);
        Self { after, from, limit: usize::MAX, octets: usize::MAX, ids: None, types: None, versions, clearance, only: None }
    }
}

/// Which versions of an object (T-068 to T-073).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// Every version.
    All,
    /// The union of what the fields name.
    Some {
        /// The one with the smallest `modified`.
        first: bool,
        /// The one with the greatest `modified`.
        last: bool,
        /// Those with exactly these.
        at: Vec<Instant>,
    },
}

impl Versions {
    /// The default of every read: the latest version.
    pub const LAST: Self = Self::Some { first: false, last: true, at: Vec::new() };
}

/// A page of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Ascending by stamp.
    pub records: Vec<Record>,
    /// Whether the same selection has more after the last record.
    pub more: bool,
}

/// What a reader has not got yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behind {
    /// How many records, up to what was asked for.
    pub count: usize,
    /// When the first of them was added; `None` if there are none.
    pub oldest: Option<Stamp>,
}

impl Page {
    /// The stamps of the first and the last record.
    pub fn dates(&self) -> Option<(Stamp, Stamp)> {
        self.records.first().zip(self.records.last()).map(|(first, last)| (first.added, last.added))
    }
}

/// A stored version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the collection's order.
    pub added: Stamp,
    /// Its id.
    pub id: String,
    /// Its version as TAXII writes it (T-117): the text of `modified`, else of `created`, else the stamp.
    pub version: String,
    /// How high it counts.
    pub level: Level,
    /// Where it came from; `None`: from here.
    pub origin: Option<Uuid>,
    /// The object as it came.
    pub object: Bytes,
}

/// An object that passed the gate, ready to be stored.
#[derive(Debug, Clone)]
pub struct NewObject {
    /// Its id.
    pub id: StixId,
    /// The text and the instant of `modified`, else of `created`; `None` for an SCO that has neither.
    pub version: Option<(String, Instant)>,
    /// Its TLP level.
    pub level: Level,
    /// What it holds: it counts as high as the highest of these.
    pub holds: Vec<StixId>,
    /// Where it came from; `None`: from here.
    pub origin: Option<Uuid>,
    /// Whether it says `revoked: true`.
    pub revoked: bool,
    /// What the producer should know although the object is good; goes into the status.
    pub warning: Option<String>,
    /// The object as it came.
    pub object: Bytes,
}

impl NewObject {
    /// An object that obeys the standard, of here.
    pub fn of(good: stix::object::Object, object: Bytes) -> Self {
        let stix::object::Object { id, version, level, holds, revoked, .. } = good;
        Self { id, version, level, holds, origin: None, revoked, warning: None, object }
    }
}

/// One envelope to be stored.
#[derive(Debug, Clone)]
pub struct Addition {
    /// Where to.
    pub collection: Uuid,
    /// The objects that passed the gate, in the order of the envelope.
    pub objects: Vec<NewObject>,
    /// The clock when the request was taken.
    pub now: Stamp,
    /// The status to keep with the objects, if the writer is to be given one.
    pub receipt: Option<Receipt>,
    /// What the audit log is to say, if anything is stored; in the same write.
    pub act: Option<Act>,
}

/// What a status needs besides the outcomes.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The id of the status.
    pub id: Uuid,
    /// The slug of the API root it can be read under.
    pub root: String,
    /// The user who made the request.
    pub owner: String,
    /// The objects that did not pass the gate, with the reasons.
    pub refused: Vec<StatusDetail>,
    /// Only the first so many objects of the addition are told of.
    pub told: usize,
    /// When the status may be forgotten.
    pub expires: Stamp,
}

/// What became of an envelope.
#[derive(Debug, Clone)]
pub struct Added {
    /// One for each object of the addition, in its order.
    pub outcomes: Vec<Outcome>,
    /// The status that was kept, if a receipt was given.
    pub status: Option<Status>,
    /// Objects that count higher now than before, since they hold what came.
    pub raised: Vec<StixId>,
}

/// What became of one object; each with its version as TAXII writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored.
    Added(String),
    /// It was there already.
    Duplicate(String),
    /// The same version was there already with other content, which is kept.
    Conflict(String),
    /// This version was deleted for good; with when and why.
    Deleted(String, String),
}

/// A status as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StatusRecord {
    /// The slug of the API root it can be read under.
    pub root: String,
    /// The user who made the request.
    pub owner: String,
    /// When it may be forgotten.
    pub expires: Stamp,
    /// What is shown.
    pub status: Status,
}

impl Receipt {
    /// The status of an addition whose objects came out as `outcomes`.
    pub fn settle(self, objects: &[NewObject], outcomes: &[Outcome], now: Stamp) -> StatusRecord {
        let mut successes = Vec::new();
        let mut failures = self.refused;
        for (object, outcome) in objects.iter().zip(outcomes).take(self.told) {
            let detail = |version: &String, message| StatusDetail { id: object.id.to_string(), version: version.clone(), message };
            match outcome {
                Outcome::Added(version) | Outcome::Duplicate(version) => successes.push(detail(version, object.warning.clone())),
                Outcome::Conflict(version) => {
                    failures.push(detail(version, Some("this version is stored already with other content, which is kept".into())));
                }
                Outcome::Deleted(version, why) => failures.push(detail(version, Some(why.clone()))),
            }
        }
        StatusRecord {
            root: self.root,
            owner: self.owner,
            expires: self.expires,
            status: Status::complete(self.id.to_string(), now.to_string(), successes, failures),
        }
    }
}
