//! Every failure becomes a TAXII error resource here (TAXII 2.1 §3.6.1), once.
//!
//! What the client is told and what the log says are two things: a store's failure is logged in full and told in a phrase.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::limits::Busy;
use super::{request, respond};
use crate::auth::AuthError;
use crate::auth::accounts::AccountError;
use crate::feed::access::Denied;
use crate::feed::desk::Unfit;
use crate::feed::error::FeedError;
use crate::store::directory::Conflict;
use crate::store::{EditError, StoreError};
use crate::taxii::query::QueryError;
use crate::taxii::resource;

/// The challenges of a 401 (T-182): what every client can answer first.
const CHALLENGES: [HeaderValue; 2] =
    [HeaderValue::from_static("Basic realm=\"taxiway\", charset=\"UTF-8\""), HeaderValue::from_static("Bearer realm=\"taxiway\"")];

/// An answer that is not what was asked for.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    description: String,
    /// Whether credentials could change the answer.
    challenge: bool,
    /// Seconds after which it is worth trying again.
    retry_after: Option<u64>,
    /// Whether the rest of the request is unread and the connection of no more use.
    close: bool,
}

impl Failure {
    /// A failure with a sentence that says what and where.
    pub fn new(status: StatusCode, description: impl Into<String>) -> Self {
        Self { status, description: description.into(), challenge: status == StatusCode::UNAUTHORIZED, retry_after: None, close: false }
    }

    /// Adds the challenges, because credentials may change the answer (RFC 7235 §4.1).
    #[must_use]
    pub fn with_challenge(self) -> Self {
        Self { challenge: true, ..self }
    }

    /// The status, and the sentence.
    pub fn told(self) -> (StatusCode, String) {
        (self.status, self.description)
    }

    /// Closes the connection after the answer.
    #[must_use]
    pub fn and_close(self) -> Self {
        Self { close: true, ..self }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = resource::Error {
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            description: Some(self.description),
            error_id: request::id(),
            http_status: self.status.as_u16().to_string(),
        };
        let mut response = respond::resource(self.status, &error);
        let headers = response.headers_mut();
        if self.challenge {
            headers.extend(CHALLENGES.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Credentials => Self::new(StatusCode::UNAUTHORIZED, "this needs credentials: Basic with user and password, or a token"),
            Denied::Hidden => Self::new(StatusCode::NOT_FOUND, "there is no such thing here, or it is not yours to see"),
            Denied::Forbidden(why) => Self::new(StatusCode::FORBIDDEN, why),
        }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid => Self::new(StatusCode::UNAUTHORIZED, error.to_string()),
            AuthError::Slow(seconds) => Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()) },
        }
    }
}

impl From<Busy> for Failure {
    fn from(busy: Busy) -> Self {
        let (status, seconds) = match busy {
            Busy::Budget(seconds) => (StatusCode::TOO_MANY_REQUESTS, seconds),
            Busy::Memory(seconds) => (StatusCode::SERVICE_UNAVAILABLE, seconds),
        };
        Self { retry_after: Some(seconds), ..Self::new(status, busy.to_string()) }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Denied(denied) => denied.into(),
            FeedError::Query(query) => query.into(),
            FeedError::NotJson(_) => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            FeedError::TooMany { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            FeedError::Unfit(Unfit::Missing(_) | Unfit::Unsaid(_)) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            FeedError::Unfit(Unfit::Raced) => Self::new(StatusCode::CONFLICT, error.to_string()),
            FeedError::NotAnEnvelope(_) | FeedError::Unfit(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            FeedError::Store(store) => store.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // The collection was removed between the look at the directory and the read.
            StoreError::NoCollection(_) => Denied::Hidden.into(),
            StoreError::Busy => {
                let busy =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "more is being written than the server can hold; nothing of this request was stored");
                Self { retry_after: Some(1), ..busy }
            }
            StoreError::Full(_) => {
                tracing::error!(request = request::id(), %error, "cannot write");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "the server has no room left for writing; nothing of this request is promised to be stored",
                )
            }
            StoreError::Name(_) | StoreError::Locked(_) | StoreError::Engine(_) | StoreError::Damaged(_) => {
                tracing::error!(request = request::id(), %error, "the store failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the store failed; the operator finds the reason in the log")
            }
        }
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Refused(conflict) => conflict.into(),
            EditError::Store(store) => store.into(),
        }
    }
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        let status = match conflict {
            Conflict::Exists(_) | Conflict::NotEmpty(_) | Conflict::InUse(_) => StatusCode::CONFLICT,
            Conflict::Missing(_) => StatusCode::NOT_FOUND,
            Conflict::Name(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, conflict.to_string())
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Unfit(why) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, why),
            AccountError::Edit(edit) => edit.into(),
            AccountError::Machine(_) => {
                tracing::error!(request = request::id(), %error, "cannot make a secret");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "no secret could be made; the operator finds the reason in the log")
            }
        }
    }
}

/// 404 for a path that no route has.
pub async fn no_such_path() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "no resource of this server has this path; discovery is at /taxii2/")
}

/// 405; the router adds `Allow` (T-025).
pub async fn no_such_method(method: Method) -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not offered here; see the Allow header"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_to_come_again_is_told_when() {
        for error in [StoreError::Busy.into(), Failure::from(Busy::Memory(2)), Failure::from(Busy::Budget(9)), Failure::from(AuthError::Slow(4))] {
            let response = error.into_response();
            assert!(matches!(response.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS));
            assert!(response.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() > 0);
        }
    }
}
