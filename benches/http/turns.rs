//! Two sides that take turns.

use crate::support::Outcome;

/// What two sides came to, turn by turn.
pub(crate) struct Turns {
    pub(crate) ours: Vec<f64>,
    pub(crate) other: Vec<f64>,
}

/// Measures both sides in turns.
pub(crate) fn take(rounds: usize, mut ours: impl FnMut() -> Outcome<f64>, mut other: impl FnMut() -> Outcome<f64>) -> Outcome<Turns> {
    let mut turns = Turns { ours: Vec::new(), other: Vec::new() };
    for _ in 0..rounds {
        turns.ours.push(ours()?);
        turns.other.push(other()?);
    }
    Ok(turns)
}

impl Turns {
    /// The median of the ratios: whatever disturbed the machine disturbed one turn, and both sides of it.
    pub(crate) fn ratio(&self) -> f64 {
        median(self.ours.iter().zip(&self.other).map(|(ours, other)| ours / other).collect())
    }

    pub(crate) fn our_median(&self) -> f64 {
        median(self.ours.clone())
    }

    pub(crate) fn other_median(&self) -> f64 {
        median(self.other.clone())
    }
}

/// The middle one; the lower of two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}
