//! Imports: a file becomes indicators, line by line with a verdict for each, while somebody watches; and can be undone as a whole.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::indicator::Terms;
use super::lines::{self, Format, Line, What};
use super::publish::Verdict;
use super::undo::Undone;
use super::{Unfit, Working, beyond};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::feed::sharing::Admitted;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::store::audit::Act;
use crate::store::paper::{Kind, Paper};
use crate::store::{Addition, Outcome, StoreError, Versions};
use crate::taxii::stamp::{DAY, Stamp};

/// Lines that are decided about and written together.
const CHUNK: usize = 2_000;
/// How long it is remembered what an import did, and so how long it can be undone.
const DAYS: u64 = 180;

/// A file that is to be imported.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its name, which helps to tell what it is.
    pub name: String,
    /// What stands in it.
    pub octets: Bytes,
    /// What it is, if somebody knows.
    pub format: Format,
}

/// An import as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its id.
    pub id: Uuid,
    /// Where it goes.
    pub collection: Uuid,
    /// Who has started it.
    pub owner: String,
    /// The name of the file.
    pub name: String,
    /// When it began.
    pub started: Stamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Stamp>,
    /// How it stands.
    pub state: State,
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// Lines that are done.
    pub done: usize,
    /// Lines in all.
    pub total: usize,
    /// How often each verdict was given.
    pub tally: Tally,
    /// The highest level of what stands in the file: who is not cleared for it does not see the import of another.
    #[serde(default)]
    pub level: Level,
    /// What became of each line, once it has come to its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Told>,
}

/// How an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It goes on.
    Running,
    /// It has come to its end.
    Done,
    /// It has stopped; what was written until then stays, and can be undone, or the same file imported again.
    Stopped(String),
    /// It was undone.
    Undone,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What stands there.
    pub what: String,
    /// In one word: `new`, `merged`, `known`, `revoked`, `blocked`, `refused` or `nothing`.
    pub verdict: String,
    /// The id of the indicator, or why there is none.
    pub detail: String,
}

/// How often each verdict was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// New objects.
    pub new: usize,
    /// Known ones that have got something.
    pub merged: usize,
    /// Known ones, unchanged.
    pub known: usize,
    /// Those that were revoked here before.
    pub revoked: usize,
    /// Those that a warning list blocks.
    pub blocked: usize,
    /// Those that cannot be.
    pub refused: usize,
    /// Lines with nothing in them.
    pub nothing: usize,
}

/// How many lines of an import that goes on are done.
pub(in crate::feed) type Progress = AtomicUsize;

impl Feed {
    /// Begins to import a file. Returns when the file was read and what is in it is known, or says why it cannot be read; the work then goes on.
    pub async fn import(self: &Arc<Self>, working: Working, upload: Upload, terms: Terms, dry_run: bool, act: Act) -> Result<Import, FeedError> {
        if let Some(fault) = terms.fault() {
            return Err(Unfit::Asked(fault).into());
        }
        let Upload { name, octets, format } = upload;
        let read = {
            let name = name.clone();
            tokio::task::spawn_blocking(move || lines::read(&name, &octets, format, &Arc::new(terms)))
        };
        let lines = read.await.map_err(|error| Unfit::Asked(format!("the file could not be read: {error}")))??;
        let is_object = |line: &Line| matches!(line.what, What::Object(_));
        let import = Import {
            id: Uuid::new_v4(),
            collection: working.writing.collection,
            owner: act.who.clone(),
            name,
            started: act.at,
            ended: None,
            state: State::Running,
            dry_run,
            done: 0,
            total: lines.len(),
            tally: Tally::default(),
            // Of objects it is known when they have been judged.
            level: if lines.iter().any(is_object) { Level::Red } else { Level::Unmarked },
            lines: Vec::new(),
        };
        let progress = Arc::new(Progress::new(0));
        // Without it whoever sees the import would take it for one that has stopped.
        self.imports().insert(import.id, progress.clone());
        if let Err(error) = self.keep_import(&import).await {
            self.imports().remove(&import.id);
            return Err(error);
        }
        let (feed, begun) = (self.clone(), import.clone());
        tokio::spawn(async move { feed.go_through(working, begun, lines, &progress, act).await });
        Ok(import)
    }

    /// An import as it stands, without its lines.
    pub async fn import_state(&self, id: Uuid) -> Result<Option<Import>, FeedError> {
        let progress = self.imports().get(&id).cloned();
        let Some(paper) = self.store.paper(Kind::Import, id, self.clock.now()).await? else { return Ok(None) };
        Ok(Some(stands(read(&paper)?, progress.as_deref())))
    }

    /// What became of the lines of an import that has come to its end; nothing before.
    pub async fn import_lines(&self, id: Uuid) -> Result<Vec<Told>, FeedError> {
        match self.store.paper(Kind::Lines, id, self.clock.now()).await? {
            Some(paper) => read(&paper),
            None => Ok(Vec::new()),
        }
    }

