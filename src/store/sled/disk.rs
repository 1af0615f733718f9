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

/// sled's file for all but the largest pages.
const LOG: &str = "db";
/// sled writes each byte several times over: as a change, in the page that gathers changes, when a page is split or moved.
const AMPLIFICATION: u64 = 8;
/// Room for the segments that a write begins and does not fill.
const SLACK: u64 = 2 << 20;
/// A log that grew by more than this is read once more when the store is closed.
const LONG_LOG: u64 = 128 << 20;

/// The directory of a store, held by this process until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    config: sled::Config,
    dir: PathBuf,
    reserve: u64,
    /// A log that is longer than this is read once more when the store is closed.
    long: u64,
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
        let db = open(&config, options.reserve)?;
        let log = dir.join(LOG);
        let opened = fs::metadata(&log).map_err(|e| failed(&log, &e))?.len();
        Ok((Self { config, dir: dir.to_owned(), reserve: options.reserve, long: opened.saturating_add(LONG_LOG), _lock: lock }, db))
    }

    /// Leaves the directory as it is, with a tree in it that cannot be closed.
    pub(super) fn abandon(&mut self) {
        self.long = u64::MAX;
    }
}

impl Drop for Seat {
    /// sled reads at opening whatever was written since it was last opened. Doing so now makes the next start quick.
    fn drop(&mut self) {
        if fs::metadata(self.dir.join(LOG)).is_ok_and(|log| log.len() > self.long) {
            // A failure loses nothing: the next start does the same work.
            drop(open(&self.config, self.reserve));
        }
        // Gives the blocks behind the end back. What fails here loses nothing.
        let log = File::options().write(true).open(self.dir.join(LOG));
        let _ = log.and_then(|log| log.set_len(log.metadata()?.len()));
    }
}

/// Opens the tree of a directory that this process holds.
///
/// sled writes when it opens: a snapshot, the end of the log, segments that it clears. Half of the reserve is there for that,
/// so that a store that has filled its disk itself can be opened.
fn open(config: &sled::Config, reserve: u64) -> Result<Db, StoreError> {
    remove_unfinished(&config.path)?;
    room(&config.path, reserve / 2)?;
    if let Ok(log) = File::options().write(true).open(config.path.join(LOG)) {
        set_aside(&log, SLACK).map_err(|e| failed(&config.path, &e))?;
    }
    // A thread of a store that this process has just closed may let go of the log a moment later than the store itself.
    for _ in 0..500 {
        match config.open() {
            Err(sled::Error::Io(e)) if e.to_string().contains("could not acquire lock") => std::thread::sleep(Duration::from_millis(10)),
            other => return Ok(other?),
        }
    }
    Ok(config.open()?)
}

/// Removes a snapshot that sled did not finish writing, because the disk was full or it was killed.
///
/// sled takes any file whose name begins with `snap.` for a snapshot, the greatest name for the newest, and what it finds there
/// that is no whole snapshot for a damaged store: with the unfinished one it would never open again. Nothing is lost with it:
/// sled removes the last snapshot, and writes over what that one needs of the log, only after the next has its final name.
fn remove_unfinished(dir: &Path) -> Result<(), StoreError> {
    for file in fs::read_dir(dir).map_err(|e| failed(dir, &e))? {
        let path = file.map_err(|e| failed(dir, &e))?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(&path).map_err(|e| failed(&path, &e))?;
        }
    }
    Ok(())
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
    /// The files in `dir`, which sled has open.
    pub(super) fn new(dir: &Path, reserve: u64) -> Result<Self, StoreError> {
        let path = dir.join(LOG);
        // Windows flushes only files that are open for writing.
        let log = File::options().write(true).open(&path).map_err(|e| failed(&path, &e))?;
        Ok(Self { dir: dir.to_owned(), log, reserve, blobs: HashSet::new() })
    }

    /// Makes all files, and that they are there, survive a power cut.
    pub(super) fn sync_all(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        sync_file(&self.dir.join("conf"))?;
        sync_dir(&self.dir)?;
        match self.dir.canonicalize().map_err(|e| failed(&self.dir, &e))?.parent() {
            Some(parent) => sync_dir(parent),
            None => Ok(()),
        }
    }

    /// Makes sure that `bytes` more can be stored: sled must never meet a full disk.
    ///
    /// The blocks are taken at once, behind the end of the log, because another program may take what is free a moment later.
    pub(super) fn room(&self, bytes: usize) -> Result<(), StoreError> {
        self.room_above(self.reserve, bytes)
    }

    /// The same at a start, which may use half of the reserve.
    pub(super) fn room_at_start(&self, bytes: usize) -> Result<(), StoreError> {
        self.room_above(self.reserve / 2, bytes)
    }

    fn room_above(&self, reserve: u64, bytes: usize) -> Result<(), StoreError> {
        let needed = AMPLIFICATION.saturating_mul(bytes as u64).saturating_add(SLACK);
        room(&self.dir, reserve.saturating_add(needed))?;
        set_aside(&self.log, needed).map_err(|e| failed(&self.dir, &e))
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

/// Whether `needed` bytes are free on the disk of `dir`.
///
/// A failed write of sled's is no damage, but it ends writing until a restart, and may end more: reading waits for pages that
/// were never written, and closing for ever for a large page.
fn room(dir: &Path, needed: u64) -> Result<(), StoreError> {
    let free = fs4::available_space(dir).map_err(|e| failed(dir, &e))?;
    if free < needed {
        return Err(StoreError::Full(format!("{} has {free} bytes left, {needed} are needed", dir.display())));
    }
    Ok(())
}

/// Gives a file blocks for `bytes` behind its end, without making it longer: sled would take that for a part of its log.
#[cfg(target_os = "linux")]
fn set_aside(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(file, FallocateFlags::KEEP_SIZE, file.metadata()?.len(), bytes) {
        // Some file systems cannot; what was free a moment ago must then do.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        done => Ok(done?),
    }
}

/// What was free a moment ago must do: other systems have no such call, or none that leaves the length.
#[cfg(not(target_os = "linux"))]
fn set_aside(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Removes a directory with all that is in it, if it is there.
pub(super) fn remove_all(dir: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(dir, &e)),
        _ => Ok(()),
    }
}

/// Lets two directories change places in one step, which a crash cannot halve.
#[cfg(target_os = "linux")]
pub(super) fn exchange(one: &Path, other: &Path) -> Result<(), StoreError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).map_err(|e| failed(one, &e.into()))?;
    sync_dir(one.parent().unwrap_or(one))
}

/// Other systems have no such call: a crash between the two steps leaves the store beside its place, under the name `….before`.
#[cfg(not(target_os = "linux"))]
pub(super) fn exchange(one: &Path, other: &Path) -> Result<(), StoreError> {
    let before = one.with_extension("before");
    for (from, to) in [(one, before.as_path()), (other, one), (&before, other)] {
        fs::rename(from, to).map_err(|e| failed(from, &e))?;
    }
    sync_dir(one.parent().unwrap_or(one))
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
