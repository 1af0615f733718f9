//! The files of the curated feeds: those embedded in the program, or those of a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/indicators");

/// Text files by their path below `indicators/`, such as `exchange-2021/feed.toml`.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, String>);

impl Files {
    /// The files that were there when the program was built.
    pub fn embedded() -> Self {
        let files = EMBEDDED.dirs().flat_map(Dir::files);
        Self(
            files
                .filter_map(|f| Some((f.path().to_str()?.replace('\\', "/"), f.contents_utf8()?.to_owned())))
                .filter(|(path, _)| is_data(path))
                .collect(),
        )
    }

    /// The files of the folders in `folder`.
    pub fn in_folder(folder: &Path) -> std::io::Result<Self> {
        let mut feeds = Vec::new();
        for feed in std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()? {
            if feed.file_type()?.is_dir() {
                feeds.push(feed.path());
            }
        }
        Self::of_feeds(&feeds)
    }

    /// The files of these folders, each of which is a feed under its own name.
    pub fn of_feeds(feeds: &[PathBuf]) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for feed in feeds {
            // `.` has its name only in full.
            let whole = feed.canonicalize()?;
            let name = whole.file_name().unwrap_or_default().to_string_lossy();
            for file in std::fs::read_dir(feed)?.collect::<Result<Vec<_>, _>>()? {
                let path = format!("{name}/{}", file.file_name().to_string_lossy());
                if file.file_type()?.is_file() && is_data(&path) {
                    files.insert(path, std::fs::read_to_string(file.path())?);
                }
            }
        }
        Ok(Self(files))
    }

    /// Files that are given as pairs of path and text.
    pub fn given<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }

    /// Path and text of every file, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The folders that hold files, each once, by name.
    pub(super) fn folders(&self) -> Vec<&str> {
        let mut folders: Vec<_> = self.0.keys().filter_map(|path| path.split_once('/')).map(|(folder, _)| folder).collect();
        folders.dedup();
        folders
    }

    /// Whether there is a file at `path`.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// The text at `path`.
    pub(super) fn text(&self, path: &str) -> Result<&str, super::CuratedError> {
        self.0.get(path).map(String::as_str).ok_or_else(|| super::CuratedError::new(path, 0, "there is no such file"))
    }
}

/// Whether a file is read at all: the README of a folder is not, nor what an editor leaves behind.
fn is_data(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("toml" | "csv"))
}

/// The line, from 1, that the byte at `offset` of `text` stands on.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
