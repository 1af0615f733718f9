//! The curated feeds: `indicators/` as people edit it, made into STIX 2.1 objects.
//!
//! # The files of a feed
//!
//! One folder is one feed. `feed.toml` is its head: title, publisher, defaults, collections; every other file may be missing.
//! `sources.toml` names the publications behind the facts. `iocs.csv` has a row for each indicator, `attack.csv` one for each object of ATT&CK that is
//! referred to, `timeline.csv` one for each date. Every other `.toml` file holds objects, whatever its name: the name of a table
//! is the STIX type, its members are the properties of the standard, and where the standard wants an identifier a key stands.
//! Members of our own are `key`, `sources` (keys that become `external_references`), `objects` (keys that become
//! `object_refs`), `indicators_from` (sources whose indicators are added to `object_refs`), `tlp`, and in a relationship
//! `source`, `type`, `target` (one relationship for each) and `generation`.
//!
//! # Identifiers
//!
//! - Observables: the deterministic identifier of the standard ([`sco_id`](crate::stix::sco_id::sco_id)).
//! - What ATT&CK defines: ATT&CK's own identifier, so that a reader's ATT&CK and this feed meet. Such an object is a reference
//!   copy: created by MITRE, holding nothing that MITRE does not say but a pointer, and older than every version that
//!   MITRE has published, so that MITRE's version prevails. What this feed says about it stands in objects of its own.
//! - Everything else: `UUIDv5` in the feed's namespace over type and key, such as `indicator|ipv4|192.0.2.1`. A key that is
//!   renamed is another object.
//!
//! All objects are made from the files alone, so that two servers make the same bytes; the order of rows and tables is of no account.
//!
//! # Withdrawal is final
//!
//! An entry that is taken out of the files is revoked by [`reconcile`](reconcile::reconcile), and STIX knows no way back (§3.6).
//! An entry that returns under its old key stays revoked where it was revoked; to bring it back it gets a new identity: a row
//! of `iocs.csv` or a relationship by `generation = 2`, anything else by a new key.

mod entries;
pub mod files;
mod graph;
mod indicator;
pub mod lint;
pub mod load;
mod manifest;
mod pattern;
pub mod readme;
pub mod reconcile;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::stix::id::StixId;
use files::Files;

/// What is wrong with the files of a feed, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", self.place())]
pub struct CuratedError {
    /// The file, below `indicators/`.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl CuratedError {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }

    fn place(&self) -> String {
        if self.line == 0 { self.file.clone() } else { format!("{}:{}", self.file, self.line) }
    }
}

/// One folder of `indicators/`.
#[derive(Debug, Clone)]
pub struct CuratedFeed {
    /// The name of the folder.
    pub name: String,
    /// The slug of the API root it is served under; several feeds may share one.
    pub root: String,
    /// The title of that root.
    pub root_title: String,
    /// What the feed is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// The identity that has created the objects; only its objects are ever withdrawn.
    pub publisher: StixId,
    /// The collections, in the order of `feed.toml`.
    pub collections: Vec<CuratedCollection>,
    /// SHA-256 in hex over collections and objects: equal digests, equal feeds.
    pub digest: String,
    /// Entries that are in no collection, as `file:line`: nothing in a collection refers to them.
    pub left_out: Vec<String>,
    /// What the README of the folder tells.
    pub ledger: readme::Ledger,
}

/// A collection of a curated feed.
#[derive(Debug, Clone)]
pub struct CuratedCollection {
    /// Its id, fixed for ever.
    pub id: Uuid,
    /// Its alias in URLs.
    pub alias: String,
    /// Its title, fixed for ever: clients choose by it (Q18).
    pub title: String,
    /// What is in it.
    pub description: String,
    /// Whether everyone may read it.
    pub public: bool,
    /// Its objects; what an object refers to is among them and stands before it (Q26). Empty only where a collection is there for
    /// submissions: such a one is made, and never reconciled.
    pub objects: Vec<CuratedObject>,
}

/// An object of a curated feed, in its first version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CuratedObject {
    /// Its id.
    pub id: StixId,
    /// The object as JSON, in a fixed order of properties.
    pub bytes: Vec<u8>,
    /// The entry it comes from, as `file:line`.
    pub entry: String,
}

/// Reads every feed of `files`, in the order of their folders.
pub fn read(files: &Files) -> Result<Vec<CuratedFeed>, CuratedError> {
    let feeds = files.folders().into_iter().map(|folder| read_feed(files, folder)).collect::<Result<Vec<_>, _>>()?;
    check_collections(&feeds)?;
    Ok(feeds)
}

fn read_feed(files: &Files, folder: &str) -> Result<CuratedFeed, CuratedError> {
    let manifest = manifest::read(files, folder)?;
    let sources = manifest::read_sources(files, folder)?;
    let indicators = tables::read_indicators(files, folder)?;
    let timeline = tables::read_timeline(files, folder)?;
    let ledger = readme::Ledger::new(&manifest, &sources, &indicators, &timeline);
    let attack = tables::read_attack(files, folder)?;
    let entries = entries::read(files, folder)?;
    let graph =
        graph::build(&manifest, &graph::Parts { folder, sources: &sources, indicators: &indicators, attack: &attack, timeline: &timeline, entries })?;
    let publisher = graph.publisher.clone();
    let collections = manifest
        .collections
        .iter()
        .map(|c| CuratedCollection {
            id: c.id,
            alias: c.alias.clone(),
            title: c.title.clone(),
            description: c.description.clone(),
            public: c.public,
            objects: graph.select(c.contents),
        })
        .collect::<Vec<_>>();
    Ok(CuratedFeed {
        name: folder.to_owned(),
        root: manifest.root.slug.clone(),
        root_title: manifest.root.title.clone(),
        title: manifest.title.clone(),
        description: manifest.description.clone(),
        publisher,
        left_out: graph.left_out(&collections),
        digest: digest(&collections),
        collections,
        ledger,
    })
}

/// Ids are unique over all feeds, aliases and titles within a root; a title has neither `.` nor `,` (Q18).
fn check_collections(feeds: &[CuratedFeed]) -> Result<(), CuratedError> {
    let all: Vec<_> = feeds.iter().flat_map(|feed| feed.collections.iter().map(move |c| (feed, c))).collect();
    for (at, (feed, collection)) in all.iter().enumerate() {
        let wrong = |what: String| CuratedError::new(&format!("{}/feed.toml", feed.name), 0, what);
        if collection.title.contains(['.', ',']) {
            return Err(wrong(format!("the title {:?} has a . or a , in it, at which clients split", collection.title)));
        }
        for (other_feed, other) in all.iter().skip(at + 1) {
            let same_root = feed.root == other_feed.root;
            if collection.id == other.id || same_root && (collection.alias == other.alias || collection.title == other.title) {
                return Err(wrong(format!("the collections {:?} and {:?} share an id, an alias or a title", collection.alias, other.alias)));
            }
        }
    }
    Ok(())
}

fn digest(collections: &[CuratedCollection]) -> String {
    let mut hash = Sha256::new();
    for collection in collections {
        hash.update(format!("{:?}\n", (collection.id, &collection.alias, &collection.title, &collection.description, collection.public)));
        for object in &collection.objects {
            hash.update(&object.bytes);
            hash.update(b"\n");
        }
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
