//! Looking for any of some things in all rows: a small table of bits lets nearly all of the others pass at once.

use std::num::NonZeroU64;

use uuid::Uuid;

/// A set of digests or UUIDs that is asked for millions of times and hardly ever has what is asked for.
#[derive(Debug)]
pub(super) struct Wanted<T> {
    /// Bits by the low 16 bits of what is wanted.
    bits: Vec<u64>,
    sorted: Vec<T>,
}

/// What is spread evenly over its low 16 bits.
pub(super) trait Low: Ord {
    /// These.
    fn low(&self) -> u16;
}

impl<T: Low> Wanted<T> {
    /// The set of some things.
    pub(super) fn new(wanted: impl IntoIterator<Item = T>) -> Self {
        let mut sorted: Vec<T> = wanted.into_iter().collect();
        sorted.sort_unstable();
        let mut bits = vec![0_u64; 1 << 10];
        for low in sorted.iter().map(Low::low) {
            if let Some(word) = bits.get_mut(usize::from(low >> 6)) {
                *word |= 1 << (low & 63);
            }
        }
        Self { bits, sorted }
    }

    /// Whether it has something.
    pub(super) fn has(&self, one: &T) -> bool {
        let low = one.low();
        let word = self.bits.get(usize::from(low >> 6)).copied().unwrap_or_default();
        word >> (low & 63) & 1 == 1 && self.sorted.binary_search(one).is_ok()
    }
}

impl Low for NonZeroU64 {
    fn low(&self) -> u16 {
        let [low, next, ..] = self.get().to_le_bytes();
        u16::from_le_bytes([low, next])
    }
}

impl Low for Uuid {
    fn low(&self) -> u16 {
        let [.., next, low] = self.into_bytes();
        u16::from_be_bytes([next, low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_its_low_bits_is_not_what_is_wanted() {
        let number = |n| NonZeroU64::new(n).unwrap();
        let wanted = Wanted::new([number(5), number(1 << 40 | 5), number(77)]);
        let found: Vec<bool> = [5, 77, 1 << 40 | 5, 1 << 20 | 5, 6].map(|n| wanted.has(&number(n))).to_vec();
        assert_eq!(found, [true, true, true, false, false]);
    }
}
