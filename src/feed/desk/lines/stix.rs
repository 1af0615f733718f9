//! Bundles, envelopes, lists and lines of STIX objects.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Line, What};
use crate::feed::desk::Unfit;

/// A bundle or an envelope.
#[derive(Deserialize)]
struct Objects<'a> {
    #[serde(borrow)]
    objects: Vec<&'a RawValue>,
}

/// What names an object.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: String,
}

/// The objects of a text that is JSON or lines of JSON; `None` if it is neither.
pub(super) fn read(octets: &Bytes, text: &str) -> Option<Result<Vec<Line>, Unfit>> {
    if let Ok(Objects { objects }) = serde_json::from_str(text) {
        return Some(Ok(of(octets, objects.into_iter().enumerate().map(|(at, raw)| (at + 1, raw)))));
    }
    if let Ok(objects) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return Some(Ok(of(octets, objects.into_iter().enumerate().map(|(at, raw)| (at + 1, raw)))));
    }
    let filled = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let first = filled().next().and_then(|(_, line)| serde_json::from_str::<&RawValue>(line.trim()).ok());
    match first {
        // One object over several lines.
        None => serde_json::from_str::<&RawValue>(text).ok().map(|raw| Ok(of(octets, [(1, raw)].into_iter()))),
        Some(_) => Some(filled().map(|(at, line)| line_of(octets, at + 1, line.trim())).collect()),
    }
}

fn line_of(octets: &Bytes, number: usize, line: &str) -> Result<Line, Unfit> {
    let raw = serde_json::from_str::<&RawValue>(line).map_err(|error| Unfit::Asked(format!("line {number} is not JSON: {error}")))?;
    Ok(one(octets, number, raw))
}

fn of<'a>(octets: &Bytes, objects: impl Iterator<Item = (usize, &'a RawValue)>) -> Vec<Line> {
    objects.map(|(number, raw)| one(octets, number, raw)).collect()
}

fn one(octets: &Bytes, number: usize, raw: &RawValue) -> Line {
    let named = serde_json::from_str::<Named>(raw.get()).map(|named| named.id).unwrap_or_default();
    Line { number, text: named, what: What::Object(octets.slice_ref(raw.get().as_bytes())) }
}
