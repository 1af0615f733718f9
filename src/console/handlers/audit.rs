//! Who did what: for administrators all of it, for others what they have done themselves; with what was before and after.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::place;
use crate::console::diff;
use crate::console::pages::audit::{Audit, Row, Touched};
use crate::console::parts::frame::Place;
use crate::console::parts::kind::Kind;
use crate::console::parts::list::{Choice, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::paths;
use crate::console::visit::{Answer, OrPage, Visit};
use crate::door::App;
use crate::feed::access::{self, Reading};
use crate::feed::desk::trail::{About, Wanted, Written};
use crate::feed::error::FeedError;
use crate::stix::id::{StixId, type_of};
use crate::store::audit::{Changed, Entry, Through, Verb};
use crate::store::directory::Collection;
use crate::store::{Record, Versions};
use crate::taxii::stamp::{DAY, Stamp};

/// Entries on a page.
const ROWS: usize = 50;
/// Versions of one write that are shown with what they changed.
const SHOWN: usize = 5;
/// Entries of the export that are read at once.
const CHUNK: usize = 1_000;

/// Verbs by which the log can be filtered, as a query names them, and in words.
const VERBS: [(Verb, &str, &str); 17] = [
    (Verb::Post, "post", "posted"),
    (Verb::Publish, "publish", "published"),
    (Verb::Edit, "edit", "edited"),
    (Verb::Revoke, "revoke", "revoked"),
    (Verb::Restore, "restore", "restored"),
    (Verb::Sight, "sight", "recorded a sighting"),
    (Verb::Import, "import", "imported"),
    (Verb::Undo, "undo", "took an import back"),
    (Verb::Decay, "decay", "let confidence fall"),
    (Verb::Curate, "curate", "loaded the curated feed"),
    (Verb::Delete, "delete", "deleted"),
    (Verb::Administer, "administer", "administered"),
    (Verb::Agree, "agree", "agreed to terms"),
    (Verb::Pull, "pull", "took from another server"),
    (Verb::Retire, "retire", "let go after its time"),
    (Verb::LogIn, "log_in", "logged in"),
    (Verb::LogOut, "log_out", "logged out"),
];

/// What is asked of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    who: String,
    act: String,
    about: String,
    from: String,
    to: String,
    /// Only entries before this one.
    before: Option<u64>,
}

/// `GET /console/audit/`
pub async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let own = access::own_acts(visit.principal()).or_page(&visit)?;
    let is_own = own.is_some();
    let wanted = wanted(&visit, &asked, own).await?;
    let end = day(&asked.to).map_or(Stamp::END, |day| Stamp(day.0 + DAY));
    let before = end.min(asked.before.map_or(Stamp::END, Stamp));
    let pages = visit.app.feed.audit(&wanted, before, ROWS).await.or_page(&visit)?;
    let mut rows = Vec::with_capacity(pages.entries.len());
    for entry in &pages.entries {
        rows.push(row(&visit, entry, is_own).await?);
    }
    let chosen = |name: &str| Choice { value: name.to_owned(), label: phrase(name).into(), chosen: asked.act == name };
    let everything = Choice { value: String::new(), label: "everything".into(), chosen: asked.act.is_empty() };
    let page = Audit {
        frame: visit.frame("Audit", Some(Place::Audit)),
        acts: [everything].into_iter().chain(VERBS.map(|(_, name, _)| chosen(name))).collect(),
        pager: pager(&asked, rows.len(), pages.next),
        rows,
        who: asked.who,
        about: asked.about,
        from: asked.from,
        to: asked.to,
        export: paths::Href::within(&["audit", "export"]),
        own: is_own,
    };
    Ok(visit.page(&page))
}

/// `GET /console/audit/export/`: all of it, one JSON text a line, the earliest first; for administrators.
pub async fn export(visit: Visit) -> Answer {
    access::operate(visit.principal()).or_page(&visit)?;
    let app: Arc<App> = visit.app;
    let pages = stream::try_unfold(Stamp::ZERO, move |after| {
        let app = app.clone();
        async move {
            let entries = app.feed.audit_onward(after, CHUNK).await?;
            let next = entries.last().map(|entry| entry.act.at);
            Ok::<_, FeedError>(next.map(|next| (lines(&entries), next)))
        }
    });
    let headers = [(header::CONTENT_TYPE, "application/jsonl"), (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\"")];
    Ok((StatusCode::OK, headers, Body::from_stream(pages)).into_response())
}

