//! What the system says of a process and of a disk.

use std::fs;
use std::path::Path;

use super::Outcome;

/// Resident memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) now: u64,
    /// The most there was.
    pub(crate) peak: u64,
}

pub(crate) fn memory(process: u32) -> Outcome<Memory> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("the system does not tell")?;
        Outcome::Ok(line.trim_end_matches("kB").trim().parse::<u64>()? * 1024)
    };
    Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// How many files and sockets a process has open.
pub(crate) fn descriptors(process: u32) -> Outcome<u64> {
    Ok(u64::try_from(fs::read_dir(format!("/proc/{process}/fd"))?.count())?)
}

/// What a folder takes of the disk: blocks, since files may have holes and blocks beyond their end.
#[cfg(unix)]
pub(crate) fn disk_use(dir: &Path) -> Outcome<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let found = entry.metadata()?;
        sum += found.blocks() * 512;
        if found.is_dir() {
            sum += disk_use(&entry.path())?;
        }
    }
    Ok(sum)
}

/// Has the system forget what it keeps of files; tells whether it did.
pub(crate) fn forget_files() -> bool {
    fs::write("/proc/sys/vm/drop_caches", "1").is_ok()
}
