//! Files of objects as they came: read from the store page by page while they are sent, so that a million of them takes no memory.
//!
//! Of the indicators those are sent that the list selects. Everything else is sent unless it was revoked or its validity has ended, but for
//! relationships and sightings of indicators that are not sent. Nothing is changed in an object.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Deserialize;
use std::borrow::Cow;

use super::list::Made;
use super::part::Chosen;
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::stix::id::type_of;
use crate::stix::time::Instant;
use crate::store::{Record, StoreError};
use crate::taxii::stamp::Stamp;

/// What decides about an object.
#[derive(Debug, Default, Deserialize)]
struct Told<'o> {
    #[serde(default)]
    revoked: bool,
    #[serde(default, borrow)]
    valid_until: Option<Cow<'o, str>>,
    #[serde(default, borrow)]
    source_ref: Option<Cow<'o, str>>,
    #[serde(default, borrow)]
    target_ref: Option<Cow<'o, str>>,
    #[serde(default, borrow)]
    sighting_of_ref: Option<Cow<'o, str>>,
}

/// A file on its way.
struct Sending {
    feed: Arc<Feed>,
    reading: Reading,
    made: Arc<Made>,
    /// Found out before the first page.
    chosen: Option<Arc<Chosen>>,
    place: Stamp,
    now: Stamp,
    /// Whether nothing was sent of the objects so far.
    empty: bool,
    ended: bool,
}

/// The body of a file of objects.
pub fn body(feed: Arc<Feed>, reading: Reading, made: Arc<Made>) -> Body {
    let now = feed.clock().now();
    let sending = Sending { feed, reading, made, chosen: None, place: Stamp::ZERO, now, empty: true, ended: false };
    let pieces = unfold(Some(sending), |sending| async move {
        let mut sending = sending?;
        match sending.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(sending))),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "a file of objects ends before its time");
                Some((Err(io::Error::other("the store failed")), None))
            }
        }
    });
    Body::from_stream(pieces)
}

impl Sending {
    /// The next piece: a page of objects, with the head of the file before the first and the foot behind the last.
    async fn next(&mut self) -> Result<Option<Bytes>, FeedError> {
        if self.ended {
            return Ok(None);
        }
        let mut piece = if self.place == Stamp::ZERO { self.head() } else { Vec::new() };
        let page = self.feed.objects_behind(&self.reading, self.place).await?;
        if let Some((_, last)) = page.dates() {
            self.place = last;
        }
        let (chosen, now) = (self.chosen().await?, self.now);
        let about = self.made.recipe.about(self.made.changed);
        for record in page.records.iter().filter(|record| belongs(record, &chosen, now)) {
            self.made.recipe.format.object(&about, self.empty, &record.object, &mut piece);
            self.empty = false;
        }
        if !page.more {
            self.ended = true;
            self.made.recipe.format.end(&about, self.empty, &mut piece);
        }
        Ok(Some(piece.into()))
    }

    /// The indicators that are sent, found out off the async threads.
    async fn chosen(&mut self) -> Result<Arc<Chosen>, FeedError> {
        if let Some(chosen) = &self.chosen {
            return Ok(chosen.clone());
        }
        let made = self.made.clone();
        let chosen = tokio::task::spawn_blocking(move || Arc::new(made.chosen())).await;
        let chosen = chosen.map_err(|error| StoreError::Engine(format!("a file of objects could not be begun: {error}")))?;
        Ok(self.chosen.insert(chosen).clone())
    }

    fn head(&self) -> Vec<u8> {
        let mut head = String::new();
        self.made.recipe.format.head(&self.made.recipe.about(self.made.changed), &mut head);
        head.into_bytes()
    }
}

/// Whether an object belongs in the file.
fn belongs(record: &Record, chosen: &Chosen, now: Stamp) -> bool {
    if type_of(&record.id) == "indicator" {
        return chosen.indicators.binary_search(&record.added).is_ok();
    }
    let Ok(told) = serde_json::from_slice::<Told<'_>>(&record.object) else { return false };
    let ended = told.valid_until.and_then(|text| Instant::parse(&text).ok()).is_some_and(|until| until.micros() <= now.0);
    let ends = [told.source_ref, told.target_ref, told.sighting_of_ref];
    !told.revoked && !ended && !ends.iter().flatten().any(|end| chosen.left_out.contains(&**end))
}
