//! Lists of a large collection: the first after a start, another, again, after a change, and nothing new.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Scale;
use crate::bare::WRITERS;
use crate::load;
use crate::support::Outcome;
use crate::support::client::Client;
use crate::support::objects::envelope;
use crate::support::server::Server;
use crate::support::stores::{self, OBJECTS};
use crate::table::{Line, megabytes, milliseconds, number};
use crate::turns;

/// Each value of the collection stands in it once.
const LIST: &str = "/lists/bench/bench/sha256.txt";
/// Objects of an envelope that is posted.
const ENVELOPE: u64 = 1_000;
/// Another list of the same values.
const OTHER: &str = "/lists/bench/bench/suricata-sha256.lst";

pub(crate) fn lists(scale: &Scale) -> Outcome<Vec<Line>> {
    let count = scale.large.first().copied().ok_or("no size")?;
    let filled = stores::filled(&scale.data, count)?;
    // What a server keeps in a store must not be there for the next.
    let dir = scale.data.join("lists");
    copy(&filled, &dir)?;
    let mut lines = vec![posted(scale, count)?];
    lines.extend(rounds(scale, &dir, &["the first of a store of which nothing was read before the start"], 0)?);
    stores::keep_values(&dir)?;
    let what = ["the first after a start", "another of the same values", "again", "after a new version of one indicator", "nothing new: 304"];
    lines.extend(rounds(scale, &dir, &what, 1)?);
    Ok(lines)
}

/// Everything is posted as fast as it goes, and a list asked for at once.
fn posted(scale: &Scale, count: u64) -> Outcome<Line> {
    let dir = scale.data.join("posted");
    let mut times = Vec::new();
    for _ in 0..scale.rounds {
        stores::fresh(&dir)?;
        let server = Server::start(&dir, 0)?;
        let rate = load::write_all(server.port, WRITERS, count / ENVELOPE, ENVELOPE)?;
        let (first, _) = get(&mut server.client()?, LIST, "", 200)?;
        eprintln!("{} objects a second were posted; then a list took {} ms", number(rate), first.as_millis());
        times.push(first);
    }
    Ok(line("the first, right after all were posted", &times, 2_000.0))
}

/// Starts, and asks so many times.
fn rounds(scale: &Scale, dir: &Path, what: &[&str], turn: u64) -> Outcome<Vec<Line>> {
    let mut times: [Vec<Duration>; 5] = Default::default();
    let mut peak = 0;
    for round in 0..scale.rounds {
        let server = Server::start(dir, 0)?;
        let mut client = server.client()?;
        // The first look at the password is not what is measured.
        client.get(&format!("{OBJECTS}?limit=1"))?;
        let (first, tag) = get(&mut client, LIST, "", 200)?;
        let (other, _) = get(&mut client, OTHER, "", 200)?;
        let (again, _) = get(&mut client, LIST, "", 200)?;
        let (known, _) = get(&mut client, LIST, &format!("If-None-Match: {tag}\r\n"), 304)?;
        // A new version of an object, which no earlier round has written.
        let posted = client.post(OBJECTS, &envelope([(7, 1 + turn * 1_000 + round as u64)]))?;
        if posted.status != 202 {
            return Err(format!("POST: {}", posted.head).into());
        }
        let (changed, _) = get(&mut client, LIST, "", 200)?;
        for (times, time) in times.iter_mut().zip([first, other, again, changed, known]) {
            times.push(time);
        }
        peak = peak.max(server.memory()?.peak);
        server.stop()?;
    }
    let wanted = [2_000.0, 2_000.0, 50.0, 50.0, 1.0];
    let lines = what.iter().zip(&times).zip(wanted).map(|((what, times), wanted)| line(what, times, wanted));
    Ok(lines.chain([memory(peak)]).collect())
}

/// Makes a copy of a store that nobody has open.
fn copy(from: &Path, to: &Path) -> Outcome<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let at = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &at)?;
        } else {
            fs::copy(entry.path(), at)?;
        }
    }
    Ok(())
}

/// How long an answer takes to its last octet, and its tag.
fn get(client: &mut Client, path: &str, headers: &str, status: u16) -> Outcome<(Duration, String)> {
    let start = Instant::now();
    let reply = client.get_with(path, headers)?;
    let time = start.elapsed();
    if reply.status != status {
        return Err(format!("GET {path}: {}", reply.head).into());
    }
    Ok((time, reply.header("etag").ok_or("no tag")?.to_owned()))
}

fn line(what: &str, times: &[Duration], wanted: f64) -> Line {
    let time = turns::median(times.iter().map(Duration::as_secs_f64).collect());
    Line {
        what: format!("a list of 1,000,000 hashes: {what}"),
        ours: milliseconds(Duration::from_secs_f64(time)),
        other: "–".into(),
        ratio: "–".into(),
        wanted: format!("{wanted} ms"),
        met: Some(time * 1e3 <= wanted),
    }
}

fn memory(peak: u64) -> Line {
    let ours = format!("at most {}", megabytes(peak as f64));
    let none = || "–".to_owned();
    Line { what: "memory with lists of 1,000,000 hashes".into(), ours, other: none(), ratio: none(), wanted: none(), met: None }
}
