//! The one writer: takes what is waiting, writes it as one, makes it durable, shows it, and only then answers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sled::{Batch, Tree};
use tokio::sync::mpsc::{Receiver, error::TryRecvError};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::Shared;
use super::disk::Disk;
use super::keys::{self, Entry, Place};
use super::plan::{self, missing};
use super::runs::Changes;
use super::shelf::{Grave, Shelf, places};
use super::view::{House, View};
use crate::stix::id::{StixId, type_of};
use crate::stix::json;
use crate::stix::time::Instant;
use crate::store::audit::{self, Act, Deleted};
use crate::store::directory::{Directory, Edit};
use crate::store::paper::{Kind, Paper};
use crate::store::writes::Write;
use crate::store::{Added, Addition, EditError, Record, Removal, StoreError, Versions, rules};
use crate::taxii::stamp::Stamp;

/// A group ends when its objects have more bytes than this.
const GROUP_BYTES: usize = 4 << 20;
/// How often the writer looks whether as many envelopes have come as were in the last group, and how long it waits between two looks.
const LOOKS: usize = 5;
const LOOK: Duration = Duration::from_micros(100);
/// What an object costs besides its bytes: keys, header and indexes.
const OVERHEAD: usize = 512;
/// Keys that are removed between two looks at what is waiting.
const CHUNK: usize = 1_000;

/// Where an answer goes.
type Reply<T, E = StoreError> = oneshot::Sender<Result<T, E>>;

/// Work for the writer.
#[derive(Debug)]
pub(super) enum Job {
    /// [`Store::add`](crate::store::Store::add).
    Add(Addition, Reply<Added>),
    /// [`Store::delete`](crate::store::Store::delete).
    Delete(Uuid, StixId, Versions, Removal, Option<Act>, Reply<usize>),
    /// [`Store::edit`](crate::store::Store::edit).
    Edit(Vec<Edit>, Option<Act>, Reply<Directory, EditError>),
    /// [`Store::sweep`](crate::store::Store::sweep).
    Sweep(Stamp, Reply<usize>),
    /// [`Store::log`](crate::store::Store::log).
    Log(Act, Reply<()>),
    /// [`Store::keep`](crate::store::Store::keep).
    Keep(Paper, Reply<()>),
    /// [`Store::discard`](crate::store::Store::discard).
    Discard(Kind, Uuid, Reply<bool>),
}

/// How a writer came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nobody could send any more.
    Well,
    /// After a write that failed.
    Broken,
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    disk: Disk,
    /// Collections that are gone but for their objects.
    purges: VecDeque<u32>,
    /// How many envelopes were in the last group.
    usual: usize,
    /// Why nothing more is written: sled cannot tell what of a failed write is on the disk, so it must be opened anew.
    broken: Option<StoreError>,
}

impl Writer {
    /// A writer that shows its work to the readers of `shared`.
    pub(super) fn new(shared: Arc<Shared>, disk: Disk, purges: VecDeque<u32>) -> Self {
        Self { shared, disk, purges, usual: 1, broken: None }
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, mut jobs: Receiver<Job>) -> Ended {
        // What a crash left half done; without room for it readers are still right, and the next write tries again.
        let _ = self.tidy();
        let mut next = None;
        while let Some(job) = next.take().or_else(|| self.wait(&mut jobs)) {
            match job {
                Job::Add(addition, reply) => next = self.add(addition, reply, &mut jobs),
                Job::Delete(collection, id, versions, removal, act, reply) => {
                    answer(reply, self.delete(collection, &id, &versions, &removal, act));
                }
                Job::Edit(edits, act, reply) => answer(reply, self.edit(edits, act)),
                Job::Sweep(now, reply) => answer(reply, self.sweep(now)),
                Job::Log(act, reply) => answer(reply, self.log(act)),
                Job::Keep(paper, reply) => answer(reply, self.keep(&paper)),
                Job::Discard(kind, id, reply) => answer(reply, self.discard(kind, id)),
            }
        }
        if self.broken.is_some() { Ended::Broken } else { Ended::Well }
    }

