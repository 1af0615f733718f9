//! `taxiway delete`

use clap::Args;

use super::address::Address;
use super::exit::Trouble;
use super::print;
use super::target::Target;

/// `taxiway delete`
#[derive(Debug, Args)]
pub struct Delete {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// The id of the object, of which all versions go
    id: String,
    /// What whoever brings it again is told
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    target: Target,
}

impl Delete {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { address: Address { root, collection }, id, reason, target } = self;
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("reason", &reason).finish();
        target.open().await?.delete_with(&["admin", "collections", &root, &collection, "objects", &id], &query).await?;
        print::tell(&format!("deleted {id} from {root}/{collection}; who has it already keeps it, unless it is revoked first"));
        Ok(())
    }
}
