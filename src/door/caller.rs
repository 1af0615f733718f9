//! Who calls, from where, under which name of the server, and the segments of the path.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::error::Failure;
use super::limits::Visit;
use super::{App, request, tls};
use crate::auth::AuthError;
use crate::auth::credential::Credential;
use crate::feed::access::{Denied, Principal};
use crate::store::directory::OpenedList;
use crate::taxii::cursor;

/// Marks a request that the program makes to itself, on a store that it holds open: who may open the store may do everything.
///
/// It is an extension of the request, which nothing that comes over a socket can carry.
#[derive(Debug, Clone, Copy)]
pub struct AtTheStore;

/// Who calls, verified and within its budget; 401 if credentials were given that are not valid, 429 if the budget is used up.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        if parts.extensions.get::<AtTheStore>().is_some() {
            return Ok(Self(Principal::program()));
        }
        let address = address(parts, app);
        let principal = match credential(parts, &app.options.key_headers)? {
            None => Principal::Anonymous,
            Some(credential) => app.auth.identify(&credential, address).await?,
        };
        if let Some(name) = principal.name() {
            request::is_of(name, address);
        }
        if let Some(visit) = parts.extensions.get::<Visit>() {
            visit.admit(&principal, own_budget(app, &principal), address, app.feed.clock().now(), || goes_on(&parts.uri))?;
        }
        Ok(Self(principal))
    }
}

/// A list that the key in the path opens, with whom the key stands for; 404 if it opens none.
#[derive(Debug, Clone)]
pub struct ByKey {
    /// Who made the key, as far as it may read now.
    pub principal: Principal,
    /// What the key opens.
    pub list: OpenedList,
}

impl FromRequestParts<Arc<App>> for ByKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let (address, segments) = (address(parts, app), Segments::from_request_parts(parts, app).await?);
        let (principal, list) = app.auth.by_list_key(segments.get("key")).ok_or(Denied::Hidden)?;
        if let Some(name) = principal.name() {
            request::is_of(name, address);
        }
        if let Some(visit) = parts.extensions.get::<Visit>() {
            visit.admit(&principal, own_budget(app, &principal), address, app.feed.clock().now(), || false)?;
        }
        Ok(Self { principal, list })
    }
}

/// The requests a minute that were agreed with the partner of a caller, if that is another number than for all.
fn own_budget(app: &App, principal: &Principal) -> Option<u32> {
    app.feed.directory().partner_of(principal.name()?)?.requests_per_minute
}

/// Whether a request goes on with a crawl: it carries a `next` that a page of ours ended with (Q25).
fn goes_on(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "next" && cursor::read(&value).is_some())
}

impl Caller {
    /// The failure that a denial is for this caller: to the anonymous it says that credentials may help.
    pub fn denied(&self, denied: Denied) -> Failure {
        let failure = Failure::from(denied);
        if self.0 == Principal::Anonymous { failure.with_challenge() } else { failure }
    }
}

/// The decoded segments of the path by their names in the route table.
pub struct Segments(RawPathParams);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        RawPathParams::from_request_parts(parts, state).await.map(Self).map_err(|e| Failure::new(StatusCode::NOT_FOUND, format!("the path: {e}")))
    }
}

impl Segments {
    /// The segment that the route calls `name`; empty if it has none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(its, _)| *its == name).map_or("", |(_, value)| value)
    }
}

/// Scheme and authority under which the client reached the server; empty if the request does not say, so that URLs are relative.
pub fn base_url(parts: &Parts, app: &App) -> String {
    if let Some(url) = &app.options.public_url {
        return url.clone();
    }
    let forwarded =
        |name| peer(parts).is_some_and(|peer| app.options.trusted_proxies.contains(&peer)).then(|| header_text(&parts.headers, name)).flatten();
    let scheme = match forwarded("x-forwarded-proto") {
        Some(scheme @ ("http" | "https")) => scheme,
        _ if app.options.tls => "https",
        _ => "http",
    };
    let host = forwarded("x-forwarded-host").or_else(|| header_text(&parts.headers, "host")).or_else(|| parts.uri.authority().map(Authority::as_str));
    match host.and_then(|host| host.parse::<Authority>().ok()) {
        Some(host) => format!("{scheme}://{host}"),
        None => String::new(),
    }
}

/// The credentials of a request; `Err` if an `Authorization` header cannot be read (T-182). What a request says itself goes before the
/// certificate of its connection (T-184).
fn credential(parts: &Parts, key_headers: &[String]) -> Result<Option<Credential>, AuthError> {
    if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
        let parsed = value.to_str().ok().and_then(Credential::parse);
        return parsed.map(Some).ok_or(AuthError::Invalid);
    }
    if let Some(key) = key_headers.iter().find_map(|name| header_text(&parts.headers, name)) {
        return Ok(Some(Credential::Token(key.trim().to_owned())));
    }
    Ok(tls::client_certificate(&parts.extensions).map(Credential::of_certificate))
}

/// The address of the client: of the connection, or what a trusted proxy says.
pub fn address(parts: &Parts, app: &App) -> IpAddr {
    let peer = peer(parts).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    if !app.options.trusted_proxies.contains(&peer) {
        return peer;
    }
    // The last entry is the one that our own proxy wrote.
    let told = header_text(&parts.headers, "x-forwarded-for").and_then(|list| list.rsplit(',').next());
    told.and_then(|ip| ip.trim().parse().ok()).unwrap_or(peer)
}

/// Headers by which a proxy says that it forwards a request.
const FORWARDED: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// The address that a request comes from beyond doubt; `None` where a proxy stands between that is not trusted, or does not say.
pub fn origin(parts: &Parts, app: &App) -> Option<IpAddr> {
    let peer = peer(parts)?;
    if !app.options.trusted_proxies.contains(&peer) {
        let direct = !FORWARDED.iter().any(|name| parts.headers.contains_key(*name));
        return direct.then_some(peer);
    }
    header_text(&parts.headers, "x-forwarded-for").map(|_| address(parts, app)).filter(|address| *address != peer)
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// A header as text; `None` if it is not there or not ASCII.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
