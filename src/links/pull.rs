//! Taking what is new at another TAXII 2.1 server, which may be a bad one.
//!
//! The cursor is the date added of what was read last, as the server says it: in a header, else in its manifest, else, if it says none, the greatest
//! `modified` less a day. It moves only behind what is stored here. A little is asked for again each time, since servers round their dates;
//! what is known already is told by id and version. Whatever a server answers, a run ends: a page that comes twice, and
//! several on which nothing is, are the end.

use std::collections::HashSet;

use bytes::Bytes;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::client::{Fault, date, get, url};
use super::state::State;
use crate::feed::Feed;
use crate::feed::access::{self, Writing};
use crate::feed::error::FeedError;
use crate::store::StoreError;
use crate::store::audit::{Act, Verb};
use crate::store::directory::Link;
use crate::taxii::stamp::{DAY, Stamp};

/// Objects that are asked for at once; a server may give fewer.
const PAGE: usize = 1_000;
/// Pages of one run.
const MOST_PAGES: usize = 100_000;
/// Pages in a row on which nothing is.
const MOST_EMPTY: usize = 3;
/// What is asked for again, in microseconds: servers round dates to the millisecond.
const OVERLAP: u64 = 1_000;

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The other side.
    #[error(transparent)]
    There(#[from] Fault),
    /// This side.
    #[error(transparent)]
    Here(#[from] FeedError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The collection or the partner is gone, or its part is over.
    #[error("its collection or its partner is gone, or its part is over")]
    Gone,
}

/// A page as servers write it.
#[derive(Debug, Default, Deserialize)]
struct Page<'a> {
    #[serde(default)]
    more: bool,
    /// A string, but for servers that write a number.
    #[serde(default)]
    next: Option<Value>,
    #[serde(borrow, default)]
    objects: Option<Vec<&'a RawValue>>,
}

/// What a server is asked for.
#[derive(Debug, Clone)]
struct Ask {
    added_after: Option<Stamp>,
    next: Option<String>,
    limit: usize,
}

impl Ask {
    /// Whether the dates lead on where `next` does not.
    fn goes_on_without_next(&self, state: &State) -> bool {
        self.next.is_some() && state.cursor > self.added_after
    }
}

/// A page that was read.
struct Read {
    objects: Vec<Bytes>,
    more: bool,
    next: Option<String>,
    /// The date added of the last, as the header says.
    last: Option<Stamp>,
    digest: u128,
}

/// Reads everything that is new at the other side.
pub async fn run(feed: &Feed, client: &Client, link: &Link, state: &mut State) -> Result<(), Stopped> {
    let added_after = state.cursor.map(|cursor| Stamp(cursor.0.saturating_sub(OVERLAP)));
    let mut ask = Ask { added_after, next: None, limit: PAGE };
    // What tells that a server goes round in circles, or nowhere. A `next` that comes twice does not: some have one for a whole crawl.
    let (mut pages, mut empty) = (HashSet::new(), 0);
    // Without dates the cursor moves at the end only, since nothing says in which order objects come.
    let mut latest = None;
    for _ in 0..MOST_PAGES {
        let read = match page(client, link, &ask).await {
            Ok(read) => read,
            Err(fault) if fault.status() == Some(StatusCode::PAYLOAD_TOO_LARGE) && ask.limit > 1 => {
                ask.limit /= 2;
                continue;
            }
            // Some refuse a `next`, at least with other parameters than before; from the cursor on everything comes again.
            Err(fault) if fault.status() == Some(StatusCode::BAD_REQUEST) && ask.goes_on_without_next(state) => {
                ask = Ask { added_after: state.cursor, next: None, ..ask };
                continue;
            }
            Err(fault) => return Err(fault.into()),
        };
        if !read.objects.is_empty() && !pages.insert(read.digest) {
            // The same again: some pass a `next` over.
            if !ask.goes_on_without_next(state) {
                break;
            }
            ask = Ask { added_after: state.cursor, next: None, ..ask };
            continue;
        }
        empty = if read.objects.is_empty() { empty + 1 } else { 0 };
        if empty > MOST_EMPTY {
            break;
        }
        let (first, modified) = (read.objects.first().cloned(), read.objects.iter().filter_map(modified).max());
        take(feed, link, state, read.objects).await?;
        let last = match read.last {
            None if first.is_some() => manifest(client, link, &ask).await,
            last => last,
        };
        if let Some(last) = last {
            state.cursor = state.cursor.max(Some(last));
        } else {
            latest = latest.max(modified);
        }
        state.keep(feed, link).await?;
        ask = match (read.more, read.next, last) {
            (true, Some(next), _) => Ask { next: Some(next), ..ask },
            // More, and no way told to it but the dates.
            (true, _, Some(last)) if Some(last) > ask.added_after => Ask { added_after: Some(last), next: None, ..ask },
            _ => break,
        };
    }
    if let Some(latest) = latest {
        state.cursor = state.cursor.max(Some(Stamp(latest.0.saturating_sub(DAY))));
    }
    Ok(())
}

