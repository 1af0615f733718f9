//! What was acknowledged survives `kill -9`, and no envelope is ever there in part.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use taxiway::store::Store;
use taxiway::store::sled::{Options, SledStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::scene::{self, WRITERS, random};

/// Tells this test, started once more, that it is the one to be killed: the directory of the store.
const DIR: &str = "TAXIWAY_TEST_CRASH_DIR";
/// The number of its first envelope.
const FIRST: &str = "TAXIWAY_TEST_CRASH_FIRST";
/// Envelopes that no round comes to the end of.
const ROUND: u64 = 1 << 20;

#[test]
fn acknowledged_envelopes_survive_sigkill() {
    if let (Ok(dir), Ok(first)) = (std::env::var(DIR), std::env::var(FIRST)) {
        write_until_killed(dir.as_ref(), first.parse().unwrap());
    }
    let runtime = Runtime::new().unwrap();
    for _ in 0..5 {
        let dir = TempDir::new().unwrap();
        runtime.block_on(scene::set_up(&open(dir.path())));
        let mut acknowledged = Vec::new();
        for round in 0..10 {
            let first = round * ROUND;
            acknowledged.extend(kill_a_writer(dir.path(), first));
            let in_flight: Vec<u64> = (first..first + WRITERS).map(|of| next_of(of, &acknowledged)).collect();
            runtime.block_on(scene::inspect(&open(dir.path()), &acknowledged, &in_flight));
        }
        assert!(!acknowledged.is_empty());
    }
}

/// The number of the envelope that a writer who began with `first` was sending when it was killed.
fn next_of(first: u64, acknowledged: &[u64]) -> u64 {
    let of_it = acknowledged.iter().filter(|number| **number >= first && (**number - first).is_multiple_of(WRITERS));
    of_it.max().map_or(first, |last| last + WRITERS)
}

fn open(dir: &Path) -> SledStore {
    SledStore::open(dir, Options::default()).unwrap()
}

/// Starts this test once more as a writer, kills it at a random moment, and returns what it had acknowledged.
fn kill_a_writer(dir: &Path, first: u64) -> Vec<u64> {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::acknowledged_envelopes_survive_sigkill", "--nocapture"])
        .env(DIR, dir)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The test harness may have begun the line.
    let mut numbers = lines.filter_map(|line| line.rsplit_once("acknowledged ")?.1.strip_suffix('.')?.parse().ok());
    let mut acknowledged: Vec<u64> = numbers.by_ref().take(usize::try_from(random(40)).unwrap()).collect();
    std::thread::sleep(Duration::from_micros(random(15_000)));
    writer.kill().unwrap();
    assert_eq!(writer.wait().unwrap().code(), None, "the writer ended by itself");
    acknowledged.extend(numbers);
    acknowledged
}

/// Writes envelopes of random size, several at a time, and tells the number of each that is acknowledged.
fn write_until_killed(dir: &Path, first: u64) -> ! {
    let store = open(dir);
    let write = async |writer: u64| {
        for number in (first + writer..first + ROUND).step_by(usize::try_from(WRITERS).unwrap()) {
            // Few are large enough for the files that sled keeps beside its log.
            let pad = || usize::try_from(random(if random(300) == 0 { 300_000 } else { 1_500 })).unwrap();
            store.add(scene::envelope(number, random(200), pad)).await.unwrap();
            let mut out = std::io::stdout().lock();
            writeln!(out, "acknowledged {number}.").unwrap();
            out.flush().unwrap();
        }
    };
    Runtime::new().unwrap().block_on(futures_util::future::join_all((0..WRITERS).map(write)));
    panic!("the writer came to its end before it was killed");
}
