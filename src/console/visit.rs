//! A visit: who is logged in, what a form brings along, and what is told on the next page.

pub mod cookie;
pub mod form;

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::pages::error::Error;
use super::parts::frame::{Flash, Frame, Place, Theme, Tone, Visitor};
use super::paths::{self, Href};
use crate::auth::session::Session;
use crate::door::caller;
use crate::door::error::Failure;
use crate::door::{App, request};
use crate::feed::access::{self, Principal, Seen};
use crate::feed::desk::Working;
use crate::store::audit::{Act, Through, Verb};
use cookie::{FLASH, SESSION, THEME};

/// Microseconds of a minute.
const MINUTE: u64 = 60_000_000;
/// The longest word that is carried to the next page.
const LONGEST_FLASH: usize = 2_000;

/// Somebody who is logged in, at a page.
#[derive(Clone)]
pub struct Visit {
    /// What all handlers share.
    pub app: Arc<App>,
    /// Who.
    pub session: Session,
    theme: Theme,
    flashes: Vec<Flash>,
    here: Href,
}

/// Anybody at a page, logged in or not.
#[derive(Clone)]
pub struct Stranger {
    /// What all handlers share.
    pub app: Arc<App>,
    /// Whoever it is, if somebody is logged in.
    pub session: Option<Session>,
    /// The secret of the session.
    pub secret: Option<String>,
    /// The address of the client.
    pub address: std::net::IpAddr,
    theme: Theme,
    flashes: Vec<Flash>,
    here: Href,
}

impl FromRequestParts<Arc<App>> for Stranger {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let secret = cookie::get(&parts.headers, SESSION);
        let address = caller::address(parts, app);
        let found = match &secret {
            Some(secret) => app.auth.session(secret, idle(app)).await,
            None => Ok(None),
        };
        let session = found.map_err(|error| failed(app, Failure::from(error)))?;
        if let Some(name) = session.as_ref().and_then(|session| session.principal.name()) {
            request::is_of(name, address);
        }
        let theme = cookie::get(&parts.headers, THEME).map(|name| Theme::named(&name)).unwrap_or_default();
        let flashes = cookie::get(&parts.headers, FLASH).map(|text| read_flashes(&text)).unwrap_or_default();
        let here = Href::back_to(parts.uri.path_and_query().map_or("/console/", |path| path.as_str()));
        Ok(Self { app: app.clone(), session, secret, address, theme, flashes, here })
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let stranger = Stranger::from_request_parts(parts, app).await?;
        let Some(session) = stranger.session else {
            // A page is asked for again after the log-in; a form is not, since what it would do should be seen first.
            let next = if parts.method.is_safe() { stranger.here } else { paths::overview() };
            return Err(see(&paths::login().with_query([("next", next.as_str())])));
        };
        Ok(Self { app: stranger.app, session, theme: stranger.theme, flashes: stranger.flashes, here: stranger.here })
    }
}

impl Visit {
    /// Who is here.
    pub fn principal(&self) -> &Principal {
        &self.session.principal
    }

    /// The name of who is here.
    pub fn name(&self) -> &str {
        self.session.principal.name().unwrap_or_default()
    }

    /// What is around a page of this visit.
    pub fn frame(&self, title: &str, place: Option<Place>) -> Frame {
        let directory = self.app.feed.directory();
        let writes = access::all(&directory, self.principal()).iter().any(|seen| seen.to_work().is_ok());
        let admin = access::operate(self.principal()).is_ok();
        Frame {
            title: title.into(),
            place,
            visitor: Some(Visitor { name: self.name().into(), admin, writes }),
            csrf: self.session.csrf.clone(),
            theme: self.theme,
            flashes: self.flashes.clone(),
            here: self.here.clone(),
        }
    }

    /// A page, whose words from the page before are now told.
    pub fn page(&self, page: &impl Template) -> Response {
        shown(&self.app, StatusCode::OK, page, !self.flashes.is_empty())
    }

    /// A page that says why there is none.
    pub fn failure(&self, failure: Failure) -> Response {
        explain(&self.app, self.frame("Not possible", None), failure)
    }

    /// A page that says that this does not exist, as far as this visitor is concerned.
    pub fn missing(&self) -> Response {
        self.failure(Failure::new(StatusCode::NOT_FOUND, "there is no such thing here"))
    }

