//! The only place that asks the machine for the time.

use crate::taxii::stamp::Stamp;

/// Tells the time; handed in, so that tests set it.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Stamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    fn now(&self) -> Stamp {
        Stamp(u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap_or(0))
    }
}
