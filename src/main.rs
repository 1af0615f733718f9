//! The `taxiway` program.

fn main() {}
