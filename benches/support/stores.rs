//! Stores that are filled through the library, because the doors would take hours for millions.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use taxiway::auth::password;
use taxiway::feed::clock::SystemClock;
use taxiway::feed::{self, Feed};
use taxiway::stix::marking::Level;
use taxiway::store::directory::{Collection, Edit, Rights, Root, User};
use taxiway::store::sled::{Options, SledStore};
use taxiway::store::{Addition, Store};
use taxiway::taxii::stamp::Stamp;
use uuid::Uuid;

use super::Outcome;
use super::objects::judged;

/// Who reads and writes.
pub(crate) const USER: &str = "bench";
/// Its password.
pub(crate) const PASSWORD: &str = "correct horse: battery staple";
/// The collection that everything goes to.
pub(crate) const COLLECTION: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);
/// The path of its objects.
pub(crate) const OBJECTS: &str = "/bench/collections/bench/objects/";
/// When everything was added; the order goes on from there by microseconds.
const NOW: Stamp = Stamp(1_614_686_400_000_000);
/// Objects of an envelope, when only speed counts.
const ENVELOPE: u64 = 2_000;

/// A store of the objects 0 to `count`, in `data`; made unless it is there from an earlier run.
pub(crate) fn filled(data: &Path, count: u64) -> Outcome<PathBuf> {
    let (dir, mark) = (data.join(format!("objects-{count}")), data.join(format!("objects-{count}.filled")));
    if mark.exists() {
        return Ok(dir);
    }
    let start = Instant::now();
    fresh(&dir)?;
    write(&dir, (0..count).map(|serial| (serial, 0)))?;
    fs::write(mark, "")?;
    eprintln!("filled {} in {:.0} s", dir.display(), start.elapsed().as_secs_f64());
    Ok(dir)
}

/// An empty store with the collection and the user, where nothing is.
pub(crate) fn fresh(dir: &Path) -> Outcome<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    runtime()?.block_on(async { Ok(open(dir)?.edit(edits()?, None).await.map(drop)?) })
}

/// Writes objects by serial number and version.
pub(crate) fn write(dir: &Path, objects: impl Iterator<Item = (u64, u64)>) -> Outcome<()> {
    let store = open(dir)?;
    let mut objects = objects.map(|(serial, version)| judged(serial, version)).peekable();
    runtime()?.block_on(async {
        while objects.peek().is_some() {
            let envelope = objects.by_ref().take(usize::try_from(ENVELOPE)?).collect();
            store.add(Addition { collection: COLLECTION, objects: envelope, now: NOW, receipt: None, act: None }).await?;
        }
        Ok(())
    })
}

/// Has what is read for lists kept in the store, as a server does in its second minute.
pub(crate) fn keep_values(dir: &Path) -> Outcome<()> {
    runtime()?.block_on(async {
        let feed = Feed::open(Arc::new(open(dir)?), Arc::new(SystemClock), options()).await?;
        Ok(feed.keep_values().await?)
    })
}

/// How a feed reads and writes here.
pub(crate) fn options() -> feed::Options {
    feed::Options {
        page_default: 100,
        page_max: 1000,
        page_octets: 1 << 20,
        status_hours: 24,
        envelope_objects: 10_000,
        json_depth: 128,
        catalog_octets: 1 << 30,
    }
}

fn open(dir: &Path) -> Outcome<SledStore> {
    Ok(SledStore::open(dir, Options::default())?)
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn edits() -> Outcome<Vec<Edit>> {
    let root = Root { slug: "bench".into(), title: "Bench".into(), description: None };
    let user =
        User { name: USER.into(), password: Some(password::hash(PASSWORD)?), admin: false, clearance: Level::Red, partner: None, created: NOW };
    let grant = Edit::Grant { user: USER.into(), collection: COLLECTION, rights: Rights { read: true, write: true, own: false } };
    Ok(vec![Edit::AddRoot(root), Edit::AddCollection(collection()), Edit::AddUser(user), grant])
}

/// [`COLLECTION`] as the directory has it.
pub(crate) fn collection() -> Collection {
    Collection {
        id: COLLECTION,
        root: "bench".into(),
        alias: Some("bench".into()),
        title: "Bench".into(),
        description: None,
        public: false,
        decay: false,
        curated: None,
        ..Collection::default()
    }
}
