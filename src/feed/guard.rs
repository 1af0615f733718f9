//! The false-positive guard: warning lists say which values are known to be harmless, or too widely shared to be blocked.
//!
//! # The lists
//!
//! A list is a JSON file of the format of misp-warninglists: `name`, `list` and `type` (`string`, which it is without one, `substring`, `hostname`,
//! `cidr` or `regex`), and `matching_attributes`, the types of MISP that it is about. Those in `guard/default/` are built in; a folder adds others,
//! each of which takes the place of a built-in one of its name. What makes a list unusable ends the start, with file, list and entry.
//!
//! - `string`: the same value, in any case. An entry that begins with a dot is one of `hostname`, as MISP's own lists have them.
//! - `hostname`: the host, every name below it, and the URLs and e-mail addresses there; a leading dot or `*.` changes nothing.
//! - `cidr`: what lies in the network, and networks that hold it. Addresses and networks in lists of the two types above are such entries.
//! - `substring`: values that hold the text, in any case.
//! - `regex`: `/…/i` or bare, without look-around and back-references, for which there is no bound on the time.
//!
//! # The policies
//!
//! Each list blocks or informs: as the settings say by its name, else as its file says in our own member, `"taxiway": {"policy": "block"}`, else
//! it informs. What is posted is judged by a policy for all: `off`; `inform`, where every hit is told in the message of the success; `block`, where an
//! indicator on a list that blocks is a failure. Only an indicator says that a value is bad. An observable says that it was seen, and what refers to
//! it would lead nowhere without it; so its hits are told and never keep it out. Nor does anything keep out a revocation: it may be the end of a
//! false positive.

mod files;
pub mod list;
pub mod lists;
mod networks;
mod object;
mod phrases;
pub mod subject;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::stix::finding::Clip;
use crate::stix::object::Part;
use crate::stix::pattern::parse::parse;
use list::List;
use lists::{Builder, Hit, Lists, Policy};

/// So many hits of one object are kept, so that a hostile one cannot be answered by a flood.
const MOST: usize = 100;

/// What happens to what is posted and on a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Posting {
    /// Nothing; the lists are not asked.
    #[default]
    Off,
    /// It is taken, and the message of the success tells the hits.
    Inform,
    /// As [`Inform`](Self::Inform), but an indicator on a list that blocks is refused.
    Block,
}

/// Which lists there are and what they mean.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the lists that are built in count.
    pub defaults: bool,
    /// A folder of further lists.
    pub folder: Option<PathBuf>,
    /// What happens to what is posted.
    pub posting: Posting,
    /// Names of lists that block, whatever their files say.
    pub block: Vec<String>,
    /// Names of lists that inform, whatever their files say.
    pub inform: Vec<String>,
}

/// Why the lists cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A file or folder is not there or not ours to read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file is no warning list, or one that cannot be used.
    #[error("{file}: {what}")]
    List {
        /// The file.
        file: String,
        /// What is wrong, with list and entry as far as there are any.
        what: String,
    },
    /// The settings name a list that is not there.
    #[error("guard.{setting}: there is no warning list {name:?}")]
    NoSuchList {
        /// `block` or `inform`.
        setting: &'static str,
        /// Its name.
        name: String,
    },
    /// The settings contradict each other.
    #[error("guard.block and guard.inform both name the warning list {0:?}")]
    Both(String),
}

/// The lists, and what is done about what is posted. The default guards nothing.
#[derive(Clone, Default)]
pub struct Guard {
    /// The lists.
    pub lists: Arc<Lists>,
    /// What is done.
    pub posting: Posting,
}

impl Guard {
    /// Reads the lists. Several million entries take a few seconds.
    pub fn open(options: &Options) -> Result<Self, GuardError> {
        let mut reading = Reading::new(options)?;
        let files = match &options.folder {
            Some(folder) => files::in_folder(folder).map_err(|error| unreadable(folder, error))?,
            None => Vec::new(),
        };
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            reading.add(&path.display().to_string(), &text)?;
        }
        if options.defaults {
            for (file, text) in files::embedded() {
                reading.add_unless_there(&file, text)?;
            }
        }
        Ok(Self { lists: Arc::new(reading.finish()?), posting: options.posting })
    }

    /// Everything that is known of what a pattern looks for; nothing of what is no pattern.
    pub fn hits(&self, pattern: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        if let Ok(parsed) = parse(pattern) {
            object::of_pattern(&parsed, &mut |subject| hits.extend(self.lists.check(&subject)));
        }
        hits
    }

    /// Why a pattern is blocked, if it is.
    pub fn block(&self, pattern: &str) -> Option<String> {
        self.hits(pattern).into_iter().find(|hit| hit.policy == Policy::Block).map(|hit| hit.to_string())
    }

    /// Looks at an object while it is judged.
    pub fn watch(&self) -> Watch<'_> {
        Watch { guard: self, claims: Vec::new(), observations: Vec::new() }
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> GuardError {
    GuardError::Unreadable { path: path.to_owned(), error }
}

