//! `/healthz` and `/readyz`: open to everybody, with a word for people and a status for machines.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::Operation;
use crate::door::{request, respond};

/// The path of [`ready`].
pub const READY: &str = "/readyz/";
const TEXT: &str = "text/plain; charset=utf-8";
/// How long the store may take to answer before it counts as not answering.
const PATIENCE: Duration = Duration::from_secs(5);

/// `GET /healthz`: the process answers.
pub async fn alive() -> Response {
    say(StatusCode::OK, "alive\n")
}

/// `GET /readyz`: whether it is worth sending requests here.
pub async fn ready(State(operation): State<Arc<Operation>>) -> Response {
    match obstacle(&operation).await {
        None => say(StatusCode::OK, "ready\n"),
        Some(why) => say(StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// What keeps the server from serving.
async fn obstacle(operation: &Operation) -> Option<&'static str> {
    if operation.stage.is_stopping() {
        return Some("stopping\n");
    }
    if !operation.stage.is_loaded() {
        return Some("starting: the curated feeds are being loaded\n");
    }
    match tokio::time::timeout(PATIENCE, operation.app.feed.answers()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::error!(request = request::id(), %error, "not ready: the store failed");
            Some("the store failed\n")
        }
        Err(_) => {
            tracing::error!(request = request::id(), "not ready: the store does not answer");
            Some("the store does not answer\n")
        }
    }
}

fn say(status: StatusCode, text: &'static str) -> Response {
    let mut response = respond::typed(status, TEXT, text);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