    /// The next job; purges while there is none.
    fn wait(&mut self, jobs: &mut Receiver<Job>) -> Option<Job> {
        while let Some(number) = self.purges.front().copied() {
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => match self.purge(number) {
                    Ok(false) => {}
                    Ok(true) => drop(self.purges.pop_front()),
                    // Without room it waits for a better time, at the latest the next start.
                    Err(_) => break,
                },
            }
        }
        jobs.blocking_recv()
    }

    /// Stores an envelope together with those that wait behind it; returns the job that ended the group.
    fn add(&mut self, addition: Addition, reply: Reply<Added>, jobs: &mut Receiver<Job>) -> Option<Job> {
        let mut next = None;
        let mut bytes = size(&addition);
        let (mut additions, mut replies) = (vec![addition], vec![reply]);
        let mut looks = LOOKS;
        while bytes < GROUP_BYTES {
            match jobs.try_recv() {
                Ok(Job::Add(addition, reply)) => {
                    bytes += size(&addition);
                    additions.push(addition);
                    replies.push(reply);
                }
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                // Those who were answered together are likely to come again together, in a moment.
                Err(TryRecvError::Empty) if additions.len() < self.usual && looks > 0 => {
                    looks -= 1;
                    std::thread::sleep(LOOK);
                }
                Err(_) => break,
            }
        }
        self.usual = additions.len();
        match self.add_group(additions, bytes) {
            Ok(answers) => replies.into_iter().zip(answers).for_each(|(reply, result)| answer(reply, result)),
            Err(error) => replies.into_iter().for_each(|reply| answer(reply, Err(error.clone()))),
        }
        // An error stays until the next write, which meets it again and tells it.
        let _ = self.tidy();
        next
    }

    fn add_group(&mut self, additions: Vec<Addition>, bytes: usize) -> Result<Vec<Result<Added, StoreError>>, StoreError> {
        self.ready(bytes)?;
        let view = self.shared.view.load_full();
        let mut plan = plan::plan(&self.shared.db, &view, additions)?;
        if plan.is_empty {
            return Ok(plan.answers);
        }
        let raised: HashSet<u32> = plan.raised.iter().map(|(number, _)| *number).collect();
        for number in raised {
            self.touch(number);
        }
        self.commit(|tree| {
            for (key, value) in plan.entries.into_iter().chain(plan.indexes) {
                tree.insert(key, value)?;
            }
            Ok(tree.apply_batch(plan.commit)?)
        })?;
        let grown: Vec<u32> = plan.tops.keys().copied().collect();
        let changed: Vec<(u32, Stamp)> = plan.superseded.iter().chain(&plan.raised).copied().collect();
        self.shared.segments.change(&changed, || {
            self.show(|view| {
                view.tops.extend(plan.tops);
                view.audited = plan.audited;
                view.moving.extend(plan.superseded.iter().copied());
            });
        });
        for number in grown {
            self.tell(number, view.top(number), plan.latest.remove(&number).unwrap_or_default());
        }
        Ok(plan.answers)
    }

    fn delete(&mut self, collection: Uuid, id: &StixId, versions: &Versions, removal: &Removal, act: Option<Act>) -> Result<usize, StoreError> {
        let number = self.shared.view.load().house.number(collection)?;
        self.ready(0)?;
        let tree = Tree::clone(&self.shared.db);
        let kept = Shelf { tree: &tree, number };
        let before = kept.versions(id.as_str())?;
        let gone: HashSet<Stamp> = rules::choose(versions, before.iter().map(|(instant, stamp)| (instant, *stamp))).into_iter().collect();
        if gone.is_empty() {
            return Ok(0);
        }
        let (mut batch, bytes) = without(kept, id, &before, &gone)?;
        if let Removal::ForGood { at, why } = removal {
            bury(kept, id, before.iter().filter(|(_, added)| gone.contains(added)), &rules::deleted(*at, why), &mut batch)?;
        }
        self.disk.room(bytes + gone.len() * OVERHEAD)?;
        let mut audited = self.shared.view.load().audited;
        if let Some(act) = act {
            let mut deleted: Vec<Deleted> = gone.iter().map(|added| Deleted { id: id.to_string(), added: *added }).collect();
            deleted.sort_by_key(|deleted| deleted.added);
            let (key, text) = plan::entry(&mut audited, act, |entry| {
                entry.collection = Some(collection);
                entry.deleted = deleted;
            })?;
            batch.insert(key, text);
        }
        // While the number is odd, and whenever it has changed meanwhile, a reader may have seen half of this, and reads again.
        let shared = self.shared.clone();
        // Versions that the deleted ones had superseded come back at their old places.
        let touched: Vec<(u32, Stamp)> = before.iter().map(|(_, added)| (number, *added)).collect();
        shared.removals.fetch_add(1, Ordering::SeqCst);
        self.touch(number);
        let done = shared.segments.change(&touched, || self.commit(|tree| Ok(tree.apply_batch(batch)?)));
        shared.removals.fetch_add(1, Ordering::SeqCst);
        done?;
        self.show(|view| {
            view.audited = audited;
            if matches!(removal, Removal::ForGood { .. }) {
                view.graves.insert(number);
            }
        });
        Ok(gone.len())
    }

    fn edit(&mut self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        let old = self.shared.view.load().house.clone();
        let mut directory = old.directory.clone();
        for edit in edits {
            directory.apply(edit)?;
        }
        if directory == old.directory {
            return Ok(directory);
        }
        let text = serde_json::to_vec(&directory).map_err(|e| StoreError::Engine(format!("the directory: {e}")))?;
        self.ready(text.len())?;
        let removed: Vec<u32> = old.directory.collections.keys().filter(|number| !directory.collections.contains_key(number)).copied().collect();
        let mut batch = Batch::default();
        batch.insert(keys::DIRECTORY, text);
        for number in &removed {
            batch.insert(keys::of(keys::PURGE, *number), &[]);
        }
        let mut audited = self.shared.view.load().audited;
        let changed = audit::changes(&old.directory, &directory);
        if let Some(act) = act.filter(|_| !changed.is_empty()) {
            let (key, text) = plan::entry(&mut audited, act, |entry| entry.changed = changed)?;
            batch.insert(key, text);
        }
        for number in &removed {
            self.touch(*number);
        }
        self.commit(|tree| Ok(tree.apply_batch(batch)?))?;
        self.show(|view| {
            view.house = Arc::new(House::new(directory.clone()));
            view.audited = audited;
            view.tops.retain(|number, _| !removed.contains(number));
            view.moving.retain(|(number, _)| !removed.contains(number));
            view.graves.retain(|number| !removed.contains(number));
        });
        if !removed.is_empty() {
            self.shared.removals.fetch_add(2, Ordering::SeqCst);
            for number in &removed {
                self.shared.segments.forget(*number);
            }
            self.purges.extend(removed);
        }
        Ok(directory)
    }

    fn sweep(&mut self, now: Stamp) -> Result<usize, StoreError> {
        let statuses = self.forget(&[keys::EXPIRY], &keys::expiry(now, Uuid::max()), |key| Ok(keys::status(keys::uuid_of(key)?)))?;
        Ok(statuses + self.forget(&[keys::PAPER_EXPIRY], &keys::papers_expired(now), keys::expired_paper)?)
    }

    /// Removes everything that stands under the expiry keys from `begin` to `end`, with what each of them names.
    fn forget(&mut self, begin: &[u8], end: &[u8], named: impl Fn(&[u8]) -> Result<Vec<u8>, StoreError>) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        loop {
            let expired: Vec<_> = self.shared.db.range(begin..=end).keys().take(CHUNK).collect::<Result<_, _>>()?;
            if expired.is_empty() {
                return Ok(forgotten);
            }
            self.ready(expired.len() * OVERHEAD)?;
            forgotten += expired.len();
            self.commit(|tree| {
                for key in expired {
                    tree.remove(named(&key)?)?;
                    tree.remove(key)?;
                }
                Ok(())
            })?;
        }
    }

    /// Writes an act that needs no other write.
    fn log(&mut self, act: Act) -> Result<(), StoreError> {
        let mut audited = self.shared.view.load().audited;
        let (key, text) = plan::entry(&mut audited, act, |_| ())?;
        self.ready(OVERHEAD + text.len())?;
        self.commit(|tree| Ok(tree.insert(key, text).map(drop)?))?;
        self.show(|view| view.audited = audited);
        Ok(())
    }

    fn keep(&mut self, paper: &Paper) -> Result<(), StoreError> {
        let key = keys::paper(paper.kind, paper.id);
        let value = keys::write_paper(paper)?;
        self.ready(OVERHEAD + value.len())?;
        let mut batch = self.without_paper(paper.kind, paper.id)?.unwrap_or_default();
        batch.insert(key, value);
        batch.insert(keys::paper_expiry(paper.expires, paper.kind, paper.id), &[]);
        self.commit(|tree| Ok(tree.apply_batch(batch)?))
    }

    fn discard(&mut self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        self.ready(OVERHEAD)?;
        let Some(batch) = self.without_paper(kind, id)? else { return Ok(false) };
        self.commit(|tree| Ok(tree.apply_batch(batch)?))?;
        Ok(true)
    }

    /// What removes a paper; none if it is not there.
    fn without_paper(&self, kind: Kind, id: Uuid) -> Result<Option<Batch>, StoreError> {
        let key = keys::paper(kind, id);
        let Some(value) = self.shared.db.get(&key)? else { return Ok(None) };
        let old = keys::read_paper(kind, &key, value)?;
        let mut batch = Batch::default();
        batch.remove(key);
        batch.remove(keys::paper_expiry(old.expires, kind, id));
        Ok(Some(batch))
    }

    /// Removes some of what is left of a removed collection; true when nothing is left.
    fn purge(&mut self, number: u32) -> Result<bool, StoreError> {
        self.ready(CHUNK * OVERHEAD)?;
        let tree = &self.shared.db;
        let left = b"nhvtmcg".iter().flat_map(|first| tree.scan_prefix(keys::of(*first, number)).keys());
        let left: Vec<_> = left.take(CHUNK).collect::<Result<_, _>>()?;
        let done = left.is_empty();
        self.write(|tree| {
            for key in left {
                tree.remove(key)?;
            }
            if done {
                tree.remove(keys::of(keys::LAST, number))?;
                tree.remove(keys::of(keys::PURGE, number))?;
            }
            Ok(())
        })?;
        Ok(done)
    }

    /// Moves superseded versions into the history. Their marks make this good after a crash, so it need not be durable.
    fn tidy(&mut self) -> Result<(), StoreError> {
        let view = self.shared.view.load_full();
        let mut moved = HashSet::new();
        let mut done = Ok(());
        for (number, added) in view.moving.iter().copied() {
            done = self.supersede(number, added);
            if done.is_err() {
                break;
            }
            moved.insert((number, added));
        }
        if !moved.is_empty() {
            self.show(|view| view.moving.retain(|moving| !moved.contains(moving)));
        }
        done
    }

    fn supersede(&mut self, number: u32, added: Stamp) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        let kept = Shelf { tree: &shared.db, number };
        let found = kept.fetch_from(Place::Newest, added)?;
        self.usable()?;
        self.disk.room(OVERHEAD + found.as_ref().map_or(0, |found| found.entry.len()))?;
        self.write(|tree| {
            if let Some(found) = found {
                // Into the history first, where a reader looks last; out of the newest last, where a crash in here is made good.
                let type_name = type_of(found.entry.id()).to_owned();
                tree.insert(keys::entry(Place::History, number, added), found.entry.into_value())?;
                kept.strike(&type_name, added)?;
                tree.remove(keys::entry(Place::Newest, number, added))?;
            }
            tree.remove(keys::moving(number, added))?;
            Ok(())
        })
    }

    /// Tells that what is to be written touches what a collection holds.
    fn touch(&self, number: u32) {
        if let Some(collection) = self.shared.view.load().house.directory.collections.get(&number) {
            self.shared.writes.tell(Write::Touched(collection.id));
        }
    }

    /// Tells what was stored in a collection after a stamp.
    fn tell(&self, number: u32, after: Stamp, records: Vec<Record>) {
        let view = self.shared.view.load();
        if let Some(collection) = view.house.directory.collections.get(&number) {
            self.shared.writes.tell(Write::Stored { collection: collection.id, after, upto: view.top(number), records });
        }
    }

    /// Whether `bytes` can be written now.
    fn ready(&mut self, bytes: usize) -> Result<(), StoreError> {
        self.usable()?;
        self.disk.room(bytes)?;
        self.tidy()
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Writes and makes durable.
    fn commit(&mut self, work: impl FnOnce(&Tree) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.write(|tree| {
            work(tree)?;
            tree.flush()?;
            Ok(())
        })?;
        let synced = self.disk.sync();
        self.note(synced)
    }

    fn write(&mut self, work: impl FnOnce(&Tree) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let done = work(&self.shared.db);
        self.note(done)
    }

    /// Remembers a failure for ever: what the log then holds is only known when it is read anew.
    fn note(&mut self, done: Result<(), StoreError>) -> Result<(), StoreError> {
        let restart = |text: &str| format!("{text}; nothing more is written until a restart");
        done.inspect_err(|error| {
            self.broken = Some(match error {
                StoreError::Full(text) => StoreError::Full(restart(text)),
                other => StoreError::Engine(restart(&other.to_string())),
            });
        })
    }

    /// Shows readers a new state.
    fn show(&self, change: impl FnOnce(&mut View)) {
        let mut view = View::clone(&self.shared.view.load());
        change(&mut view);
        self.shared.view.store(Arc::new(view));
    }
}

