//! Files taken in: how far, what became of each line, and the way back.

use askama::Template;

use super::add::Defaults;
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::{Choice, Empty, Options, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::paths::Href;

/// The form that takes a file, and the imports there were. It posts `file` or `text`, `format`, `dry`, and the fields of [`Defaults`].
#[derive(Debug, Clone, Template)]
#[template(path = "pages/imports.html")]
pub struct Imports {
    /// What is around it.
    pub frame: Frame,
    /// Where to, and what is said of what says nothing itself.
    pub defaults: Defaults,
    /// In which form; the first is: find out.
    pub formats: Vec<Choice>,
    /// How large a file may be, in words.
    pub most: String,
    /// The imports, the last first.
    pub rows: Vec<Row>,
    /// The way on.
    pub pager: Pager,
}

/// An import in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its page.
    pub href: Href,
    /// The file's name, or the beginning of the text.
    pub name: Said,
    /// Who did it.
    pub by: Said,
    /// When it began.
    pub at: Moment,
    /// How it stands.
    pub state: State,
    /// How many objects were added.
    pub added: u64,
    /// How many lines were refused.
    pub refused: u64,
}

/// How an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works.
    Running,
    /// It has ended.
    Done,
    /// It broke off.
    Failed,
    /// It was taken back.
    Undone,
}

impl State {
    /// The word that is shown and by which the style sheet knows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }
}

/// One import. While it runs the script asks `progress` below it, which answers [`Progress`] as JSON.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/import.html")]
pub struct Import {
    /// What is around it.
    pub frame: Frame,
    /// Its page.
    pub href: Href,
    /// The file's name.
    pub name: Said,
    /// Who did it.
    pub by: Said,
    /// When it began.
    pub at: Moment,
    /// How it stands.
    pub state: State,
    /// Whether it was only tried.
    pub dry: bool,
    /// How far it is.
    pub progress: Progress,
    /// Outcomes to look at; the first stands for all.
    pub outcomes: Vec<Choice>,
    /// What became of the lines.
    pub verdicts: Vec<Verdict>,
    /// The way on.
    pub pager: Pager,
    /// Whether it can be taken back by this visitor.
    pub undoable: bool,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Whether it has ended, well or not.
    pub ended: bool,
    /// Lines or objects that are through.
    pub done: u64,
    /// All of them; 0 while that is not known.
    pub total: u64,
    /// Objects that are new here.
    pub added: u64,
    /// Objects that were here already, in this version.
    pub known: u64,
    /// Objects that became a new version.
    pub revised: u64,
    /// Lines that were refused.
    pub refused: u64,
}

/// What became of a line.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Its number.
    pub line: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// What it says.
    pub text: Said,
    /// The object it became.
    pub object: Option<Reference>,
    /// Why, where there is something to say.
    pub message: Option<Said>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new object.
    Added,
    /// A new version of an object.
    Revised,
    /// Nothing: it was here already.
    Known,
    /// It was left out, as warning lists or the import's settings want it.
    Skipped,
    /// It is wrong.
    Refused,
}

impl Outcome {
    /// The word that is shown and by which the style sheet knows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Revised => "revised",
            Self::Known => "known",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
        }
    }
}
