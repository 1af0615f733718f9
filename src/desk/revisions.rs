//! Changes of what is there: new versions, restorations, sightings.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::door::error::Failure;
use crate::door::target::Target;
use crate::door::{App, json, request, respond};
use crate::feed::access::Reading;
use crate::feed::desk::change::Change;
use crate::feed::desk::revise::Revised;
use crate::feed::desk::sight::Sighted;
use crate::stix::id::StixId;
use crate::store::audit::{Act, Through, Verb};

/// A change of some objects.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Ids, values or patterns.
    pub targets: Vec<String>,
    /// What is to change.
    pub change: Change,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An earlier content that is to be taken up again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restoration {
    /// An id, value or pattern.
    pub target: String,
    /// The version whose content it is.
    pub version: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A sighting of some objects.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sightings {
    /// Ids, values or patterns.
    pub targets: Vec<String>,
    /// What was seen.
    #[serde(flatten)]
    pub sighted: Sighted,
    /// Why it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What became of each object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcomes {
    /// In the order in which they were named; what means nothing here comes last.
    pub objects: Vec<Revised>,
}

/// `POST /desk/{root}/{collection}/revisions/`
pub async fn revise(State(app): State<Arc<App>>, Target(seen): Target, request: Request) -> Result<Response, Failure> {
    let working = seen.to_work()?;
    let Revision { targets, change, note } = json::read(request, &app).await?;
    let verb = if change == Change::Revoke { Verb::Revoke } else { Verb::Edit };
    // Whoever withdraws a value does not want another to go on saying it.
    let all = change == Change::Revoke;
    let Resolved { ids, missing } = resolve(&app, &working.reading, &targets, all).await?;
    let mut objects = app.feed.revise(&working, &ids, &change, act(&app, verb, note)).await?;
    objects.extend(missing);
    Ok(respond::resource(StatusCode::OK, &Outcomes { objects }))
}

/// `POST /desk/{root}/{collection}/restorations/`
pub async fn restore(State(app): State<Arc<App>>, Target(seen): Target, request: Request) -> Result<Response, Failure> {
    let working = seen.to_work()?;
    let Restoration { target, version, note } = json::read(request, &app).await?;
    let id = app.feed.resolve(&working.reading, &target).await?;
    let restored = app.feed.restore(&working, &id, &version, act(&app, Verb::Restore, note)).await?;
    Ok(respond::resource(StatusCode::OK, &Outcomes { objects: vec![restored] }))
}

/// `POST /desk/{root}/{collection}/sightings/`
pub async fn sight(State(app): State<Arc<App>>, Target(seen): Target, request: Request) -> Result<Response, Failure> {
    let working = seen.to_work()?;
    let Sightings { targets, sighted, note } = json::read(request, &app).await?;
    let Resolved { ids, missing } = resolve(&app, &working.reading, &targets, false).await?;
    let mut objects = app.feed.sight(&working, &ids, &sighted, act(&app, Verb::Sight, note)).await?;
    objects.extend(missing);
    Ok(respond::resource(StatusCode::OK, &Outcomes { objects }))
}

/// What the targets mean, each once.
struct Resolved {
    ids: Vec<StixId>,
    missing: Vec<Revised>,
}

/// With `all` a value means every indicator that says it, else the one that stands for them.
async fn resolve(app: &App, reading: &Reading, targets: &[String], all: bool) -> Result<Resolved, Failure> {
    let mut resolved = Resolved { ids: Vec::new(), missing: Vec::new() };
    for (target, meant) in targets.iter().zip(app.feed.meant(reading, targets).await?) {
        match meant {
            Ok(ids) => {
                let ids = ids.into_iter().take(if all { usize::MAX } else { 1 });
                ids.for_each(|id| {
                    if !resolved.ids.contains(&id) {
                        resolved.ids.push(id);
                    }
                });
            }
            Err(why) => resolved.missing.push(Revised::Refused { id: target.clone(), why: why.to_string() }),
        }
    }
    Ok(resolved)
}

fn act(app: &App, verb: Verb, note: Option<String>) -> Act {
    Act { note, ..request::act(Through::Desk, verb, app.feed.clock().now()) }
}
