//! A full disk refuses writing, damages nothing and leaves reading alone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use taxiway::store::sled::{Options, SledStore};
use taxiway::store::{Store, StoreError};
use tempfile::TempDir;

use crate::scene;

/// Size of the disk.
const DISK: usize = 64 << 20;
/// What the store keeps free.
const OPTIONS: Options = Options { cache: 64 << 20, segments: 1 << 20, reserve: 16 << 20 };
/// No regard for other programs.
const BOLD: Options = Options { cache: 64 << 20, segments: 1 << 20, reserve: 0 };
/// What a file takes of the disk at least.
const PAGE: u64 = 4 << 10;

/// A small disk of its own, until it is dropped.
struct Mount(TempDir);

impl Mount {
    fn new() -> Result<Self, String> {
        let dir = TempDir::new().map_err(|e| e.to_string())?;
        let options = format!("size={DISK}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(dir.path()).output().map_err(|e| e.to_string())?;
        if mount.status.success() { Ok(Self(dir)) } else { Err(String::from_utf8_lossy(&mount.stderr).into_owned()) }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills what is left of the disk, as another program would.
    fn fill(&self) -> PathBuf {
        let ballast = self.path().join("ballast");
        // The write that ends with an error has filled the disk.
        std::fs::write(&ballast, vec![0; DISK]).unwrap_err();
        ballast
    }

    /// Fills the disk anew but for `bytes`.
    fn leave(&self, ballast: &Path, bytes: u64) {
        std::fs::remove_file(ballast).unwrap();
        let ballast = File::options().write(true).open(self.fill()).unwrap();
        ballast.set_len(ballast.metadata().unwrap().len() - bytes).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, because a failing test may still hold the store open.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_stops_writing_and_nothing_else() {
    let mount = match Mount::new() {
        Ok(mount) => mount,
        Err(why) if std::env::var_os("CI").is_some() => panic!("no small disk for this test: {why}"),
        Err(why) => return println!("skipped, no small disk: {why}"),
    };
    let dir = mount.path().join("store");
    let store = SledStore::open(&dir, OPTIONS).unwrap();
    scene::set_up(&store).await;

    let mut acknowledged = write_until_full(&store, 0).await;
    assert!(acknowledged.len() > 10);
    scene::inspect(&store, &acknowledged, &[]).await;

    // Other programs take the rest of the disk while the store is open.
    let ballast = mount.fill();
    assert!(matches!(store.add(scene::envelope(1 << 20, 1, || 1)).await, Err(StoreError::Full(_))));
    scene::inspect(&store, &acknowledged, &[]).await;

    // A start needs half of the reserve: without it it is refused, and leaves the store as it was.
    drop(store);
    for _ in 0..3 {
        assert!(matches!(SledStore::open(&dir, OPTIONS), Err(StoreError::Full(_))));
    }

    // With no reserve it is tried, and may come to the end of the disk at any of sled's writes: it works, or says that the disk is full.
    for pages in [0, 256, 512, 513, 516] {
        mount.leave(&ballast, pages * PAGE);
        match SledStore::open(&dir, BOLD) {
            Ok(store) => assert_eq!(scene::inspect(&store, &acknowledged, &[]).await, acknowledged.len()),
            Err(error) => assert!(matches!(error, StoreError::Full(_)), "{error}"),
        }
    }

    // With room again everything is there and writing goes on, up to a smaller reserve; what then is left suffices for a start.
    std::fs::remove_file(ballast).unwrap();
    let smaller = Options { reserve: OPTIONS.reserve / 4, ..OPTIONS };
    let store = SledStore::open(&dir, smaller).unwrap();
    assert_eq!(scene::inspect(&store, &acknowledged, &[]).await, acknowledged.len());
    acknowledged.extend(write_until_full(&store, 1 << 21).await);
    drop(store);
    let store = SledStore::open(&dir, smaller).unwrap();
    assert_eq!(scene::inspect(&store, &acknowledged, &[]).await, acknowledged.len());
}

/// Writes envelopes one after the other until there is no room, and returns the numbers of those acknowledged.
async fn write_until_full(store: &SledStore, first: u64) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    for number in first.. {
        match store.add(scene::envelope(number, 50, || 2_000)).await {
            Ok(_) => acknowledged.push(number),
            Err(StoreError::Full(_)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    acknowledged
}
