//! `taxiway export`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use form_urlencoded::Serializer;
use tempfile::NamedTempFile;

use super::address::Address;
use super::exit::{Exit, Trouble};
use super::print;
use super::target::Target;
use crate::lists::handlers::Files;

/// `taxiway export`: a list of what is in a collection, for tools that speak no TAXII.
#[derive(Debug, Args)]
pub struct Export {
    /// The collection
    #[arg(value_name = "ROOT/COLLECTION")]
    address: Address,
    /// The list, like ipv4.txt or bundle.json; without it, all that there are
    #[arg(value_name = "LIST")]
    list: Option<String>,
    /// Only these kinds of values
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<String>,
    /// Only indicators at least so confident
    #[arg(long, value_name = "0-100")]
    min_confidence: Option<u8>,
    /// Only indicators with one of these labels
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Only indicators whose version is at most so old, like 90d
    #[arg(long, value_name = "AGE")]
    max_age: Option<String>,
    /// At most so many values, the most confident first
    #[arg(long, value_name = "NUMBER")]
    max_entries: Option<usize>,
    /// Only this part of so many, like 2/5
    #[arg(long, value_name = "PART/OF")]
    shard: Option<String>,
    /// A file, whose place the list takes when it is there whole [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Export {
    /// Does it.
    pub async fn run(self) -> Result<(), Trouble> {
        let service = self.target.open_to_publish().await?;
        let Address { root, collection } = &self.address;
        let Some(list) = &self.list else {
            let files: Files = service.get(&["lists", root, collection]).await?;
            return if self.target.json { print::json(&files) } else { table(files) };
        };
        let path = ["lists", root, collection, list];
        match &self.output {
            None => service.stream(&path, &self.query(), print::raw).await,
            Some(output) => {
                let mut file = beside(output)?;
                service.stream(&path, &self.query(), |piece| file.write_all(piece).map_err(|error| unwritten(output, &error))).await?;
                file.as_file().sync_all().map_err(|error| unwritten(output, &error))?;
                file.persist(output).map(drop).map_err(|error| unwritten(output, &error.error))
            }
        }
    }

    fn query(&self) -> String {
        let several = |name, all: &[String]| Some((name, all.join(","))).filter(|_| !all.is_empty());
        let parts = [
            several("kind", &self.kind),
            self.min_confidence.map(|least| ("min_confidence", least.to_string())),
            several("label", &self.label),
            self.max_age.clone().map(|age| ("max_age", age)),
            self.max_entries.map(|most| ("max_entries", most.to_string())),
            self.shard.clone().map(|shard| ("shard", shard)),
        ];
        Serializer::new(String::new()).extend_pairs(parts.into_iter().flatten()).finish()
    }
}

fn table(files: Files) -> Result<(), Trouble> {
    let rows = files.lists.into_iter().map(|file| [file.name, file.about, file.kinds.join(", ")]);
    print::table(["list", "what it is", "kinds"], rows.collect())
}

/// A file beside another, so that it can take its place in one step. Whoever may read the other may read it, and if there is none, whoever the
/// caller lets read its files: resolvers and firewalls read lists as users of their own.
fn beside(output: &Path) -> Result<NamedTempFile, Trouble> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder).map_err(|error| unwritten(output, &error))?;
    if let Ok(before) = output.metadata() {
        file.as_file().set_permissions(before.permissions()).map_err(|error| unwritten(output, &error))?;
    }
    Ok(file)
}

fn unwritten(output: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new(Exit::Failed, format!("cannot write {}: {error}", output.display()))
}
