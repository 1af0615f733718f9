//! How long a client is waited for: it may pause, and a slow one uses its pauses up.

use std::time::Duration;

/// What is left of the time that a client may take.
///
/// One number bounds both the single pause and the pace over all: waiting spends, octets earn, and no more is kept than one longest pause.
/// So a client that keeps the least pace may go on for ever, and one that drips ends after about the longest pause.
#[derive(Debug, Clone)]
pub struct Patience {
    longest: Duration,
    /// Octets a second.
    pace: u64,
    left: Duration,
}

impl Patience {
    /// Patience for pauses up to `longest`, and for `pace` octets a second or more.
    pub fn new(longest: Duration, pace: u64) -> Self {
        Self { longest, pace: pace.max(1), left: longest }
    }

    /// For how long the client is waited for now.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// Counts that the client was waited for so long, and then this many octets went.
    pub fn spend(&mut self, waited: Duration, octets: usize) {
        let earned = Duration::from_micros((octets as u64).saturating_mul(1_000_000) / self.pace);
        self.left = self.left.saturating_sub(waited).saturating_add(earned).min(self.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn after(waits: u32, octets: usize) -> Duration {
        let mut patience = Patience::new(30 * SECOND, 1000);
        (0..waits).for_each(|_| patience.spend(SECOND, octets));
        patience.left()
    }

    #[test]
    fn the_least_pace_is_enough_for_ever() {
        assert_eq!(after(100_000, 1000), 30 * SECOND);
    }

    #[test]
    fn who_drips_ends() {
        assert_eq!(after(30, 1), 30 * Duration::from_millis(1));
        assert_eq!(after(40, 500), 10 * SECOND);
    }

    #[test]
    fn haste_buys_no_more_than_one_pause() {
        assert_eq!(after(1, usize::MAX), 30 * SECOND);
    }
}
