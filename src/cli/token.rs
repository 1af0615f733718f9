//! `taxiway token …`

use std::str::FromStr;

use clap::{Args, Subcommand};
use humantime::Duration;

use super::address::Address;
use super::exit::Trouble;
use super::print;
use super::target::Target;
use crate::admin::tokens::{List, Made, NewToken, Token, Tokens};
use crate::lists::handlers::check;

/// `taxiway token`
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a token and print it, this once
    Add {
        /// The user it stands for
        name: String,
        /// What it is used for
        #[arg(long, default_value = "")]
        label: String,
        /// When it ends, like 90d, 12h or 1y [default: it does not]
        #[arg(long, value_name = "AFTER")]
        expires: Option<Duration>,
        /// Make a key that opens this list and nothing else, by its path: for devices that know no credentials
        #[arg(long, value_name = "ROOT/COLLECTION/LIST[?QUERY]")]
        list: Option<ListAddress>,
    },
    /// List the tokens, of all users or of one
    List {
        /// The user they stand for
        name: Option<String>,
    },
    /// Remove a token: it stands for nobody from then on
    Remove {
        /// Its first twelve digits or more, as the list shows them
        id: String,
    },
}

/// A list as the command line names it.
#[derive(Debug, Clone)]
struct ListAddress(List);

impl FromStr for ListAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let (address, file) = path.rsplit_once('/').ok_or("a list is named as ROOT/COLLECTION/LIST")?;
        let Address { root, collection } = address.parse()?;
        check(file, query).map_err(|failure| failure.told().1)?;
        Ok(Self(List { root, collection, file: file.to_owned(), query: query.to_owned() }))
    }
}

impl Command {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { verb, target } = self;
        let admin = target.open().await?;
        match verb {
            Verb::Add { name, label, expires, list } => {
                let list = list.map(|ListAddress(list)| list);
                let new = NewToken { label, expires_in: expires.map(|duration| duration.as_secs()), list: list.clone() };
                let made: Made = admin.post(&["admin", "users", &name, "tokens"], &new).await?;
                if target.json {
                    return print::json(&made);
                }
                let end = made.shown.expires.map_or("does not end".into(), |end| format!("ends at {end}"));
                print::tell(&format!("made token {} of {name}; it {end} and is told this once:", made.shown.id));
                match list {
                    Some(list) => print::line(&format!("/lists/by-key/{}/{}", made.token, list.file)),
                    None => print::line(&made.token),
                }
            }
            Verb::List { name } => {
                let path = name.as_deref().map_or(vec!["admin", "tokens"], |name| vec!["admin", "users", name, "tokens"]);
                let all: Tokens = admin.get(&path).await?;
                if target.json { print::json(&all) } else { table(all.tokens) }
            }
            Verb::Remove { id } => {
                admin.delete(&["admin", "tokens", &id]).await?;
                print::tell(&format!("removed token {id}"));
                Ok(())
            }
        }
    }
}

/// Tokens for people to read.
pub fn table(tokens: Vec<Token>) -> Result<(), Trouble> {
    let rows = tokens.into_iter().map(|token| {
        let or = |time: Option<String>, word: &str| time.unwrap_or_else(|| word.into());
        let opens = token.list.map_or_else(|| "everything".into(), |list| format!("{}/{}/{}", list.root, list.collection, list.file));
        [token.id, token.user, token.created, or(token.expires, "never"), or(token.last_used, "never"), opens, token.label]
    });
    print::table(["token", "user", "made", "ends", "last used", "opens", "label"], rows.collect())
}
