//! Answers with the right `Content-Type` on every one (T-014).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::taxii::media;

/// A TAXII answer with a body that is ready.
pub fn body(status: StatusCode, body: impl Into<Body>) -> Response {
    typed(status, media::TAXII, body)
}

/// A TAXII resource.
pub fn resource(status: StatusCode, resource: &impl Serialize) -> Response {
    match serde_json::to_vec(resource) {
        Ok(json) => body(status, json),
        // Resources are plain structs of strings and numbers, which always have a JSON form.
        Err(_) => body(StatusCode::INTERNAL_SERVER_ERROR, Body::empty()),
    }
}

/// An answer of any media type.
pub fn typed(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        // The same URL has other answers for other callers, and soon another one for the same.
        (header::VARY, HeaderValue::from_static("accept, authorization")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body.into()).into_response()
}
