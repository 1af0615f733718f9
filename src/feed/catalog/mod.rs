//! The index of what the collections hold: from it the feed is browsed, searched for known values, and drawn.
//!
//! A cache and nothing else: the store is the truth. Of each collection the latest versions are kept as packed rows, read when somebody asks
//! for the first time and then kept current by following the collection like any consumer. Deletions are not announced to consumers: what is
//! shown has been fetched again from the store, and a row that does not agree with it is read anew. Counts may hold
//! what another server has deleted, until somebody is shown it.

mod block;
pub mod browse;
pub(super) mod entry;
mod filter;
pub mod graph;
pub mod held;
pub mod known;
mod links;
pub mod listing;
#[cfg(test)]
mod naive;
mod needle;
pub mod overview;
mod rows;
mod telling;
#[cfg(test)]
mod tests;
mod top;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rows::Rows;

use super::shelf::Shelf;

/// The index of all collections.
#[derive(Debug)]
pub(super) struct Catalog {
    /// By the collection's number: an id may go and come again.
    shelves: Mutex<HashMap<u32, Arc<Shelf<Rows>>>>,
    /// The most octets of all shelves together.
    budget: usize,
    /// The most rows in a block.
    block_rows: usize,
}
