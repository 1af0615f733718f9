//! `taxiway partner …`

use clap::{Args, Subcommand};
use humantime::Duration;

use super::address::Address;
use super::exit::Trouble;
use super::grant::Rights;
use super::level::Tlp;
use super::print;
use super::target::Target;
use crate::admin::partners::{NewPartner, Partner, Partners, Terms};
use crate::feed::clock::{Clock, SystemClock};
use crate::taxii::stamp::Stamp;

/// `taxiway partner`
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a partner: an organisation with users of its own
    Add {
        /// Names it: lower-case letters, digits and inner hyphens
        name: String,
        /// What it is called
        #[arg(long)]
        title: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// Change what was agreed with a partner; what is not named stays
    Set {
        /// Its name
        name: String,
        /// What it is called
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        flags: Flags,
    },
    /// List the partners
    List,
    /// Show a partner with its users and what is shared with it
    Show {
        /// Its name
        name: String,
    },
    /// Remove a partner that has no users any more
    Remove {
        /// Its name
        name: String,
    },
    /// Let all users of a partner read or write a collection
    Share {
        /// Its name
        name: String,
        /// The collection
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
        /// The rights from now on: read, write, own (to read what it has sent), with commas between them
        rights: Rights,
    },
    /// Share a collection no more
    Unshare {
        /// Its name
        name: String,
        /// The collection
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
    },
}

#[derive(Debug, Args)]
struct Flags {
    /// The highest TLP level that any of its users may be shown [default: green]
    #[arg(long, value_name = "LEVEL")]
    clearance: Option<Tlp>,
    /// It agrees to be named to others as the source of what it sends
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    named: Option<bool>,
    /// When its part ends, like 365d [default: it does not]
    #[arg(long, value_name = "AFTER")]
    expires: Option<Duration>,
    /// The most requests of each of its users in a minute [default: as for all]
    #[arg(long, value_name = "NUMBER")]
    requests_per_minute: Option<u32>,
}

impl Flags {
    fn over(self, old: Terms) -> Terms {
        let end = |after: Duration| {
            let after = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
            Stamp(SystemClock.now().0.saturating_add(after)).min(Stamp::END).to_string()
        };
        Terms {
            title: old.title,
            clearance: self.clearance.map_or(old.clearance, Into::into),
            named: self.named.unwrap_or(old.named),
            expires: self.expires.map(end).or(old.expires),
            requests_per_minute: self.requests_per_minute.or(old.requests_per_minute),
        }
    }
}

impl Command {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { verb, target } = self;
        let admin = target.open().await?;
        match verb {
            Verb::Add { name, title, flags } => {
                let fresh = Terms { title, clearance: crate::stix::marking::Level::Green, named: false, expires: None, requests_per_minute: None };
                let made: Partner = admin.post(&["admin", "partners"], &NewPartner { name, terms: flags.over(fresh) }).await?;
                print::made(
                    &made,
                    &format!("made partner {}, cleared for TLP:{}", made.name, made.terms.clearance.name().to_uppercase()),
                    target.json,
                )
            }
            Verb::Set { name, title, flags } => {
                let old: Partner = admin.get(&["admin", "partners", &name]).await?;
                let terms = flags.over(Terms { title: title.unwrap_or_else(|| old.terms.title.clone()), ..old.terms });
                admin.put(&["admin", "partners", &name], &terms).await?;
                print::tell(&format!("changed partner {name}"));
                Ok(())
            }
            Verb::List => {
                let all: Partners = admin.get(&["admin", "partners"]).await?;
                if target.json {
                    return print::json(&all);
                }
                let rows = all.partners.into_iter().map(|partner| {
                    let ends = partner.terms.expires.unwrap_or_else(|| "never".into());
                    [partner.name, partner.terms.clearance.name().to_owned(), ends, partner.users.len().to_string(), partner.terms.title]
                });
                print::table(["partner", "clearance", "ends", "users", "title"], rows.collect())
            }
            Verb::Show { name } => {
                let shown: Partner = admin.get(&["admin", "partners", &name]).await?;
                if target.json { print::json(&shown) } else { show(&shown) }
            }
            Verb::Remove { name } => {
                admin.delete(&["admin", "partners", &name]).await?;
                print::tell(&format!("removed partner {name}"));
                Ok(())
            }
            Verb::Share { name, address: Address { root, collection }, rights } => {
                admin.put(&["admin", "partners", &name, "shares", &root, &collection], &rights.granted()).await?;
                print::tell(&format!("shared {root}/{collection} with {name}"));
                Ok(())
            }
            Verb::Unshare { name, address: Address { root, collection } } => {
                admin.delete(&["admin", "partners", &name, "shares", &root, &collection]).await?;
                print::tell(&format!("{root}/{collection} is not shared with {name} any more"));
                Ok(())
            }
        }
    }
}

fn show(partner: &Partner) -> Result<(), Trouble> {
    print::line(&format!("{}  {}", partner.name, partner.terms.title))?;
    print::line(&format!("id         {}", partner.id))?;
    print::line(&format!("clearance  {}", partner.terms.clearance.name()))?;
    print::line(&format!("named      {}", if partner.terms.named { "yes" } else { "no" }))?;
    print::line(&format!("ends       {}", partner.terms.expires.as_deref().unwrap_or("never")))?;
    print::line(&format!("users      {}", partner.users.join(", ")))?;
    for (collection, rights) in &partner.shares {
        let words = [(rights.read, "read"), (rights.write, "write"), (rights.own, "own")];
        let words: Vec<&str> = words.into_iter().filter_map(|(has, word)| has.then_some(word)).collect();
        print::line(&format!("shared     {collection}: {}", words.join(", ")))?;
    }
    for accepted in &partner.accepted {
        let which = if accepted.current { "" } else { ", which have changed since" };
        print::line(&format!("agreed     to the terms of {}{which}: {}, {}", accepted.collection, accepted.by, accepted.at))?;
    }
    Ok(())
}
