//! Campaigns: when, by which techniques, and how everything hangs together.

use askama::Template;

use super::object::{Fact, Shown};
use crate::console::draw::graph::Graph;
use crate::console::draw::matrix::Matrix;
use crate::console::draw::timeline::Timeline;
use crate::console::parts::frame::{Frame, Theme};
use crate::console::parts::list::Empty;
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::Href;

/// The campaigns that there are.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/campaigns.html")]
pub struct Campaigns {
    /// What is around it.
    pub frame: Frame,
    /// The campaigns, the last to be added first.
    pub rows: Vec<Row>,
}

/// A campaign in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The campaign; it leads to its page.
    pub campaign: Reference,
    /// Its collection's title.
    pub collection: Said,
    /// Its level.
    pub tlp: Tlp,
    /// When it was first seen.
    pub first: Option<Moment>,
    /// When it was last seen.
    pub last: Option<Moment>,
    /// How many objects hang on it.
    pub objects: u64,
}

/// One campaign.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/campaign.html")]
pub struct Campaign {
    /// What is around it.
    pub frame: Frame,
    /// The campaign; it leads to the object.
    pub campaign: Reference,
    /// Its level.
    pub tlp: Tlp,
    /// Its description.
    pub description: Option<Said>,
    /// What else it says.
    pub facts: Vec<Fact>,
    /// What happened when.
    pub timeline: Timeline,
    /// The techniques used.
    pub matrix: Matrix,
    /// The whole.
    pub graph: Graph,
    /// Everything that hangs on it, by kind, where the whole does not fit into a drawing.
    pub list: Href,
}
