//! Objects by filter, and what can be done with a selection of them.

use askama::Template;

use crate::console::parts::confidence::Confidence;
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::{Chip, Choice, Empty, Heading, Options, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::Href;

/// The list.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/browse.html")]
pub struct Browse {
    /// What is around it.
    pub frame: Frame,
    /// What it is filtered by.
    pub filter: Filter,
    /// The headings of kind and name, TLP, confidence, labels, source, valid until, added; each may sort.
    pub headings: Vec<Heading>,
    /// What was found.
    pub rows: Vec<Row>,
    /// The way on.
    pub pager: Pager,
    /// What can be done with a selection.
    pub acts: Acts,
}

/// The conditions. Field names in the query: `q`, `collection`, `kind`, `tlp`, `label`, `source`, `confidence_from`, `confidence_to`,
/// `from`, `to`, `state`, `sort`.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Words in names, values, descriptions.
    pub text: String,
    /// Collections.
    pub collections: Vec<Choice>,
    /// Types.
    pub kinds: Vec<Choice>,
    /// Levels.
    pub levels: Vec<Choice>,
    /// A label.
    pub label: String,
    /// Labels that are in use, to choose from.
    pub labels: Vec<String>,
    /// Who made them.
    pub sources: Vec<Choice>,
    /// The least confidence.
    pub confidence_from: String,
    /// The greatest confidence.
    pub confidence_to: String,
    /// The first day of being added.
    pub from: String,
    /// The last day of being added.
    pub to: String,
    /// In force, ended, revoked, or any.
    pub states: Vec<Choice>,
    /// How it is sorted now, sent along.
    pub sort: String,
    /// The conditions that are set.
    pub chips: Vec<Chip>,
    /// The list without conditions.
    pub clear: Option<Href>,
}

/// What can be done with a selection. The form goes to `/console/browse/act/` with `object` (many), `act`, and the fields of the act:
/// `days`, `label`, `tlp`, `confidence`, `format`, `comment`; `all` with the query stands for all that the filter finds.
#[derive(Debug, Clone, Default)]
pub struct Acts {
    /// Whether there is one object and nothing to select.
    pub single: bool,
    /// Whether anything may be changed.
    pub writes: bool,
    /// Labels that are in use, to choose from.
    pub labels: Vec<String>,
    /// Levels to set.
    pub levels: Vec<Choice>,
    /// Forms to export in.
    pub formats: Vec<Choice>,
    /// The query that finds all of the list.
    pub query: String,
    /// How many that are, when it is more than the page shows.
    pub all: Option<u64>,
}

/// An object in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// As forms name it: `root/collection/id`.
    pub address: String,
    /// The object.
    pub object: Reference,
    /// The value that an indicator looks for, or a first line of description.
    pub detail: Option<Said>,
    /// Its level.
    pub tlp: Tlp,
    /// How sure its maker is.
    pub confidence: Confidence,
    /// Its labels.
    pub labels: Vec<Said>,
    /// Who made it.
    pub source: Option<Said>,
    /// When it ends.
    pub until: Option<Moment>,
    /// When it was added.
    pub added: Moment,
    /// Whether it is in force.
    pub state: State,
}

/// Whether an object is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is.
    InForce,
    /// Its time has ended.
    Ended,
    /// It was withdrawn.
    Revoked,
}

impl State {
    /// The word that is shown and by which the style sheet knows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
        }
    }

    /// The word by which the style sheet knows it.
    pub fn class(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
        }
    }
}
