//! `taxiway add`

use std::io::Read;

use clap::Args;

use super::address::Address;
use super::exit::{Exit, Trouble};
use super::print;
use super::target::Target;
use super::terms::Terms;
use crate::desk::indicators::{NewIndicators, Published};

/// `taxiway add`
#[derive(Debug, Args)]
pub struct Add {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// Values, defanged or not; STIX patterns; texts with values in them; or - for standard input
    #[arg(required = true, value_name = "VALUE")]
    values: Vec<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    terms: Terms,
    /// Only tell what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

impl Add {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Self { address: Address { root, collection }, values, description, terms, dry_run, target } = self;
        let values = values.into_iter().map(|value| if value == "-" { standard_input() } else { Ok(value) }).collect::<Result<_, _>>()?;
        let new = NewIndicators { values, description, terms: terms.into(), dry_run };
        let published: Published = target.open_to_publish().await?.post(&["desk", &root, &collection, "indicators"], &new).await?;
        let exit = exit(published.indicators.iter().map(|told| told.verdict.as_str()));
        if target.json {
            print::json(&published)?;
        } else {
            let rows = published.indicators.into_iter().map(|told| [told.verdict, told.value, told.detail]);
            print::table(["verdict", "value", ""], rows.collect())?;
        }
        if dry_run {
            print::tell("nothing was stored");
        }
        Ok(exit)
    }
}

/// How a command ends that came to these verdicts: refused if something was, or if nothing was an indicator at all.
pub fn exit<'v>(verdicts: impl Iterator<Item = &'v str>) -> Exit {
    let (mut refused, mut taken) = (false, false);
    for verdict in verdicts {
        refused |= matches!(verdict, "refused" | "blocked" | "revoked");
        taken |= matches!(verdict, "new" | "merged" | "known");
    }
    if taken && !refused { Exit::Done } else { Exit::Refused }
}

fn standard_input() -> Result<String, Trouble> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| Trouble::new(Exit::Unreadable, format!("standard input: {error}")))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_by_the_exit_code() {
        let exit = |verdicts: &[&str]| exit(verdicts.iter().copied());
        assert_eq!(exit(&["new", "known", "nothing"]), Exit::Done);
        for verdicts in [&["new", "blocked"][..], &["revoked"], &["nothing"], &[]] {
            assert_eq!(exit(verdicts), Exit::Refused, "{verdicts:?}");
        }
    }
}
