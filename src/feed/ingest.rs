//! Writing: an envelope is split into raw objects, each is judged on its own, and the good ones are stored in one atomic write.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::access::Writing;
use super::error::FeedError;
use super::guard::{Guard, Listed};
use super::sharing::{Admitted, Door};
use super::{Feed, to_the_end};
use crate::stix::object::{self, Object, Refusal};
use crate::stix::time::Instant;
use crate::store::audit::Act;
use crate::store::{Added, Addition, NewObject, Receipt, StoreError};
use crate::taxii::resource::{Status, StatusDetail};
use crate::taxii::stamp::Stamp;

/// The most findings that the message of one object lists.
const MOST_FINDINGS: usize = 10;
/// The longest text of a refused object's id that its failure repeats.
const LONGEST_ID: usize = 300;
/// A body of at most so many octets is judged on the spot: handing it to another thread takes longer.
const SHORT: usize = 8 << 10;
/// Fewer objects than this are not worth another thread.
const PARALLEL: usize = 64;
const HOUR: u64 = 3_600_000_000;

impl Feed {
    /// Judges and stores an envelope, and answers with its status, which is kept.
    ///
    /// Everything is done when this returns: what counts as a success is durable and visible (T-148). A bundle is taken as an envelope
    /// (T-147, Q14).
    pub async fn post(&self, writing: &Writing, body: Bytes, act: Act) -> Result<Status, FeedError> {
        let now = act.at;
        let octets = body.len();
        let bounds = Bounds { objects: self.options.envelope_objects, depth: self.options.json_depth };
        let door = Door::of(&self.directory(), writing.collection, writing.origin);
        let Judged { mut objects, also, refused } = if body.len() <= SHORT {
            judge(&body, now, bounds, &self.guard, &door)?
        } else {
            let guard = self.guard.clone();
            let judged = tokio::task::spawn_blocking(move || judge(&body, now, bounds, &guard, &door));
            judged.await.map_err(|e| FeedError::NotAnEnvelope(format!("the envelope could not be judged: {e}")))??
        };
        let (count, told) = (refused.len(), objects.len());
        objects.extend(also);
        let receipt = Receipt {
            id: Uuid::new_v4(),
            root: writing.root.clone(),
            owner: writing.writer.clone(),
            refused,
            told,
            expires: Stamp(now.0 + self.options.status_hours * HOUR),
        };
        let addition = Addition { collection: writing.collection, objects, now, receipt: Some(receipt), act: Some(act) };
        let added = self.put(addition).await?;
        self.counts.envelope(octets, count, added.outcomes.get(..told).unwrap_or_default());
        added.status.ok_or_else(|| StoreError::Engine("no status was kept for a receipt".into()).into())
    }
}

impl Feed {
    /// Stores objects that were judged, and tells those who follow.
    pub(super) async fn put(&self, addition: Addition) -> Result<Added, StoreError> {
        let (store, catalog, values, bell) = (self.store.clone(), self.catalog.clone(), self.values.clone(), self.bell.clone());
        let adding = async move {
            let collection = addition.collection;
            let added = store.add(addition).await?;
            for id in &added.raised {
                catalog.doubt(collection, id);
                values.doubt(collection, id);
            }
            bell.ring();
            Ok(added)
        };
        to_the_end(adding).await?
    }

    /// Judges objects that have come in a file: each good, or why it is refused.
    pub(super) async fn judge_objects(&self, writing: &Writing, objects: Vec<Bytes>, now: Stamp) -> Result<Vec<Result<Admitted, String>>, FeedError> {
        let (guard, depth) = (self.guard.clone(), self.options.json_depth);
        let door = Door::of(&self.directory(), writing.collection, writing.origin);
        let judged = tokio::task::spawn_blocking(move || {
            let judge = Judge { now, instant: now.instant(), depth, guard: &guard, door: &door };
            let one = |object: Bytes| {
                let text = std::str::from_utf8(&object).map_err(|error| error.to_string())?.to_owned();
                judge.one(&text, object, 0).map_err(|detail| detail.message.unwrap_or_default())
            };
            objects.into_par_iter().with_min_len(PARALLEL).map(one).collect()
        });
        judged.await.map_err(|e| FeedError::NotAnEnvelope(format!("the objects could not be judged: {e}")))
    }
}

