//! Taxiway: a STIX 2.1 / TAXII 2.1 indicator feed server.
//!
//! The modules are the floors of a house: one may use those named above it, never those below.
//! `ARCHITECTURE.md` draws the whole and `tests/it/architecture.rs` holds it.

pub mod admin;
pub mod auth;
pub mod cli;
pub mod config;
pub mod console;
pub mod desk;
pub mod door;
pub mod events;
pub mod feed;
pub mod http;
pub mod links;
pub mod lists;
pub mod operation;
pub mod stix;
pub mod store;
pub mod taxii;
pub mod telemetry;
