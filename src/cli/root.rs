//! `taxiway root …`

use clap::{Args, Subcommand};

use super::exit::Trouble;
use super::print;
use super::target::Target;
use crate::admin::roots::{NewRoot, Roots};
use crate::store::directory::Root;

/// `taxiway root`
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a root
    Add {
        /// Its path segment: a-z, 0-9 and inner hyphens
        slug: String,
        /// Its name
        #[arg(long)]
        title: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// List the roots
    List,
    /// Remove a root, which must be empty
    Remove {
        /// Its path segment
        slug: String,
    },
}

impl Command {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { verb, target } = self;
        let admin = target.open().await?;
        match verb {
            Verb::Add { slug, title, description } => {
                let root: Root = admin.post(&["admin", "roots"], &NewRoot { slug, title, description }).await?;
                print::made(&root, &format!("made root {}", root.slug), target.json)
            }
            Verb::List => {
                let all: Roots = admin.get(&["admin", "roots"]).await?;
                if target.json {
                    return print::json(&all);
                }
                print::table(["slug", "title"], all.roots.into_iter().map(|root| [root.slug, root.title]).collect())
            }
            Verb::Remove { slug } => {
                admin.delete(&["admin", "roots", &slug]).await?;
                print::tell(&format!("removed root {slug}"));
                Ok(())
            }
        }
    }
}
