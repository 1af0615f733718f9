//! Review: what a document holds, before anything is stored.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU64;

use serde::Serialize;

use super::{Unfit, identity};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::catalog::known::digest;
use crate::feed::document::Document;
use crate::feed::error::FeedError;
use crate::feed::guard::lists::Hit;
use crate::stix::ioc::group::{Group, group};
use crate::stix::ioc::{Doubt, Kind, write};
use uuid::Uuid;

/// Octets of the document that are shown on each side of a value.
const AROUND: usize = 60;

/// A value that was found, with everything that helps to decide about it.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// What sort of thing it is.
    pub kind: Kind,
    /// In normal form.
    pub value: String,
    /// As it is written where it stands first.
    pub written: String,
    /// With names in Unicode, if that differs.
    pub shown: Option<String>,
    /// How often it stands in the document.
    pub count: usize,
    /// The line of the document where it stands first, from 1.
    pub line: usize,
    /// The text around its first place.
    pub context: String,
    /// Why it may be no indicator.
    pub doubt: Option<Doubt>,
    /// The pattern it would get; none for what is no observable.
    pub pattern: Option<String>,
    /// Indicators that say the same, in the collections that the analyst may read.
    pub known: Vec<Known>,
    /// Warning lists that it is on.
    pub warnings: Vec<Hit>,
    /// Whether nothing speaks against publishing it.
    pub suggested: bool,
}

/// An indicator that says the same already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Where.
    pub collection: Uuid,
    /// Its id.
    pub id: String,
    /// Whether it is revoked.
    pub revoked: bool,
}

impl Feed {
    /// Everything in a document that may be an indicator, each value once, in the order of the document.
    pub async fn review(&self, readings: &[Reading], document: &Document) -> Result<Vec<Candidate>, FeedError> {
        // A long document takes a while to search.
        let searched = document.clone();
        let found = tokio::task::spawn_blocking(move || group(searched.find()));
        let groups = found.await.map_err(|error| Unfit::Asked(format!("the document could not be searched: {error}")))?;
        let normals: Vec<Option<String>> =
            groups.iter().map(|group| write::pattern(group.first.kind, &group.first.value).as_deref().and_then(identity::normal)).collect();
        let known = self.known_by_digest(readings, &normals).await?;
        let mut lines = Lines::of(&document.text);
        let candidate = |(group, normal): (Group, Option<String>)| {
            let (line, context) = lines.around(&group);
            let written = document.text.get(group.first.span.clone()).unwrap_or_default().to_owned();
            let pattern = write::pattern(group.first.kind, &group.first.value);
            let known = normal.and_then(|normal| known.get(&digest(&normal)).cloned()).unwrap_or_default();
            let warnings = pattern.as_deref().map(|pattern| self.guard.hits(pattern)).unwrap_or_default();
            let suggested = pattern.is_some() && group.first.doubt.is_none() && warnings.is_empty() && !known.iter().any(|known| known.revoked);
            let Group { first, count } = group;
            Candidate {
                kind: first.kind,
                value: first.value,
                written,
                shown: first.shown,
                count,
                line,
                context,
                doubt: first.doubt,
                pattern,
                known,
                warnings,
                suggested,
            }
        };
        Ok(groups.into_iter().zip(normals).map(candidate).collect())
    }

    async fn known_by_digest(&self, readings: &[Reading], normals: &[Option<String>]) -> Result<HashMap<NonZeroU64, Vec<Known>>, FeedError> {
        let digests: BTreeSet<NonZeroU64> = normals.iter().flatten().map(|normal| digest(normal)).collect();
        let mut known: HashMap<NonZeroU64, Vec<Known>> = HashMap::new();
        for found in self.known(readings, &digests.into_iter().collect::<Vec<_>>()).await?.matches {
            known.entry(found.digest).or_default().push(Known { collection: found.collection, id: found.id, revoked: found.revoked });
        }
        Ok(known)
    }
}

/// The lines of a document, gone through once.
struct Lines<'t> {
    text: &'t str,
    line: usize,
    counted: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, line: 1, counted: 0 }
    }

    /// The line of a group's first place and the text around it. Groups come in the order of their places.
    fn around(&mut self, group: &Group) -> (usize, String) {
        let span = &group.first.span;
        let passed = self.text.get(self.counted..span.start).unwrap_or_default();
        self.line += passed.matches('\n').count();
        self.counted = self.counted.max(span.start);
        let is_boundary = |at: &usize| self.text.is_char_boundary(*at);
        let begin = (0..=span.start.saturating_sub(AROUND)).rev().find(is_boundary).unwrap_or(0);
        let end = (span.end + AROUND..self.text.len()).find(is_boundary).unwrap_or(self.text.len());
        let context = self.text.get(begin..end).unwrap_or_default();
        (self.line, context.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
