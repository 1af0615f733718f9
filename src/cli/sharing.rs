//! What a collection takes and gives, as flags.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Trouble};
use super::level::Tlp;
use crate::store::directory::Sharing;

/// Flags that change what a collection takes and gives; what is not named stays.
#[derive(Debug, Args)]
pub struct Flags {
    /// Nothing above this TLP level comes in or goes out
    #[arg(long, value_name = "LEVEL")]
    ceiling: Option<Tlp>,
    /// How high what has no TLP marking counts when it comes
    #[arg(long, value_name = "LEVEL")]
    unmarked: Option<Tlp>,
    /// Show an object of which only a part is marked higher without that part to who is not cleared for it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    redact: Option<bool>,
    /// Name no partner to others that has not agreed to it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    anonymous: Option<bool>,
    /// Let objects go for good that nobody has touched for so many days; 0: keep them
    #[arg(long, value_name = "DAYS")]
    retention: Option<u32>,
    /// A file with what partners must agree to before they read or write; an empty one: nothing
    #[arg(long, value_name = "FILE")]
    terms: Option<PathBuf>,
}

impl Flags {
    /// What was, changed by the flags.
    pub fn over(self, old: Sharing) -> Result<Sharing, Trouble> {
        let terms = match self.terms {
            None => old.terms,
            Some(path) => {
                let text = fs::read_to_string(&path).map_err(|error| Trouble::new(Exit::Unreadable, format!("{}: {error}", path.display())))?;
                Some(text).filter(|text| !text.trim().is_empty())
            }
        };
        Ok(Sharing {
            ceiling: self.ceiling.map_or(old.ceiling, Into::into),
            unmarked: self.unmarked.map_or(old.unmarked, Into::into),
            redact: self.redact.unwrap_or(old.redact),
            anonymous: self.anonymous.unwrap_or(old.anonymous),
            retention_days: self.retention.map_or(old.retention_days, |days| Some(days).filter(|days| *days > 0)),
            terms,
        })
    }
}

/// For people to read.
pub fn lines(sharing: &Sharing) -> Vec<String> {
    let word = |word: bool| if word { "yes" } else { "no" };
    vec![
        format!("ceiling      {}", sharing.ceiling.name()),
        format!("unmarked     {}", sharing.unmarked.name()),
        format!("redacts      {}", word(sharing.redact)),
        format!("anonymous    {}", word(sharing.anonymous)),
        format!("retention    {}", sharing.retention_days.map_or_else(|| "without end".into(), |days| format!("{days} days"))),
        format!("terms        {}", word(sharing.terms.is_some())),
    ]
}
