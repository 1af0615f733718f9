//! Looking for objects, and at one.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::door::browse::Asked;
use crate::door::caller::{Caller, Segments};
use crate::door::error::Failure;
use crate::door::target::Target;
use crate::door::{App, respond};
use crate::feed::access;
use crate::feed::desk::show::Shown;
use crate::store::audit::Entry;

/// An object with everything that is known about it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Object {
    /// Its id.
    pub id: String,
    /// Its versions, the greatest first.
    pub versions: Vec<Version>,
    /// How many versions there are besides.
    pub older: usize,
    /// Users who have been handed the newest version; told to who works on the collection.
    pub reached: Vec<String>,
}

/// A version of an object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Version {
    /// As TAXII writes it.
    pub version: String,
    /// When it was added.
    pub added: String,
    /// The write that it came with, if the audit log knows and the caller may.
    pub entry: Option<Entry>,
    /// The object as it came.
    pub object: Box<RawValue>,
}

/// `GET /desk/objects/`: in all collections that the caller may read, or in one.
pub async fn list(State(app): State<Arc<App>>, caller: Caller, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let asked = Asked::read(&query.unwrap_or_default())?;
    let directory = app.feed.directory();
    let readings = match &asked.collection {
        None => access::readings(&directory, &caller.0).map_err(|denied| caller.denied(denied))?,
        Some((root, name)) => {
            let seen = access::collection(&directory, &caller.0, root, name).map_err(|denied| caller.denied(denied))?;
            vec![seen.to_browse()?]
        }
    };
    Ok(respond::resource(StatusCode::OK, &app.feed.browse(&readings, &asked.browse).await?))
}

/// `GET /desk/{root}/{collection}/objects/{object}/`: by id, or an indicator by its value.
pub async fn one(State(app): State<Arc<App>>, Target(seen): Target, path: Segments) -> Result<Response, Failure> {
    let reading = seen.to_read()?;
    let id = app.feed.resolve(&reading, path.get("object")).await?;
    let Shown { versions, older, reached } = app.feed.show(&reading, &id).await?;
    let versions = versions.into_iter().filter_map(|(record, entry)| {
        let object = String::from_utf8(record.object.to_vec()).ok().and_then(|text| RawValue::from_string(text).ok())?;
        Some(Version { version: record.version, added: record.added.to_string(), entry: entry.and_then(|entry| seen.told(entry)), object })
    });
    let reached = reached.into_iter().filter(|_| seen.to_work().is_ok()).map(|standing| standing.user);
    let object = Object { id: id.to_string(), versions: versions.collect(), older, reached: reached.collect() };
    Ok(respond::resource(StatusCode::OK, &object))
}
