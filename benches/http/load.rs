//! Clients that write.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use std::sync::Arc;

use crate::support::Outcome;
use crate::support::client::Client;
use crate::support::objects;
use crate::support::stores::OBJECTS;

/// Posts an envelope of fresh objects and holds the answer to be a full success.
pub(crate) fn post(client: &mut Client, first: u64, size: u64) -> Outcome<()> {
    let envelope = objects::envelope((first..first + size).map(|serial| (serial, 0)));
    let reply = client.post(OBJECTS, &envelope)?;
    let text = std::str::from_utf8(reply.body)?;
    if reply.status == 202 && text.contains(&format!(r#""success_count":{size}"#)) {
        return Ok(());
    }
    Err(format!("a post was not taken: {} {}", reply.status, text.chars().take(300).collect::<String>()).into())
}

/// Objects a second that `clients` write together: `envelopes` of `size` objects, from the serial number `first` on.
pub(crate) fn write_all(port: u16, clients: u64, envelopes: u64, size: u64) -> Outcome<f64> {
    let mut open = Vec::new();
    for share in shares(envelopes, clients) {
        let mut client = Client::connect(port)?;
        // The first look at the password is not what is measured.
        client.get(&format!("{OBJECTS}?limit=1"))?;
        open.push((client, share));
    }
    let start = Instant::now();
    std::thread::scope(|scope| {
        let write = |mut client: Client, (first, end): (u64, u64)| (first..end).try_for_each(|envelope| post(&mut client, envelope * size, size));
        let writers: Vec<_> = open.into_iter().map(|(client, share)| scope.spawn(move || write(client, share))).collect();
        writers.into_iter().try_for_each(|writer| writer.join().map_err(|_| "a writer has ended")?)
    })?;
    Ok((envelopes * size) as f64 / start.elapsed().as_secs_f64())
}

/// Writers that go on until they are told to stop.
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    start: Instant,
    threads: Vec<JoinHandle<Outcome<u64>>>,
}

impl Writers {
    /// Starts `clients` writers of envelopes of `size` objects, whose serial numbers come from `serials`.
    pub(crate) fn start(port: u16, clients: u64, size: u64, serials: &Arc<AtomicU64>) -> Outcome<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for _ in 0..clients {
            let (mut client, stop, serials) = (Client::connect(port)?, stop.clone(), serials.clone());
            threads.push(std::thread::spawn(move || {
                let mut written = 0;
                while !stop.load(Ordering::Relaxed) {
                    post(&mut client, serials.fetch_add(size, Ordering::Relaxed), size)?;
                    written += size;
                }
                Ok(written)
            }));
        }
        // The first look at the password is not what is measured.
        std::thread::sleep(Duration::from_millis(200));
        Ok(Self { stop, start: Instant::now(), threads })
    }

    /// Stops them; returns the objects a second they wrote.
    pub(crate) fn stop(self) -> Outcome<f64> {
        self.stop.store(true, Ordering::Relaxed);
        let mut written = 0;
        for thread in self.threads {
            written += thread.join().map_err(|_| "a writer has ended")??;
        }
        Ok(written as f64 / self.start.elapsed().as_secs_f64())
    }
}

/// Cuts the numbers from 0 to `all` into parts of about the same size.
pub(crate) fn shares(all: u64, parts: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..parts).map(move |part| (all * part / parts, all * (part + 1) / parts))
}
