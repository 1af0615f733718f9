//! One object: what it says, its versions, what it is related to, where it was seen, where it came from and who has it.

use askama::Template;
use serde_json::Value;

use super::browse::{Acts, State};
use crate::console::diff::{Change, What};
use crate::console::draw::graph::Graph;
use crate::console::parts::confidence::Confidence;
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::{Choice, Empty, Options};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::{Outward, Reference};
use crate::console::parts::said::{Said, said};
use crate::console::parts::tlp::Tlp;
use crate::console::paths::Href;

/// One object.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/object.html")]
pub struct Object {
    /// What is around it.
    pub frame: Frame,
    /// As forms name it: `root/collection/id`.
    pub address: String,
    /// Its kind and name.
    pub object: Reference,
    /// Its id.
    pub id: Said,
    /// Its collection.
    pub collection: Said,
    /// Where the collection is shown.
    pub collection_href: Href,
    /// Its level.
    pub tlp: Tlp,
    /// How sure its maker is.
    pub confidence: Confidence,
    /// Whether it is in force.
    pub state: State,
    /// Its description.
    pub description: Option<Said>,
    /// Its labels.
    pub labels: Vec<Said>,
    /// What else it says, in the order of the standard's tables.
    pub facts: Vec<Fact>,
    /// Its JSON, indented.
    pub json: Said,
    /// The same as it is served: the bytes that came.
    pub raw: Href,
    /// Its versions, the newest first.
    pub versions: Vec<Version>,
    /// What it is related to, drawn; `None` without relationships.
    pub graph: Option<Graph>,
    /// The same as a list.
    pub relations: Vec<Relation>,
    /// Where and when it was seen.
    pub sightings: Vec<Sighting>,
    /// Where it came from: who sent it, when, by which way; and its references.
    pub origin: Vec<Fact>,
    /// Who was handed it.
    pub pulls: Vec<Pull>,
    /// What can be done with it.
    pub acts: Acts,
    /// The forms that change it; `None` if the visitor may not, or it has no versions.
    pub edit: Option<Edit>,
}

/// The forms that change an object. Its fields are sent to `edit`, and its whole JSON too.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Where edits go to: `name`, `description`, `labels`, `confidence`, `days`, `tlp`, `comment`; or `json`. `version` is sent along.
    pub edit: Href,
    /// Where an earlier version is taken up again: `version`, `comment`.
    pub restore: Href,
    /// Where sightings go to: `count`, `verdict` (`seen` or `false-positive`), `source`, `comment`.
    pub sight: Href,
    /// The version that is edited.
    pub version: String,
    /// Its name; `None` if objects of its type have none.
    pub name: Option<String>,
    /// Its description; `None` if objects of its type have none.
    pub description: Option<String>,
    /// Its labels, one on a line.
    pub labels: String,
    /// How sure its maker is.
    pub confidence: String,
    /// Days that it is to be valid from now; `None` if objects of its type do not end.
    pub days: Option<String>,
    /// Levels to set, its own chosen.
    pub levels: Vec<Choice>,
    /// Why.
    pub comment: String,
    /// Its JSON, indented.
    pub json: String,
    /// Whether the form is shown at once, since what was typed was not taken.
    pub open: bool,
}

/// A property in words.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What it is: the property's name in plain words.
    pub name: Said,
    /// What it says.
    pub values: Vec<Shown>,
}

/// A value as it is shown.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Text.
    Text(Said),
    /// Text that is meant for machines: patterns, hashes, ids.
    Code(Said),
    /// A point in time.
    Time(Moment),
    /// An address somewhere else.
    Address(Outward),
    /// An object.
    Object(Reference),
}

/// A version of the object.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its `modified`, or what stands for it.
    pub modified: Moment,
    /// When it was added here.
    pub added: Moment,
    /// Who sent it.
    pub by: Option<Said>,
    /// Why, if that was said.
    pub comment: Option<Said>,
    /// Whether it revokes.
    pub revoked: bool,
    /// How it differs from the version before; `None` for the first.
    pub changes: Option<Vec<Change>>,
    /// The version as the form names it that takes it up again; `None` where that cannot be.
    pub restore: Option<String>,
}

/// A relationship with another object.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Whether the object is its source.
    pub outward: bool,
    /// What it says: `uses`, `indicates`.
    pub verb: Said,
    /// The other object.
    pub other: Reference,
    /// The relationship itself.
    pub href: Option<Href>,
}

/// A sighting of the object.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// When it was last seen.
    pub last: Option<Moment>,
    /// How often.
    pub count: u64,
    /// By whom.
    pub by: Option<Said>,
    /// What is said about it.
    pub comment: Option<Said>,
    /// Whether it says that the object was not seen, or is a false positive.
    pub negative: bool,
}

/// A user who was handed the object.
#[derive(Debug, Clone)]
pub struct Pull {
    /// The user; `None` is the anonymous.
    pub user: Option<Said>,
    /// When it got past this object.
    pub at: Moment,
    /// Whether it was this version.
    pub current: bool,
}

/// A JSON value as one line, for differences.
pub(super) fn line(value: &Value) -> Said {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
