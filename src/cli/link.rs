//! `taxiway link …`

use clap::{Args, Subcommand, ValueEnum};

use super::exit::{Exit, Trouble};
use super::level::Tlp;
use super::target::Target;
use super::{print, secret};
use crate::admin::links::{Link, Links, NewLink, Rest};
use crate::store::directory::{LinkCredential, LinkKind};

/// Holds the secret of a link: a password, a token, or what a webhook is signed with.
const SECRET: &str = "TAXIWAY_LINK_SECRET";

/// `taxiway link`
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
    /// Make a link: take what is new at another TAXII server, send it what is new here, or call a webhook
    Add {
        /// What it is called: lower-case letters, digits and inner hyphens
        name: String,
        /// What is done
        kind: Kind,
        /// Our collection
        #[arg(value_name = "ROOT/ALIAS")]
        collection: String,
        /// The URL of the other collection, or of the webhook
        #[arg(value_name = "THERE")]
        there: String,
        /// The partner at the other side: what came from it is never sent there
        #[arg(long)]
        partner: Option<String>,
        /// How we say who we are; the secret is in TAXIWAY_LINK_SECRET
        #[arg(long = "as", value_name = "HOW", default_value = "none")]
        how: How,
        /// The name that goes with --as basic
        #[arg(long, value_name = "NAME", required_if_eq("how", "basic"))]
        user: Option<String>,
        /// Nothing above this is sent
        #[arg(long, value_name = "LEVEL", default_value = "green")]
        clearance: Tlp,
        /// Seconds between two pulls
        #[arg(long, value_name = "SECONDS", default_value = "300")]
        every: u32,
    },
    /// List the links and how they stand
    List,
    /// Show a link and what was refused on its way
    Show {
        /// Its name
        name: String,
    },
    /// Let a link rest
    Pause {
        /// Its name
        name: String,
    },
    /// Let a link go on where it was
    Resume {
        /// Its name
        name: String,
    },
    /// Run a link now, to its end
    Run {
        /// Its name
        name: String,
    },
    /// Remove a link; what it brought stays
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Pull,
    Push,
    Hook,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    None,
    Basic,
    Token,
    Hmac,
}

impl How {
    fn credential(self, user: Option<String>) -> Result<LinkCredential, Trouble> {
        let secret = || secret::variable(SECRET)?.ok_or_else(|| Trouble::new(Exit::Unreadable, format!("{SECRET} is not set")));
        Ok(match self {
            Self::None => LinkCredential::None,
            Self::Basic => LinkCredential::Basic { user: user.unwrap_or_default(), password: secret()? },
            Self::Token => LinkCredential::Token(secret()?),
            Self::Hmac => LinkCredential::Hmac(secret()?),
        })
    }
}

impl Command {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { verb, target } = self;
        let admin = target.open().await?;
        match verb {
            Verb::Add { name, kind, collection, there, partner, how, user, clearance, every } => {
                let kind = match kind {
                    Kind::Pull => LinkKind::Pull,
                    Kind::Push => LinkKind::Push,
                    Kind::Hook => LinkKind::Hook,
                };
                let credential = how.credential(user)?;
                let new = NewLink { name, kind, collection, partner, url: there, credential, clearance: clearance.into(), every };
                let made: Link = admin.post(&["admin", "links"], &new).await?;
                print::made(&made, &format!("made link {}; a running server begins at once", made.name), target.json)
            }
            Verb::List => {
                let all: Links = admin.get(&["admin", "links"]).await?;
                if target.json {
                    return print::json(&all);
                }
                let rows = all.links.into_iter().map(|link| {
                    let state = if link.paused { "rests".to_owned() } else { link.state.error.unwrap_or_else(|| "well".into()) };
                    [
                        link.name,
                        word(link.kind).to_owned(),
                        link.collection,
                        link.url,
                        link.state.objects.to_string(),
                        link.state.refused.to_string(),
                        state,
                    ]
                });
                print::table(["link", "does", "collection", "where", "objects", "refused", "stands"], rows.collect())
            }
            Verb::Show { name } => {
                let link: Link = admin.get(&["admin", "links", &name]).await?;
                if target.json { print::json(&link) } else { show(&link) }
            }
            Verb::Pause { name } => rest(&admin, &name, true).await,
            Verb::Resume { name } => rest(&admin, &name, false).await,
            Verb::Run { name } => {
                let link: Link = admin.post(&["admin", "links", &name, "runs"], &serde_json::json!({})).await?;
                if target.json { print::json(&link) } else { show(&link) }
            }
            Verb::Remove { name } => {
                admin.delete(&["admin", "links", &name]).await?;
                print::tell(&format!("removed link {name}"));
                Ok(())
            }
        }
    }
}

async fn rest(admin: &super::target::Service, name: &str, paused: bool) -> Result<(), Trouble> {
    admin.put(&["admin", "links", name], &Rest { paused }).await?;
    print::tell(&format!("{name} {}", if paused { "rests" } else { "goes on where it was" }));
    Ok(())
}

fn word(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Pull => "pull",
        LinkKind::Push => "push",
        LinkKind::Hook => "hook",
    }
}

fn show(link: &Link) -> Result<(), Trouble> {
    let state = &link.state;
    let or = |time: &Option<String>| time.clone().unwrap_or_else(|| "never".into());
    print::line(&format!("{}  {} {} {}", link.name, word(link.kind), link.collection, link.url))?;
    print::line(&format!("partner    {}", link.partner.as_deref().unwrap_or("none")))?;
    print::line(&format!("clearance  {}", link.clearance.name()))?;
    print::line(&format!("stands at  {}", or(&state.position)))?;
    print::line(&format!("ended      {}", or(&state.done)))?;
    print::line(&format!("objects    {} new, {} known, {} refused", state.objects, state.known, state.refused))?;
    if let Some(error) = &state.error {
        print::line(&format!("error      {error} ({} times in a row, again at {})", state.failures, or(&state.rests_until)))?;
    }
    let refused = state.quarantine.iter().map(|refused| [refused.at.clone(), refused.id.clone(), refused.version.clone(), refused.why.clone()]);
    print::table(["when", "refused", "version", "why"], refused.collect())
}
