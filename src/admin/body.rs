//! Bodies of requests: JSON, read strictly.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::door::caller::header_text;
use crate::door::error::Failure;
use crate::door::{App, body};

/// Reads a body as `T`: 415 unless it says that it is JSON, 400 if it is not, 422 if it is other JSON than is wanted.
pub async fn json<T: DeserializeOwned>(request: Request, app: &App) -> Result<T, Failure> {
    check_type(request.headers())?;
    let bytes = body::read(request, &app.options).await?;
    serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
        Category::Data => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the body: {error}")),
        _ => Failure::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}")),
    })
}

/// A page of somebody else's cannot make a browser send this type, with the credentials it remembers, without asking first.
fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let given = header_text(headers, "content-type").unwrap_or("");
    if given.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the Content-Type is application/json here; it is {given:?}")))
}