/// What an envelope comes to.
struct Judged {
    /// The good objects.
    objects: Vec<NewObject>,
    /// What is stored with them.
    also: Vec<NewObject>,
    /// The refused ones, with the reasons.
    refused: Vec<StatusDetail>,
}

/// Judges an envelope; a large one on all cores.
fn judge(body: &Bytes, now: Stamp, bounds: Bounds, guard: &Guard, door: &Door) -> Result<Judged, FeedError> {
    let raws: Vec<(usize, &RawValue)> = split(body)?.into_iter().enumerate().collect();
    if raws.len() > bounds.objects {
        return Err(FeedError::TooMany { found: raws.len(), most: bounds.objects });
    }
    let judge = Judge { now, instant: now.instant(), depth: bounds.depth, guard, door };
    let one = |(at, raw): (usize, &RawValue)| judge.one(raw.get(), body.slice_ref(raw.get().as_bytes()), at);
    let (mut objects, mut also, mut refused) = (Vec::with_capacity(raws.len()), Vec::new(), Vec::new());
    let judged: Vec<_> = raws.into_par_iter().with_min_len(PARALLEL).map(one).collect();
    for verdict in judged {
        match verdict {
            Ok(admitted) => {
                objects.push(admitted.object);
                also.extend(admitted.also);
            }
            Err(detail) => refused.push(detail),
        }
    }
    Ok(Judged { objects, also, refused })
}

/// Judges objects as this server does at one moment.
struct Judge<'g> {
    now: Stamp,
    instant: Instant,
    depth: usize,
    guard: &'g Guard,
    door: &'g Door,
}

impl Judge<'_> {
    /// One object, or why it is refused; `at` is its place among others.
    fn one(&self, raw: &str, object: Bytes, at: usize) -> Result<Admitted, StatusDetail> {
        let mut watch = self.guard.watch();
        let judged = object::check_depth(raw, self.depth).and_then(|()| object::judge_shown(raw, &self.instant, &mut |part| watch.see(part)));
        let good = judged.map_err(|refusal| failure(refusal, at, self.now))?;
        let listed = watch.verdict(good.revoked).map_err(|listed| blocked(&good, &listed, self.now))?;
        let warning = warning(&good, &listed);
        let new = NewObject { warning, ..NewObject::of(good, object) };
        let (id, version) = (new.id.to_string(), new.version.as_ref().map_or_else(|| self.now.to_string(), |(text, _)| text.clone()));
        self.door.admit(new, self.now).map_err(|why| StatusDetail { id, version, message: Some(why) })
    }
}

/// What an operator bounds.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    objects: usize,
    depth: usize,
}

fn failure(refusal: Refusal, at: usize, now: Stamp) -> StatusDetail {
    StatusDetail {
        id: refusal.id.map_or_else(|| format!("objects[{at}]"), |id| id.chars().take(LONGEST_ID).collect()),
        version: refusal.version.unwrap_or_else(|| now.to_string()),
        message: Some(message(&refusal.findings)),
    }
}

/// An object that the standard takes and the guard does not.
fn blocked(object: &Object, listed: &[Listed], now: Stamp) -> StatusDetail {
    StatusDetail {
        id: object.id.to_string(),
        version: object.version.as_ref().map_or_else(|| now.to_string(), |(text, _)| text.clone()),
        message: Some(format!("{}: this server takes no indicators of what is on such a list", message(listed))),
    }
}

