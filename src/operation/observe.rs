//! The eye on every request: it gets its id, is counted and timed, and leaves a line in the log if it should.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;

use super::log::Line;
use super::traffic::Underway;
use super::{Operation, table};
use crate::door::request::{self, RequestId};

/// Answers a request under this eye.
///
/// While the server starts, requests for other doors wait: what is still to be loaded is not missing.
pub async fn observe(State(operation): State<Arc<Operation>>, request: Request, next: Next) -> Response {
    let pattern = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let underway = operation.traffic.begin(pattern, request.method());
    if !operation.stage.is_loaded() && !is_own(pattern) {
        operation.stage.loaded().await;
    }
    let id = operation.id_of(&request);
    let line = Line::of(&request);
    let (response, user) = request::answer(id.clone(), next.run(request)).await;
    let mut response = measured(response, line.method(), &underway);
    let took = underway.end(response.status());
    if operation.options.log_requests || line.is_failure(response.status()) {
        line.write(&id, user.as_deref(), response.status(), took);
    }
    response.headers_mut().insert(request::HEADER, id.into_header());
    response
}

impl Operation {
    /// The id that a trusted proxy gave to a request, else a fresh one.
    fn id_of(&self, request: &Request) -> RequestId {
        let given = request.headers().get(request::HEADER).filter(|_| {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
            peer.is_some_and(|peer| self.app.options.trusted_proxies.contains(&peer))
        });
        given.and_then(RequestId::given).unwrap_or_else(|| self.ids.next())
    }
}

fn is_own(pattern: Option<&str>) -> bool {
    pattern.is_some_and(|pattern| table().iter().any(|(path, _)| *path == pattern))
}

/// Counts the octets of the body: at once if their number is known, else as they are sent.
fn measured(response: Response, method: &Method, underway: &Underway<'_>) -> Response {
    // The body of an answer to HEAD is made, but not sent.
    if *method == Method::HEAD {
        return response;
    }
    let sent = underway.sent();
    if let Some(octets) = response.body().size_hint().exact() {
        sent.add(octets);
        return response;
    }
    let sent = sent.clone();
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            sent.add(frame.data_ref().map_or(0, |data| data.len() as u64));
            frame
        }))
    })
}
