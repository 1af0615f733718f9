//! The program: `serve` composes everything; the other verbs are requests to the JSON APIs of operators and of analysts.

pub mod add;
pub mod address;
pub mod audit;
pub mod check;
pub mod collection;
pub mod copy;
pub mod delete;
pub mod doors;
pub mod exit;
pub mod export;
pub mod find;
pub mod grant;
pub mod import;
pub mod level;
pub mod link;
pub mod open;
pub mod partner;
pub mod print;
pub mod revise;
pub mod root;
pub mod secret;
pub mod serve;
pub mod sharing;
pub mod taken;
pub mod target;
pub mod terms;
pub mod token;
pub mod user;

use clap::{Parser, Subcommand};

use exit::{Exit, Trouble};

/// A STIX 2.1 / TAXII 2.1 indicator feed server
#[derive(Debug, Parser)]
#[command(name = "taxiway", version, after_help = exit::HELP, propagate_version = true)]
struct Program {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server
    Serve(serve::Serve),
    /// API roots: the first segment of the path
    Root(root::Command),
    /// Collections of objects in a root
    Collection(collection::Command),
    /// Users and their passwords
    User(user::Command),
    /// Partners: organisations with users of their own, and what is shared with them
    Partner(partner::Command),
    /// Tokens: secrets that stand for a user
    Token(token::Command),
    /// Let a user read or write a collection
    Grant(grant::Grant),
    /// Take all rights on a collection from a user
    Ungrant(grant::Ungrant),
    /// List who may do what
    Grants(grant::List),
    /// Publish indicators: values, patterns, or what a text holds
    Add(add::Add),
    /// Publish what a file holds, with a verdict for each line
    Import(import::Import),
    /// Imports: list, look at and undo them
    Imports(import::Command),
    /// Withdraw objects: a new version says that they are not to be used any more
    Revoke(revise::Revoke),
    /// Let indicators be valid for so long from now
    Extend(revise::Extend),
    /// Change labels, TLP level or confidence of objects
    Edit(revise::Edit),
    /// Take up what an object said in an earlier version
    Restore(revise::Restore),
    /// Record that something was seen, or that it was nothing bad
    Sight(revise::Sight),
    /// Links with other servers: pull, push, webhooks
    Link(link::Command),
    /// How far those who poll have got
    Consumers(taken::List),
    /// Who could have seen an object, and who did
    Readers(taken::Who),
    /// Delete an object for good; to withdraw it from those who have it, revoke it
    Delete(delete::Delete),
    /// Look for objects
    Find(find::Find),
    /// Show an object with its versions, who made them, when and from where
    Show(find::Show),
    /// Print a list for tools that speak no TAXII, or write it to a file
    Export(export::Export),
    /// The audit log
    Audit(audit::Audit),
    /// Copy a store that no server has open
    Copy(copy::Copy),
    /// Give back the disk that a store no longer needs; no server may have it open
    Compact(copy::Compact),
    /// Judge STIX files as a POST would
    Check(check::Check),
}

/// Does what the command line says and tells what went wrong.
pub fn run() -> Exit {
    // Refused only if there is one already, which then is this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(usage) => {
            let _ = usage.print();
            return if usage.use_stderr() { Exit::Unreadable } else { Exit::Done };
        }
    };
    let ended = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(program.verb.run()),
        Err(error) => Err(Trouble::new(Exit::Failed, error)),
    };
    ended.unwrap_or_else(|Trouble { exit, message }| {
        print::tell(&format!("taxiway: {message}"));
        exit
    })
}

impl Verb {
    async fn run(self) -> Result<Exit, Trouble> {
        match self {
            Self::Check(check) => return check.run(),
            Self::Add(add) => return add.run().await,
            Self::Import(import) => return import.run().await,
            Self::Imports(command) => return command.run().await,
            Self::Revoke(revoke) => return revoke.run().await,
            Self::Extend(extend) => return extend.run().await,
            Self::Edit(edit) => return edit.run().await,
            Self::Restore(restore) => return restore.run().await,
            Self::Sight(sight) => return sight.run().await,
            Self::Find(find) => return find.run().await,
            Self::Show(show) => return show.run().await,
            Self::Audit(audit) => return audit.run().await,
            Self::Export(export) => export.run().await,
            Self::Serve(serve) => serve.run().await,
            Self::Root(command) => command.run().await,
            Self::Collection(command) => command.run().await,
            Self::User(command) => command.run().await,
            Self::Token(command) => command.run().await,
            Self::Partner(command) => command.run().await,
            Self::Delete(delete) => delete.run().await,
            Self::Link(command) => command.run().await,
            Self::Consumers(list) => list.run().await,
            Self::Readers(who) => who.run().await,
            Self::Grant(grant) => grant.run().await,
            Self::Ungrant(ungrant) => ungrant.run().await,
            Self::Grants(list) => list.run().await,
            Self::Copy(copy) => copy.run().await,
            Self::Compact(compact) => compact.run().await,
        }?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_tree_is_sound() {
        Program::command().debug_assert();
    }
}
