//! `taxiway import` and `taxiway imports`

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, Subcommand};
use form_urlencoded::Serializer;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::sleep;
use uuid::Uuid;

use super::address::Address;
use super::exit::{Exit, Trouble};
use super::target::{Service, Target};
use super::terms::Terms;
use super::{add, print};
use crate::desk::imports::Imports;
use crate::feed::desk::import::{self, State, Tally};
use crate::feed::desk::indicator;
use crate::feed::desk::undo::Undone;

/// How often it is asked how far an import is.
const LOOK: Duration = Duration::from_millis(100);
/// The verdicts of lines that were not taken.
const LEFT: &str = "revoked,blocked,refused,nothing";

/// `taxiway import`
#[derive(Debug, Args)]
#[command(after_help = "\
Every line that was not taken is told, with why:
  FILE:LINE: VERDICT: VALUE: why

  new      a new object
  merged   known already, and the report adds something
  known    known already, and the report says nothing new
  revoked  it was revoked here: --revive publishes it anew
  blocked  it is on a warning list: --accept-warnings publishes it all the same
  refused  it cannot be an indicator
  nothing  there is nothing to be imported")]
pub struct Import {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// Files: STIX, events of MISP, tables whose first line names a column value, or any document; or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    terms: Terms,
    /// Only tell what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

/// `taxiway imports`
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the imports, the latest first
    List,
    /// Show an import and what became of each line
    Show {
        /// Its id
        id: Uuid,
    },
    /// Undo an import: revoke what it brought, and take back what it changed
    Undo {
        /// Its id
        id: Uuid,
    },
}

impl Import {
    /// Does it, file by file; one that cannot be imported does not keep the others out.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Self { address, paths, terms, dry_run, target } = self;
        let terms = serde_json::to_string(&indicator::Terms::from(terms)).map_err(|error| Trouble::new(Exit::Failed, error))?;
        let service = target.open_to_publish().await?;
        let (mut exit, mut imports) = (Exit::Done, Vec::new());
        for path in &paths {
            let name = name(path);
            let query = Serializer::new(String::new())
                .append_pair("name", &name)
                .append_pair("dry_run", &dry_run.to_string())
                .append_pair("terms", &terms)
                .finish();
            match one(&service, &address, path, &query).await {
                Ok(import) => {
                    exit = worse(exit, end(&import));
                    if !target.json {
                        report(&path.display().to_string(), &import)?;
                    }
                    imports.push(import);
                }
                Err(Trouble { exit: why, message }) => {
                    print::tell(&format!("taxiway: {}: {message}", path.display()));
                    exit = worse(exit, why);
                }
            }
        }
        if target.json {
            print::json(&Imports { imports })?;
        }
        Ok(exit)
    }
}

/// Imports a file and waits for the end, on a terminal with a bar.
async fn one(service: &Service, Address { root, collection }: &Address, path: &Path, query: &str) -> Result<import::Import, Trouble> {
    let begun: import::Import = service.upload(&["desk", root, collection, "imports"], query, read(path)?).await?;
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} lines, {eta} left").unwrap_or(ProgressStyle::default_bar());
    let bar = ProgressBar::new(begun.total as u64).with_style(style);
    let id = begun.id.to_string();
    loop {
        let import: import::Import = service.find(&["desk", "imports", &id], &format!("verdicts={LEFT}")).await?;
        if import.state != State::Running {
            bar.finish_and_clear();
            return Ok(import);
        }
        bar.set_position(import.done as u64);
        sleep(LOOK).await;
    }
}

fn read(path: &Path) -> Result<Bytes, Trouble> {
    let octets = if path.as_os_str() == "-" {
        let mut octets = Vec::new();
        std::io::stdin().read_to_end(&mut octets).map(|_| octets)
    } else {
        fs::read(path)
    };
    octets.map(Bytes::from).map_err(|error| Trouble::new(Exit::Unreadable, format!("cannot be read: {error}")))
}

/// What a file is called without its folder.
fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.file_name().unwrap_or_default().to_string_lossy().into_owned() }
}

/// Tells what became of a file: what was not taken as data, the rest in a line.
fn report(file: &str, import: &import::Import) -> Result<(), Trouble> {
    for told in &import.lines {
        print::line(&format!("{file}:{}: {}: {}: {}", told.line, told.verdict, told.what, told.detail))?;
    }
    let tally = tally(&import.tally);
    let way_back = if import.dry_run { "nothing was stored".into() } else { format!("taxiway imports undo {} takes it back", import.id) };
    print::tell(&format!("{file}: {} of {} lines: {tally}; {way_back}", import.done, import.total));
    if let State::Stopped(why) = &import.state {
        print::tell(&format!("{file}: stopped: {why}"));
    }
    Ok(())
}

fn tally(tally: &Tally) -> String {
    let Tally { new, merged, known, revoked, blocked, refused, nothing } = *tally;
    let counts =
        [(new, "new"), (merged, "merged"), (known, "known"), (revoked, "revoked"), (blocked, "blocked"), (refused, "refused"), (nothing, "nothing")];
    let told: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    told.join(", ")
}

fn end(import: &import::Import) -> Exit {
    let Tally { new, merged, known, revoked, blocked, refused, .. } = import.tally;
    let counts = [(new, "new"), (merged, "merged"), (known, "known"), (revoked, "revoked"), (blocked, "blocked"), (refused, "refused")];
    match import.state {
        State::Stopped(_) => Exit::Failed,
        _ => add::exit(counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, word)| word)),
    }
}

fn worse(one: Exit, other: Exit) -> Exit {
    if one as u8 >= other as u8 { one } else { other }
}

impl Command {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Self { verb, target } = self;
        let service = target.open().await?;
        match verb {
            Verb::List => {
                let all: Imports = service.get(&["desk", "imports"]).await?;
                if target.json { print::json(&all)? } else { table(all.imports)? }
            }
            Verb::Show { id } => {
                let import: import::Import = service.get(&["desk", "imports", &id.to_string()]).await?;
                if target.json {
                    print::json(&import)?;
                } else {
                    report(&import.name, &import)?;
                }
            }
            Verb::Undo { id } => {
                let undone: Undone = service.post(&["desk", "imports", &id.to_string(), "undo"], &()).await?;
                if target.json {
                    print::json(&undone)?;
                } else {
                    undone.left.iter().try_for_each(|(id, why)| print::line(&format!("{id}: left as it is: {why}")))?;
                    print::tell(&format!("{} revoked, {} restored, {} left as they are", undone.revoked, undone.restored, undone.left.len()));
                }
                return Ok(if undone.left.is_empty() { Exit::Done } else { Exit::Refused });
            }
        }
        Ok(Exit::Done)
    }
}

fn table(imports: Vec<import::Import>) -> Result<(), Trouble> {
    let rows = imports.into_iter().map(|import| {
        let state = match &import.state {
            State::Running => format!("{} of {} lines", import.done, import.total),
            State::Done if import.dry_run => "dry run".into(),
            State::Done => "done".into(),
            State::Stopped(why) => format!("stopped: {why}"),
            State::Undone => "undone".into(),
        };
        [import.id.to_string(), import.started.to_string(), import.owner, state, tally(&import.tally), import.name]
    });
    print::table(["import", "begun", "by", "state", "verdicts", "file"], rows.collect())
}
