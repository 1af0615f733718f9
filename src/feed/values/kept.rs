//! What was read of large collections, kept in the store, so that after a start the first list need not wait until every object is read again.
//!
//! Stretch by stretch, as they were heard ([`super::coming`]), else as they are read from the store; what stands behind the last, and was not
//! heard, is read from the objects. Nothing of it is the truth. Where the audit log tells of something that was deleted since, or counts higher, its
//! stretch does not count and is read anew; and once most of it has been superseded, all is read anew.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use uuid::Uuid;

use super::chunk::{Builder, Pack};
use super::coming::{HEAVY, Next};
use super::entry;
use super::table::Table;
use super::{REMEMBERED, Values};
use crate::feed::Feed;
use crate::feed::bell::Ear;
use crate::feed::elsewhere::{self, each_entry, last_entry};
use crate::feed::guard::lists::Lists;
use crate::feed::shelf::stretches::Stretch;
use crate::feed::shelf::{self, Keeper, STRETCH_PAGE, in_background, page_of};
use crate::stix::marking::Level;
use crate::store::directory::Directory;
use crate::store::paper::{Kind, Paper};
use crate::store::{Select, Store, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// Objects of a stretch. A collection with fewer is read from its objects in no time.
const FULL: usize = 4_000;
/// So many of them are worth a write while others write.
const MUCH: usize = 64;
/// It is noted up to where everything is kept after so many stretches, so that a stop undoes few.
const NOTED: usize = 8;
/// In microseconds: it is noted that the log tells of nothing that was touched when it has grown for so long.
const AUDITED: u64 = 60_000_000;
/// How long others have the processors and the disk for themselves before each page, as long as they write.
const PAUSE: Duration = Duration::from_millis(100);
/// When the log tells of more objects than this, everything is read anew.
const MOST_TOUCHED: usize = 10_000;
/// Another one whenever what is kept changes its form: then everything is read anew.
const FORMAT: u32 = 2;

/// What is kept of a collection.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    format: u32,
    /// The collection's number: its id may go and come again.
    number: u32,
    /// Up to here the audit log was looked through.
    audited: Stamp,
    /// Adjoining, from the beginning.
    stretches: Vec<Stretch>,
    /// With so many stretches it is looked whether they have mostly been superseded; then all is read anew,
    most: usize,
    /// and at this time, before any of it is forgotten.
    until: Stamp,
}

/// The keeping of what is not kept yet.
struct Keeping<'a> {
    feed: &'a Feed,
    /// Objects of a stretch.
    full: usize,
    /// Tells whether others write meanwhile, who go first.
    writes: Ear,
}

/// Objects that were counted behind what is kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pending {
    upto: Stamp,
    objects: usize,
}

impl Kept {
    fn new(number: u32, audited: Stamp, now: Stamp) -> Self {
        Self { format: FORMAT, number, audited, stretches: Vec::new(), most: usize::MAX, until: Stamp(now.0 + REMEMBERED / 2) }
    }

    /// Up to where everything is kept.
    fn end(&self) -> Stamp {
        self.stretches.last().map_or(Stamp::ZERO, |stretch| stretch.upto)
    }

    fn read(paper: &Paper) -> Option<Self> {
        serde_json::from_slice(&paper.text).ok()
    }

    /// Whether it is of the collection that the directory has now, and can be read.
    fn is_of(&self, directory: &Directory, collection: Uuid) -> bool {
        self.format == FORMAT && directory.collection(collection).is_some_and(|(number, _)| number == self.number)
    }
}

#[async_trait]
impl Keeper<Table> for Values {
    async fn kept(&self, collection: Uuid, lists: &Arc<Lists>, store: &dyn Store) -> Result<Vec<Stretch>, StoreError> {
        let mut stretches = Vec::new();
        let mut end = Stamp::ZERO;
        // It counts until it is swept away.
        if let Some(paper) = store.paper(Kind::Kept, collection, Stamp::ZERO).await? {
            let directory = store.directory().await?;
            if let Some(kept) = Kept::read(&paper).filter(|kept| kept.is_of(&directory, collection)) {
                end = kept.end();
                if let Some(touched) = touched(store, collection, kept.audited).await? {
                    stretches.extend(kept.stretches.iter().filter(|stretch| !holds(**stretch, &touched)));
                }
            }
        }
        self.hear(store, lists, FULL).await?;
        stretches.extend(self.heard_behind(collection, end).await);
        Ok(stretches)
    }

