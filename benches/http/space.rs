//! What an object takes of the disk when objects are overwritten, before and after `taxiway compact`.

use std::path::Path;
use std::process::Command;

use crate::Scale;
use crate::large::Pull;
use crate::support::Outcome;
use crate::support::server::Server;
use crate::support::stores::{self, OBJECTS};
use crate::support::system::disk_use;
use crate::table::Line;

const ROUNDS: u64 = 10;

pub(crate) fn disk(scale: &Scale) -> Outcome<Vec<Line>> {
    let (count, dir) = (scale.objects, scale.data.join("disk"));
    stores::fresh(&dir)?;
    stores::write(&dir, (0..count).map(|serial| (serial, 0)))?;
    for round in 0..ROUNDS {
        stores::write(&dir, (0..count).filter(|serial| serial % ROUNDS == round).map(|serial| (serial, 1)))?;
    }
    let what = |when| format!("disk an object after 10 rounds that overwrite 10 % each, {when}");
    let before = line(&what("before compact"), disk_use(&dir)?, count, 3.0);
    let after = match compact(&dir).and_then(|()| check_history(&dir, count)) {
        Ok(()) => line(&what("after compact, with its history"), disk_use(&dir)?, count, 2.5),
        Err(why) => Line::unmeasured(&what("after compact"), &why.to_string()),
    };
    Ok(vec![before, after])
}

fn compact(dir: &Path) -> Outcome<()> {
    let ended = Command::new(env!("CARGO_BIN_EXE_taxiway")).args(["compact", "--store", &format!("sled:{}", dir.display())]).output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if ended.status.success() { Ok(()) } else { Err(format!("taxiway compact: {}", said.lines().next().unwrap_or("failed")).into()) }
}

/// Every object is there in both versions.
fn check_history(dir: &Path, count: u64) -> Outcome<()> {
    let server = Server::start(dir, 0)?;
    let pull = Pull::of(&server, &format!("{OBJECTS}?limit=1000&match[version]=all"), 2 * count, |(serial, version)| serial * 2 + version)?;
    pull.complete()
}

fn line(what: &str, bytes: u64, count: u64, wanted: f64) -> Line {
    let each = bytes as f64 / count as f64 / 1000.0;
    Line {
        what: what.into(),
        ours: format!("{each:.2} kB"),
        other: "–".into(),
        ratio: "–".into(),
        wanted: format!("{wanted} kB"),
        met: Some(each <= wanted),
    }
}
