//! A number for each value, which it keeps: some formats name their lines by one.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::stix::ioc::Kind;

/// Where the numbers of values begin: below, others number their own.
const FIRST: u32 = 9_000_000;

/// The numbers that are given, with what their values' digests tell besides. A value that goes keeps its number for when it comes again.
#[derive(Debug, Default)]
pub struct Numbers(Mutex<HashMap<u32, u32>>);

impl Numbers {
    /// The number of a value: that which follows from its digest, or the next that is free.
    pub fn of(&self, kind: Kind, value: &str) -> u32 {
        let digest = xxh3_64_with_seed(value.as_bytes(), kind as u64);
        let range = u64::from(u32::MAX - FIRST);
        let [mut number, rest] = [digest % range, digest / range].map(|part| u32::try_from(part).unwrap_or(u32::MAX));
        number += FIRST;
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *given.entry(number).or_insert(rest) != rest {
            number = if number == u32::MAX { FIRST } else { number + 1 };
        }
        number
    }

    /// The octets that they take.
    pub(super) fn octets(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).allocation_size()
    }
}
