//! Requests to other servers, forgiving where they differ from the standard, and bounded in time and size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url, redirect};

use crate::store::directory::{Link, LinkCredential};
use crate::taxii::media;
use crate::taxii::stamp::Stamp;

/// The longest answer that is read, in octets.
const LONGEST: usize = 256 << 20;
/// How long connecting may take, and how long nothing may come.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_mins(1);
/// How often an answer may say that the thing is elsewhere.
const REDIRECTS: usize = 5;

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There was no answer, or not all of it.
    #[error("{0}")]
    Silent(String),
    /// An answer that is no success.
    #[error("{status}: {said}")]
    Status {
        /// Its status.
        status: StatusCode,
        /// How it begins.
        said: String,
        /// After how many microseconds to come again, if it says so.
        again: Option<u64>,
    },
    /// An answer that cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl Fault {
    /// After how long to come again, if the other side said so.
    pub fn again(&self) -> Option<u64> {
        match self {
            Self::Status { again, .. } => *again,
            _ => None,
        }
    }

    /// The status, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Makes the client that all links share.
pub fn client() -> Result<Client, reqwest::Error> {
    // Where an answer leads to another host, the credentials do not go along.
    let agent = concat!("taxiway/", env!("CARGO_PKG_VERSION"));
    Client::builder().user_agent(agent).connect_timeout(CONNECT).read_timeout(SILENCE).redirect(redirect::Policy::limited(REDIRECTS)).build()
}

/// The collection of a link, or what lies under it.
pub fn url(link: &Link, under: &str) -> Result<Url, Fault> {
    let base = format!("{}/", link.url.trim_end_matches('/'));
    Url::parse(&base).and_then(|base| base.join(under)).map_err(|error| Fault::Unreadable(format!("{}: {error}", link.url)))
}

/// Asks for something.
pub async fn get(client: &Client, link: &Link, url: Url) -> Result<Answer, Fault> {
    send(signed_in(client.request(Method::GET, url), link).header(ACCEPT, media::TAXII)).await
}

/// Brings an envelope.
pub async fn post(client: &Client, link: &Link, url: Url, body: Bytes) -> Result<Answer, Fault> {
    let request = signed_in(client.request(Method::POST, url), link).header(ACCEPT, media::TAXII).header(CONTENT_TYPE, media::TAXII);
    send(request.body(body)).await
}

/// A request that says who we are.
pub(super) fn signed_in(request: RequestBuilder, link: &Link) -> RequestBuilder {
    match &link.credential {
        LinkCredential::None | LinkCredential::Hmac(_) => request,
        LinkCredential::Basic { user, password } => request.basic_auth(user, Some(password)),
        LinkCredential::Token(token) => request.bearer_auth(token),
    }
}

/// Sends a request and reads the answer, up to a bound.
pub async fn send(request: RequestBuilder) -> Result<Answer, Fault> {
    let silent = |error: reqwest::Error| Fault::Silent(chain(&error));
    let mut response = request.send().await.map_err(silent)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(silent)? {
        if body.len() + piece.len() > LONGEST {
            return Err(Fault::Unreadable(format!("the answer is longer than {LONGEST} octets")));
        }
        body.extend_from_slice(&piece);
    }
    if status.is_success() {
        return Ok(Answer { headers, body: body.freeze() });
    }
    let said: String = String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(200).collect();
    Err(Fault::Status { status, said, again: retry_after(&headers) })
}

/// After how many microseconds to come again: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse::<u64>().ok().or_else(|| {
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        let answered = headers.get(reqwest::header::DATE).and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok())?;
        u64::try_from((date - answered).num_seconds()).ok()
    })?;
    Some(seconds.saturating_mul(1_000_000))
}

/// A date as servers write it: with `Z` or an offset, with or without fraction.
pub fn date(text: &str) -> Option<Stamp> {
    let parsed = DateTime::parse_from_rfc3339(text.trim()).ok()?.with_timezone(&Utc);
    u64::try_from(parsed.timestamp_micros()).ok().map(Stamp)
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_servers_write_them() {
        let expected = Some(Stamp(1_614_686_400_000_000));
        for text in ["2021-03-02T12:00:00Z", "2021-03-02T12:00:00.000000Z", "2021-03-02T12:00:00.000000+00:00", "2021-03-02T14:00:00+02:00"] {
            assert_eq!(date(text), expected, "{text}");
        }
        assert_eq!(date("yesterday"), None);
    }

    #[test]
    fn a_server_may_say_when_to_come_again() {
        let headers =
            |pairs: &[(reqwest::header::HeaderName, &str)]| pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, "7")])), Some(7_000_000));
        let dates = [(RETRY_AFTER, "Wed, 03 Mar 2021 12:00:10 GMT"), (reqwest::header::DATE, "Wed, 03 Mar 2021 12:00:00 GMT")];
        assert_eq!(retry_after(&headers(&dates)), Some(10_000_000));
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, "soon")])), None);
    }
}
