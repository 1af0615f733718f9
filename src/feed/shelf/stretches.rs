//! What of a collection is still to be read, for several who read it side by side.

use serde::{Deserialize, Serialize};

use crate::taxii::stamp::Stamp;

/// A stretch of a collection: everything after one stamp up to and including another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::feed) struct Stretch {
    pub(in crate::feed) after: Stamp,
    pub(in crate::feed) upto: Stamp,
}

/// The stretches that nobody reads now.
///
/// Where the objects of a collection stand between its stamps, nobody knows: they may have come within a second or over years. So who takes the
/// last stretch leaves half of it.
#[derive(Debug)]
pub(super) struct Stretches(Vec<Stretch>);

impl Stretch {
    /// The most objects that can stand in it.
    pub(super) fn width(self) -> u64 {
        self.upto.0.saturating_sub(self.after.0)
    }

    /// What is left of it when everything up to `last` was read.
    pub(super) fn behind(self, last: Stamp) -> Option<Self> {
        (last < self.upto).then_some(Self { after: last, ..self })
    }
}

impl Stretches {
    /// All of a collection up to a stamp is to be read, but for some stretches in its order.
    pub(super) fn new(upto: Stamp, but: &[Stretch]) -> Self {
        let ends = but.iter().map(|stretch| stretch.after).chain([upto]);
        let begins = [Stamp::ZERO].into_iter().chain(but.iter().map(|stretch| stretch.upto));
        Self(begins.zip(ends).filter(|(after, upto)| after < upto).map(|(after, upto)| Stretch { after, upto }).collect())
    }

    /// A stretch to read a page of; `None` if all is read or being read.
    pub(super) fn take(&mut self) -> Option<Stretch> {
        let Self(rest) = self;
        let widest = (0..).zip(&*rest).max_by_key(|(_, stretch)| stretch.width()).map(|(at, _)| at)?;
        let widest = rest.swap_remove(widest);
        if !rest.is_empty() || widest.width() < 2 {
            return Some(widest);
        }
        let middle = Stamp(widest.after.0.midpoint(widest.upto.0));
        rest.push(Stretch { after: middle, ..widest });
        Some(Stretch { upto: middle, ..widest })
    }

    /// Gives back what is left of a stretch.
    pub(super) fn put(&mut self, left: Stretch) {
        self.0.push(left);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A page of at most so many of the stamps after one.
    fn page(stamps: &[u64], after: Stamp) -> Vec<u64> {
        stamps.iter().copied().filter(|stamp| *stamp > after.0).take(3).collect()
    }

    #[test]
    fn what_is_there_is_not_read_again() {
        let stretch = |after, upto| Stretch { after: Stamp(after), upto: Stamp(upto) };
        let left = |upto, but: &[Stretch]| Stretches::new(Stamp(upto), but).0;
        assert_eq!(left(9, &[]), [stretch(0, 9)]);
        assert_eq!(left(9, &[stretch(0, 3), stretch(3, 5), stretch(7, 8)]), [stretch(5, 7), stretch(8, 9)]);
        assert_eq!(left(9, &[stretch(0, 9)]), []);
    }

    proptest! {
        #[test]
        fn everything_is_read_once(stamps in prop::collection::btree_set(prop_oneof![1..50_u64, 1..u64::MAX], 1..60), turns in prop::collection::vec(0..3_usize, 0..300)) {
            let stamps: Vec<u64> = stamps.into_iter().collect();
            let mut rest = Stretches::new(Stamp(*stamps.last().unwrap()), &[]);
            let (mut reading, mut seen): ([Option<Stretch>; 3], Vec<u64>) = Default::default();
            for reader in turns.into_iter().chain((0..3).cycle().take(2000)) {
                let Some(stretch) = reading[reader].take() else {
                    reading[reader] = rest.take();
                    continue;
                };
                let page = page(&stamps, stretch.after);
                stretch.behind(page.get(2).map_or(stretch.upto, |last| Stamp(*last))).into_iter().for_each(|left| rest.put(left));
                seen.extend(page.into_iter().filter(|stamp| *stamp <= stretch.upto.0));
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, stamps);
        }
    }
}
