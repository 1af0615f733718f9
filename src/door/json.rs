//! Doors that speak JSON: what comes is read strictly, what goes is for nobody to keep.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::caller::header_text;
use super::error::Failure;
use super::{App, body};
use crate::taxii::media;

/// Reads a body as `T`: 415 unless it says that it is JSON, 400 if it is not, 422 if it is other JSON than is wanted.
pub async fn read<T: DeserializeOwned>(request: Request, app: &App) -> Result<T, Failure> {
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

/// 415 if a body may have been sent by a page of somebody else's: these types a browser sends without asking first.
pub fn check_document(headers: &HeaderMap) -> Result<(), Failure> {
    const FORMS: [&str; 4] = ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"];
    let given = header_text(headers, "content-type").unwrap_or("");
    let bare = given.split(';').next().unwrap_or("").trim();
    if FORMS.iter().any(|form| bare.eq_ignore_ascii_case(form)) {
        let why = format!("the Content-Type is that of the file here, or application/octet-stream, and none of a form; it is {given:?}");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    Ok(())
}

/// What such a door says in the shapes of TAXII is JSON, and nothing is for anybody to keep.
pub async fn as_json(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.get(header::CONTENT_TYPE).is_some_and(|name| name == media::TAXII) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
