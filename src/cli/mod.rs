//! The program: `serve` composes everything; the verbs on roots, collections, users, tokens and grants are requests to the admin API.

pub mod address;
pub mod check;
pub mod collection;
pub mod copy;
pub mod doors;
pub mod exit;
pub mod grant;
pub mod open;
pub mod print;
pub mod root;
pub mod secret;
pub mod serve;
pub mod target;
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
    /// Tokens: secrets that stand for a user
    Token(token::Command),
    /// Let a user read or write a collection
    Grant(grant::Grant),
    /// Take all rights on a collection from a user
    Revoke(grant::Revoke),
    /// List who may do what
    Grants(grant::List),
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
            Self::Serve(serve) => serve.run().await,
            Self::Root(command) => command.run().await,
            Self::Collection(command) => command.run().await,
            Self::User(command) => command.run().await,
            Self::Token(command) => command.run().await,
            Self::Grant(grant) => grant.run().await,
            Self::Revoke(revoke) => revoke.run().await,
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
