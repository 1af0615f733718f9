//! Pages and polls beside a bare handler that returns the same bytes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crate::Scale;
use crate::bare::{Handler, WRITERS};
use crate::load::Writers;
use crate::support::Outcome;
use crate::support::server::Server;
use crate::support::stores::{self, OBJECTS};
use crate::table::{Line, megabytes, milliseconds, number, per_second};
use crate::turns::{self, Turns, median};
use crate::wrk::{Figures, Load};

/// Enough for a page of 1000 that has another after it.
const OBJECTS_HELD: u64 = 1_100;
/// Header line of a client that takes compressed answers.
const GZIP: &str = "Accept-Encoding: gzip\r\n";

pub(crate) fn hundred(scale: &Scale) -> Outcome<Vec<Line>> {
    let side = Side::start(scale)?;
    let both = side.beside_bare(scale, &limit(100), 16, false)?;
    Ok(vec![both.by_requests("GET 100 objects, 16 connections, Basic", 0.6)])
}

pub(crate) fn thousand(scale: &Scale) -> Outcome<Vec<Line>> {
    let side = Side::start(scale)?;
    let both = side.beside_bare(scale, &limit(1000), 16, false)?;
    Ok(vec![both.by_bytes("GET 1000 objects, 16 connections, Basic", 0.6)])
}

pub(crate) fn poll(scale: &Scale) -> Outcome<Vec<Line>> {
    let side = Side::start(scale)?;
    let path = side.server.end_of_collection(&limit(5_000))?;
    let both = side.beside_bare(scale, &path, 64, false)?;
    let p99 = both.our_p99();
    let latency = Line {
        what: "its 99th percentile".into(),
        ours: milliseconds(p99),
        other: milliseconds(both.other_p99()),
        ratio: "–".into(),
        wanted: "under 5 ms".into(),
        met: Some(p99 < Duration::from_millis(5)),
    };
    Ok(vec![both.by_requests("empty poll, 64 connections, Basic", 0.7), latency])
}

pub(crate) fn gzip(scale: &Scale) -> Outcome<Vec<Line>> {
    let side = Side::start(scale)?;
    let mut lines = Vec::new();
    for count in [100, 1000] {
        let what = format!("GET {count} objects with Accept-Encoding: gzip, 16 connections, Basic");
        let compressed = side.server.client()?.get_with(&limit(count), GZIP)?.header("content-encoding").is_some();
        lines.push(if compressed {
            side.beside_bare(scale, &limit(count), 16, true)?.by_requests(&what, 0.6)
        } else {
            Line::unmeasured(&what, "the answer is not compressed")
        });
    }
    Ok(lines)
}

pub(crate) fn writers(scale: &Scale) -> Outcome<Vec<Line>> {
    let side = Side::start(scale)?;
    let load = Load { connections: 16, seconds: scale.seconds, gzip: false, paths: None };
    let url = side.server.url(&limit(100));
    load.run(&url)?;
    let serials = Arc::new(AtomicU64::new(OBJECTS_HELD));
    let (mut latencies, mut written) = (Vec::new(), Vec::new());
    let turns = turns::take(
        scale.rounds,
        || {
            let writers = Writers::start(side.server.port, WRITERS, 100, &serials)?;
            let figures = load.run(&url);
            written.push(writers.stop()?);
            latencies.push(figures.as_ref().map_or(Duration::MAX, |figures| figures.p99).as_secs_f64());
            Ok(figures?.requests)
        },
        || Ok(load.run(&url)?.requests),
    )?;
    let p99 = Duration::from_secs_f64(median(latencies));
    let rate = Line {
        what: "GET 100 objects, 16 connections, while four clients write envelopes of 100; beside the same without them".into(),
        ours: format!("{} beside {} objects written a second", per_second(turns.our_median()), number(median(written))),
        other: per_second(turns.other_median()),
        ratio: format!("{:.2}", turns.ratio()),
        wanted: "0.50".into(),
        met: Some(turns.ratio() >= 0.5),
    };
    let latency = Line {
        what: "its 99th percentile".into(),
        ours: milliseconds(p99),
        other: "–".into(),
        ratio: "–".into(),
        wanted: "under 10 ms".into(),
        met: Some(p99 < Duration::from_millis(10)),
    };
    Ok(vec![rate, latency])
}

/// The path of a page of so many objects.
pub(crate) fn limit(count: u64) -> String {
    format!("{OBJECTS}?limit={count}")
}

/// A server over a small store.
struct Side {
    server: Server,
}

/// What both sides came to, with all figures of each turn.
struct Both {
    ours: Vec<Figures>,
    other: Vec<Figures>,
}

impl Side {
    fn start(scale: &Scale) -> Outcome<Self> {
        let dir = scale.data.join("pages");
        stores::fresh(&dir)?;
        stores::write(&dir, (0..OBJECTS_HELD).map(|serial| (serial, 0)))?;
        Ok(Self { server: Server::start(&dir, 0)? })
    }

    fn beside_bare(&self, scale: &Scale, path: &str, connections: usize, gzip: bool) -> Outcome<Both> {
        let handler = Handler::of(&mut self.server.client()?, path, if gzip { GZIP } else { "" }, &scale.data)?;
        let load = Load { connections, seconds: scale.seconds, gzip, paths: None };
        let warm = Load { seconds: 1, ..load.clone() };
        let (ours, other) = (self.server.url(path), handler.url(path));
        warm.run(&ours)?;
        warm.run(&other)?;
        let mut both = Both { ours: Vec::new(), other: Vec::new() };
        for _ in 0..scale.rounds {
            both.ours.push(load.run(&ours)?);
            both.other.push(load.run(&other)?);
        }
        Ok(both)
    }
}

impl Both {
    fn by_requests(&self, what: &str, wanted: f64) -> Line {
        self.line(what, wanted, |figures| figures.requests, per_second)
    }

    fn by_bytes(&self, what: &str, wanted: f64) -> Line {
        self.line(what, wanted, |figures| figures.bytes, |rate| format!("{} a second", megabytes(rate)))
    }

    fn line(&self, what: &str, wanted: f64, of: fn(&Figures) -> f64, tell: impl Fn(f64) -> String) -> Line {
        let turns = Turns { ours: self.ours.iter().map(of).collect(), other: self.other.iter().map(of).collect() };
        Line {
            what: what.into(),
            ours: format!("{} (99 %: {})", tell(turns.our_median()), milliseconds(self.our_p99())),
            other: format!("bare handler: {} (99 %: {})", tell(turns.other_median()), milliseconds(self.other_p99())),
            ratio: format!("{:.2}", turns.ratio()),
            wanted: format!("{wanted:.2}"),
            met: Some(turns.ratio() >= wanted),
        }
    }

    fn our_p99(&self) -> Duration {
        p99(&self.ours)
    }

    fn other_p99(&self) -> Duration {
        p99(&self.other)
    }
}

fn p99(figures: &[Figures]) -> Duration {
    Duration::from_secs_f64(median(figures.iter().map(|figures| figures.p99.as_secs_f64()).collect()))
}
