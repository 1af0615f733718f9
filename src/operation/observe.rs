//! The eye on every request: it gets its id, is counted and timed, and leaves a line in the log if it should.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::Method;
use axum::response::Response;
use http_body_util::BodyExt;
use tower::Service;

use super::log::Line;
use super::traffic::Underway;
use super::{Operation, table};
use crate::door::request::{self, Asked, RequestId};

/// A route under the eye. Written by hand, because a middleware made of a function costs every request 200 ns more (`benches/observe.rs`).
#[derive(Clone)]
pub(super) struct Observed<S> {
    pub(super) route: S,
    pub(super) operation: Arc<Operation>,
}

/// What is known of a request when it comes.
struct Seen {
    pattern: Option<MatchedPath>,
    id: RequestId,
    line: Line,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let seen = Seen { pattern: request.extensions().get::<MatchedPath>().cloned(), id: self.operation.id_of(&request), line: Line::of(&request) };
        Box::pin(observe(self.operation.clone(), seen, self.route.call(request)))
    }
}

/// Sees an answer come about.
///
/// While the server starts, requests for other doors wait: what is still to be loaded is not missing.
async fn observe(operation: Arc<Operation>, seen: Seen, work: impl Future<Output = Result<Response, Infallible>>) -> Result<Response, Infallible> {
    let pattern = seen.pattern.as_ref().map(MatchedPath::as_str);
    let underway = operation.traffic.begin(pattern, seen.line.method());
    if !operation.stage.is_loaded() && !is_own(pattern) {
        operation.stage.loaded().await;
    }
    let (response, Asked { id, user, collection }) = request::answer(seen.id, work).await;
    let mut response = measured(response?, seen.line.method(), &underway);
    let took = underway.end(response.status());
    if operation.options.log_requests || seen.line.is_failure(response.status()) {
        seen.line.write(&id, user.as_deref(), response.status(), took);
    }
    if let (Some(user), Some(collection), true) = (&user, collection, response.status().as_u16() >= 400) {
        operation.app.feed.failed(user, collection, response.status().as_u16());
    }
    response.headers_mut().insert(request::HEADER, id.into_header());
    Ok(response)
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
