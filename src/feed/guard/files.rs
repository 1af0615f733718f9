//! The files of warning lists: those embedded in the program, and those of a folder.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

/// The lists that are there without a setting.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/feed/guard/default");

/// What a file of a list ends in.
const EXTENSION: &str = "json";

/// Name and text of every embedded list.
pub(super) fn embedded() -> impl Iterator<Item = (String, &'static str)> {
    let files = EMBEDDED.files().filter(|file| is_list(file.path()));
    files.filter_map(|file| Some((format!("built in: {}", file.path().display()), file.contents_utf8()?)))
}

/// The lists of a folder and of the folders in it, as misp-warninglists has them, in the order of their names.
pub(super) fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut files, folders) = entries(folder)?;
    for folder in folders {
        files.extend(entries(&folder)?.0);
    }
    files.sort();
    Ok(files)
}

/// The lists and the folders in a folder.
fn entries(folder: &Path) -> std::io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        } else if is_list(&path) {
            files.push(path);
        }
    }
    Ok((files, folders))
}

fn is_list(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}
