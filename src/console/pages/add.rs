//! New indicators, in four steps: paste, choose, say how, publish. Nothing is stored before the last.

use askama::Template;

use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::{Choice, Empty, Options};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::paths::Href;

/// The first step: a text or a file.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/add_paste.html")]
pub struct Paste {
    /// What is around it.
    pub frame: Frame,
    /// The text as it was left; saved by the script to `/console/add/text/`.
    pub text: String,
    /// How large a file may be, in words.
    pub most: String,
    /// Drafts that were begun and not published.
    pub drafts: Vec<Draft>,
}

/// A draft that waits; a form to `discard` below it throws it away.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Where it goes on.
    pub href: Href,
    /// The beginning of its text, or the file's name.
    pub name: Said,
    /// How many indicators it holds.
    pub found: usize,
    /// When it was last touched.
    pub touched: Moment,
}

/// The second step: what was found, to be chosen from. The form posts `chosen` (many, the numbers) and `pattern-N`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/add_review.html")]
pub struct Review {
    /// What is around it.
    pub frame: Frame,
    /// The draft.
    pub href: Href,
    /// What was found.
    pub found: Vec<Found>,
    /// Lines in which nothing was found, or something that cannot be used.
    pub passed: Vec<Passed>,
}

/// An indicator that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its number in the draft.
    pub number: usize,
    /// The line it stands in.
    pub line: usize,
    /// As it was written there.
    pub written: Said,
    /// The same, refanged and normal.
    pub value: Said,
    /// What it is: `domain`, `IPv4 address`, `SHA-256`.
    pub kind: &'static str,
    /// The pattern that is suggested.
    pub pattern: String,
    /// Whether the server has it already.
    pub known: Option<Reference>,
    /// Warning lists that it is on.
    pub warnings: Vec<Warning>,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A warning list on which a value is.
#[derive(Debug, Clone)]
pub struct Warning {
    /// The list.
    pub list: Said,
    /// The entry that matched.
    pub entry: Said,
    /// Whether the list keeps it from being published, unless that is accepted at the last step.
    pub blocks: bool,
}

/// A line that gave nothing.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Its number.
    pub line: usize,
    /// What it says.
    pub text: Said,
    /// Why it gave nothing.
    pub why: Said,
}

/// The third step: how they are published. The form posts the fields of [`Defaults`] to `publish` below the draft.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/add_publish.html")]
pub struct Publish {
    /// What is around it.
    pub frame: Frame,
    /// The draft.
    pub href: Href,
    /// What will be published.
    pub chosen: Vec<Chosen>,
    /// How.
    pub defaults: Defaults,
}

/// An indicator that will be published.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// What it is.
    pub kind: &'static str,
    /// Its value.
    pub value: Said,
    /// Whether it becomes a new version of one that the server has.
    pub revises: bool,
    /// What keeps it from being published as things stand.
    pub fault: Option<Said>,
}

/// How indicators are published.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// `collection`: where.
    pub collections: Vec<Choice>,
    /// `tlp`: their level.
    pub levels: Vec<Choice>,
    /// `confidence`: 0 to 100.
    pub confidence: String,
    /// `days`: for how long; empty is without end.
    pub days: String,
    /// `name`: what each is called; empty is its value.
    pub name: String,
    /// `description`.
    pub description: String,
    /// `labels`: with commas between.
    pub labels: String,
    /// `types`: the `indicator_types`.
    pub types: Vec<Choice>,
    /// `phases`: kill chain phases.
    pub phases: Vec<Choice>,
    /// `related`: what they indicate: campaigns, malware, actors.
    pub related: Vec<Choice>,
    /// `reference`: where they were read.
    pub reference: String,
    /// `accept_warnings`: whether they are published although a warning list says that they are harmless.
    pub accept_warnings: bool,
    /// `revive`: whether they are published although they were revoked before.
    pub revive: bool,
}

/// The end: what was published.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/add_done.html")]
pub struct Done {
    /// What is around it.
    pub frame: Frame,
    /// What was published.
    pub published: Vec<Reference>,
    /// What was not, and why.
    pub refused: Vec<Passed>,
}
