//! What the feed holds, what came lately, who has got how far, and what ends soon.

use askama::Template;

use crate::console::draw::chart::{Chart, Day};
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::kind::Kind;
use crate::console::parts::list::{Choice, Empty, Figure, Options};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::Href;

/// The heads of [`Holding::ages`].
pub const AGES: [&str; 5] = ["1 day", "7 days", "30 days", "1 year", "older"];

/// The first page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/overview.html")]
pub struct Overview {
    /// What is around it.
    pub frame: Frame,
    /// Collections to look at; the first stands for all.
    pub collections: Vec<Choice>,
    /// Numbers that are read at a glance: objects, indicators in force, added today, ending soon.
    pub figures: Vec<Figure>,
    /// What the feed holds, by kind.
    pub holdings: Vec<Holding>,
    /// Additions per day.
    pub chart: Chart,
    /// The same days as numbers.
    pub days: Vec<Day>,
    /// Who reads, those furthest behind first.
    pub consumers: Vec<Consumer>,
    /// What ends soon, the first to end first.
    pub ending: Vec<Ending>,
    /// Everything that ends soon.
    pub all_ending: Href,
}

/// How many there are of a kind.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The kind.
    pub kind: Kind,
    /// All of them.
    pub total: u64,
    /// How many of them were added within each age of [`AGES`] and not within the one before.
    pub ages: [u64; 5],
    /// Where they are listed.
    pub href: Href,
}

/// A user's reading of a collection.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// The user; `None` is the anonymous.
    pub user: Option<Said>,
    /// The collection's title.
    pub collection: Said,
    /// When it last asked.
    pub asked: Moment,
    /// How far it got: the stamp of the last object it was handed.
    pub position: Option<Moment>,
    /// How many objects it has not been handed.
    pub behind: u64,
    /// How it is doing.
    pub state: Keeping,
}

/// How a consumer keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// It has everything.
    Current,
    /// It is on its way.
    Behind,
    /// It has not asked for longer than it used to.
    Silent,
}

impl Keeping {
    /// The word that is shown and by which the style sheet knows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind => "behind",
            Self::Silent => "silent",
        }
    }
}

/// An object that ends soon.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The object.
    pub object: Reference,
    /// Its level.
    pub tlp: Tlp,
    /// When it ends.
    pub until: Moment,
    /// As forms name it: `root/collection/id`.
    pub address: String,
}
