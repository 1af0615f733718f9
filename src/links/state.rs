//! How a link stands, as it is kept in the store.

use serde::{Deserialize, Serialize};

use crate::feed::Feed;
use crate::store::StoreError;
use crate::store::directory::Link;
use crate::store::paper::{Kind, Paper};
use crate::taxii::stamp::{DAY, Stamp};

/// How many refused objects are remembered.
const MOST_REFUSED: usize = 100;
/// The longest reason that is remembered, in characters.
const LONGEST: usize = 500;
/// The shortest and the longest time between two attempts, in microseconds.
const SHORTEST_REST: u64 = 1_000_000;
const LONGEST_REST: u64 = 15 * 60 * 1_000_000;

/// How a link stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Up to where our collection was sent.
    #[serde(default)]
    pub position: Stamp,
    /// Up to where the other side was read: what is asked for as `added_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Stamp>,
    /// When it was last tried.
    #[serde(default)]
    pub tried: Stamp,
    /// When it last came to its end without an error.
    #[serde(default)]
    pub done: Stamp,
    /// What went wrong last, if it was the last that happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often in a row it went wrong.
    #[serde(default)]
    pub failures: u32,
    /// Not before this.
    #[serde(default)]
    pub rests_until: Stamp,
    /// Objects that went through and were new.
    #[serde(default)]
    pub objects: u64,
    /// Objects that went through and were known.
    #[serde(default)]
    pub known: u64,
    /// Objects that were refused, here or there.
    #[serde(default)]
    pub refused: u64,
    /// The last of these, the latest first.
    #[serde(default)]
    pub quarantine: Vec<Refused>,
}

/// An object that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its id, as far as one could be read.
    pub id: String,
    /// Its version, as far as one could be read.
    pub version: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Stamp,
}

impl State {
    /// How a link stands.
    pub async fn of(feed: &Feed, link: &Link) -> Result<Self, StoreError> {
        let paper = feed.paper(Kind::Link, link.id).await?;
        Ok(paper.and_then(|paper| serde_json::from_slice(&paper.text).ok()).unwrap_or_default())
    }

    /// Keeps how it stands.
    pub async fn keep(&self, feed: &Feed, link: &Link) -> Result<(), StoreError> {
        let text = serde_json::to_vec(self).map_err(|error| StoreError::Engine(format!("the link {}: {error}", link.name)))?;
        let paper = Paper { kind: Kind::Link, id: link.id, owner: link.name.clone(), expires: Stamp(u64::MAX), text: text.into() };
        feed.keep(paper).await
    }

    /// Notes an object that was refused.
    pub fn refuse(&mut self, id: &str, version: &str, why: &str, at: Stamp) {
        let short = |text: &str| text.chars().take(LONGEST).collect();
        self.refused += 1;
        self.quarantine.insert(0, Refused { id: short(id), version: short(version), why: short(why), at });
        self.quarantine.truncate(MOST_REFUSED);
    }

    /// Notes that it came to its end.
    pub fn succeed(&mut self, now: Stamp) {
        (self.done, self.error, self.failures, self.rests_until) = (now, None, 0, now);
    }

    /// Notes what went wrong; it rests for a while, each time twice as long, or as long as it was told.
    pub fn fail(&mut self, why: String, told: Option<u64>, now: Stamp) {
        self.failures = self.failures.saturating_add(1);
        let rest = match told {
            Some(told) => told.clamp(SHORTEST_REST, DAY),
            None => (SHORTEST_REST << self.failures.min(20)).min(LONGEST_REST),
        };
        (self.error, self.rests_until) = (Some(why), Stamp(now.0 + rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_link_rests_twice_as_long_each_time_or_as_long_as_it_was_told() {
        let mut state = State::default();
        let mut rest = |told| {
            state.fail("gone".into(), told, Stamp(1_000));
            (state.rests_until.0 - 1_000) / 1_000_000
        };
        assert_eq!([rest(None), rest(None), rest(None)], [2, 4, 8]);
        assert_eq!(rest(Some(7_000_000)), 7);
        assert_eq!(rest(Some(3_600_000_000)), 3_600);
        for _ in 0..30 {
            rest(None);
        }
        assert_eq!(rest(None), 900);
        state.succeed(Stamp(5));
        assert_eq!((state.failures, state.error, state.rests_until), (0, None, Stamp(5)));
    }
}