/// What is told of an object that is taken: what the standard advises against, and the lists that it is on.
fn warning(object: &Object, listed: &[Listed]) -> Option<String> {
    let advice = (!object.warnings.is_empty()).then(|| message(&object.warnings));
    let hits = (!listed.is_empty()).then(|| message(listed));
    advice.into_iter().chain(hits).reduce(|advice, hits| format!("{advice}; {hits}"))
}

/// What is told of an object, the first of it in full.
fn message<'t, T: fmt::Display + 't>(told: impl IntoIterator<Item = &'t T>) -> String {
    let mut told = told.into_iter();
    let mut lines: Vec<String> = told.by_ref().take(MOST_FINDINGS).map(ToString::to_string).collect();
    match told.count() {
        0 => {}
        more => lines.push(format!("and {more} more")),
    }
    lines.join("; ")
}

/// The raw objects of an envelope, in their order.
fn split(body: &[u8]) -> Result<Vec<&RawValue>, FeedError> {
    let text = std::str::from_utf8(body).map_err(|e| FeedError::NotJson(format!("not UTF-8 at byte {}", e.valid_up_to())))?;
    let envelope: Envelope = serde_json::from_str(text).map_err(|e| match e.classify() {
        Category::Data => FeedError::NotAnEnvelope(e.to_string()),
        _ => FeedError::NotJson(e.to_string()),
    })?;
    match envelope.0 {
        Some(objects) if !objects.is_empty() => Ok(objects),
        _ => Err(FeedError::NotAnEnvelope("the envelope has no objects (TAXII 2.1 §3.7)".into())),
    }
}

/// The `objects` of an envelope; everything else in it is passed over (T-147, T-154).
struct Envelope<'a>(Option<Vec<&'a RawValue>>);

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Members<'a> {
            type Value = Envelope<'a>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an envelope: a JSON object with a list of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut names, mut objects) = (BTreeSet::new(), None);
                while let Some(name) = map.next_key::<String>()? {
                    if name == "objects" {
                        objects = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                    // I-JSON: no twin keys (T-001).
                    if let Some(twin) = names.replace(name) {
                        return Err(A::Error::custom(format!("the member {twin:?} is there twice")));
                    }
                }
                Ok(Envelope(objects))
            }
        }

        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: &str) -> Result<Vec<String>, FeedError> {
        split(body.as_bytes()).map(|objects| objects.into_iter().map(|o| o.get().to_owned()).collect())
    }

    #[test]
    fn t098_objects_are_cut_out_as_they_came() {
        let objects = raw(r#"{"objects":[ { "a" : 1e2 } ,{"b":"\u00e4"}], "more": false}"#).unwrap();
        assert_eq!(objects, [r#"{ "a" : 1e2 }"#, r#"{"b":"\u00e4"}"#]);
    }

    #[test]
    fn t147_q14_a_bundle_is_an_envelope() {
        assert_eq!(raw(r#"{"type":"bundle","id":"bundle--1","spec_version":"2.1","objects":[{}]}"#).unwrap().len(), 1);
    }

    #[test]
    fn t144_what_is_no_json_is_told_from_what_is_no_envelope() {
        for text in ["", "{", r#"{"objects":[{}]"#, "nonsense", r#"{"objects":[{}]} x"#, "\u{feff}{}"] {
            assert!(matches!(raw(text), Err(FeedError::NotJson(_))), "{text}");
        }
        assert!(matches!(split(b"{\"objects\":[\"\xff\"]}"), Err(FeedError::NotJson(_))));
    }

    #[test]
    fn t145_t146_json_that_is_no_envelope_with_objects() {
        for text in
            ["[]", "1", "null", "\"x\"", "{}", r#"{"objects":[]}"#, r#"{"objects":{}}"#, r#"{"objects":null}"#, r#"{"objects":[{}],"objects":[{}]}"#]
        {
            assert!(matches!(raw(text), Err(FeedError::NotAnEnvelope(_))), "{text}");
        }
    }
}
