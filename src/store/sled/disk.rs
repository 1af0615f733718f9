//! What sled leaves to its user: one process at a time, room on the disk, and bytes that survive a power cut.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sled::Db;

use super::Options;
use crate::store::StoreError;

/// sled writes each byte several times over: as a change, in the page that gathers changes, when a page is split or moved.
const AMPLIFICATION: u64 = 8;
/// A log that grew by more than this is read once more when the store is closed.
const LONG_LOG: u64 = 128 << 20;

/// The directory of a store, held by this process until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    config: sled::Config,
    log: PathBuf,
    /// Length of the log when it was opened.
    opened: u64,
    /// Held by its file lock; last, so that the lock goes last.
    _lock: File,
}

impl Seat {
    /// Takes the directory, which is made if it is not there, and opens the tree in it.
    pub(super) fn take(dir: &Path, options: &Options) -> Result<(Self, Db), StoreError> {
        fs::create_dir_all(dir).map_err(|e| failed(dir, &e))?;
        let path = dir.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| failed(&path, &e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(dir.display().to_string())),
            Err(TryLockError::Error(e)) => return Err(failed(&path, &e)),
        }
        let config = sled::Config::new()
            .path(dir)
            // Pages kept in memory: the end of the order, where pollers read. Older pages come from the system's cache.
            .cache_capacity(options.cache)
            // Segments are cleaned as they empty, which the high-throughput mode puts off.
            .mode(sled::Mode::LowSpace)
            // The writer flushes by itself. A second thread would write at times when nobody has looked for room.
            .flush_every_ms(None);
        let db = open(&config)?;
        let log = dir.join("db");
        let opened = fs::metadata(&log).map_err(|e| failed(&log, &e))?.len();
        Ok((Self { config, log, opened, _lock: lock }, db))
    }
}

impl Drop for Seat {
    /// sled reads at opening whatever was written since it was last opened. Doing so now makes the next start quick.
    fn drop(&mut self) {
        let grown = fs::metadata(&self.log).map_or(0, |log| log.len().saturating_sub(self.opened));
        if grown > LONG_LOG {
            // A failure loses nothing: the next start does the same work.
            drop(open(&self.config));
        }
    }
}

/// Opens the tree of a directory that this process holds.
fn open(config: &sled::Config) -> Result<Db, StoreError> {
    // A thread of a store that this process has just closed may let go of the log a moment later than the store itself.
    for _ in 0..500 {
        match config.open() {
            Err(sled::Error::Io(e)) if e.to_string().contains("could not acquire lock") => std::thread::sleep(Duration::from_millis(10)),
            other => return Ok(other?),
        }
    }
    Ok(config.open()?)
}

/// The files of an open store.
#[derive(Debug)]
pub(super) struct Disk {
    dir: PathBuf,
    log: File,
    reserve: u64,
    /// Large pages, which sled writes as files of their own; these are on the disk.
    blobs: HashSet<OsString>,
}

impl Disk {
    /// The files in `dir`, all of which are on the disk when this returns.
    pub(super) fn new(dir: &Path, reserve: u64) -> Result<Self, StoreError> {
        let path = dir.join("db");
        // Windows flushes only files that are open for writing.
        let log = File::options().write(true).open(&path).map_err(|e| failed(&path, &e))?;
        let mut disk = Self { dir: dir.to_owned(), log, reserve, blobs: HashSet::new() };
        disk.sync()?;
        sync_file(&dir.join("conf"))?;
        sync_dir(dir)?;
        if let Some(parent) = dir.canonicalize().map_err(|e| failed(dir, &e))?.parent() {
            sync_dir(parent)?;
        }
        Ok(disk)
    }

    /// Whether `bytes` more can be stored. sled must never meet a full disk: after a failed write it takes no other.
    pub(super) fn room(&self, bytes: usize) -> Result<(), StoreError> {
        let free = fs4::available_space(&self.dir).map_err(|e| failed(&self.dir, &e))?;
        let needed = self.reserve.saturating_add(AMPLIFICATION.saturating_mul(bytes as u64));
        if free < needed {
            return Err(StoreError::Full(format!("{} has {free} bytes left, the next write needs {needed} with its reserve", self.dir.display())));
        }
        Ok(())
    }

    /// Makes what sled has flushed survive a power cut.
    ///
    /// sled's flush hands the bytes to the disk, but neither the file's new length nor the disk's own cache (`sync_file_range`),
    /// and nothing at all of the files for large pages.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        let dir = self.dir.join("blobs");
        let there: HashSet<OsString> =
            fs::read_dir(&dir).and_then(|files| files.map(|file| Ok(file?.file_name())).collect()).map_err(|e| failed(&dir, &e))?;
        let mut new = there.difference(&self.blobs).peekable();
        let any = new.peek().is_some();
        for name in new {
            sync_file(&dir.join(name))?;
        }
        if any {
            sync_dir(&dir)?;
        }
        self.blobs = there;
        self.log.sync_data().map_err(|e| failed(&self.dir, &e))
    }
}

fn sync_file(path: &Path) -> Result<(), StoreError> {
    match File::options().write(true).open(path) {
        Ok(file) => file.sync_all().map_err(|e| failed(path, &e)),
        // sled removes a large page when all that was in it has been written elsewhere.
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(failed(path, &e)),
    }
}

/// Makes the names in a directory durable, where the system lets a directory be opened.
fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    if cfg!(unix) { File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| failed(dir, &e)) } else { Ok(()) }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    of_io(error, &path.display().to_string())
}

/// What an I/O error means for a store.
pub(super) fn of_io(error: &io::Error, place: &str) -> StoreError {
    let text = format!("{place}: {error}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(text),
        _ => StoreError::Engine(text),
    }
}
