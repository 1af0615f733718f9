//! `taxiway collection …`

use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::address::Address;
use super::exit::Trouble;
use super::target::Target;
use super::{grant, print, sharing};
use crate::admin::collections::{Collection, Collections, Decay, NewCollection, Shown, View};
use crate::store::directory::Sharing;

/// `taxiway collection`
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a collection
    Add {
        /// Its root and its alias
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
        /// Its name, unique in its root, without '.' and ','
        #[arg(long)]
        title: String,
        /// What it holds
        #[arg(long)]
        description: Option<String>,
        /// Its id, a UUID of version 4 [default: a fresh one]
        #[arg(long, value_name = "UUID")]
        id: Option<Uuid>,
        /// Let anybody read what is TLP:CLEAR or unmarked in it
        #[arg(long)]
        public: bool,
        #[command(flatten)]
        sharing: sharing::Flags,
        #[command(flatten)]
        view: ViewFlags,
    },
    /// Change what a collection takes and gives; what is not named stays
    Sharing {
        /// Its root and its alias or id
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
        #[command(flatten)]
        sharing: sharing::Flags,
    },
    /// List the collections
    List,
    /// Show a collection and who may use it
    Show {
        /// Its root and its alias or id
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
    },
    /// Let indicators that nobody touches lose confidence and end in a collection, or keep them as they are
    Decay {
        /// Its root and its alias or id
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
        /// Whether they do
        #[arg(value_enum)]
        switch: Switch,
    },
    /// Remove a collection with its objects and grants
    Remove {
        /// Its root and its alias or id
        #[arg(value_name = "ROOT/ALIAS")]
        address: Address,
    },
}

/// What a collection is to show of another one.
#[derive(Debug, Args)]
struct ViewFlags {
    /// Hold nothing, and show a part of this collection
    #[arg(long, value_name = "ROOT/ALIAS")]
    view_of: Option<String>,
    /// Of that, only objects of these types
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', requires = "view_of")]
    types: Vec<String>,
    /// Only objects with one of these labels or indicator types
    #[arg(long = "label", value_name = "LABEL", value_delimiter = ',', requires = "view_of")]
    labels: Vec<String>,
    /// Only objects of this confidence at least
    #[arg(long, value_name = "0-100", requires = "view_of")]
    min_confidence: Option<u8>,
    /// Only what was added within so many days
    #[arg(long, value_name = "DAYS", requires = "view_of")]
    max_age_days: Option<u32>,
}

impl ViewFlags {
    fn view(self) -> Option<View> {
        let Self { view_of, types, labels, min_confidence, max_age_days } = self;
        Some(View { of: view_of?, types, max_age_days, labels, min_confidence })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Command {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { verb, target } = self;
        let admin = target.open().await?;
        match verb {
            Verb::Add { address: Address { root, collection }, title, description, id, public, sharing, view } => {
                let new = NewCollection {
                    root,
                    alias: Some(collection),
                    title,
                    description,
                    id,
                    public,
                    sharing: sharing.over(Sharing::default())?,
                    view: view.view(),
                };
                let made: Collection = admin.post(&["admin", "collections"], &new).await?;
                print::made(&made, &format!("made collection {} with the id {}", name(&made), made.id), target.json)
            }
            Verb::List => {
                let all: Collections = admin.get(&["admin", "collections"]).await?;
                if target.json {
                    return print::json(&all);
                }
                let rows = all.collections.into_iter().map(|c| [name(&c), c.id.to_string(), print::word(c.public, "public"), c.title]);
                print::table(["collection", "id", "", "title"], rows.collect())
            }
            Verb::Show { address: Address { root, collection } } => {
                let shown: Shown = admin.get(&["admin", "collections", &root, &collection]).await?;
                if target.json {
                    return print::json(&shown);
                }
                show(&shown.collection)?;
                grant::table(shown.grants)
            }
            Verb::Sharing { address: Address { root, collection }, sharing: flags } => {
                let path = ["admin", "collections", root.as_str(), collection.as_str(), "sharing"];
                let sharing = flags.over(admin.get(&path).await?)?;
                admin.put(&path, &sharing).await?;
                if target.json { print::json(&sharing) } else { sharing::lines(&sharing).iter().try_for_each(|line| print::line(line)) }
            }
            Verb::Decay { address: Address { root, collection }, switch } => {
                let decay = switch == Switch::On;
                admin.put(&["admin", "collections", &root, &collection, "decay"], &Decay { decay }).await?;
                print::tell(&format!("{root}/{collection} {}", if decay { "decays from now on" } else { "does not decay any more" }));
                Ok(())
            }
            Verb::Remove { address: Address { root, collection } } => {
                admin.delete(&["admin", "collections", &root, &collection]).await?;
                print::tell(&format!("removed collection {root}/{collection}"));
                Ok(())
            }
        }
    }
}

fn name(collection: &Collection) -> String {
    format!("{}/{}", collection.root, collection.alias.clone().unwrap_or_else(|| collection.id.to_string()))
}

fn show(collection: &Collection) -> Result<(), Trouble> {
    print::line(&format!("{}  {}", name(collection), collection.title))?;
    print::line(&format!("id           {}", collection.id))?;
    if let Some(description) = &collection.description {
        print::line(&format!("description  {description}"))?;
    }
    print::line(&format!("public       {}", if collection.public { "yes" } else { "no" }))?;
    print::line(&format!("decay        {}", if collection.decay { "on" } else { "off" }))?;
    print::line(&format!("curated      {}", if collection.curated { "yes" } else { "no" }))?;
    print::line(&format!("view         {}", if collection.view { "yes" } else { "no" }))?;
    sharing::lines(&collection.sharing).iter().try_for_each(|line| print::line(line))
}
