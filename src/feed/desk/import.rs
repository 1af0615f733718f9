//! Imports: a file becomes indicators, line by line with a verdict for each, while somebody watches; and can be undone as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::indicator::{DAY, Terms};
use super::lines::{self, Line, What};
use super::publish::Verdict;
use super::undo::Undone;
use super::{Unfit, Working};
use crate::feed::Feed;
use crate::feed::error::FeedError;
use crate::store::audit::Act;
use crate::store::paper::{Kind, Paper};
use crate::store::{Addition, Outcome};
use crate::taxii::stamp::Stamp;

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
    pub octets: bytes::Bytes,
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
    /// What became of each line.
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
        let Upload { name, octets } = upload;
        let read = {
            let name = name.clone();
            tokio::task::spawn_blocking(move || lines::read(&name, &octets, &Arc::new(terms)))
        };
        let lines = read.await.map_err(|error| Unfit::Asked(format!("the file could not be read: {error}")))??;
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
            lines: Vec::new(),
        };
        self.keep_import(&import).await?;
        let progress = Arc::new(Progress::new(0));
        self.imports().insert(import.id, progress.clone());
        let (feed, begun) = (self.clone(), import.clone());
        tokio::spawn(async move { feed.go_through(working, begun, lines, &progress, act).await });
        Ok(import)
    }

    /// An import as it stands.
    pub async fn import_state(&self, id: Uuid) -> Result<Option<Import>, FeedError> {
        let progress = self.imports().get(&id).cloned();
        let Some(paper) = self.store.paper(Kind::Import, id, self.clock.now()).await? else { return Ok(None) };
        let mut import = read(&paper)?;
        match progress {
            Some(progress) => import.done = progress.load(Ordering::Relaxed),
            // The server that did the work has ended before the work did.
            None if import.state == State::Running => import.state = State::Stopped("the server was stopped".into()),
            None => {}
        }
        Ok(Some(import))
    }

    /// All imports that are remembered, without their lines, the latest first.
    pub async fn all_imports(&self) -> Result<Vec<Import>, FeedError> {
        let mut imports = Vec::new();
        for paper in self.store.papers(Kind::Import, self.clock.now()).await? {
            let mut import = read(&paper)?;
            if import.state == State::Running {
                import = self.import_state(import.id).await?.unwrap_or(import);
            }
            import.lines.clear();
            imports.push(import);
        }
        imports.sort_by_key(|import| std::cmp::Reverse(import.started));
        Ok(imports)
    }

    /// Undoes an import that has come to its end.
    pub async fn undo_import(&self, working: &Working, import: Import, mut act: Act) -> Result<Undone, FeedError> {
        if import.state == State::Running {
            return Err(Unfit::Asked("the import still goes on".into()).into());
        }
        act.import = None;
        let ended = import.ended.unwrap_or(act.at);
        let undone = self.undo(working, import.id, (import.started, ended), act).await?;
        self.keep_import(&Import { state: State::Undone, ..import }).await?;
        Ok(undone)
    }

    async fn go_through(self: Arc<Self>, working: Working, mut import: Import, lines: Vec<Line>, progress: &Progress, mut act: Act) {
        act.import = Some(import.id);
        let mut lines = lines.into_iter().peekable();
        let mut state = State::Done;
        while lines.peek().is_some() {
            let chunk: Vec<Line> = lines.by_ref().take(CHUNK).collect();
            let count = chunk.len();
            // The clock goes on while a long import does.
            act.at = self.clock.now();
            match self.take_lines(&working, chunk, import.dry_run, act.clone()).await {
                Ok(told) => told.into_iter().for_each(|told| import.tell(told)),
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
        if let Err(error) = self.keep_import(&import).await {
            tracing::error!(%error, import = %import.id, "what became of an import could not be kept");
        }
        self.imports().remove(&import.id);
    }

    /// Decides about some lines and writes them.
    async fn take_lines(&self, working: &Working, lines: Vec<Line>, dry_run: bool, act: Act) -> Result<Vec<Told>, FeedError> {
        let (mut told, mut proposals, mut of_proposals, mut objects, mut of_objects) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, line) in lines.into_iter().enumerate() {
            told.push(Told { line: line.number, what: line.text, verdict: "nothing".into(), detail: String::new() });
            match line.what {
                What::Proposal(proposal) => {
                    proposals.push(*proposal);
                    of_proposals.push(at);
                }
                What::Object(object) => {
                    objects.push(object);
                    of_objects.push(at);
                }
                What::Nothing(why) => tell(&mut told, at, "nothing", why),
                What::Refused(why) => tell(&mut told, at, "refused", why),
            }
        }
        if !proposals.is_empty() {
            let verdicts = self.publish(working, &proposals, dry_run, act.clone()).await?;
            for (at, verdict) in of_proposals.into_iter().zip(verdicts) {
                let (word, detail) = verdict.told();
                tell(&mut told, at, word, detail);
            }
        }
        self.take_objects(working, objects, of_objects, dry_run, act, &mut told).await?;
        Ok(told)
    }

    /// Stores objects that are STIX already, as they came.
    async fn take_objects(
        &self,
        working: &Working,
        objects: Vec<bytes::Bytes>,
        places: Vec<usize>,
        dry_run: bool,
        act: Act,
        told: &mut [Told],
    ) -> Result<(), FeedError> {
        let (mut good, mut good_places) = (Vec::new(), Vec::new());
        for (judged, at) in self.judge_objects(objects, act.at).await?.into_iter().zip(places) {
            match judged {
                Ok(object) => {
                    good.push(object);
                    good_places.push(at);
                }
                Err(why) => tell(told, at, "refused", why),
            }
        }
        let ids: Vec<String> = good.iter().map(|object| object.id.to_string()).collect();
        if dry_run || good.is_empty() {
            good_places.into_iter().zip(ids).for_each(|(at, id)| tell(told, at, "new", id));
            return Ok(());
        }
        let now = act.at;
        let added = self.store.add(Addition { collection: working.writing.collection, objects: good, now, receipt: None, act: Some(act) }).await?;
        for ((at, id), outcome) in good_places.into_iter().zip(ids).zip(added.outcomes) {
            match outcome {
                Outcome::Added(_) => tell(told, at, "new", id),
                Outcome::Duplicate(_) => tell(told, at, "known", id),
                Outcome::Conflict(_) => tell(told, at, "refused", "this version is stored already with other content, which is kept".into()),
            }
        }
        Ok(())
    }

    async fn keep_import(&self, import: &Import) -> Result<(), FeedError> {
        let text = serde_json::to_vec(import).map_err(|error| Unfit::Asked(format!("the import cannot be kept: {error}")))?;
        let expires = Stamp(import.started.0 + DAYS * DAY);
        Ok(self.store.keep(Paper { kind: Kind::Import, id: import.id, owner: import.owner.clone(), expires, text: text.into() }).await?)
    }
}

impl Import {
    fn tell(&mut self, told: Told) {
        let counter = match told.verdict.as_str() {
            "new" => &mut self.tally.new,
            "merged" => &mut self.tally.merged,
            "known" => &mut self.tally.known,
            "revoked" => &mut self.tally.revoked,
            "blocked" => &mut self.tally.blocked,
            "refused" => &mut self.tally.refused,
            _ => &mut self.tally.nothing,
        };
        *counter += 1;
        self.lines.push(told);
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

fn tell(told: &mut [Told], at: usize, verdict: &str, detail: String) {
    if let Some(told) = told.get_mut(at) {
        verdict.clone_into(&mut told.verdict);
        told.detail = detail;
    }
}

fn read(paper: &Paper) -> Result<Import, FeedError> {
    let damaged = |error| crate::store::StoreError::Damaged(format!("the import {}: {error}", paper.id));
    Ok(serde_json::from_slice(&paper.text).map_err(damaged)?)
}
