//! Brings the curated feeds into the store: roots and collections are made, objects reconciled.

use bytes::Bytes;

use super::reconcile::reconcile;
use super::{CuratedCollection, CuratedFeed, CuratedObject};
use crate::feed::Feed;
use crate::feed::sharing::Door;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::object;
use crate::store::audit::{Act, Verb};
use crate::store::directory::{Collection, Edit, Root};
use crate::store::{Addition, EditError, NewObject, Outcome, Record, Select, StoreError, Versions};
use crate::taxii::stamp::Stamp;

/// Records that are read at once while a collection is compared with its files.
const PAGE: usize = 1000;

/// Why a curated feed could not be brought in.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An object that the files make does not pass the gate.
    #[error("{entry}: {findings}")]
    Refused {
        /// The entry it comes from, as `file:line`.
        entry: String,
        /// What is wrong with it.
        findings: String,
    },
    /// A root or collection of the feed contradicts the directory.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What bringing in did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Versions that were added, revocations included.
    pub written: usize,
    /// Entries that were revoked earlier and stay so.
    pub stays_revoked: usize,
}

impl Feed {
    /// Makes the collections of `feeds` follow their files. A collection whose digest is that of the files is not read at all.
    pub async fn load_curated(&self, feeds: &[CuratedFeed]) -> Result<Loaded, LoadError> {
        // Servers that start together do it one after the other, each with what those before it have done.
        let _turn = self.turn().await?;
        self.learn().await?;
        let mut loaded = Loaded::default();
        for feed in feeds {
            if !self.directory().roots.contains_key(&feed.root) {
                let root = Root { slug: feed.root.clone(), title: feed.root_title.clone(), description: None };
                self.edit(vec![Edit::AddRoot(root)], Some(self.curates())).await?;
            }
            for collection in &feed.collections {
                let of_one = self.load_collection(feed, collection).await?;
                loaded.written += of_one.written;
                loaded.stays_revoked += of_one.stays_revoked;
            }
        }
        Ok(loaded)
    }

    async fn load_collection(&self, feed: &CuratedFeed, files: &CuratedCollection) -> Result<Loaded, LoadError> {
        let stands = self.directory().collection(files.id).map(|(_, collection)| collection.clone());
        if stands.as_ref().is_some_and(|c| c.curated.as_deref() == Some(feed.digest.as_str())) {
            return Ok(Loaded::default());
        }
        let wanted = Collection {
            id: files.id,
            root: feed.root.clone(),
            alias: Some(files.alias.clone()),
            title: files.title.clone(),
            description: Some(files.description.clone()),
            // Whether anybody may read, and whether confidence falls, is the operator's to change after the collection was made.
            public: stands.as_ref().map_or(files.public, |c| c.public),
            decay: stands.as_ref().is_some_and(|c| c.decay),
            sharing: stands.as_ref().map(|c| c.sharing.clone()).unwrap_or_default(),
            curated: stands.as_ref().and_then(|c| c.curated.clone()),
            view: None,
        };
        let make = if stands.is_some() { Edit::SetCollection(wanted.clone()) } else { Edit::AddCollection(wanted.clone()) };
        self.edit(vec![make], Some(self.curates())).await?;
        // An empty one is there for others to fill.
        let loaded = if files.objects.is_empty() { Loaded::default() } else { self.follow(feed, files).await? };
        self.edit(vec![Edit::SetCollection(Collection { curated: Some(feed.digest.clone()), ..wanted })], Some(self.curates())).await?;
        Ok(loaded)
    }

    /// What the audit log is told.
    fn curates(&self) -> Act {
        Act::of_program(Verb::Curate, self.clock().now())
    }

    /// Writes what is new, edited or taken out, as one atomic write.
    async fn follow(&self, feed: &CuratedFeed, files: &CuratedCollection) -> Result<Loaded, LoadError> {
        let stored = self.newest(files).await?;
        let now = self.clock().now();
        let outcome = reconcile(&feed.publisher, &files.objects, &stored, &now.instant());
        let door = Door::of(&self.directory(), files.id, None);
        let objects = outcome.write.into_iter().map(|bytes| judge(bytes, &files.objects, &door, now)).collect::<Result<Vec<_>, _>>()?;
        let added = self.put(Addition { collection: files.id, objects, now, receipt: None, act: Some(self.curates()) }).await?;
        let written = added.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Added(_))).count();
        Ok(Loaded { written, stays_revoked: outcome.stays_revoked.len() })
    }

    /// The newest version of every object of a collection.
    async fn newest(&self, collection: &CuratedCollection) -> Result<Vec<(StixId, Bytes)>, StoreError> {
        let mut select = Select { limit: PAGE, ..Select::all(Versions::LAST, Level::Red) };
        let mut all = Vec::new();
        loop {
            let page = self.store.page(collection.id, &select).await?;
            select.from = page.records.last().map_or(select.from, |last| last.added);
            all.extend(page.records.into_iter().filter_map(|Record { id, object, .. }| Some((StixId::parse(&id).ok()?, object))));
            if !page.more {
                return Ok(all);
            }
        }
    }
}