    async fn fetch(&self, collection: Uuid, stretch: Stretch, lists: &Arc<Lists>, store: &dyn Store) -> Result<Option<Arc<Pack>>, StoreError> {
        if let Some(read) = self.heard(collection, stretch).await? {
            return Ok(Some(read));
        }
        let Some(paper) = store.paper(Kind::Values, id_of(collection, stretch), Stamp::ZERO).await? else { return Ok(None) };
        let lists = lists.clone();
        in_background(move || {
            let (_, mut read) = Pack::unpack(&paper.text).ok().filter(|(of, _)| *of == stretch)?;
            // The lists may be others since.
            read.block(|kind, text| entry::is_blocked(kind, text, &lists));
            Some(Arc::new(read))
        })
        .await
    }
}

impl Feed {
    /// Reads what was stored since for lists, as far as the store tells it. Returns whether it is time to keep it.
    pub async fn hear_values(&self) -> Result<bool, StoreError> {
        Ok(self.values.hear(&*self.store, &self.guard.lists, FULL).await? >= MUCH)
    }

    /// Keeps what can be read of large collections for lists, as far as it is not kept yet.
    pub async fn keep_values(&self) -> Result<(), StoreError> {
        self.keep_values_in(FULL).await
    }

    /// Keeps it in stretches of so many objects.
    pub(super) async fn keep_values_in(&self, full: usize) -> Result<(), StoreError> {
        // A copy that lags behind might be read after its log.
        if self.store.is_shared() { Ok(()) } else { Keeping { feed: self, full, writes: self.bell.listen() }.keep_all().await }
    }
}

