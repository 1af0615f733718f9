//! The server's memory and open files over time.

use std::time::{Duration, Instant};

use crate::world::World;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Memory that the store may fill with what it reads and writes, and fills slowly: no leak.
const CACHES: f64 = 300e6;
/// Open files and sockets that come and go.
const LEEWAY: f64 = 100.0;

/// Samples in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Health {
    memory: Vec<f64>,
    descriptors: Vec<f64>,
}

impl Health {
    /// Looks at the server for so long.
    pub(crate) fn watch(&mut self, world: &World, time: Duration) {
        let start = Instant::now();
        let mut told = 0;
        while start.elapsed() < time {
            std::thread::sleep(EVERY.min(time));
            if let Some((memory, descriptors)) = world.with_server(|server| Ok((server.memory()?.now, server.descriptors()?))) {
                self.memory.push(memory as f64);
                self.descriptors.push(descriptors as f64);
            }
            let minutes = start.elapsed().as_secs() / 60;
            if minutes > told {
                told = minutes;
                let memory = self.memory.last().copied().unwrap_or_default() / 1e6;
                eprintln!("{minutes} min: acknowledged {}, kills {}, {memory:.0} MB", world.acknowledged().len(), world.kills());
            }
        }
    }

    /// Tells the first and the last quarter; whether nothing grew.
    pub(crate) fn report(&self) -> bool {
        let memory = quarters(&self.memory);
        let descriptors = quarters(&self.descriptors);
        for (what, (first, last), unit) in [("memory, MB", memory, 1e6), ("open files", descriptors, 1.0)] {
            let tell = |[least, median, most]: [f64; 3]| format!("{:.0} / {:.0} / {:.0}", least / unit, median / unit, most / unit);
            println!("{what} (least / median / most): first quarter {}, last quarter {}", tell(first), tell(last));
        }
        memory.1[1] <= memory.0[1] * 1.25 + CACHES && descriptors.1[1] <= descriptors.0[1] * 1.25 + LEEWAY
    }
}

/// Least, median and most of the first and of the last quarter.
fn quarters(samples: &[f64]) -> ([f64; 3], [f64; 3]) {
    let quarter = samples.len().div_ceil(4);
    (summary(&samples[..quarter]), summary(&samples[samples.len() - quarter..]))
}

fn summary(samples: &[f64]) -> [f64; 3] {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0, sorted.len() / 2, sorted.len().saturating_sub(1)].map(|at| sorted.get(at).copied().unwrap_or_default())
}
