//! The level of the Traffic Light Protocol as a badge.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::stix::marking::Level;

/// A level as a badge, with its name: colour is not what tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(path = "parts/tlp.html")]
pub struct Tlp(pub Level);

impl HtmlSafe for Tlp {}

impl Tlp {
    /// The word by which the style sheet knows it.
    pub fn class(&self) -> &'static str {
        match self.0 {
            Level::Unmarked => "unmarked",
            Level::Clear => "clear",
            Level::Green => "green",
            Level::Amber => "amber",
            Level::AmberStrict => "amber-strict",
            Level::Red => "red",
        }
    }

    /// Its name as TLP 2.0 writes it.
    pub fn label(&self) -> &'static str {
        match self.0 {
            Level::Unmarked => "unmarked",
            Level::Clear => "TLP:CLEAR",
            Level::Green => "TLP:GREEN",
            Level::Amber => "TLP:AMBER",
            Level::AmberStrict => "TLP:AMBER+STRICT",
            Level::Red => "TLP:RED",
        }
    }
}