fn lines(entries: &[Entry]) -> Bytes {
    let mut text = Vec::new();
    for entry in entries {
        // Entries were read from JSON a moment ago.
        if serde_json::to_writer(&mut text, entry).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}

/// Which entries are meant: about a collection, an import, an object, or what is called so.
async fn wanted(visit: &Visit, asked: &Asked, own: Option<String>) -> Result<Wanted, Response> {
    let named = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let wanted = Wanted {
        who: own.or(named(&asked.who)),
        verb: VERBS.iter().find(|(_, name, _)| *name == asked.act).map(|(verb, ..)| *verb),
        // A microsecond before the day begins.
        after: day(&asked.from).map_or(Stamp::ZERO, |day| Stamp(day.0.saturating_sub(1))),
        ..Wanted::default()
    };
    let Some(about) = named(&asked.about) else { return Ok(wanted) };
    let directory = visit.app.feed.directory();
    if let Some((root, name)) = about.split_once('/')
        && let Ok(seen) = access::collection(&directory, visit.principal(), root, name)
    {
        return Ok(Wanted { collection: Some(seen.collection.id), ..wanted });
    }
    if let Ok(id) = Uuid::parse_str(&about) {
        let is_collection = access::by_id(&directory, visit.principal(), id).is_ok();
        return Ok(if is_collection { Wanted { collection: Some(id), ..wanted } } else { Wanted { import: Some(id), ..wanted } });
    }
    let about = match StixId::parse(&about) {
        Ok(id) => About::Object(id.clone(), versions(visit, &id).await?),
        Err(_) => About::Words(about),
    };
    Ok(Wanted { about: Some(about), ..wanted })
}

/// The versions of an object in the collections that the visitor may read.
async fn versions(visit: &Visit, id: &StixId) -> Result<Vec<(Uuid, Stamp)>, Response> {
    let mut versions = Vec::new();
    for reading in access::readings(&visit.app.feed.directory(), visit.principal()).or_page(visit)? {
        let records = visit.app.feed.records(&reading, vec![id.clone()], Versions::All).await.or_page(visit)?;
        versions.extend(records.into_iter().map(|record| (reading.collection, record.added)));
    }
    Ok(versions)
}

/// An entry with what it changed, as far as the visitor may see that now.
async fn row(visit: &Visit, entry: &Entry, own: bool) -> Result<Row, Response> {
    let now = visit.app.feed.clock().now();
    let act = &entry.act;
    let seen = entry.collection.map(|id| access::by_id(&visit.app.feed.directory(), visit.principal(), id));
    let here = seen.as_ref().and_then(|seen| seen.as_ref().ok());
    let reading = here.and_then(|seen| Some((&seen.collection, seen.to_read().ok()?)));
    let mut touched: Vec<Touched> = entry.changed.iter().map(altered).collect();
    let mut more = 0;
    if let (Some(stored), Some((collection, reading))) = (entry.stored, &reading) {
        let written = written(visit, reading, entry).await?;
        more = stored.count.saturating_sub(written.len());
        touched.extend(written.iter().map(|written| became(written, collection)));
    }
    let mut detail = Vec::new();
    if let Some(seen) = &seen {
        detail.push(seen.as_ref().map_or_else(|_| "a collection that is not here, or not yours to see".to_owned(), |seen| seen.collection.address()));
    }
    detail.extend(entry.stored.map(|stored| format!("{} written", stored.count)));
    if !entry.deleted.is_empty() {
        // An id is nothing for who may not see the object any more.
        let ids: Vec<&str> = entry.deleted.iter().filter(|_| !own).take(SHOWN).map(|deleted| deleted.id.as_str()).collect();
        detail.push(format!("{} deleted {}", entry.deleted.len(), ids.join(" ")).trim_end().to_owned());
    }
    detail.extend(act.import.map(|import| format!("import {import}")));
    detail.extend(act.note.clone());
    detail.push(format!("through {}", place::door(act.through)));
    Ok(Row {
        at: Moment::new(act.at.0, now.0),
        who: (act.through != Through::Program).then(|| act.who.as_str().into()),
        act: VERBS.iter().find(|(verb, ..)| *verb == act.verb).map_or("acted", |(.., phrase)| *phrase).into(),
        object: match touched.as_slice() {
            [Touched { object: Some(object), .. }] if more == 0 => Some(object.clone()),
            _ => None,
        },
        detail: detail.join("; ").into(),
        address: act.from.map(|from| from.to_string().into()),
        request: act.request.as_deref().map(Said::from),
        touched,
        more,
    })
}

/// The first versions that an entry tells of, as far as they are there.
async fn written(visit: &Visit, reading: &Reading, entry: &Entry) -> Result<Vec<Written>, Response> {
    match entry.stored {
        Some(stored) => visit.app.feed.written_by(reading, stored, SHOWN).await.or_page(visit),
        None => Ok(Vec::new()),
    }
}

/// A version that was written, next to the one before.
fn became(written: &Written, collection: &Collection) -> Touched {
    let after = properties(&written.after);
    let before = written.before.as_ref().map(properties);
    let name = ["name", "value"].into_iter().find_map(|name| after.get(name).and_then(Value::as_str)).unwrap_or(&written.id);
    Touched {
        object: Some(Reference { kind: Kind::of(type_of(&written.id)), name: name.into(), href: Some(place::object(collection, &written.id)) }),
        what: written.id.as_str().into(),
        how: if before.is_some() { "new version" } else { "new" },
        changes: diff::between(&before.unwrap_or_default(), &after),
    }
}

fn properties(record: &Record) -> Map<String, Value> {
    serde_json::from_slice(&record.object).unwrap_or_default()
}

/// What became different in the directory; the log has no secrets in it.
fn altered(changed: &Changed) -> Touched {
    let members = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    Touched {
        object: None,
        what: changed.what.as_str().into(),
        how: match (&changed.before, &changed.after) {
            (None, _) => "new",
            (_, None) => "removed",
            _ => "changed",
        },
        changes: diff::between(&members(changed.before.as_ref()), &members(changed.after.as_ref())),
    }
}

fn phrase(name: &str) -> &'static str {
    VERBS.iter().find(|(_, its, _)| *its == name).map_or("", |(.., phrase)| *phrase)
}

/// The beginning of a day, `2021-03-02`, in UTC.
fn day(text: &str) -> Option<Stamp> {
    Stamp::parse(&format!("{}T00:00:00Z", text.trim())).ok()
}

fn pager(asked: &Asked, shown: usize, next: Option<Stamp>) -> Pager {
    let at = |before: Option<Stamp>| {
        let before = before.map(|stamp| stamp.0.to_string()).unwrap_or_default();
        let pairs =
            [("who", &asked.who), ("act", &asked.act), ("about", &asked.about), ("from", &asked.from), ("to", &asked.to), ("before", &before)];
        paths::audit().with_query(pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str())))
    };
    Pager { shown, total: None, first: asked.before.map(|_| at(None)), next: next.map(|next| at(Some(next))) }
}
