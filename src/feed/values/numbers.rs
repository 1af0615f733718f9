//! A number for each value, which it keeps: some formats name their lines by one.

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::stix::ioc::Kind;

/// Where the numbers of values begin: below, others number their own.
const FIRST: u32 = 9_000_000;

/// The numbers that are given, with digests of the values that have them. A value that goes keeps its number for when it comes again.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<u32, u64>);

impl Numbers {
    /// The number of a value: that which follows from its digest, or the next that is free.
    pub(super) fn of(&mut self, kind: Kind, value: &str) -> u32 {
        let digest = xxh3_64_with_seed(value.as_bytes(), kind as u64);
        let range = u32::MAX - FIRST;
        let mut number = FIRST + u32::try_from(digest % u64::from(range)).unwrap_or_default();
        while *self.0.entry(number).or_insert(digest) != digest {
            number = if number == u32::MAX { FIRST } else { number + 1 };
        }
        number
    }

    /// The octets that they take.
    pub(super) fn octets(&self) -> usize {
        self.0.allocation_size()
    }
}
