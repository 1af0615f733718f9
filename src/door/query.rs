//! The query of a request as a struct: 400 in the words of every failure if it is another one.

use axum::extract::{FromRequestParts, Query as Plain};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::Failure;

/// What a query says.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let read = Plain::try_from_uri(&parts.uri).map(|Plain(query)| Self(query));
        // What the rejection itself says is that it is one; why stands in its cause.
        read.map_err(|rejection| {
            let why = std::error::Error::source(&rejection).map_or_else(|| rejection.to_string(), ToString::to_string);
            Failure::new(StatusCode::BAD_REQUEST, format!("the query: {why}"))
        })
    }
}
