//! `taxiway audit`

use clap::Args;
use form_urlencoded::Serializer;

use super::exit::{Exit, Trouble};
use super::find::word;
use super::print;
use super::target::Target;
use crate::desk::audit::{Page, Shown};
use crate::store::audit::Entry;

/// `taxiway audit`: who did what, when and from where.
#[derive(Debug, Args)]
pub struct Audit {
    /// One entry with the objects as they were before and after: its number, as the list shows it
    #[arg(value_name = "ENTRY", conflicts_with_all = ["who", "verb", "before", "limit", "export"])]
    entry: Option<u64>,
    /// Of this user
    #[arg(long, value_name = "USER")]
    who: Option<String>,
    /// Of this verb: post, publish, edit, revoke, restore, sight, import, undo, decay, curate, delete, administer, `log_in`, `log_out`
    #[arg(long, value_name = "VERB")]
    verb: Option<String>,
    /// Only entries before this one, by its number
    #[arg(long, value_name = "ENTRY")]
    before: Option<u64>,
    /// How many at the most, up to 1000
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
    /// The whole log, the earliest first, one JSON text a line
    #[arg(long, conflicts_with_all = ["who", "verb", "before", "limit"])]
    export: bool,
    /// In the export, with the objects as they were before and after
    #[arg(long, requires = "export")]
    objects: bool,
    #[command(flatten)]
    target: Target,
}

impl Audit {
    /// Does it.
    pub async fn run(self) -> Result<Exit, Trouble> {
        let service = self.target.open().await?;
        if self.export {
            service.stream(&["desk", "audit", "export"], &format!("objects={}", self.objects), print::raw).await?;
        } else if let Some(entry) = self.entry {
            let shown: Shown = service.get(&["desk", "audit", &entry.to_string()]).await?;
            print::json(&shown)?;
        } else {
            let page: Page = service.find(&["desk", "audit"], &self.query()).await?;
            if self.target.json {
                print::json(&page)?;
            } else {
                print::table(["entry", "time", "who", "from", "act", "what"], page.entries.into_iter().map(row).collect())?;
            }
        }
        Ok(Exit::Done)
    }

    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        let before = self.before.map(|entry| entry.to_string());
        let parts = [("who", self.who.clone()), ("verb", self.verb.clone()), ("before", before), ("limit", Some(self.limit.to_string()))];
        parts.into_iter().filter_map(|(name, value)| Some((name, value?))).for_each(|(name, value)| {
            query.append_pair(name, &value);
        });
        query.finish()
    }
}

fn row(Shown { time, entry, .. }: Shown) -> [String; 6] {
    let act = format!("{} ({})", word(&entry.act.verb), word(&entry.act.through));
    let from = entry.act.from.map_or_else(String::new, |address| address.to_string());
    let what = what(&entry);
    [entry.act.at.0.to_string(), time, entry.act.who, from, act, what]
}

/// What came of an act, in a few words.
fn what(entry: &Entry) -> String {
    let place = entry.collection.map(|id| format!(" in {id}")).unwrap_or_default();
    let stored = entry.stored.map(|stored| format!("{} stored{place}", stored.count));
    let deleted = (!entry.deleted.is_empty()).then(|| format!("{} deleted{place}", entry.deleted.len()));
    let changed = entry.changed.iter().map(|changed| changed.what.clone());
    let note = entry.act.note.iter().map(|note| format!("{note:?}"));
    stored.into_iter().chain(deleted).chain(changed).chain(note).collect::<Vec<_>>().join("; ")
}
