//! Slows guessing: wrong passwords make the same user name wait at the same address, and nobody else.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::taxii::stamp::Stamp;

/// Wrong passwords that cost nothing.
const FREE: u32 = 5;
/// The longest wait, in seconds.
const LONGEST: u64 = 60;
/// Failures older than this are forgotten, in microseconds.
const FORGOTTEN: u64 = 900_000_000;
/// How many pairs are watched; an attacker who uses more addresses than this gains nothing but its oldest failures.
const MOST: usize = 100_000;
const SECOND: u64 = 1_000_000;

/// Failed log-ins by user name and address.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<(String, IpAddr), Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Stamp,
}

impl Failures {
    /// When the next attempt is taken: at once for the first few, then 1, 2, 4 … seconds after the last.
    fn free_at(self) -> Stamp {
        let wait = match self.count.checked_sub(FREE) {
            None => 0,
            Some(beyond) => 1u64.checked_shl(beyond).unwrap_or(LONGEST).min(LONGEST),
        };
        Stamp(self.last.0 + wait * SECOND)
    }
}

impl Throttle {
    /// Whether an attempt may be made now; else the whole seconds until it may.
    pub fn admit(&self, user: &str, address: IpAddr, now: Stamp) -> Result<(), u64> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(&(user.to_owned(), address)).map(|f| f.free_at()) {
            Some(free) if now < free => Err((free.0 - now.0).div_ceil(SECOND)),
            _ => Ok(()),
        }
    }

    /// Counts a wrong password.
    pub fn failed(&self, user: &str, address: IpAddr, now: Stamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST {
            failures.retain(|_, f| now.0 < f.last.0 + FORGOTTEN);
        }
        if failures.len() >= MOST {
            failures.clear();
        }
        let entry = failures.entry((user.to_owned(), address)).or_insert(Failures { count: 0, last: now });
        let fresh = now.0 < entry.last.0 + FORGOTTEN;
        *entry = Failures { count: if fresh { entry.count.saturating_add(1) } else { 1 }, last: now };
    }

    /// A right password clears the pair.
    pub fn succeeded(&self, user: &str, address: IpAddr) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&(user.to_owned(), address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn after_failures(count: u32) -> Throttle {
        let throttle = Throttle::default();
        (0..count).for_each(|_| throttle.failed("ann", HERE, Stamp(SECOND)));
        throttle
    }

    #[test]
    fn waits_grow_with_each_failure_and_end() {
        assert_eq!(after_failures(4).admit("ann", HERE, Stamp(SECOND)), Ok(()));
        assert_eq!(after_failures(5).admit("ann", HERE, Stamp(SECOND)), Err(1));
        assert_eq!(after_failures(7).admit("ann", HERE, Stamp(SECOND)), Err(4));
        assert_eq!(after_failures(7).admit("ann", HERE, Stamp(5 * SECOND)), Ok(()));
        assert_eq!(after_failures(1000).admit("ann", HERE, Stamp(SECOND)), Err(LONGEST));
    }

    #[test]
    fn nobody_else_is_locked_out() {
        let throttle = after_failures(100);
        assert_eq!(throttle.admit("ann", THERE, Stamp(SECOND)), Ok(()));
        assert_eq!(throttle.admit("bob", HERE, Stamp(SECOND)), Ok(()));
    }

    #[test]
    fn a_right_password_clears() {
        let throttle = after_failures(100);
        throttle.succeeded("ann", HERE);
        assert_eq!(throttle.admit("ann", HERE, Stamp(SECOND)), Ok(()));
    }
}
