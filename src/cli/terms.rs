//! What is said of everything that one command publishes.

use std::str::FromStr;

use clap::Args;
use humantime::parse_duration;

use super::level::Tlp;
use crate::feed::desk::indicator::{self, Source};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The flags of `taxiway add` and `taxiway import`.
#[derive(Debug, Clone, Args)]
pub struct Terms {
    /// How far it may travel [default: unmarked]
    #[arg(long, value_name = "LEVEL")]
    tlp: Option<Tlp>,
    /// How sure you are, from 0 to 100
    #[arg(long, value_name = "NUMBER")]
    confidence: Option<u8>,
    /// How long it is valid, in days, like 90d or 1y [default: it does not end]
    #[arg(long, value_name = "TIME")]
    valid_for: Option<Days>,
    /// A word to find it by; may come several times
    #[arg(long = "label", value_name = "WORD")]
    labels: Vec<String>,
    /// What it indicates, like malicious-activity; may come several times [default: unknown]
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// A tactic of ATT&CK, like initial-access; may come several times
    #[arg(long = "phase", value_name = "TACTIC")]
    phases: Vec<String>,
    /// The id of a campaign, malware or intrusion set that it indicates; may come several times
    #[arg(long, value_name = "ID")]
    related: Vec<String>,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Where it can be read
    #[arg(long, value_name = "URL", requires = "source")]
    source_url: Option<String>,
    /// Publish it although it is on a warning list that blocks
    #[arg(long)]
    accept_warnings: bool,
    /// Publish it anew although it was revoked
    #[arg(long)]
    revive: bool,
}

/// A time of whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub u32);

impl FromStr for Days {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = parse_duration(text).map_err(|_| "no time like 90d or 1y")?.as_secs();
        let days = u32::try_from(seconds / DAY).map_err(|_| "too long")?;
        if days == 0 { Err("less than a day") } else { Ok(Self(days)) }
    }
}

/// A source as it is sent.
pub fn source(name: Option<String>, url: Option<String>) -> Option<Source> {
    name.map(|name| Source { name, url })
}

impl From<Terms> for indicator::Terms {
    fn from(terms: Terms) -> Self {
        Self {
            tlp: terms.tlp.map(Into::into).unwrap_or_default(),
            confidence: terms.confidence,
            valid_days: terms.valid_for.map(|Days(days)| days),
            labels: terms.labels,
            indicator_types: terms.types,
            kill_chain: terms.phases,
            related: terms.related,
            source: source(terms.source, terms.source_url),
            accept_warnings: terms.accept_warnings,
            revive: terms.revive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_whole_days() {
        assert_eq!("90d".parse(), Ok(Days(90)));
        assert_eq!("1y".parse(), Ok(Days(365)));
        for bad in ["", "90", "12h", "soon"] {
            assert!(bad.parse::<Days>().is_err(), "{bad}");
        }
    }
}
