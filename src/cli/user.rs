//! `taxiway user …`

use clap::{Args, Subcommand};

use super::exit::Trouble;
use super::level::Tlp;
use super::target::Target;
use super::{grant, print, secret, token};
use crate::admin::users::{NewPassword, NewUser, Shown, User, Users};

/// `taxiway user`
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "clap shows these texts as they stand")]
enum Verb {
    /// Make a user, with the password in TAXIWAY_PASSWORD or from a prompt (12 characters at least)
    Add {
        /// Its name, without ':'
        name: String,
        /// Let it do everything
        #[arg(long)]
        admin: bool,
        /// The highest TLP level it may be shown
        #[arg(long, value_name = "LEVEL", default_value = "amber")]
        clearance: Tlp,
        /// The partner that it belongs to
        #[arg(long)]
        partner: Option<String>,
    },
    /// List the users
    List,
    /// Show a user with its tokens and grants
    Show {
        /// Its name
        name: String,
    },
    /// Remove a user with its tokens and grants
    Remove {
        /// Its name
        name: String,
    },
    /// Give a user another password, from TAXIWAY_PASSWORD or a prompt (12 characters at least)
    Passwd {
        /// Its name
        name: String,
    },
}

impl Command {
    /// Does it. People are asked before the store is opened, so that nobody is kept from it while they think.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { verb, target } = self;
        match verb {
            Verb::Add { name, admin, clearance, partner } => {
                let new = NewUser { password: secret::new_password(&name)?, name, admin, clearance: clearance.into(), partner };
                let user: User = target.open().await?.post(&["admin", "users"], &new).await?;
                print::made(&user, &format!("made user {}, cleared for TLP:{}", user.name, user.clearance.to_uppercase()), target.json)
            }
            Verb::List => {
                let all: Users = target.open().await?.get(&["admin", "users"]).await?;
                if target.json {
                    return print::json(&all);
                }
                let rows = all.users.into_iter().map(|user| [user.name, user.clearance, print::word(user.admin, "admin"), user.created]);
                print::table(["name", "clearance", "", "made"], rows.collect())
            }
            Verb::Show { name } => {
                let shown: Shown = target.open().await?.get(&["admin", "users", &name]).await?;
                if target.json {
                    return print::json(&shown);
                }
                show(&shown.user)?;
                token::table(shown.tokens)?;
                grant::table(shown.grants)
            }
            Verb::Remove { name } => {
                target.open().await?.delete(&["admin", "users", &name]).await?;
                print::tell(&format!("removed user {name}"));
                Ok(())
            }
            Verb::Passwd { name } => {
                let password = secret::new_password(&name)?;
                target.open().await?.put(&["admin", "users", &name, "password"], &NewPassword { password }).await?;
                print::tell(&format!("{name} has another password"));
                Ok(())
            }
        }
    }
}

fn show(user: &User) -> Result<(), Trouble> {
    print::line(&user.name)?;
    print::line(&format!("clearance  {}", user.clearance))?;
    print::line(&format!("admin      {}", if user.admin { "yes" } else { "no" }))?;
    print::line(&format!("made       {}", user.created))
}
