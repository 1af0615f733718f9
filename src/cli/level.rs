//! TLP levels as the command line writes them.

use clap::ValueEnum;

use crate::stix::marking::Level;

/// A TLP level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tlp {
    /// For everybody.
    Clear,
    /// For the community.
    Green,
    /// For the organisation and its clients.
    Amber,
    /// For the organisation.
    #[value(name = "amber+strict")]
    AmberStrict,
    /// For those who are named.
    Red,
}

impl From<Tlp> for Level {
    fn from(tlp: Tlp) -> Self {
        match tlp {
            Tlp::Clear => Self::Clear,
            Tlp::Green => Self::Green,
            Tlp::Amber => Self::Amber,
            Tlp::AmberStrict => Self::AmberStrict,
            Tlp::Red => Self::Red,
        }
    }
}
