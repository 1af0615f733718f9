//! `taxiway copy` and `taxiway compact`: stores that nobody has open.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{Exit, Trouble};
use super::{open, print};
use crate::config::{Config, Flag};
use crate::store::sled::copy::Copied;
use crate::store::{self, StoreError};

/// `taxiway copy`
#[derive(Debug, Args)]
pub struct Copy {
    /// The store to copy, like sled:taxiway-data
    from: String,
    /// Where to, where nothing may be yet
    to: String,
}

/// `taxiway compact`
#[derive(Debug, Args)]
pub struct Compact {
    /// The store to rewrite [default: that of the settings, sled:taxiway-data]
    #[arg(long)]
    store: Option<String>,
    /// The settings that name the store [default: ./taxiway.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Copy {
    /// Copies.
    pub async fn run(self) -> Result<(), Trouble> {
        let Self { from, to } = self;
        let told = format!("copied {from} to {to}");
        work(told, move |progress| store::open::copy(&from, &to, &store::sled::Options::default(), progress)).await
    }
}

impl Compact {
    /// Compacts.
    pub async fn run(self) -> Result<(), Trouble> {
        let flags = self.store.map(|store| Flag { name: "--store", key: "store", value: store.into() }).into_iter().collect();
        let config = Config::load(self.config.as_deref(), |name| std::env::var_os(name), flags);
        let config = config.map_err(|error| Trouble::new(Exit::Unreadable, error))?;
        let told = format!("compacted {}", config.store);
        work(told, move |progress| store::open::compact(&config.store, &config.stores().sled, progress)).await
    }
}

/// Does long work, on a terminal with a bar that shows how far it is, and tells how it ended.
async fn work(told: String, work: impl FnOnce(&dyn Fn(u64)) -> Result<Copied, StoreError> + Send + 'static) -> Result<(), Trouble> {
    let done = tokio::task::spawn_blocking(move || {
        let style = ProgressStyle::with_template("{spinner} {bytes} copied, {bytes_per_sec}").unwrap_or(ProgressStyle::default_spinner());
        let bar = ProgressBar::no_length().with_style(style);
        let done = work(&|octets| bar.set_position(octets));
        bar.finish_and_clear();
        done
    });
    let done = done.await.map_err(|error| Trouble::new(Exit::Failed, error))?;
    let Copied { pairs, octets, .. } = done.map_err(|error| open::trouble(&error))?;
    print::tell(&format!("{told}: {pairs} pairs of key and value, {octets} octets"));
    Ok(())
}
