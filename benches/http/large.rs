//! Large collections: full pulls, starts, memory, and the cost of a page.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Scale;
use crate::pages::limit;
use crate::support::Outcome;
use crate::support::objects::{next_of, on_page};
use crate::support::server::Server;
use crate::support::stores::{self, OBJECTS};
use crate::support::system::forget_files;
use crate::table::{Line, megabytes, per_second};
use crate::turns;
use crate::wrk::Load;

/// The collection that a large one is compared with.
const SMALL: u64 = 10_000;

pub(crate) fn pull(scale: &Scale) -> Outcome<Vec<Line>> {
    // Wanted of a million; what is larger is not asked for.
    let count = scale.large.first().copied().ok_or("no size")?;
    let dir = stores::filled(&scale.data, count)?;
    let server = Server::start(&dir, 0)?;
    let mut times = Vec::new();
    for _ in 0..scale.rounds {
        let pull = Pull::all(&server, count)?;
        pull.complete()?;
        times.push(pull.time.as_secs_f64());
    }
    let time = turns::median(times);
    Ok(vec![Line {
        what: format!("full pull of {} objects, limit 1000, one client, complete and without twins", thousands(count)),
        ours: format!("{time:.2} s"),
        other: "–".into(),
        ratio: "–".into(),
        wanted: "under 10 s".into(),
        met: (count == 1_000_000).then_some(time < 10.0),
    }])
}

pub(crate) fn start(scale: &Scale) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for count in scale.large.iter().copied() {
        let dir = stores::filled(&scale.data, count)?;
        // The first start makes the curated feed's collections; the stop leaves the store as operators leave it.
        Server::start(&dir, 0)?.stop()?;
        let first_answer = |cold: bool| -> Outcome<Option<Duration>> {
            if cold && !forget_files() {
                return Ok(None);
            }
            let start = Instant::now();
            let server = Server::start(&dir, 0)?;
            let status = server.client()?.get(&limit(100))?.status;
            let time = start.elapsed();
            server.stop()?;
            if status == 200 { Ok(Some(time)) } else { Err(format!("the first answer is {status}").into()) }
        };
        let (mut warm, mut cold) = (Vec::new(), Vec::new());
        for _ in 0..scale.rounds {
            cold.extend(first_answer(true)?.map(|time| time.as_secs_f64()));
            warm.extend(first_answer(false)?.map(|time| time.as_secs_f64()));
        }
        let wanted = if count <= 1_000_000 { 1.0 } else { 2.0 };
        let warm = turns::median(warm);
        let cold = if cold.is_empty() { "not measured".to_owned() } else { format!("{:.2} s", turns::median(cold)) };
        lines.push(Line {
            what: format!("first answer after start, {} objects", thousands(count)),
            ours: format!("{warm:.2} s; with nothing of the files in memory: {cold}"),
            other: "–".into(),
            ratio: "–".into(),
            wanted: format!("{wanted} s"),
            met: Some(warm <= wanted),
        });
    }
    Ok(lines)
}

pub(crate) fn memory(scale: &Scale) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    for count in scale.large.iter().copied() {
        let server = Server::start(&stores::filled(&scale.data, count)?, 0)?;
        Pull::all(&server, count)?.complete()?;
        let memory = server.memory()?;
        let wanted = if count <= 1_000_000 { 500e6 } else { 1e9 };
        lines.push(Line {
            what: format!("resident memory after a full pull of {} objects", thousands(count)),
            ours: format!("{}, at most {}", megabytes(memory.now as f64), megabytes(memory.peak as f64)),
            other: "–".into(),
            ratio: "–".into(),
            wanted: megabytes(wanted),
            met: Some(memory.peak as f64 <= wanted),
        });
    }
    Ok(lines)
}