/// What an object without the versions in `gone` comes to, and about how many bytes that writes.
fn without(shelf: Shelf, id: &StixId, before: &[(Instant, Stamp)], gone: &HashSet<Stamp>) -> Result<(Batch, usize), StoreError> {
    let left: Vec<(Instant, Stamp)> = before.iter().filter(|(_, added)| !gone.contains(added)).cloned().collect();
    let after: HashMap<Stamp, Option<Stamp>> = left.iter().zip(places(&left)).map(|((_, added), place)| (*added, place)).collect();
    let mut batch = Batch::default();
    let mut index = Changes::new(shelf, id.type_name());
    let mut bytes = OVERHEAD;
    for ((instant, added), was) in before.iter().zip(places(before)) {
        let place = if was.is_some() { Place::Newest } else { Place::History };
        match after.get(added) {
            None => {
                batch.remove(keys::entry(place, shelf.number, *added));
                batch.remove(keys::version(shelf.number, id.as_str(), instant));
                index.remove(*added)?;
                bytes += OVERHEAD;
            }
            Some(Some(hidden_until)) if was != Some(*hidden_until) => {
                let found = shelf.fetch_from(place, *added)?.ok_or_else(|| missing(shelf.number, *added))?;
                bytes += OVERHEAD + found.entry.len();
                batch.remove(keys::entry(place, shelf.number, *added));
                batch.insert(keys::entry(Place::Newest, shelf.number, *added), Entry::hide_until(&found.entry, *hidden_until));
                index.insert(*added)?;
            }
            Some(_) => {}
        }
    }
    for (key, run) in index.done() {
        match run {
            Some(run) => batch.insert(key, run),
            None => batch.remove(key),
        }
    }
    Ok((batch, bytes))
}

/// Notes that versions were deleted for good.
fn bury<'v>(
    shelf: Shelf<'_>,
    id: &StixId,
    versions: impl Iterator<Item = &'v (Instant, Stamp)>,
    said: &str,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    for (instant, added) in versions {
        let found = shelf.fetch(*added)?.ok_or_else(|| missing(shelf.number, *added))?;
        let grave = Grave { said: said.to_owned(), digest: hex::encode(json::digest(&found.entry.object())) };
        let text = serde_json::to_vec(&grave).map_err(|e| StoreError::Engine(format!("a deletion of {id}: {e}")))?;
        batch.insert(keys::grave(shelf.number, id.as_str(), instant), text);
    }
    Ok(())
}

/// Answers; who asked may have gone.
fn answer<T, E>(reply: Reply<T, E>, result: Result<T, E>) {
    let _ = reply.send(result);
}

fn size(addition: &Addition) -> usize {
    OVERHEAD + addition.objects.iter().map(|new| new.object.len() + OVERHEAD).sum::<usize>()
}