    /// All imports that are remembered, without their lines, the latest first.
    pub async fn all_imports(&self) -> Result<Vec<Import>, FeedError> {
        let underway = self.imports().clone();
        let mut imports = Vec::new();
        for paper in self.store.papers(Kind::Import, self.clock.now()).await? {
            let import: Import = read(&paper)?;
            let progress = underway.get(&import.id).map(Arc::as_ref);
            imports.push(stands(import, progress));
        }
        imports.sort_by_key(|import| std::cmp::Reverse(import.started));
        Ok(imports)
    }

    /// Undoes an import that has come to its end.
    pub async fn undo_import(&self, working: &Working, import: Import, mut act: Act) -> Result<Undone, FeedError> {
        match import.state {
            State::Running => return Err(Unfit::Asked("the import still goes on".into()).into()),
            State::Undone => return Err(Unfit::Asked("the import was undone already".into()).into()),
            State::Done | State::Stopped(_) => {}
        }
        act.import = None;
        let ended = import.ended.unwrap_or(act.at);
        let undone = self.undo(working, import.id, (import.started, ended), &act).await?;
        self.keep_import(&Import { state: State::Undone, ..import }).await?;
        Ok(undone)
    }

    async fn go_through(self: Arc<Self>, working: Working, mut import: Import, lines: Vec<Line>, progress: &Progress, mut act: Act) {
        act.import = Some(import.id);
        // Nothing is written by a trial, so that only one look at everything tells that two lines say the same.
        let size = if import.dry_run { usize::MAX } else { CHUNK };
        let mut lines = lines.into_iter().peekable();
        let (mut state, mut told, mut level) = (State::Done, Vec::new(), Level::Unmarked);
        while lines.peek().is_some() {
            let chunk: Vec<Line> = lines.by_ref().take(size).collect();
            let count = chunk.len();
            // The clock goes on while a long import does.
            act.at = self.clock.now();
            match self.take_lines(&working, chunk, import.dry_run, act.clone()).await {
                Ok(taken) => {
                    level = level.max(taken.level);
                    taken.told.iter().for_each(|told| import.tally.count(&told.verdict));
                    told.extend(taken.told);
                }
                Err(error) => {
                    state = State::Stopped(error.to_string());
                    break;
                }
            }
            progress.fetch_add(count, Ordering::Relaxed);
        }
        import.done = progress.load(Ordering::Relaxed);
        import.ended = Some(self.clock.now());
        import.state = state;
        import.level = level;
        if let Err(error) = self.keep_end(&import, &told).await {
            tracing::error!(%error, import = %import.id, "what became of an import could not be kept");
        }
        self.imports().remove(&import.id);
    }

    async fn keep_end(&self, import: &Import, told: &[Told]) -> Result<(), FeedError> {
        self.store.keep(paper(import, Kind::Lines, &told)?).await?;
        self.keep_import(import).await
    }

