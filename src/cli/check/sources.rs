//! What the paths of a command line mean: texts to judge, and folders of curated feeds.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::feed::curated::files::Files;

/// What files in a folder are called that may hold objects.
const EXTENSIONS: [&str; 4] = ["json", "jsonl", "ndjson", "stix"];
/// The file that makes a folder a curated feed.
const FEED: &str = "feed.toml";

/// Something to judge.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A file, or `-` for standard input.
    Text(PathBuf),
    /// Feeds in one folder, which are read together, as they share roots and collections.
    Feeds {
        /// The folder, as `indicators/`.
        folder: PathBuf,
        /// The folders of the feeds.
        feeds: Vec<PathBuf>,
    },
}

/// Everything to judge, and what could not be read on the way.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) sources: Vec<Source>,
    pub(super) troubles: Vec<String>,
}

/// Finds what `paths` mean, in their order; what a folder holds is in the order of the names.
pub(super) fn find(paths: &[PathBuf]) -> Sources {
    let mut all = Sources::default();
    for path in paths {
        if path.is_dir() {
            all.add_folder(path);
        } else {
            all.sources.push(Source::Text(path.clone()));
        }
    }
    all
}

impl Sources {
    fn add_folder(&mut self, folder: &Path) {
        let (mut texts, mut feeds) = (Vec::new(), BTreeMap::<PathBuf, Vec<PathBuf>>::new());
        let before = self.troubles.len();
        self.walk(folder, &mut texts, &mut feeds);
        texts.sort();
        if texts.is_empty() && feeds.is_empty() && before == self.troubles.len() {
            self.troubles.push(format!("{} has no file that ends in .{} and no {FEED}", folder.display(), EXTENSIONS.join(", .")));
        }
        self.sources.extend(texts.into_iter().map(Source::Text));
        for (folder, mut feeds) in feeds {
            feeds.sort();
            self.sources.push(Source::Feeds { folder, feeds });
        }
    }

    fn walk(&mut self, folder: &Path, texts: &mut Vec<PathBuf>, feeds: &mut BTreeMap<PathBuf, Vec<PathBuf>>) {
        if folder.join(FEED).is_file() {
            // The parent of `.` is found only in its full name.
            let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            let parent = if folder.file_name().is_some() { folder.parent() } else { whole.parent() };
            feeds.entry(parent.unwrap_or(folder).to_owned()).or_default().push(folder.to_owned());
            return;
        }
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.troubles.push(unreadable(folder, &error)),
        };
        for entry in entries {
            let path = entry.path();
            // A link to a folder is not followed: it could lead in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(&path, texts, feeds);
            } else if !path.is_dir() && path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|its| extension == *its)) {
                texts.push(path);
            }
        }
    }
}

/// Reads a file or standard input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = if path == Path::new("-") { std::io::stdin().read_to_end(&mut text).map(|_| text) } else { fs::read(path) };
    read.map_err(|error| unreadable(path, &error))
}

/// Reads the files of feeds.
pub(super) fn read_feeds(folder: &Path, feeds: &[PathBuf]) -> Result<Files, String> {
    Files::of_feeds(feeds).map_err(|error| unreadable(folder, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_files_and_its_feeds() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for path in ["b.json", "a/c.stix", "a/notes.txt", "in/two/feed.toml", "in/one/feed.toml", "in/one/extra.json"] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), "").unwrap();
        }
        let Sources { sources, troubles } = find(&[home.path().to_owned(), "-".into()]);
        let feeds = Source::Feeds { folder: at("in"), feeds: vec![at("in/one"), at("in/two")] };
        assert_eq!(sources, [Source::Text(at("a/c.stix")), Source::Text(at("b.json")), feeds, Source::Text("-".into())]);
        assert!(troubles.is_empty());
        assert_eq!(find(&[at("in/one")]).sources, [Source::Feeds { folder: at("in"), feeds: vec![at("in/one")] }]);
        fs::create_dir(at("empty")).unwrap();
        assert_eq!(find(&[at("empty")]).troubles.len(), 1);
    }
}