    /// Sends the visitor on, with a word about what was done.
    pub fn go(&self, href: &Href, tone: Tone, text: &str) -> Response {
        let mut response = see(href);
        let carried = write_flash(tone, text);
        cookie::set(response.headers_mut(), FLASH, &carried, self.app.options.tls, Some(60));
        response
    }

    /// What the audit log is told.
    pub fn act(&self, verb: Verb, note: Option<String>) -> Act {
        Act { note: note.filter(|note| !note.is_empty()), ..request::act(Through::Console, verb, self.app.feed.clock().now()) }
    }

    /// A collection by root and name, as the visitor may see it.
    pub fn collection(&self, root: &str, name: &str) -> Result<Seen, Response> {
        access::collection(&self.app.feed.directory(), self.principal(), root, name).map_err(|denied| self.failure(denied.into()))
    }

    /// The same, to work on.
    pub fn working(&self, root: &str, name: &str) -> Result<Working, Response> {
        self.collection(root, name)?.to_work().map_err(|denied| self.failure(denied.into()))
    }
}

impl Stranger {
    /// What is around a page for somebody who is not logged in.
    pub fn frame(&self, title: &str) -> Frame {
        Frame {
            title: title.into(),
            place: None,
            visitor: None,
            csrf: String::new(),
            theme: self.theme,
            flashes: self.flashes.clone(),
            here: self.here.clone(),
        }
    }

    /// A page.
    pub fn page(&self, status: StatusCode, page: &impl Template) -> Response {
        shown(&self.app, status, page, !self.flashes.is_empty())
    }
}

/// How long a session lives that nobody uses, in microseconds.
pub fn idle(app: &App) -> u64 {
    app.options.console_idle_minutes * MINUTE
}

/// Sends a browser on to another page, which it asks for with GET.
pub fn see(href: &Href) -> Response {
    let location = HeaderValue::try_from(href.as_str()).unwrap_or(HeaderValue::from_static("/console/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

fn shown(app: &App, status: StatusCode, page: &impl Template, told: bool) -> Response {
    let Ok(text) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(text)).into_response();
    if told {
        cookie::set(response.headers_mut(), FLASH, "", app.options.tls, Some(0));
    }
    response
}

/// A failure before anybody knows who is here.
fn failed(app: &App, failure: Failure) -> Response {
    let frame = Frame {
        title: "Not possible".into(),
        place: None,
        visitor: None,
        csrf: String::new(),
        theme: Theme::default(),
        flashes: Vec::new(),
        here: paths::overview(),
    };
    explain(app, frame, failure)
}

fn explain(app: &App, frame: Frame, failure: Failure) -> Response {
    let (status, what) = failure.told();
    let page = Error { frame, status: status.as_u16(), what: what.as_str().into(), request: request::id().map(|id| id.as_str().into()) };
    shown(app, status, &page, false)
}

fn write_flash(tone: Tone, text: &str) -> String {
    let text: String = text.chars().take(LONGEST_FLASH).collect();
    URL_SAFE_NO_PAD.encode(format!("{}:{text}", tone.class()))
}

fn read_flashes(carried: &str) -> Vec<Flash> {
    let text = URL_SAFE_NO_PAD.decode(carried).ok().and_then(|octets| String::from_utf8(octets).ok());
    let flash = text.as_deref().and_then(|text| text.split_once(':')).and_then(|(class, text)| {
        let tone = [Tone::Done, Tone::Warning, Tone::Fault].into_iter().find(|tone| tone.class() == class)?;
        Some(Flash { tone, text: text.into() })
    });
    flash.into_iter().collect()
}

/// A handler's answer, or a page that says why there is none.
pub type Answer = Result<Response, Response>;

/// Turns what went wrong into a page of a visit.
pub trait OrPage<T> {
    /// What was asked for, or the page.
    fn or_page(self, visit: &Visit) -> Result<T, Response>;
}

impl<T, E: Into<Failure>> OrPage<T> for Result<T, E> {
    fn or_page(self, visit: &Visit) -> Result<T, Response> {
        self.map_err(|error| visit.failure(error.into()))
    }
}

/// Nothing can go wrong in what cannot.
impl From<Infallible> for Failure {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
