//! Users, their rights and their tokens.

use askama::Template;

use crate::console::cards::Card;
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::{Choice, Empty, Options};
use crate::console::parts::moment::Moment;
use crate::console::parts::said::{Said, said};
use crate::console::parts::tlp::Tlp;
use crate::console::paths::Href;

/// The users. The form posts `name`, `password`, `clearance`, `admin`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/users.html")]
pub struct Users {
    /// What is around it.
    pub frame: Frame,
    /// All of them, by name.
    pub rows: Vec<Row>,
    /// Levels for a new one.
    pub levels: Vec<Choice>,
}

/// A user in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its page.
    pub href: Href,
    /// Its name.
    pub name: Said,
    /// Whether it may do everything.
    pub admin: bool,
    /// What it may be shown.
    pub clearance: Tlp,
    /// How many collections it was granted something on.
    pub grants: usize,
    /// How many tokens it has.
    pub tokens: usize,
    /// When one of them was last used.
    pub used: Option<Moment>,
}

/// One user. Forms below it: `clearance`, `password`, `tokens` (`label`, `days`), `grants` (`collection`, `read`, `write`), `remove`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/user.html")]
pub struct User {
    /// What is around it.
    pub frame: Frame,
    /// Its page.
    pub href: Href,
    /// Its name.
    pub name: Said,
    /// Whether it may do everything.
    pub admin: bool,
    /// What it may be shown.
    pub clearance: Tlp,
    /// When it was made.
    pub created: Moment,
    /// Levels to set.
    pub levels: Vec<Choice>,
    /// What it was granted.
    pub grants: Vec<Grant>,
    /// Collections to grant it something on.
    pub collections: Vec<Choice>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// A token that was made just now: it is shown this once.
    pub secret: Option<Said>,
    /// How its clients are connected, to the collection that is chosen.
    pub cards: Vec<Card>,
    /// Collections that the cards can be for.
    pub targets: Vec<Choice>,
    /// Whether the visitor may change it, or only make tokens for itself.
    pub manages: bool,
}

/// What a user was granted on a collection.
#[derive(Debug, Clone)]
pub struct Grant {
    /// As forms name the collection: `root/collection`.
    pub address: String,
    /// Its title.
    pub title: Said,
    /// Its page.
    pub href: Href,
    /// Whether the user may read.
    pub read: bool,
    /// Whether it may write.
    pub write: bool,
}

/// A token.
#[derive(Debug, Clone)]
pub struct Token {
    /// The name it is shown by: the first digits of its digest.
    pub id: Said,
    /// What it is for.
    pub label: Said,
    /// When it was made.
    pub created: Moment,
    /// When it ends.
    pub expires: Option<Moment>,
    /// When it was last used.
    pub used: Option<Moment>,
    /// Whether it has ended.
    pub ended: bool,
}