pub(crate) fn flat(scale: &Scale) -> Outcome<Vec<Line>> {
    let small = Shelf::open(scale, SMALL)?;
    let mut lines = Vec::new();
    for count in scale.large.iter().copied() {
        let large = Shelf::open(scale, count)?;
        for random in [false, true] {
            let load = |shelf: &Shelf| Load { connections: 16, seconds: scale.seconds, gzip: false, paths: random.then(|| shelf.paths.clone()) };
            // The cost of a page is the inverse of the rate.
            let turns = turns::take(
                scale.rounds,
                || Ok(load(&small).run(&small.server.url(&limit(100)))?.requests),
                || Ok(load(&large).run(&large.server.url(&limit(100)))?.requests),
            )?;
            let which = if random { "random pages" } else { "one page, warm" };
            lines.push(Line {
                what: format!("cost of a page of 100 in {} objects beside {}: {which}", thousands(count), thousands(SMALL)),
                ours: per_second(turns.other_median()),
                other: per_second(turns.our_median()),
                ratio: format!("{:.2}", turns.ratio()),
                wanted: "at most 1.3".into(),
                met: Some(turns.ratio() <= 1.3),
            });
        }
    }
    Ok(lines)
}

/// A server over a filled store, with a file of paths to pages that lie anywhere in it.
struct Shelf {
    server: Server,
    paths: PathBuf,
}

impl Shelf {
    fn open(scale: &Scale, count: u64) -> Outcome<Self> {
        let server = Server::start(&stores::filled(&scale.data, count)?, 0)?;
        let step = (count / 10_000).clamp(100, 1000);
        let pull = Pull::of(&server, &limit(step), count, |(serial, _)| serial)?;
        let paths = scale.data.join(format!("paths-{count}"));
        // The last page may be short, and others would be compared with it.
        let whole = pull.cursors.iter().rev().skip(1).rev();
        let lines: Vec<String> = whole.map(|cursor| format!("{OBJECTS}?limit=100&next={cursor}")).collect();
        fs::write(
            &paths,
            lines.join(
                "
",
            ),
        )?;
        Ok(Self { server, paths })
    }
}

/// A whole collection as one client got it.
pub(crate) struct Pull {
    /// Which objects came, by number.
    seen: Vec<u64>,
    expected: u64,
    twins: u64,
    pub(crate) time: Duration,
    cursors: Vec<String>,
}

impl Pull {
    /// Follows `next` through all objects.
    pub(crate) fn all(server: &Server, count: u64) -> Outcome<Self> {
        Self::of(server, &limit(1000), count, |(serial, _)| serial)
    }

    /// Follows `next` from a first path; `number` numbers what comes, below `expected`.
    pub(crate) fn of(server: &Server, first: &str, expected: u64, number: impl Fn((u64, u64)) -> u64) -> Outcome<Self> {
        let mut pull = Self { seen: vec![0; usize::try_from(expected / 64 + 1)?], expected, twins: 0, time: Duration::ZERO, cursors: Vec::new() };
        let mut client = server.client()?;
        // The first look at the password is not what is measured.
        client.get(&limit(1))?;
        let (start, mut path) = (Instant::now(), first.to_owned());
        loop {
            let reply = client.get(&path)?;
            if reply.status != 200 {
                return Err(format!("GET {path}: {}", reply.head).into());
            }
            for object in on_page(reply.body)? {
                pull.see(number(object))?;
            }
            let Some(next) = next_of(reply.body) else { break };
            path = format!("{first}&next={next}");
            pull.cursors.push(next.to_owned());
        }
        pull.time = start.elapsed();
        Ok(pull)
    }

    fn see(&mut self, number: u64) -> Outcome<()> {
        let word = self.seen.get_mut(usize::try_from(number / 64)?).ok_or("an object that nobody wrote")?;
        let bit = 1 << (number % 64);
        self.twins += u64::from(*word & bit != 0);
        *word |= bit;
        Ok(())
    }

    /// Everything came, and once.
    pub(crate) fn complete(&self) -> Outcome<()> {
        let seen: u64 = self.seen.iter().map(|word| u64::from(word.count_ones())).sum();
        if seen == self.expected && self.twins == 0 {
            return Ok(());
        }
        Err(format!("of {} objects {seen} came, {} of them again", self.expected, self.twins).into())
    }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
