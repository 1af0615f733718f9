//! Partners, links with other servers, and who has got how far.

use askama::Template;

use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::Empty;
use crate::console::parts::moment::Moment;
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::Href;

/// What is shared. The form of terms posts `collection`, `digest`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sharing.html")]
pub struct Sharing {
    /// What is around it.
    pub frame: Frame,
    /// Whether the visitor sees everything; else only what is its own.
    pub admin: bool,
    /// Terms of collections that the visitor sees.
    pub terms: Vec<Terms>,
    /// All partners, for administrators.
    pub partners: Vec<Partner>,
    /// All links, for administrators.
    pub links: Vec<Link>,
    /// Who polls.
    pub consumers: Vec<Consumer>,
}

/// The terms of a collection.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The collection, as `root/alias`.
    pub address: Said,
    /// Its id.
    pub collection: String,
    /// What they say.
    pub text: Said,
    /// By which somebody agrees to them.
    pub digest: String,
    /// Whether the visitor can agree to them: it belongs to a partner that has not.
    pub open: bool,
}

/// A partner.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Its name.
    pub name: Said,
    /// What it is called.
    pub title: Said,
    /// What its users may be shown at most.
    pub clearance: Tlp,
    /// Its users.
    pub users: usize,
    /// What is shared with it.
    pub shares: usize,
    /// When its part ends.
    pub ends: Option<Moment>,
}

/// A link.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its name.
    pub name: Said,
    /// What it does, in a word.
    pub kind: &'static str,
    /// Our collection.
    pub collection: Href,
    /// The collection's name.
    pub address: Said,
    /// Where.
    pub url: Said,
    /// How many objects went through.
    pub objects: u64,
    /// How many were refused.
    pub refused: u64,
    /// When it came to its end last.
    pub done: Option<Moment>,
    /// What went wrong.
    pub error: Option<Said>,
    /// Whether it rests.
    pub paused: bool,
}

/// Somebody who polls.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// The user.
    pub user: Said,
    /// The collection.
    pub address: Said,
    /// When it asked last.
    pub polled: Moment,
    /// How many objects it was handed.
    pub objects: u64,
    /// What it has not got, in words.
    pub behind: Said,
    /// How many of its requests failed, and how the last did.
    pub errors: Option<Said>,
}
