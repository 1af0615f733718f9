//! The load generator: wrk, the same for both sides.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::Outcome;
use crate::support::client::authorization;

/// A load.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Connections that are kept and each have one request under way.
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
    /// Whether compressed answers are asked for.
    pub(crate) gzip: bool,
    /// A file of paths of which each request takes a random one.
    pub(crate) paths: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Requests a second.
    pub(crate) requests: f64,
    /// Bytes a second.
    pub(crate) bytes: f64,
    /// The time within which 99 of 100 were.
    pub(crate) p99: Duration,
}

impl Load {
    pub(crate) fn run(&self, url: &str) -> Outcome<Figures> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/http/wrk.lua");
        let mut wrk = Command::new("wrk");
        // One thread of wrk asks for more than two cores can answer.
        wrk.args(["-t1", "-c", &self.connections.to_string(), "-d", &format!("{}s", self.seconds), "--timeout", "60s", "--latency"]);
        wrk.args(["-H", "Accept: application/taxii+json;version=2.1", "-H", &format!("Authorization: {}", authorization())]);
        if self.gzip {
            wrk.args(["-H", "Accept-Encoding: gzip"]);
        }
        wrk.arg("-s").arg(script).arg(url);
        if let Some(paths) = &self.paths {
            wrk.arg("--").arg(paths);
        }
        let ended = wrk.output().map_err(|error| format!("wrk cannot be started ({error}): install the package wrk"))?;
        read(&String::from_utf8_lossy(&ended.stdout)).ok_or_else(|| format!("wrk: {}", String::from_utf8_lossy(&ended.stderr)).into()).flatten()
    }
}

/// The line that the script writes. A turn with a failed request is no measurement.
fn read(output: &str) -> Option<Outcome<Figures>> {
    let line = output.lines().find_map(|line| line.strip_prefix("figures "))?;
    let numbers: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [requests, bytes, micros, p99, failed] = numbers[..] else { return None };
    if failed > 0 || requests == 0 {
        return Some(Err(format!("{failed} requests failed and {requests} were answered").into()));
    }
    let seconds = micros as f64 / 1e6;
    Some(Ok(Figures { requests: requests as f64 / seconds, bytes: bytes as f64 / seconds, p99: Duration::from_micros(p99) }))
}
