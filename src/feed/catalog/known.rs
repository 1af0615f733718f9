//! Which indicators say the same already: by the digests of their patterns' normal forms.

use std::num::NonZeroU64;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use super::held::{Coverage, Held};
use super::links::Wanted;
use super::rows::Rows;
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::stix::marking::Level;
use crate::store::StoreError;
use crate::taxii::stamp::Stamp;

/// The most indicators that are named for one digest.
pub const MOST_FOR_ONE: usize = 100;

/// The indicators that were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Known {
    /// By digest, for each the newest first, up to [`MOST_FOR_ONE`].
    pub matches: Vec<Match>,
    /// What is missing: something may be known although it is not found.
    pub coverage: Coverage,
}

/// An indicator whose pattern has a normal form of this digest, as of the last look at its collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The digest.
    pub digest: NonZeroU64,
    /// The collection.
    pub collection: Uuid,
    /// The indicator.
    pub id: String,
    /// When its latest version was added.
    pub added: Stamp,
    /// Whether it is revoked.
    pub revoked: bool,
}

/// The digest of a pattern's [normal form](crate::stix::pattern::normal::normal_form). Two normal forms may share one.
pub fn digest(normal_form: &str) -> NonZeroU64 {
    NonZeroU64::new(xxh3_64(normal_form.as_bytes())).unwrap_or(NonZeroU64::MIN)
}

impl Feed {
    /// The indicators, in the collections that the caller may read, whose patterns have normal forms of these digests. Digests may be shared
    /// and indicators deleted: who relies on it fetches the object and compares the normal form.
    pub async fn known(&self, readings: &[Reading], digests: &[NonZeroU64]) -> Result<Known, StoreError> {
        let wanted = Wanted::new(digests.iter().copied());
        let (matches, coverage) = self.ask_rows(readings, move |rows, held| find(rows, held, &wanted)).await?;
        Ok(Known { matches, coverage })
    }
}

fn find(rows: &[(&Rows, Level)], held: &[Held], wanted: &Wanted<NonZeroU64>) -> Vec<Match> {
    let all = rows.iter().zip(held);
    let blocks: Vec<_> = all.flat_map(|((rows, level), held)| rows.blocks().map(move |(_, block)| (block, *level, held.shelf.collection))).collect();
    let of_block = |(block, level, collection): (&super::block::Block, Level, Uuid)| {
        let found = block.lines().filter_map(|line| Some((line, line.digest().filter(|digest| wanted.has(digest))?)));
        let seen = found.filter(|(line, _)| line.level() <= level);
        let one = |(line, digest): (super::block::Line<'_>, _)| Match {
            digest,
            collection,
            id: line.key().text(),
            added: line.added(),
            revoked: line.is_revoked(),
        };
        seen.map(one).collect::<Vec<_>>()
    };
    let mut matches: Vec<Match> = blocks.into_par_iter().flat_map_iter(of_block).collect();
    matches.sort_unstable_by(|a, b| a.digest.cmp(&b.digest).then(b.added.cmp(&a.added)).then(a.collection.cmp(&b.collection)));
    let (mut of, mut count) = (None, 0);
    matches.retain(|one| {
        count = if of == Some(one.digest) { count + 1 } else { 1 };
        of = Some(one.digest);
        count <= MOST_FOR_ONE
    });
    matches
}
