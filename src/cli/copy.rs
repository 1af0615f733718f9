//! `taxiway copy` and `taxiway compact`: stores that nobody uses meanwhile.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use super::exit::{Exit, Trouble};
use super::{open, print};
use crate::config::{Config, Flag};
use crate::store::transfer::Copied;
use crate::store::{self, StoreError};

/// `taxiway copy`
#[derive(Debug, Args)]
pub struct Copy {
    /// The store to copy, like sled:taxiway-data or postgres://…; no server may use it meanwhile
    from: String,
    /// Where to, where no store may be yet; a copy that was broken off goes on
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
        let told = format!("copied {} to {}", shown(&from), shown(&to));
        let bar = bar();
        let moving = bar.clone();
        let copied = store::open::copy(&from, &to, &store::sled::Options::default(), move |octets| moving.set_position(octets)).await;
        tell(&told, &bar, copied)
    }
}

impl Compact {
    /// Compacts.
    pub async fn run(self) -> Result<(), Trouble> {
        let flags = self.store.map(|store| Flag { name: "--store", key: "store", value: store.into() }).into_iter().collect();
        let config = Config::load(self.config.as_deref(), |name| std::env::var_os(name), flags);
        let config = config.map_err(|error| Trouble::new(Exit::Unreadable, error))?;
        let told = format!("compacted {}", config.store);
        let bar = bar();
        let moving = bar.clone();
        let compacted = store::open::compact(&config.store, &config.stores().sled, move |octets| moving.set_position(octets)).await;
        tell(&told, &bar, compacted)
    }
}

/// The name of a store without the password in it.
fn shown(store: &str) -> String {
    let Some(mut url) = Url::parse(store).ok().filter(|url| url.password().is_some()) else { return store.to_owned() };
    match url.set_password(None) {
        Ok(()) => url.into(),
        Err(()) => store.to_owned(),
    }
}

/// A bar that shows on a terminal how far it is.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {bytes} copied, {bytes_per_sec}").unwrap_or(ProgressStyle::default_spinner());
    ProgressBar::no_length().with_style(style)
}

/// Tells how it ended.
fn tell(told: &str, bar: &ProgressBar, copied: Result<Copied, StoreError>) -> Result<(), Trouble> {
    bar.finish_and_clear();
    let Copied { records, octets, digest } = copied.map_err(|error| open::trouble(&error))?;
    print::tell(&format!("{told}: {records} records, {octets} octets, digest {digest:032x}"));
    Ok(())
}
