//! An hour of everything at once: `cargo bench --bench soak -- --minutes 60`.
//!
//! Writers, followers, pollers, slow and broken clients, and a hand that kills the server and starts it again. Everything is bounded and
//! stays on loopback. Ends with 1 if anything acknowledged was lost, anything was seen twice, the server failed, or memory or
//! open files grew.

#![allow(clippy::cast_precision_loss, reason = "figures are told with three digits")]

mod followers;
mod health;
mod nuisances;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod support;
mod world;
mod writers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

use followers::{Follower, Way};
use health::Health;
use support::Outcome;
use support::stores;
use world::{World, random};

/// How many of each there are.
const WRITERS: u64 = 4;
const POLLERS: u64 = 8;
/// How long followers may take to see the end after the last write.
const CATCH_UP: Duration = Duration::from_mins(2);

/// A long run of mixed load with kills; ends with 1 if anything was lost, doubled or grew
#[derive(Debug, Parser)]
struct Arguments {
    /// How long
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// The longest time between two kills, in seconds; the shortest is a tenth
    #[arg(long, default_value_t = 240, value_parser = clap::value_parser!(u64).range(10..))]
    kill_within: u64,
    /// Where the store is; it is made anew
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-data"))]
    data: PathBuf,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn run(arguments: &Arguments) -> Outcome<bool> {
    let dir = arguments.data.join("soak");
    std::fs::create_dir_all(&arguments.data)?;
    stores::fresh(&dir)?;
    let world = &World::start(dir)?;
    let mut health = Health::default();
    let followers = thread::scope(|scope| {
        let followers = [Way::Next, Way::AddedAfter].map(|way| scope.spawn(move || Follower::follow(world, way)));
        let mut lively: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || writers::write(world, number))).collect();
        lively.extend((0..POLLERS).map(|_| scope.spawn(move || nuisances::poll(world))));
        lively.extend(nuisances::ALL.map(|nuisance| scope.spawn(move || nuisances::repeat(world, nuisance))));
        lively.push(scope.spawn(move || kill_now_and_then(world, arguments.kill_within)));
        health.watch(world, Duration::from_secs_f64(arguments.minutes * 60.0));
        world.be_quiet();
        let whole = lively.into_iter().all(|thread| thread.join().is_ok());
        // From here on nothing is written: followers end when they find nothing more.
        world.be_calm();
        let patience = Instant::now();
        while followers.iter().any(|follower| !follower.is_finished()) && patience.elapsed() < CATCH_UP {
            thread::sleep(Duration::from_millis(100));
        }
        world.end();
        followers.map(|follower| follower.join().ok().filter(|_| whole))
    });
    Ok(report(world, &health, &followers))
}

fn report(world: &World, health: &Health, followers: &[Option<Follower>]) -> bool {
    let acknowledged = world.acknowledged();
    println!("acknowledged {}, kills {}, answers of 500 and more {}", acknowledged.len(), world.kills(), world.failures());
    let mut well = world.failures() == 0 && !acknowledged.is_empty();
    for follower in followers {
        well &= follower.as_ref().is_some_and(|follower| follower.report(&acknowledged));
    }
    well &= health.report();
    println!("what clients met:");
    for (what, count) in world.errors() {
        println!("  {count} × {what}");
    }
    println!("{}", if well { "all is well" } else { "NOT WELL" });
    well
}

fn kill_now_and_then(world: &World, within: u64) {
    loop {
        world.pause(Duration::from_millis(within * 100 + random(within * 900)));
        if world.is_quiet() {
            return;
        }
        if let Err(error) = world.kill_and_restart() {
            eprintln!("after a kill: {error}");
            world.note("the server did not start again".into());
            world.fail();
            return;
        }
    }
}