impl Keeping<'_> {
    async fn keep_all(&mut self) -> Result<(), StoreError> {
        // Before anything is read or heard of which it may tell.
        let audited = last_entry(&*self.feed.store).await?;
        self.feed.values.hear(&*self.feed.store, &self.feed.guard.lists, self.full).await?;
        let directory = self.feed.directory();
        let mut all = HashMap::new();
        for paper in self.feed.papers(Kind::Kept).await? {
            match Kept::read(&paper) {
                Some(kept) if kept.is_of(&directory, paper.id) => drop(all.insert(paper.id, kept)),
                other => self.forget(paper.id, other.map(|kept| kept.stretches).unwrap_or_default()).await?,
            }
        }
        for (number, collection) in &directory.collections {
            self.keep_one(*number, collection.id, all.remove(&collection.id), audited).await?;
        }
        Ok(())
    }

    async fn keep_one(&mut self, number: u32, collection: Uuid, before: Option<Kept>, audited: Stamp) -> Result<(), StoreError> {
        let now = self.feed.clock.now();
        let mut kept = before.clone().unwrap_or_else(|| Kept::new(number, audited, now));
        let touched = if before.is_some() { touched(&*self.feed.store, collection, kept.audited).await? } else { Some(BTreeSet::new()) };
        let superseded = kept.stretches.len() >= kept.most && self.are_mostly_superseded(collection, &kept).await?;
        let mended = match touched {
            Some(touched) if !superseded && now < kept.until => {
                if kept.stretches.len() >= kept.most {
                    kept.most = 2 * kept.stretches.len();
                }
                self.mend(collection, &kept, &touched).await?
            }
            _ => {
                self.forget(collection, kept.stretches).await?;
                kept = Kept::new(number, audited, now);
                false
            }
        };
        kept.audited = audited;
        self.append(collection, &mut kept).await?;
        // That the log tells of nothing more need not be written down each time.
        let same = |before: &Kept| !mended && before.stretches == kept.stretches && audited.0.saturating_sub(before.audited.0) < AUDITED;
        if kept.stretches.is_empty() || before.as_ref().is_some_and(same) { Ok(()) } else { self.note(collection, &kept).await }
    }

    async fn note(&self, collection: Uuid, kept: &Kept) -> Result<(), StoreError> {
        let text = serde_json::to_vec(kept).map_err(|error| StoreError::Engine(format!("what is kept for lists: {error}")))?;
        self.feed.keep(self.feed.paper_for(Kind::Kept, collection, text.into())).await
    }

    /// Reads anew where something was touched since; whether anything was.
    async fn mend(&mut self, collection: Uuid, kept: &Kept, touched: &BTreeSet<Stamp>) -> Result<bool, StoreError> {
        let mut mended = false;
        for stretch in kept.stretches.iter().filter(|stretch| holds(**stretch, touched)) {
            mended = true;
            let (mut read, mut rest) = (Builder::default(), *stretch);
            while let Some((last, _)) = self.read_on(collection, rest, STRETCH_PAGE, &mut read).await? {
                rest.after = last;
            }
            self.keep_stretch(collection, *stretch, &read.finish()).await?;
        }
        Ok(mended)
    }

    /// Keeps what has come, as long as it fills stretches.
    async fn append(&mut self, collection: Uuid, kept: &mut Kept) -> Result<(), StoreError> {
        loop {
            let (stretch, read) = match self.feed.values.next(collection, kept.end()).await {
                Next::Heard(stretch, read) => {
                    self.let_readers_go_first().await;
                    (stretch, read)
                }
                Next::Stored(upto, more) => match self.read_stretch(collection, Stretch { after: kept.end(), upto }, more).await? {
                    Some((stretch, read)) => (stretch, read.finish().into()),
                    None => break,
                },
            };
            self.keep_stretch(collection, stretch, &read).await?;
            kept.stretches.push(stretch);
            if kept.stretches.len().is_multiple_of(NOTED) {
                self.note(collection, kept).await?;
            }
        }
        kept.most = kept.most.min(2 * kept.stretches.len().max(1));
        Ok(())
    }

    /// Reads a stretch from the store; a whole one, or, if more is to come behind it, all there is.
    async fn read_stretch(&mut self, collection: Uuid, room: Stretch, more: bool) -> Result<Option<(Stretch, Builder)>, StoreError> {
        if room.after >= room.upto || !more && self.count_pending(collection, room.after).await? < self.full {
            return Ok(None);
        }
        let (mut read, mut objects, mut last) = (Builder::default(), 0, room.after);
        while objects < self.full && read.octets() < HEAVY {
            let rest = Stretch { after: last, ..room };
            let Some((end, count)) = self.read_on(collection, rest, STRETCH_PAGE.min(self.full - objects), &mut read).await? else {
                return Ok(more.then_some((room, read)));
            };
            (last, objects) = (end, objects + count);
        }
        Ok(Some((Stretch { upto: last, ..room }, read)))
    }

    /// Whether less than half of what is kept is the latest version of its object.
    async fn are_mostly_superseded(&self, collection: Uuid, kept: &Kept) -> Result<bool, StoreError> {
        let half = kept.stretches.len() * self.full / 2;
        let latest = Select { limit: half, ..Select::all(Versions::LAST, Level::Red) };
        Ok(self.feed.store.behind(collection, &latest).await?.count < half)
    }

    /// How many objects stand behind what is kept, if they are fewer than make a stretch; what was counted before is not counted again.
    async fn count_pending(&self, collection: Uuid, end: Stamp) -> Result<usize, StoreError> {
        let counted = self.feed.values.pending().get(&collection).copied().filter(|pending| pending.upto > end);
        let Pending { upto, objects } = counted.unwrap_or(Pending { upto: end, objects: 0 });
        let top = self.feed.store.top(collection).await?;
        if top == upto {
            return Ok(objects);
        }
        let select = Select { from: upto, limit: self.full, ..Select::all(Versions::LAST, Level::Red) };
        let objects = objects + self.feed.store.behind(collection, &select).await?.count;
        self.feed.values.pending().insert(collection, Pending { upto: top, objects });
        Ok(objects)
    }

    /// Reads the next objects of a stretch, so many at most: the stamp of the last, and how many; `None` at the end.
    async fn read_on(&mut self, collection: Uuid, stretch: Stretch, most: usize, read: &mut Builder) -> Result<Option<(Stamp, usize)>, StoreError> {
        if self.writes.rang() {
            sleep(PAUSE).await;
        }
        self.let_readers_go_first().await;
        let (records, _) = page_of(&*self.feed.store, collection, stretch, most).await?;
        let Some(last) = records.last() else { return Ok(None) };
        let found = (last.added, records.len());
        let (lists, mut all) = (self.feed.guard.lists.clone(), std::mem::take(read));
        *read = in_background(move || {
            entry::read(&records, &lists, &mut all);
            all
        })
        .await?;
        Ok(Some(found))
    }

    /// Waits while somebody waits for a list.
    async fn let_readers_go_first(&self) {
        while self.feed.values.are_being_read() {
            sleep(PAUSE).await;
        }
    }

    async fn keep_stretch(&self, collection: Uuid, stretch: Stretch, read: &Pack) -> Result<(), StoreError> {
        let text = read.pack(stretch).map_err(|error| StoreError::Engine(format!("what is kept for lists: {error}")))?;
        self.feed.keep(self.feed.paper_for(Kind::Values, id_of(collection, stretch), text.into())).await
    }

    async fn forget(&self, collection: Uuid, stretches: Vec<Stretch>) -> Result<(), StoreError> {
        self.feed.values.pending().remove(&collection);
        self.feed.discard(Kind::Kept, collection).await?;
        for stretch in stretches {
            self.feed.discard(Kind::Values, id_of(collection, stretch)).await?;
        }
        Ok(())
    }
}

