//! `taxiway revoke`, `extend`, `edit`, `restore` and `sight`: changes of what a collection holds.

use clap::Args;

use super::address::Address;
use super::exit::{Exit, Trouble};
use super::level::Tlp;
use super::print;
use super::target::{Service, Target};
use super::terms::{Days, source};
use crate::desk::revisions::{Outcomes, Restoration, Revision, Sightings};
use crate::feed::desk::change::Change;
use crate::feed::desk::revise::Revised;
use crate::feed::desk::sight::Sighted;

/// What is to be changed.
#[derive(Debug, Args)]
struct Objects {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// Ids; or values, defanged or not, or patterns of indicators
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// `taxiway revoke`
#[derive(Debug, Args)]
pub struct Revoke {
    #[command(flatten)]
    objects: Objects,
}

/// `taxiway extend`
#[derive(Debug, Args)]
pub struct Extend {
    #[command(flatten)]
    objects: Objects,
    /// How long it is valid from now, in days, like 90d or 1y
    #[arg(long, value_name = "TIME")]
    valid_for: Days,
}

/// `taxiway edit`
#[derive(Debug, Args)]
#[group(skip)]
pub struct Edit {
    #[command(flatten)]
    objects: Objects,
    #[command(flatten)]
    change: Changed,
}

/// One or more changes; each makes a version of its own.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Changed {
    /// A word to find it by; may come several times
    #[arg(long = "label", value_name = "WORD")]
    labels: Vec<String>,
    /// A label to take away; may come several times
    #[arg(long = "unlabel", value_name = "WORD")]
    unlabels: Vec<String>,
    /// How far it may travel
    #[arg(long, value_name = "LEVEL")]
    tlp: Option<Tlp>,
    /// How sure you are, from 0 to 100
    #[arg(long, value_name = "NUMBER")]
    confidence: Option<u8>,
}

/// `taxiway restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The collection
    #[arg(value_name = "ROOT/ALIAS")]
    address: Address,
    /// An id, or the value or pattern of an indicator
    #[arg(value_name = "TARGET")]
    object: String,
    /// The version whose content it is to have again, as `taxiway show` lists them
    #[arg(value_name = "VERSION")]
    to: String,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// `taxiway sight`
#[derive(Debug, Args)]
pub struct Sight {
    #[command(flatten)]
    objects: Objects,
    /// How often it was seen
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    count: u32,
    /// It was seen and was nothing bad
    #[arg(long, conflicts_with = "count")]
    false_positive: bool,
    /// When it was first seen, like 2021-03-02T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    first_seen: Option<String>,
    /// When it was last seen [default: when it was first]
    #[arg(long, value_name = "TIME")]
    last_seen: Option<String>,
    /// Who has seen it
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Where it can be read
    #[arg(long, value_name = "URL", requires = "source")]
    source_url: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

impl Objects {
    /// Makes each change of all of them.
    async fn change(self, changes: Vec<Change>) -> Result<Exit, Trouble> {
        let Self { address: Address { root, collection }, targets, note, target } = self;
        let service = target.open().await?;
        let mut outcomes = Outcomes { objects: Vec::new() };
        for change in changes {
            let revision = Revision { targets: targets.clone(), change, note: note.clone() };
            let told: Outcomes = service.post(&["desk", &root, &collection, "revisions"], &revision).await?;
            outcomes.objects.extend(told.objects);
        }
        tell(&outcomes, target.json)
    }
}

impl Revoke {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        self.objects.change(vec![Change::Revoke]).await
    }
}

impl Extend {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Days(days) = self.valid_for;
        self.objects.change(vec![Change::Extend(days)]).await
    }
}

impl Edit {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Changed { labels, unlabels, tlp, confidence } = self.change;
        let label = (!labels.is_empty() || !unlabels.is_empty()).then_some(Change::Label { add: labels, remove: unlabels });
        let changes = label.into_iter().chain(tlp.map(|tlp| Change::Tlp(tlp.into()))).chain(confidence.map(Change::Confidence));
        self.objects.change(changes.collect()).await
    }
}

impl Restore {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Self { address: Address { root, collection }, object, to, note, target } = self;
        let restoration = Restoration { target: object, version: to, note };
        send(&target.open().await?, &["desk", &root, &collection, "restorations"], &restoration, target.json).await
    }
}

impl Sight {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let Objects { address: Address { root, collection }, targets, note, target } = self.objects;
        let sighted = Sighted {
            count: self.count,
            false_positive: self.false_positive,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            source: source(self.source, self.source_url),
            comment: self.comment,
        };
        let sightings = Sightings { targets, sighted, note };
        send(&target.open().await?, &["desk", &root, &collection, "sightings"], &sightings, target.json).await
    }
}

async fn send(service: &Service, path: &[&str], body: &impl serde::Serialize, as_json: bool) -> Result<Exit, Trouble> {
    tell(&service.post(path, body).await?, as_json)
}

/// Tells what became of each object.
fn tell(outcomes: &Outcomes, as_json: bool) -> Result<Exit, Trouble> {
    if as_json {
        print::json(outcomes)?;
    } else {
        outcomes.objects.iter().try_for_each(|revised| print::line(&line(revised)))?;
    }
    let refused = outcomes.objects.iter().any(|revised| matches!(revised, Revised::Refused { .. }));
    Ok(if refused { Exit::Refused } else { Exit::Done })
}

fn line(revised: &Revised) -> String {
    match revised {
        Revised::Changed { id, version } => format!("{id}: version {version}"),
        Revised::Unchanged { id } => format!("{id}: it is so already"),
        Revised::Refused { id, why } => format!("{id}: refused: {why}"),
    }
}
