//! What everybody in a run shares: the server, when to stop, what was acknowledged, what went wrong.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::support::Outcome;
use crate::support::client::Client;
use crate::support::server::Server;

/// A run.
pub(crate) struct World {
    dir: PathBuf,
    port: AtomicU16,
    server: Mutex<Option<Server>>,
    /// Set just before a kill, so that it meets writes under way.
    hurry: AtomicBool,
    /// Set when nobody shall write or disturb any more.
    quiet: AtomicBool,
    /// Set when nobody does.
    calm: AtomicBool,
    /// Set when followers shall end, wherever they are.
    end: AtomicBool,
    /// Versions whose 202 arrived, by [`key`].
    acknowledged: Mutex<Vec<u64>>,
    kills: AtomicU64,
    /// Answers of 500 and more.
    failures: AtomicU64,
    /// What else went wrong, by kind: at a kill, much does.
    errors: Mutex<BTreeMap<String, u64>>,
}

/// One number for a version of an object.
pub(crate) fn key(serial: u64, version: u64) -> u64 {
    serial << 16 | version
}

/// A number below `end`.
pub(crate) fn random(end: u64) -> u64 {
    getrandom::u64().expect("the system has random numbers") % end
}

impl World {
    /// Starts the server on the store in `dir`.
    pub(crate) fn start(dir: PathBuf) -> Outcome<Self> {
        let server = Server::start(&dir, 0)?;
        Ok(Self {
            dir,
            port: AtomicU16::new(server.port),
            server: Mutex::new(Some(server)),
            hurry: AtomicBool::new(false),
            quiet: AtomicBool::new(false),
            calm: AtomicBool::new(false),
            end: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            kills: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            errors: Mutex::default(),
        })
    }

    /// Kills the server in the middle of writes, and starts it again on the same store and port.
    pub(crate) fn kill_and_restart(&self) -> Outcome<()> {
        self.hurry.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(100 + random(500)));
        self.hurry.store(false, Ordering::SeqCst);
        let mut server = lock(&self.server);
        if let Some(mut server) = server.take() {
            server.kill()?;
        }
        self.kills.fetch_add(1, Ordering::Relaxed);
        *server = Some(Server::start(&self.dir, self.port())?);
        Ok(())
    }

    /// Looks at the server, if it is there and nobody is just starting it.
    pub(crate) fn with_server<T>(&self, look: impl FnOnce(&Server) -> Outcome<T>) -> Option<T> {
        self.server.try_lock().ok()?.as_ref().and_then(|server| look(server).ok())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    pub(crate) fn connect(&self) -> io::Result<Client> {
        Client::connect(self.port())
    }

    pub(crate) fn be_quiet(&self) {
        self.quiet.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::SeqCst)
    }

    pub(crate) fn be_calm(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.end.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.end.load(Ordering::SeqCst)
    }

    /// Waits, but no longer than the run is lively.
    pub(crate) fn pause(&self, time: Duration) {
        let step = Duration::from_millis(100);
        let mut left = time;
        while !left.is_zero() && !self.is_quiet() {
            std::thread::sleep(left.min(step));
            left = left.saturating_sub(step);
        }
    }

    /// Waits between two writes: not at all when there is hurry.
    pub(crate) fn rest(&self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time && !self.is_quiet() && !self.hurry.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn acknowledge(&self, keys: impl Iterator<Item = u64>) {
        lock(&self.acknowledged).extend(keys);
    }

    /// What was acknowledged so far.
    pub(crate) fn acknowledged(&self) -> MutexGuard<'_, Vec<u64>> {
        lock(&self.acknowledged)
    }

    /// Takes note of a status; one of 500 and more is a fault of the server.
    pub(crate) fn note_status(&self, who: &str, status: u16) {
        if status >= 500 {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        if status >= 400 {
            self.note(format!("{who}: status {status}"));
        }
    }

    pub(crate) fn note_error(&self, who: &str, error: &io::Error) {
        self.note(format!("{who}: {}", error.kind()));
    }

    pub(crate) fn note(&self, what: String) {
        *lock(&self.errors).entry(what).or_default() += 1;
    }

    /// Takes note of a fault of the server that no client was told.
    pub(crate) fn fail(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(crate) fn errors(&self) -> BTreeMap<String, u64> {
        lock(&self.errors).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
