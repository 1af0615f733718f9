//! A TAXII server that does one thing wrong, as real ones do.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::samples::{indicator, with};

/// Good objects that it has at first; one more is none that anybody would take.
pub(super) const OBJECTS: usize = 10;
/// No fault is worth more requests than this.
pub(super) const MOST_REQUESTS: usize = 60;
/// Objects of a page.
const PAGE: usize = 3;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No `X-TAXII` headers; but the manifest has dates.
    NoHeaders,
    /// Neither headers nor a manifest.
    NoDates,
    /// Headers with `+00:00`.
    Offsets,
    /// `next` is a number.
    NumericNext,
    /// `next` is passed over: always the first page, which says that there is more.
    NextIgnored,
    /// `next` leads back to the first page at the end.
    Circle,
    /// There is more, but no `next`.
    MoreWithoutNext,
    /// 413 for who asks for more than two.
    TooLarge,
    /// 429 the first time.
    Busy,
    /// 503 in the middle, once.
    Unavailable,
    /// 400 for a `next` that comes with a limit.
    Picky,
    /// 301 to where it is now.
    Moved,
    /// The answer breaks off in the middle, once.
    BrokenOff,
    /// No JSON, once.
    Html,
    /// `{}`, or an empty body, where there is nothing.
    Empty,
    /// Says for ever that there is more, on empty pages.
    EndlessEmpty,
    /// The newest first.
    Backwards,
}

/// Every fault.
pub(super) const FAULTS: [Fault; 17] = [
    Fault::NoHeaders,
    Fault::NoDates,
    Fault::Offsets,
    Fault::NumericNext,
    Fault::NextIgnored,
    Fault::Circle,
    Fault::MoreWithoutNext,
    Fault::TooLarge,
    Fault::Busy,
    Fault::Unavailable,
    Fault::Picky,
    Fault::Moved,
    Fault::BrokenOff,
    Fault::Html,
    Fault::Empty,
    Fault::EndlessEmpty,
    Fault::Backwards,
];

/// A bad server. It ends with the test.
pub(super) struct Bad {
    pub(super) url: String,
    state: Arc<Mutex<Held>>,
}

/// What it has.
struct Held {
    fault: Fault,
    /// By date added, in whole seconds of a day.
    objects: Vec<(usize, Value)>,
    asked: usize,
    /// Whether the fault that happens once has happened.
    failed: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    added_after: Option<String>,
    next: Option<String>,
    limit: Option<usize>,
}

