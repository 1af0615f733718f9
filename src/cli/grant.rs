//! `taxiway grant`, `ungrant` and `grants`

use std::str::FromStr;

use clap::Args;

use super::address::Address;
use super::exit::Trouble;
use super::print;
use super::target::Target;
use crate::admin::grants::{self, Grants, NewRights};

/// `taxiway grant`
#[derive(Debug, Args)]
pub struct Grant {
    /// The user
    name: String,
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// The rights from now on: read, write, own (to read what its partner has sent), with commas between them
    rights: Rights,
    #[command(flatten)]
    target: Target,
}

/// `taxiway ungrant`
#[derive(Debug, Args)]
pub struct Ungrant {
    /// The user
    name: String,
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    #[command(flatten)]
    target: Target,
}

/// `taxiway grants`
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    target: Target,
}

/// What somebody may do with a collection, as the command line writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    read: bool,
    write: bool,
    own: bool,
}

impl Rights {
    /// The same for the JSON API.
    pub fn granted(self) -> NewRights {
        let Self { read, write, own } = self;
        NewRights { read, write, own }
    }
}

impl FromStr for Rights {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').try_fold(Self { read: false, write: false, own: false }, |rights, word| match word {
            "read" => Ok(Self { read: true, ..rights }),
            "write" => Ok(Self { write: true, ..rights }),
            "own" => Ok(Self { own: true, ..rights }),
            _ => Err("not of the words read, write and own, with commas between them"),
        })
    }
}

impl Grant {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { name, address: Address { root, collection }, rights, target } = self;
        target.open().await?.put(&["admin", "grants", &name, &root, &collection], &rights.granted()).await?;
        print::tell(&format!("{name} may {} {root}/{collection}", words(rights.read, rights.write)));
        Ok(())
    }
}

impl Ungrant {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { name, address: Address { root, collection }, target } = self;
        target.open().await?.delete(&["admin", "grants", &name, &root, &collection]).await?;
        print::tell(&format!("{name} has no rights on {root}/{collection} any more"));
        Ok(())
    }
}

impl List {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let all: Grants = self.target.open().await?.get(&["admin", "grants"]).await?;
        if self.target.json { print::json(&all) } else { table(all.grants) }
    }
}

/// Grants for people to read.
pub fn table(grants: Vec<grants::Grant>) -> Result<(), Trouble> {
    let rows = grants.into_iter().map(|grant| [grant.user, format!("{}/{}", grant.root, grant.collection), words(grant.read, grant.write)]);
    print::table(["user", "collection", "may"], rows.collect())
}

fn words(read: bool, write: bool) -> String {
    [(read, "read"), (write, "write")].into_iter().filter_map(|(has, word)| has.then_some(word)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_words_with_a_comma() {
        assert_eq!("read".parse(), Ok(Rights { read: true, write: false, own: false }));
        assert_eq!("write,read".parse(), Ok(Rights { read: true, write: true, own: false }));
        for bad in ["", "read,", "rw", "Read", "read write"] {
            assert!(bad.parse::<Rights>().is_err(), "{bad}");
        }
    }
}
