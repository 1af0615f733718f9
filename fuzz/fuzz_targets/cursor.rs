//! Any octets as a cursor.
#![no_main]

#[path = "../invariants.rs"]
#[allow(dead_code)]
mod invariants;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| invariants::cursor(octets));
