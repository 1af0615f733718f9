//! `taxiway consumers` and `taxiway readers`

use clap::Args;

use super::address::Address;
use super::exit::Trouble;
use super::print;
use super::target::Target;
use crate::door::taken::Consumers;
use crate::feed::readers::Readers;

/// `taxiway consumers`
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    target: Target,
}

/// `taxiway readers`
#[derive(Debug, Args)]
pub struct Who {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// The id of the object
    id: String,
    #[command(flatten)]
    target: Target,
}

impl List {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let all: Consumers = self.target.open().await?.get(&["admin", "consumers"]).await?;
        if self.target.json {
            return print::json(&all);
        }
        let rows = all.consumers.into_iter().map(|one| {
            let behind = one.hidden.unwrap_or_else(|| format!("{} objects, {:.0} s", one.objects_behind, one.seconds_behind));
            let errors = one.last_error.map_or_else(String::new, |last| format!("{}, last {last}", one.errors));
            [one.user, format!("{}/{}", one.root, one.collection), one.polled, one.position, one.objects.to_string(), behind, errors]
        });
        print::table(["user", "collection", "last poll", "position", "objects", "behind", "errors"], rows.collect())
    }
}

impl Who {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Address { root, collection } = &self.address;
        let path = ["admin", "collections", root, collection, "objects", &self.id, "readers"];
        let readers: Readers = self.target.open().await?.get(&path).await?;
        if self.target.json {
            return print::json(&readers);
        }
        for version in readers.versions {
            print::line(&format!("version {} of TLP:{}, added {}", version.version, version.level.name().to_uppercase(), version.date_added))?;
            print::line(&format!("may be read by  {}", version.could.join(", ")))?;
            for reader in version.did {
                print::line(&format!("was handed to   {} by {}{}", reader.who, reader.at, if reader.certain { "" } else { ", perhaps" }))?;
            }
        }
        Ok(())
    }
}
