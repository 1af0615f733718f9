//! The `taxiway` program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Requests make many short-lived pieces of memory on every thread; the system's allocator spends a tenth of a poll on them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    taxiway::cli::run().into()
}
