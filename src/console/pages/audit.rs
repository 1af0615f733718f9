//! Who did what, when and from where.

use askama::Template;

use super::object::line;
use crate::console::diff::{Change, What};
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::{Choice, Empty, Options, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::{Said, said};
use crate::console::paths::Href;

/// The record. Field names in the query: `who`, `act`, `about`, `from`, `to`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/audit.html")]
pub struct Audit {
    /// What is around it.
    pub frame: Frame,
    /// A user.
    pub who: String,
    /// Acts; the first stands for all.
    pub acts: Vec<Choice>,
    /// An object's id, a collection or another thing.
    pub about: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// What was done, the last first.
    pub rows: Vec<Row>,
    /// The way on.
    pub pager: Pager,
    /// The same as a file, for administrators.
    pub export: Href,
    /// Whether it shows only what this visitor did.
    pub own: bool,
}

/// Something that was done.
#[derive(Debug, Clone)]
pub struct Row {
    /// When.
    pub at: Moment,
    /// By whom; `None` is the server itself.
    pub who: Option<Said>,
    /// What.
    pub act: Said,
    /// To which object.
    pub object: Option<Reference>,
    /// To what else, and how.
    pub detail: Said,
    /// From which address.
    pub address: Option<Said>,
    /// The request's id, as the log has it.
    pub request: Option<Said>,
    /// What became different.
    pub touched: Vec<Touched>,
    /// How many versions were written besides.
    pub more: usize,
}

/// Something that became different.
#[derive(Debug, Clone)]
pub struct Touched {
    /// The object, if it is one.
    pub object: Option<Reference>,
    /// What it is called: an id, or its name in the directory.
    pub what: Said,
    /// What happened to it: `new`, `new version`, `changed`, `removed`.
    pub how: &'static str,
    /// How.
    pub changes: Vec<Change>,
}
