//! Collections, who may do what with them, and how clients are connected.

use askama::Template;

use crate::console::cards::Card;
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::kind::Kind;
use crate::console::parts::list::{Choice, Empty, Options};
use crate::console::parts::moment::Moment;
use crate::console::parts::said::{Said, said};
use crate::console::paths::Href;

/// The collections. The form posts `root`, `alias`, `title`, `description`, `public`, `decay`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/collections.html")]
pub struct Collections {
    /// What is around it.
    pub frame: Frame,
    /// Where discovery is.
    pub discovery: String,
    /// What the visitor can see.
    pub rows: Vec<Row>,
    /// Roots in which a collection can be made; empty when this visitor cannot.
    pub roots: Vec<Choice>,
}

/// A collection in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its page.
    pub href: Href,
    /// Its title.
    pub title: Said,
    /// Its root and its alias or id.
    pub path: Said,
    /// What it holds.
    pub description: Option<Said>,
    /// Whether anybody may read it.
    pub public: bool,
    /// Whether its indicators decay.
    pub decay: bool,
    /// What the visitor may do: `read`, `write`, `read and write`.
    pub rights: &'static str,
    /// How many objects it holds.
    pub objects: u64,
    /// When something was last added.
    pub last: Option<Moment>,
}

/// One collection.
#[expect(clippy::struct_excessive_bools, reason = "each is a box of the page's forms, or says which forms there are")]
#[derive(Debug, Clone, Template)]
#[template(path = "pages/collection.html")]
pub struct Collection {
    /// What is around it.
    pub frame: Frame,
    /// Its page; `settings`, `grants` and `remove` (`alias`: its alias, else its id) are forms below it.
    pub href: Href,
    /// Its title.
    pub title: Said,
    /// Its description.
    pub description: Said,
    /// Whether anybody may read it.
    pub public: bool,
    /// Whether its indicators decay.
    pub decay: bool,
    /// How long they live then.
    pub lives: Vec<Life>,
    /// Its id.
    pub id: Said,
    /// Its alias.
    pub alias: Option<Said>,
    /// Its URL.
    pub url: Said,
    /// How many objects it holds.
    pub objects: u64,
    /// When something was last added.
    pub last: Option<Moment>,
    /// Whether it is filled from files and not by hand.
    pub curated: bool,
    /// Its objects.
    pub browse: Href,
    /// Who may do what; empty when this visitor may not know.
    pub grants: Vec<Grant>,
    /// Whether this visitor may change it.
    pub admin: bool,
    /// Users to be granted something.
    pub users: Vec<Choice>,
    /// How clients are connected.
    pub cards: Vec<Card>,
    /// The visitor's own page, where tokens are made.
    pub me: Href,
}

/// How long indicators of a kind live that nobody touches.
#[derive(Debug, Clone)]
pub struct Life {
    /// What they look for.
    pub kind: Kind,
    /// Days until they end.
    pub days: u32,
}

/// What a user may do with the collection.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user.
    pub user: Said,
    /// Its page.
    pub href: Href,
    /// Whether it may read.
    pub read: bool,
    /// Whether it may write.
    pub write: bool,
}
