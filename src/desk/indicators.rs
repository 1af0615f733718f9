//! From a document to candidates, and from values to indicators.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::door::caller::header_text;
use crate::door::error::Failure;
use crate::door::query::Query;
use crate::door::target::Target;
use crate::door::{App, body, json, request, respond};
use crate::feed::desk::indicator::Terms;
use crate::feed::desk::lines::{self, What};
use crate::feed::desk::publish::Verdict;
use crate::feed::desk::review::Candidate;
use crate::feed::document::open;
use crate::store::audit::{Through, Verb};

/// What is said of a document besides its octets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Named {
    /// The name of the file.
    pub name: String,
}

/// What stands in a document.
#[derive(Debug, Serialize)]
pub struct Reviewed {
    /// In the order of the document.
    pub candidates: Vec<Candidate>,
}

/// What is to be published.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewIndicators {
    /// Values, defanged or not; texts with several values; STIX patterns.
    pub values: Vec<String>,
    /// What there is to say about each of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is said of all of them.
    #[serde(default)]
    pub terms: Terms,
    /// Whether to say only what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Published {
    /// One for each indicator that was meant.
    pub indicators: Vec<Told>,
}

/// What became of one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    /// What was meant.
    pub value: String,
    /// `new`, `merged`, `known`, `revoked`, `blocked`, `refused` or `nothing`.
    pub verdict: String,
    /// The id of the indicator, or why there is none.
    pub detail: String,
}

/// `POST /desk/{root}/{collection}/review/`: the body is the document, whatever it is.
pub async fn review(State(app): State<Arc<App>>, Target(seen): Target, Query(named): Query<Named>, request: Request) -> Result<Response, Failure> {
    let working = seen.to_work()?;
    let media_type = header_text(request.headers(), header::CONTENT_TYPE.as_str()).map(str::to_owned);
    let octets = body::read_document(request, &app.options).await?;
    let opened = tokio::task::spawn_blocking(move || {
        open::open(&octets, Some(&named.name).filter(|name| !name.is_empty()).map(String::as_str), media_type.as_deref())
    });
    let unreadable = |why: String| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let document = opened.await.map_err(|error| unreadable(error.to_string()))?.map_err(|error| unreadable(error.to_string()))?;
    let candidates = app.feed.review(std::slice::from_ref(&working.reading), &document).await?;
    Ok(respond::resource(StatusCode::OK, &Reviewed { candidates }))
}

/// `POST /desk/{root}/{collection}/indicators/`
pub async fn publish(State(app): State<Arc<App>>, Target(seen): Target, request: Request) -> Result<Response, Failure> {
    let working = seen.to_work()?;
    let NewIndicators { values, description, terms, dry_run } = json::read(request, &app).await?;
    let terms = Arc::new(terms);
    let mut told: Vec<Told> = Vec::new();
    let (mut proposals, mut places) = (Vec::new(), Vec::new());
    for line in values.iter().flat_map(|text| lines::typed(text, description.as_deref(), &terms)) {
        let (verdict, detail) = match line.what {
            What::Proposal(proposal) => {
                places.push(told.len());
                proposals.push(*proposal);
                ("nothing", String::new())
            }
            What::Nothing(why) => ("nothing", why),
            What::Refused(why) => ("refused", why),
            What::Object(_) => ("refused", "a STIX object is imported, or posted over TAXII".into()),
        };
        told.push(Told { value: line.text, verdict: verdict.into(), detail });
    }
    let act = request::act(Through::Desk, Verb::Publish, app.feed.clock().now());
    let verdicts = app.feed.publish(&working, &proposals, dry_run, act).await?;
    for (verdict, place) in verdicts.into_iter().map(Verdict::told).zip(places) {
        if let Some(told) = told.get_mut(place) {
            (told.verdict, told.detail) = (verdict.0.to_owned(), verdict.1);
        }
    }
    Ok(respond::resource(StatusCode::OK, &Published { indicators: told }))
}