/// The lists while they are read.
struct Reading {
    builder: Builder,
    /// The file that each list came from.
    files: BTreeMap<String, String>,
    /// What the settings say, for lists not met so far.
    wanted: BTreeMap<String, Policy>,
    /// All that the settings have said.
    settings: BTreeMap<String, Policy>,
}

impl Reading {
    fn new(options: &Options) -> Result<Self, GuardError> {
        let (block, inform): (BTreeSet<_>, BTreeSet<_>) = (options.block.iter().collect(), options.inform.iter().collect());
        if let Some(both) = block.intersection(&inform).next() {
            return Err(GuardError::Both((*both).clone()));
        }
        let of = |names: BTreeSet<&String>, policy| names.into_iter().map(move |name| (name.clone(), policy)).collect::<Vec<_>>();
        let settings: BTreeMap<_, _> = of(block, Policy::Block).into_iter().chain(of(inform, Policy::Inform)).collect();
        Ok(Self { builder: Builder::default(), files: BTreeMap::new(), wanted: settings.clone(), settings })
    }

    fn add(&mut self, file: &str, text: &str) -> Result<(), GuardError> {
        let list = read(file, text)?;
        match self.files.get(&list.name) {
            Some(other) => Err(wrong(file, format!("the warning list {:?} is in {other} too", list.name))),
            None => self.take(file, list),
        }
    }

    /// Adds a list unless there is one of its name.
    fn add_unless_there(&mut self, file: &str, text: &str) -> Result<(), GuardError> {
        let list = read(file, text)?;
        if self.files.contains_key(&list.name) { Ok(()) } else { self.take(file, list) }
    }

    fn take(&mut self, file: &str, list: List) -> Result<(), GuardError> {
        let name = list.name.clone();
        self.wanted.remove(&name);
        let policy = self.settings.get(&name).copied().unwrap_or(list.policy());
        self.builder.add(list, policy).map_err(|error| wrong(file, format!("the warning list {name:?}: {error}")))?;
        self.files.insert(name, file.to_owned());
        Ok(())
    }

    fn finish(self) -> Result<Lists, GuardError> {
        if let Some((name, policy)) = self.wanted.into_iter().next() {
            let setting = if policy == Policy::Block { "block" } else { "inform" };
            return Err(GuardError::NoSuchList { setting, name });
        }
        self.builder.finish().map_err(|error| wrong("the warning lists", error.to_string()))
    }
}

fn read(file: &str, text: &str) -> Result<List, GuardError> {
    List::parse(text).map_err(|what| wrong(file, what))
}

fn wrong(file: &str, what: String) -> GuardError {
    GuardError::List { file: file.to_owned(), what }
}

/// A value of an object that is on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The property that holds it.
    at: String,
    value: String,
    hit: Hit,
}

impl fmt::Display for Listed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {} is {}", Clip(&self.at), Clip(&self.value), self.hit)
    }
}

/// What the guard sees of one object.
pub struct Watch<'g> {
    guard: &'g Guard,
    /// What a pattern says is bad.
    claims: Vec<Listed>,
    /// What an observable says was seen.
    observations: Vec<Listed>,
}

impl Watch<'_> {
    /// Takes note of a part of the object.
    pub fn see(&mut self, part: Part<'_>) {
        let lists = &self.guard.lists;
        if self.guard.posting == Posting::Off || lists.is_empty() {
            return;
        }
        match part {
            Part::Pattern(pattern) => object::of_pattern(pattern, &mut |subject| {
                lists.check(&subject).into_iter().for_each(|hit| note(&mut self.claims, "pattern", subject, hit));
            }),
            Part::Whole(whole) => object::of_observable(whole, &mut |at, subject| {
                lists.check(&subject).into_iter().for_each(|hit| note(&mut self.observations, at, subject, hit));
            }),
        }
    }

    /// What is to be told of an object that is taken, or why it is not.
    pub fn verdict(self, revoked: bool) -> Result<Vec<Listed>, Vec<Listed>> {
        if revoked {
            return Ok(Vec::new());
        }
        let blocks = |listed: &Listed| listed.hit.policy == Policy::Block;
        if self.guard.posting == Posting::Block && self.claims.iter().any(blocks) {
            return Err(self.claims.into_iter().filter(blocks).collect());
        }
        Ok(self.claims.into_iter().chain(self.observations).collect())
    }
}

/// Keeps a hit; in a flood of them the first that blocks all the same.
fn note(kept: &mut Vec<Listed>, at: &str, subject: subject::Subject<'_>, hit: Hit) {
    let blocks = |hit: &Hit| hit.policy == Policy::Block;
    if kept.len() < MOST || blocks(&hit) && !kept.iter().any(|listed| blocks(&listed.hit)) {
        kept.push(Listed { at: at.to_owned(), value: subject.to_string(), hit });
    }
}

#[cfg(test)]
mod tests;
