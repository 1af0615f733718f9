//! The line that a request leaves in the log: nothing of it is secret.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode, Uri};

use super::health;
use crate::door::request::RequestId;

/// Parameters whose values are logged: those of TAXII. Whatever else a client writes into a URL may be a key.
const PARAMETERS: [&str; 3] = ["added_after", "limit", "next"];

/// What is known of a request before it is answered. Of its headers, nothing is.
#[derive(Debug)]
pub(super) struct Line {
    method: Method,
    uri: Uri,
    peer: Option<IpAddr>,
}

impl Line {
    pub(super) fn of(request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Self { method: request.method().clone(), uri: request.uri().clone(), peer }
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether the server failed with this answer. That it is not ready is an answer like any other, and asked for every few seconds.
    pub(super) fn is_failure(&self, status: StatusCode) -> bool {
        status.is_server_error() && self.uri.path() != health::READY
    }

    /// Writes the line: as an error if the server failed.
    pub(super) fn write(&self, id: &RequestId, user: Option<&str>, status: StatusCode, took: Duration) {
        let failure = self.is_failure(status);
        let (request, method, path, status) = (id.as_str(), self.method.as_str(), self.uri.path(), status.as_u16());
        let (query, peer) = (self.uri.query().map(shown), self.peer.map(tracing::field::display));
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if failure {
            tracing::error!(request, method, path, query, status, user, peer, microseconds, "failed");
        } else {
            tracing::info!(request, method, path, query, status, user, peer, microseconds, "answered");
        }
    }
}

/// A query without the values that may be secrets.
fn shown(query: &str) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if !is_known(name) => format!("{name}=…"),
        // Without a name, the whole may be a secret.
        None => "…".into(),
        Some(_) => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

fn is_known(name: &str) -> bool {
    PARAMETERS.contains(&name) || ["match[", "match%5B", "match%5b"].iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn what_is_not_ready_has_not_failed() {
        let line = |path: &str| Line::of(&Request::get(path).body(Body::empty()).unwrap());
        assert!(line("/taxii2/").is_failure(StatusCode::SERVICE_UNAVAILABLE));
        assert!(!line("/taxii2/").is_failure(StatusCode::NOT_FOUND));
        assert!(!line(health::READY).is_failure(StatusCode::SERVICE_UNAVAILABLE));
    }

    #[test]
    fn values_of_unknown_parameters_are_not_logged() {
        for (query, told) in [
            ("limit=5&added_after=2021-03-02T00:00:00Z&next=abc", "limit=5&added_after=2021-03-02T00:00:00Z&next=abc"),
            ("match[type]=indicator&match%5Bid%5D=x", "match[type]=indicator&match%5Bid%5D=x"),
            ("api_key=hunter2&limit=5", "api_key=…&limit=5"),
            ("hunter2", "…"),
            ("=hunter2&", "=…&…"),
        ] {
            assert_eq!(shown(query), told);
        }
    }
}