/// The name of the paper of a stretch.
fn id_of(collection: Uuid, stretch: Stretch) -> Uuid {
    Uuid::new_v5(&collection, &stretch.after.0.to_be_bytes())
}

fn holds(stretch: Stretch, stamps: &BTreeSet<Stamp>) -> bool {
    stamps.range((Bound::Excluded(stretch.after), Bound::Included(stretch.upto))).next().is_some()
}

/// Where objects of a collection stood or stand of which the audit log tells that they were deleted or count higher; `None` if they are too many.
async fn touched(store: &dyn Store, collection: Uuid, since: Stamp) -> Result<Option<BTreeSet<Stamp>>, StoreError> {
    let (mut ids, mut stamps) = (BTreeSet::new(), BTreeSet::new());
    each_entry(store, since, |entry| {
        if entry.collection == Some(collection) {
            stamps.extend(entry.deleted.iter().map(|deleted| deleted.added));
            ids.extend(elsewhere::touched(entry));
        }
        ids.len() <= MOST_TOUCHED
    })
    .await?;
    if ids.len() > MOST_TOUCHED {
        return Ok(None);
    }
    // An older version may be the latest again, at its old stamp.
    let now = shelf::fetch(store, collection, ids.into_iter().collect(), Level::Red).await?;
    stamps.extend(now.iter().map(|record| record.added));
    Ok(Some(stamps))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::feed::access::Reading;
    use crate::feed::clock::SystemClock;
    use crate::feed::values::chunk::Row;
    use crate::stix::time::Instant;
    use crate::store::audit::{Act, Verb};
    use crate::store::directory::Edit;
    use crate::store::memory::MemoryStore;
    use crate::store::{Addition, NewObject, Record, Removal, contract};

    /// Objects of a stretch here.
    const FEW: usize = 3;

    /// What happens to a collection.
    #[derive(Debug, Clone)]
    enum Step {
        /// Versions of objects come, in one write.
        Add(Vec<(u128, u8)>),
        /// The latest version of an object is deleted, or all are.
        Delete(u128, bool),
        /// What has come is heard.
        Hear,
        /// What can be kept is kept.
        Keep,
        /// Somebody asks for a list, for which all is read.
        Ask,
        /// The server starts anew, and somebody asks for a list.
        Start,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            5 => prop::collection::vec((0..12_u128, 0..9_u8), 1..6).prop_map(Step::Add),
            2 => (0..12_u128, any::<bool>()).prop_map(|(n, all)| Step::Delete(n, all)),
            2 => Just(Step::Hear),
            1 => Just(Step::Ask),
            2 => Just(Step::Keep),
            1 => Just(Step::Start),
        ];
        prop::collection::vec(step, 1..40)
    }

    fn version(n: u128, second: u8) -> NewObject {
        let id = contract::id(if n.is_multiple_of(4) { "malware" } else { "indicator" }, n);
        let modified = format!("2021-03-02T00:00:0{second}Z");
        let text = format!(
            r#"{{"id":"{id}","modified":"{modified}","name":"of {n} at {second}","labels":["l{n}"],"created_by_ref":"identity--{n}",
            "pattern_type":"stix","pattern":"[domain-name:value IN ('d{n}.example', 'v{second}.example')]"}}"#
        );
        let instant = Instant::parse(&modified).unwrap();
        NewObject { version: Some((modified, instant)), object: Bytes::from(text), ..contract::object(&id, "00", "") }
    }

    /// Every value, with what is told of it.
    async fn told(feed: &Feed, collection: Uuid) -> Vec<(String, String, Vec<Box<str>>, String, Stamp)> {
        let snapshot = feed.values(&Reading::whole(collection, Level::Red)).await.unwrap();
        let rows = snapshot.chunks.iter().flat_map(|chunk| chunk.rows());
        let mut told: Vec<_> =
            rows.map(|row| (row.value().to_owned(), row.name().to_owned(), row.labels().to_vec(), row.source().to_owned(), row.added())).collect();
        told.sort();
        told
    }

    async fn papers(store: &dyn Store) -> [usize; 2] {
        let [kept, values] = [Kind::Kept, Kind::Values].map(|kind| store.papers(kind, Stamp::ZERO));
        [kept.await.unwrap().len(), values.await.unwrap().len()]
    }

    async fn open(store: &Arc<dyn Store>) -> Feed {
        Feed::open(store.clone(), Arc::new(SystemClock), crate::feed::Options::default()).await.unwrap()
    }

    async fn check(steps: &[Step]) -> Result<(), TestCaseError> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let collection = contract::collection(&*store).await;
        let mut feed = open(&store).await;
        let mut clock = 1_000_000;
        for step in steps {
            clock += 1;
            let act = || Act::of_program(Verb::Delete, Stamp(clock));
            match step {
                Step::Add(versions) => {
                    let objects = versions.iter().map(|(n, second)| version(*n, *second)).collect();
                    store.add(Addition { collection, objects, now: Stamp(clock), receipt: None, act: Some(act()) }).await.unwrap();
                }
                Step::Delete(n, all) => {
                    let versions = if *all { Versions::All } else { Versions::LAST };
                    store.delete(collection, &version(*n, 0).id, &versions, Removal::Retired, Some(act())).await.unwrap();
                }
                Step::Keep => {
                    feed.keep_values_in(FEW).await.unwrap();
                }
                Step::Hear => drop(feed.values.hear(&*store, &feed.guard.lists, FEW).await.unwrap()),
                Step::Ask | Step::Start => {
                    if matches!(step, Step::Start) {
                        feed = open(&store).await;
                    }
                    feed.values.shelves.lock().unwrap().clear();
                    let with = told(&feed, collection).await;
                    let paper = store.paper(Kind::Kept, collection, Stamp::ZERO).await.unwrap();
                    store.discard(Kind::Kept, collection).await.unwrap();
                    prop_assert_eq!(with, told(&open(&store).await, collection).await);
                    if let Some(paper) = paper {
                        store.keep(paper).await.unwrap();
                    }
                }
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn after_a_start_the_values_are_those_of_the_objects(steps in steps()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(check(&steps))?;
        }
    }

    /// A collection of ten indicators, of which what can be is kept.
    async fn filled() -> (Arc<dyn Store>, Uuid, Feed) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let collection = contract::collection(&*store).await;
        add(&store, collection, 1..14).await;
        let feed = open(&store).await;
        feed.keep_values_in(FEW).await.unwrap();
        (store, collection, feed)
    }

    async fn add(store: &Arc<dyn Store>, collection: Uuid, numbers: std::ops::Range<u128>) {
        let objects = numbers.filter(|n| !n.is_multiple_of(4)).map(|n| version(n, 0)).collect();
        store.add(Addition { collection, objects, now: Stamp(1_000_000), receipt: None, act: None }).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_kept_is_not_read_again_and_what_is_damaged_is() {
        let (store, collection, feed) = filled().await;
        assert_eq!(papers(&*store).await, [1, 3], "the tenth fills no stretch");
        let before = told(&feed, collection).await;
        let mut kept = store.papers(Kind::Values, Stamp::ZERO).await.unwrap();
        // What is kept says who it is of.
        let first = kept.remove(0);
        let text = String::from_utf8_lossy(&first.text).into_owned();
        let name = before.iter().map(|told| told.1.clone()).find(|name| text.contains(name.as_str())).unwrap();
        let other = name.replace(' ', "_");
        let at = first.text.windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
        let octets = [&first.text[..at], other.as_bytes(), &first.text[at + name.len()..]].concat();
        store.keep(Paper { text: octets.into(), ..first.clone() }).await.unwrap();
        assert!(told(&open(&store).await, collection).await.iter().any(|told| told.1 == other), "it is taken as it is kept");
        store.keep(Paper { text: Bytes::from_static(b"damaged"), ..first }).await.unwrap();
        assert_eq!(told(&open(&store).await, collection).await, before);
    }

    #[tokio::test]
    async fn values_are_blocked_by_the_lists_of_today() {
        let (store, collection, _) = filled().await;
        let list = r#"{"name":"mine","type":"hostname","list":["d1.example"],"taxiway":{"policy":"block"}}"#;
        let dir = tempfile::TempDir::new().unwrap();
        std::fs::write(dir.path().join("mine.json"), list).unwrap();
        let options = crate::feed::guard::Options { folder: Some(dir.path().to_owned()), ..Default::default() };
        let feed = open(&store).await.guarded(crate::feed::guard::Guard::open(&options).unwrap());
        let snapshot = feed.values(&Reading::whole(collection, Level::Red)).await.unwrap();
        let blocked: Vec<&str> = snapshot.chunks.iter().flat_map(|chunk| chunk.rows()).filter(|row| row.is_blocked()).map(Row::value).collect();
        assert_eq!(blocked, ["d1.example"]);
    }

    #[tokio::test]
    async fn a_collection_takes_what_is_kept_of_it_along() {
        let (store, id, feed) = filled().await;
        let collection = feed.directory().collection(id).unwrap().1.clone();
        feed.edit(vec![Edit::RemoveCollection(id), Edit::AddCollection(collection)], None).await.unwrap();
        assert_eq!((papers(&*store).await, told(&open(&store).await, id).await), ([1, 3], vec![]), "another collection of the same name");
        feed.keep_values_in(FEW).await.unwrap();
        assert_eq!(papers(&*store).await, [0, 0]);
    }

    #[tokio::test]
    async fn all_is_read_anew_once_as_much_has_come_as_was_there() {
        let (store, collection, feed) = filled().await;
        let kept = async || Kept::read(&store.papers(Kind::Kept, Stamp::ZERO).await.unwrap()[0]).unwrap();
        let first = kept().await;
        assert_eq!((first.stretches.len(), first.most), (3, 6));
        for second in 1..9 {
            let again = (1..4).map(|n| version(n, second)).collect();
            store.add(Addition { collection, objects: again, now: Stamp(2_000_000), receipt: None, act: None }).await.unwrap();
            feed.keep_values_in(FEW).await.unwrap();
        }
        feed.keep_values_in(FEW).await.unwrap();
        assert_eq!((kept().await.stretches.len(), papers(&*store).await), (3, [1, 3]));
        assert_eq!(told(&open(&store).await, collection).await, told(&feed, collection).await);
    }

    #[test]
    fn what_is_kept_has_the_form_of_its_number() {
        let mut read = Builder::default();
        let NewObject { id, object, .. } = version(1, 2);
        let record = Record { added: Stamp(5), id: id.as_str().into(), version: String::new(), level: Level::Amber, origin: None, object };
        entry::read(&[record], &Lists::default(), &mut read);
        let packed = read.finish().pack(Stretch { after: Stamp(1), upto: Stamp(7) }).unwrap();
        let form = "010702100000000000004000800000000000000105000a09000000000303ff010000100000000000004000800000000000000105130a0900000000\
            0303ff0100002664312e6578616d706c656f662031206174203276322e6578616d706c656f66203120617420320101026c3101010b6964656e746974792d\
            2d3101008089fad3a690ef0200ffffffffffffffffff01";
        assert_eq!((FORMAT, hex::encode(packed).as_str()), (2, form), "another form wants another number");
    }
}