/// The gate is the same for the curated as for everybody.
fn judge(bytes: Vec<u8>, files: &[CuratedObject], door: &Door, now: Stamp) -> Result<NewObject, LoadError> {
    let text = String::from_utf8_lossy(&bytes);
    match object::judge(&text, &now.instant()) {
        Ok(good) => {
            let entry = files.iter().find(|object| object.id == good.id).map_or_else(|| good.id.to_string(), |object| object.entry.clone());
            let admitted = door.admit(NewObject::of(good, bytes.into()), now);
            admitted.map(|admitted| admitted.object).map_err(|findings| LoadError::Refused { entry, findings })
        }
        Err(refusal) => {
            let id = refusal.id.unwrap_or_default();
            let entry = files.iter().find(|object| object.id.as_str() == id).map_or(id.clone(), |object| object.entry.clone());
            let findings = refusal.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Err(LoadError::Refused { entry, findings })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::feed::clock::Clock;
    use crate::feed::curated::files::Files;
    use crate::feed::{Options, curated};
    use crate::store::Store;
    use crate::store::memory::MemoryStore;

    struct At(u64);

    impl Clock for At {
        fn now(&self) -> Stamp {
            Stamp(self.0)
        }
    }

    const FIRST: u64 = 1_800_000_000_000_000;

    async fn open(store: &Arc<MemoryStore>, now: u64) -> Feed {
        Feed::open(store.clone() as Arc<dyn Store>, Arc::new(At(now)), Options::default()).await.unwrap()
    }

    fn edited(from: &str, to: &str) -> Vec<CuratedFeed> {
        let files = Files::embedded();
        assert!(files.iter().any(|(_, text)| text.contains(from)));
        curated::read(&Files::given(files.iter().map(|(path, text)| (path, text.replace(from, to))))).unwrap()
    }

    #[tokio::test]
    async fn loading_again_changes_nothing() {
        let store = Arc::new(MemoryStore::default());
        let feeds = curated::read(&Files::embedded()).unwrap();
        let feed = open(&store, FIRST).await;
        let objects: usize = feeds.iter().flat_map(|f| &f.collections).map(|c| c.objects.len()).sum();
        assert_eq!(feed.load_curated(&feeds).await.unwrap(), Loaded { written: objects, stays_revoked: 0 });
        assert_eq!(feed.load_curated(&feeds).await.unwrap(), Loaded::default());
        let other_digest: Vec<_> = feeds.into_iter().map(|f| CuratedFeed { digest: "other".into(), ..f }).collect();
        assert_eq!(open(&store, FIRST + 1).await.load_curated(&other_digest).await.unwrap(), Loaded::default());
    }

    #[tokio::test]
    async fn an_edited_entry_is_a_new_version_and_one_taken_out_is_revoked() {
        let store = Arc::new(MemoryStore::default());
        let feeds = curated::read(&Files::embedded()).unwrap();
        open(&store, FIRST).await.load_curated(&feeds).await.unwrap();
        let later = open(&store, FIRST + 60_000_000).await;
        let renamed = edited("Install the security update", "Apply the security update");
        assert_eq!(later.load_curated(&renamed).await.unwrap().written, 1);
        let row = Files::embedded()
            .iter()
            .find(|(path, _)| path.ends_with("iocs.csv"))
            .and_then(|(_, text)| text.lines().find(|l| l.starts_with("5.2.69.13,")).map(ToOwned::to_owned));
        let without = edited(&format!("{}\n", row.unwrap()), "");
        let feed = open(&store, FIRST + 120_000_000).await;
        assert!(feed.load_curated(&without).await.unwrap().written > 0);
        let collection = &without[0].collections[0];
        let newest = feed.newest(collection).await.unwrap();
        let revoked =
            newest.iter().filter(|(id, bytes)| id.type_name() == "indicator" && String::from_utf8_lossy(bytes).contains(r#""revoked":true"#));
        assert_eq!(revoked.count(), 1);
    }
}
