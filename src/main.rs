//! The `taxiway` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    taxiway::cli::run().into()
}