/// Asks for a page.
async fn page(client: &Client, link: &Link, ask: &Ask) -> Result<Read, Fault> {
    let answer = get(client, link, asked(link, "objects/", ask)?).await?;
    let text = std::str::from_utf8(&answer.body).map_err(|error| Fault::Unreadable(format!("the page: {error}")))?;
    let page: Page<'_> = match text.trim() {
        "" => Page::default(),
        text => serde_json::from_str(text).map_err(|error| Fault::Unreadable(format!("the page: {error}")))?,
    };
    let objects = page.objects.unwrap_or_default();
    let next = match page.next {
        Some(Value::String(next)) if !next.is_empty() => Some(next),
        Some(Value::Number(next)) => Some(next.to_string()),
        _ => None,
    };
    let last = answer.headers.get("x-taxii-date-added-last").and_then(|value| date(value.to_str().ok()?));
    let objects: Vec<Bytes> = objects.into_iter().map(|raw| answer.body.slice_ref(raw.get().as_bytes())).collect();
    // Where a page leads to does not make it another one.
    let digest = xxh3_128(&objects.concat());
    Ok(Read { more: page.more, next, last, digest, objects })
}

/// The date added of the last object of a page, from the manifest of the same page.
async fn manifest(client: &Client, link: &Link, ask: &Ask) -> Option<Stamp> {
    let answer = get(client, link, asked(link, "manifest/", ask).ok()?).await.ok()?;
    let manifest: Value = serde_json::from_slice(&answer.body).ok()?;
    manifest.get("objects")?.as_array()?.iter().filter_map(|record| date(record.get("date_added")?.as_str()?)).max()
}

fn asked(link: &Link, under: &str, ask: &Ask) -> Result<reqwest::Url, Fault> {
    let mut url = url(link, under)?;
    let mut query = url.query_pairs_mut();
    query.append_pair("limit", &ask.limit.to_string());
    query.extend_pairs(ask.added_after.map(|after| ("added_after", after.to_string())));
    query.extend_pairs(ask.next.as_ref().map(|next| ("next", next)));
    drop(query);
    Ok(url)
}

/// Stores what came, and notes what was refused.
async fn take(feed: &Feed, link: &Link, state: &mut State, objects: Vec<Bytes>) -> Result<(), Stopped> {
    if objects.is_empty() {
        return Ok(());
    }
    let now = feed.clock().now();
    let writing: Writing = access::incoming(&feed.directory(), link, now).ok_or(Stopped::Gone)?;
    let act = Act { who: link.name.clone(), ..Act::of_program(Verb::Pull, now) };
    let brought = feed.bring(&writing, objects.clone(), act).await?;
    state.objects += brought.added as u64;
    state.known += brought.known as u64;
    for (at, why) in brought.refused {
        let named: Named = objects.get(at).and_then(|object| serde_json::from_slice(object).ok()).unwrap_or_default();
        let again = state.quarantine.iter().any(|refused| refused.id == named.id && refused.version == named.version && refused.why == why);
        // What is asked for again and again is told once.
        if !again {
            state.refuse(&named.id, &named.version, &why, now);
        }
    }
    Ok(())
}

/// What names an object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    id: String,
    #[serde(rename = "modified")]
    version: String,
}

/// When the version of an object was made.
fn modified(object: &Bytes) -> Option<Stamp> {
    serde_json::from_slice::<Named>(object).ok().and_then(|named| date(&named.version))
}