    /// Decides about some lines and writes them.
    async fn take_lines(&self, working: &Working, lines: Vec<Line>, dry_run: bool, act: Act) -> Result<Taken, FeedError> {
        let mut taken = Taken { told: Vec::with_capacity(lines.len()), level: Level::Unmarked };
        let (mut proposals, mut of_proposals, mut objects, mut of_objects) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, line) in lines.into_iter().enumerate() {
            taken.told.push(Told { line: line.number, what: line.text, verdict: "nothing".into(), detail: String::new() });
            match line.what {
                What::Proposal(proposal) => {
                    taken.level = taken.level.max(proposal.terms.tlp);
                    proposals.push(*proposal);
                    of_proposals.push(at);
                }
                What::Object(object) => {
                    objects.push(object);
                    of_objects.push(at);
                }
                What::Nothing(why) => taken.tell(at, "nothing", why),
                What::Refused(why) => taken.tell(at, "refused", why),
            }
        }
        if !proposals.is_empty() {
            let verdicts = self.publish(working, &proposals, dry_run, act.clone()).await?;
            for (at, verdict) in of_proposals.into_iter().zip(verdicts) {
                let (word, detail) = verdict.told();
                taken.tell(at, word, detail);
            }
        }
        self.take_objects(working, (objects, of_objects), dry_run, act, &mut taken).await?;
        Ok(taken)
    }

    /// Stores objects that are STIX already, as they came.
    async fn take_objects(
        &self,
        working: &Working,
        (objects, places): (Vec<Bytes>, Vec<usize>),
        dry_run: bool,
        act: Act,
        taken: &mut Taken,
    ) -> Result<(), FeedError> {
        let clearance = working.reading.clearance;
        let (mut good, mut good_places) = (Vec::new(), Vec::new());
        let mut also = Vec::new();
        for (judged, at) in self.judge_objects(&working.writing, objects, act.at).await?.into_iter().zip(places) {
            match judged {
                Ok(Admitted { object, .. }) if object.level > clearance => taken.tell(at, "refused", beyond(clearance)),
                Ok(admitted) => {
                    taken.level = taken.level.max(admitted.object.level);
                    good.push(admitted.object);
                    also.extend(admitted.also);
                    good_places.push(at);
                }
                Err(why) => taken.tell(at, "refused", why),
            }
        }
        if good.is_empty() {
            return Ok(());
        }
        let _turn = self.turn().await?;
        let ids: Vec<StixId> = good.iter().map(|object| object.id.clone()).collect();
        let there = self.versions_held(&working.reading, &ids).await?;
        let word = |id: &StixId| if there.contains_key(id.as_str()) { "merged" } else { "new" };
        if dry_run {
            for (at, object) in good_places.into_iter().zip(good) {
                let version = object.version.map(|(text, _)| text);
                let known = there.get(object.id.as_str()).is_some_and(|versions| version.is_some_and(|version| versions.contains(&version)));
                taken.tell(at, if known { "known" } else { word(&object.id) }, object.id.to_string());
            }
            return Ok(());
        }
        let now = act.at;
        good.extend(also);
        let added = self.put(Addition { collection: working.writing.collection, objects: good, now, receipt: None, act: Some(act) }).await?;
        for ((at, id), outcome) in good_places.into_iter().zip(ids).zip(added.outcomes) {
            match outcome {
                Outcome::Added(_) => taken.tell(at, word(&id), id.to_string()),
                Outcome::Duplicate(_) => taken.tell(at, "known", id.to_string()),
                Outcome::Deleted(_, why) => taken.tell(at, "refused", why.clone()),
                Outcome::Conflict(_) => taken.tell(at, "refused", "this version is stored already with other content, which is kept".into()),
            }
        }
        Ok(())
    }

    /// The versions of some objects that the reader may see, by id.
    async fn versions_held(&self, reading: &Reading, ids: &[StixId]) -> Result<HashMap<String, Vec<String>>, FeedError> {
        let mut versions: HashMap<String, Vec<String>> = HashMap::new();
        for record in self.records(reading, ids.to_vec(), Versions::All).await? {
            versions.entry(record.id).or_default().push(record.version);
        }
        Ok(versions)
    }

    async fn keep_import(&self, import: &Import) -> Result<(), FeedError> {
        Ok(self.store.keep(paper(import, Kind::Import, import)?).await?)
    }
}

/// What became of some lines.
struct Taken {
    told: Vec<Told>,
    /// The highest level of what stands in them.
    level: Level,
}

impl Taken {
    fn tell(&mut self, at: usize, verdict: &str, detail: String) {
        if let Some(told) = self.told.get_mut(at) {
            verdict.clone_into(&mut told.verdict);
            told.detail = detail;
        }
    }
}

impl Tally {
    fn count(&mut self, verdict: &str) {
        let counter = match verdict {
            "new" => &mut self.new,
            "merged" => &mut self.merged,
            "known" => &mut self.known,
            "revoked" => &mut self.revoked,
            "blocked" => &mut self.blocked,
            "refused" => &mut self.refused,
            _ => &mut self.nothing,
        };
        *counter += 1;
    }
}

impl Verdict {
    /// The verdict in one word, and the id or the reason.
    pub fn told(self) -> (&'static str, String) {
        match self {
            Self::New { id } => ("new", id),
            Self::Merged { id } => ("merged", id),
            Self::Known { id } => ("known", id),
            Self::Revoked { id } => ("revoked", id),
            Self::Blocked { why } => ("blocked", why),
            Self::Refused { why } => ("refused", why),
        }
    }
}

/// An import as it stands, given how far it is if it goes on.
fn stands(mut import: Import, progress: Option<&Progress>) -> Import {
    match progress {
        Some(progress) => import.done = progress.load(Ordering::Relaxed),
        // The server that did the work has ended before the work did.
        None if import.state == State::Running => import.state = State::Stopped("the server was stopped".into()),
        None => {}
    }
    import
}

fn paper(import: &Import, kind: Kind, text: &impl Serialize) -> Result<Paper, FeedError> {
    let text = serde_json::to_vec(text).map_err(|error| Unfit::Asked(format!("the import cannot be kept: {error}")))?;
    Ok(Paper { kind, id: import.id, owner: import.owner.clone(), expires: Stamp(import.started.0 + DAYS * DAY), text: text.into() })
}

fn read<T: DeserializeOwned>(paper: &Paper) -> Result<T, FeedError> {
    let damaged = |error| StoreError::Damaged(format!("the import {}: {error}", paper.id));
    Ok(serde_json::from_slice(&paper.text).map_err(damaged)?)
}
