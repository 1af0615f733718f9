//! `ROOT/ALIAS`: how a collection is called on the command line.

use std::str::FromStr;

/// A collection in its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The slug of the root.
    pub root: String,
    /// The alias or id of the collection.
    pub collection: String,
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split('/').collect::<Vec<_>>()[..] {
            [root, collection] if !root.is_empty() && !collection.is_empty() => Ok(Self { root: root.into(), collection: collection.into() }),
            _ => Err("not of the form ROOT/ALIAS, like feeds/our-findings"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_a_slash_and_a_name() {
        assert_eq!("feeds/ours".parse(), Ok(Address { root: "feeds".into(), collection: "ours".into() }));
        for bad in ["", "feeds", "feeds/", "/ours", "feeds/ours/", "a/b/c"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
