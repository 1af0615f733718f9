//! What lists share: choices, headings that sort, and the way to the next page.

use askama::Template;
use askama::filters::HtmlSafe;

use super::said::Said;
use crate::console::paths::Href;

/// One choice of a select or a group of boxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: Said,
    /// Whether it is chosen now.
    pub chosen: bool,
}

impl Choice {
    /// A choice that is read as it is sent.
    pub fn new(value: &str, chosen: bool) -> Self {
        Self { value: value.to_owned(), label: value.into(), chosen }
    }
}

/// The options of a select.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/options.html")]
pub struct Options<'a>(pub &'a [Choice]);

impl HtmlSafe for Options<'_> {}

/// A column's heading by which the list can be sorted.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/heading.html")]
pub struct Heading {
    /// What the column holds.
    pub label: &'static str,
    /// The list sorted by it, or the other way round if it is already.
    pub href: Option<Href>,
    /// How the list is sorted by it now.
    pub order: Option<Order>,
}

impl HtmlSafe for Heading {}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The least first.
    Rising,
    /// The greatest first.
    Falling,
}

/// The way through the pages of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "parts/pager.html")]
pub struct Pager {
    /// How many stand on this page.
    pub shown: usize,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// The first page, unless this is it.
    pub first: Option<Href>,
    /// The next page, if there is one.
    pub next: Option<Href>,
}

impl HtmlSafe for Pager {}

/// A condition that the list is under now, and the list without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chip {
    /// The condition in words.
    pub label: Said,
    /// The list without it.
    pub without: Href,
}

/// A number that is read at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The number, written out.
    pub value: String,
    /// What it counts.
    pub label: &'static str,
    /// What else there is to say.
    pub note: Option<Said>,
    /// Where the counted are listed.
    pub href: Option<Href>,
}

/// What a list says when it is empty: why, and what could be done.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/empty.html")]
pub struct Empty {
    /// What is not there.
    pub what: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

impl HtmlSafe for Empty {}

impl Empty {
    /// Nothing of `what`; `hint` says what could be done.
    pub fn new(what: &'static str, hint: &'static str) -> Self {
        Self { what, hint }
    }
}