impl Bad {
    pub(super) async fn serve(fault: Fault) -> Self {
        let mut objects: Vec<(usize, Value)> = (0..OBJECTS).map(|n| (n, indicator(n))).collect();
        objects.insert(5, (5, json!({ "type": "indicator", "id": "indicator--broken", "modified": "2021-03-02T00:00:00.000Z" })));
        objects.iter_mut().enumerate().for_each(|(at, (added, _))| *added = at + 1);
        let state = Arc::new(Mutex::new(Held { fault, objects, asked: 0, failed: false }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Ids of collections are whatever a server calls them.
        let url = format!("http://{}/root/collections/107/", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/root/collections/107/objects/", get(page))
            .route("/moved/collections/107/objects/", get(moved))
            .route("/root/collections/107/manifest/", get(manifest))
            .with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(super) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// One object more.
    pub(super) fn add(&self) {
        let mut held = self.state.lock().unwrap();
        let added = held.objects.len() + 1;
        held.objects.push((added, with(&indicator(500), json!({ "modified": "2024-05-01T00:00:00.000Z" }))));
    }
}

fn date(added: usize, zone: &str) -> String {
    format!("2024-04-01T00:00:{added:02}.000000{zone}")
}

/// The objects that a request is about, in their order.
fn chosen(held: &Held, asked: &Asked) -> Vec<(usize, Value)> {
    let behind = |added: usize| asked.added_after.as_ref().is_none_or(|after| date(added, "Z") > *after);
    let mut all: Vec<(usize, Value)> = held.objects.iter().filter(|(added, _)| behind(*added)).cloned().collect();
    if held.fault == Fault::Backwards {
        all.reverse();
    }
    all
}

async fn manifest(State(held): State<Arc<Mutex<Held>>>, Query(asked): Query<Asked>) -> Response {
    let mut held = held.lock().unwrap();
    held.asked += 1;
    if held.fault != Fault::NoHeaders {
        return StatusCode::NOT_FOUND.into_response();
    }
    let from: usize = asked.next.as_ref().map_or(0, |next| next.parse().unwrap());
    let page: Vec<Value> = chosen(&held, &asked)
        .into_iter()
        .skip(from)
        .take(PAGE)
        .map(|(added, object)| json!({ "id": object["id"], "date_added": date(added, "Z") }))
        .collect();
    json!({ "objects": page }).to_string().into_response()
}

async fn moved(held: State<Arc<Mutex<Held>>>, asked: Query<Asked>) -> Response {
    answer(&mut held.lock().unwrap(), &asked, true)
}

async fn page(held: State<Arc<Mutex<Held>>>, asked: Query<Asked>) -> Response {
    answer(&mut held.lock().unwrap(), &asked, false)
}

/// Whether something happens now that happens once.
fn once(held: &mut Held, fault: Fault) -> bool {
    held.fault == fault && !std::mem::replace(&mut held.failed, true)
}

fn answer(held: &mut Held, asked: &Asked, moved: bool) -> Response {
    held.asked += 1;
    let fault = held.fault;
    let from: usize = asked.next.as_ref().and_then(|next| next.parse().ok()).unwrap_or(0);
    let ignored = fault == Fault::NextIgnored;
    let all = chosen(held, asked);
    match fault {
        Fault::Moved if !moved => {
            let query = [("added_after", asked.added_after.clone()), ("next", asked.next.clone())];
            let query: Vec<String> = query.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
            return Redirect::permanent(&format!("/moved/collections/107/objects/?{}", query.join("&"))).into_response();
        }
        Fault::TooLarge if asked.limit.is_none_or(|limit| limit > 2) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Fault::Busy if once(held, Fault::Busy) => return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response(),
        Fault::Unavailable if from > 0 && once(held, Fault::Unavailable) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Picky if asked.next.is_some() && asked.limit.is_some() => return StatusCode::BAD_REQUEST.into_response(),
        Fault::Html if from > 0 && once(held, Fault::Html) => return "<html>back soon</html>".into_response(),
        Fault::Empty if all.is_empty() => return if asked.next.is_some() { StatusCode::OK.into_response() } else { "{}".into_response() },
        _ => {}
    }
    let size = if fault == Fault::TooLarge { asked.limit.unwrap_or(PAGE).min(PAGE) } else { PAGE };
    let page: Vec<(usize, Value)> = all.iter().skip(if ignored { 0 } else { from }).take(size).cloned().collect();
    let (end, rest) = (from + page.len(), all.len() > from + page.len());
    let more = rest || ignored && !all.is_empty() || fault == Fault::Circle && !all.is_empty() || fault == Fault::EndlessEmpty;
    let mut body = json!({ "more": more });
    if !page.is_empty() {
        body["objects"] = page.iter().map(|(_, object)| object.clone()).collect();
    }
    let next = if fault == Fault::Circle && !rest { 0 } else { end };
    match fault {
        _ if !more => {}
        Fault::MoreWithoutNext => {}
        Fault::NumericNext => body["next"] = next.into(),
        Fault::EndlessEmpty if page.is_empty() => body["next"] = format!("{}{from}", asked.next.as_deref().unwrap_or_default()).into(),
        _ => body["next"] = next.to_string().into(),
    }
    let mut headers = HeaderMap::new();
    if !matches!(fault, Fault::NoHeaders | Fault::NoDates | Fault::Backwards)
        && let Some((last, _)) = page.last()
    {
        let zone = if fault == Fault::Offsets { "+00:00" } else { "Z" };
        headers.insert("x-taxii-date-added-last", date(*last, zone).parse().unwrap());
    }
    let text = body.to_string();
    if from > 0 && once(held, Fault::BrokenOff) {
        let pieces = [Ok(Bytes::from(text[..text.len() / 2].to_owned())), Err(std::io::Error::other("gone"))];
        return (headers, Body::from_stream(futures_util::stream::iter(pieces))).into_response();
    }
    (headers, text).into_response()
}
