//! Somebody at the console: logs in, keeps cookies, sends forms with the token of the session; and holds every answer to what is true of all.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;

use super::client;
use super::server::{PASSWORD, Server};

/// What is written into everything that others can write: as markup, as the end of an attribute, as a handler, as a script's address.
pub(crate) const NASTY: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
/// An address that no link may lead to.
pub(crate) const SCRIPT_URL: &str = "javascript:alert(3)";

/// A browser, as far as pages need one.
pub(crate) struct Browser {
    http: reqwest::Client,
    address: SocketAddr,
    cookies: Mutex<BTreeMap<String, String>>,
    csrf: String,
}

/// An answer of the console that has passed the checks.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) target: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// How a form shows that it is of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// As its page has it.
    Right,
    /// Not at all.
    Missing,
    /// With this one.
    Other(&'a str),
}

/// The two ways in which a form is not of the session.
pub(crate) const FORGED: [Token<'static>; 2] = [Token::Missing, Token::Other("0000")];

impl Browser {
    /// One in which nobody is logged in.
    pub(crate) fn stranger(server: &Server) -> Self {
        Self { http: client::http(), address: server.address, cookies: Mutex::default(), csrf: String::new() }
    }

    /// One in which the user called `name` is logged in.
    pub(crate) async fn of(server: &Server, name: &str) -> Self {
        let mut browser = Self::stranger(server);
        browser.post("/console/login/", &[("user", name), ("password", PASSWORD)]).await.expect(303);
        assert!(browser.cookie("taxiway_session").is_some(), "{name} is not logged in");
        // Any page has the token; one that is not there is of no engineer in particular.
        let page = browser.get("/console/nothing-of-that-name/").await.expect(404);
        page.between("data-csrf=\"", "\"").clone_into(&mut browser.csrf);
        assert!(!browser.csrf.is_empty(), "a page without a token: {page}");
        browser
    }

    /// The token of the session.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) async fn get(&self, target: impl AsRef<str>) -> Page {
        self.send(Method::GET, target.as_ref(), None).await
    }

    /// Sends a form as the page does.
    pub(crate) async fn post(&self, target: impl AsRef<str>, fields: &[(&str, &str)]) -> Page {
        self.forge(target, fields, Token::Right).await
    }

    /// Sends a form with the token that a test wants.
    pub(crate) async fn forge(&self, target: impl AsRef<str>, fields: &[(&str, &str)], token: Token<'_>) -> Page {
        let token = self.token(token);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).extend_pairs(token.map(|token| ("csrf", token))).finish();
        self.send(Method::POST, target.as_ref(), Some(("application/x-www-form-urlencoded".to_owned(), body.into()))).await
    }

    /// Sends a form with a file in the field `file`.
    pub(crate) async fn upload(&self, target: &str, fields: &[(&str, &str)], file: (&str, &[u8]), token: Token<'_>) -> Page {
        const BOUNDARY: &str = "taxiway-boundary-6b1f";
        let mut body = Vec::new();
        for (name, value) in fields.iter().copied().chain(self.token(token).map(|token| ("csrf", token))) {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let (name, octets) = file;
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(octets);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        self.send(Method::POST, target, Some((format!("multipart/form-data; boundary={BOUNDARY}"), body.into()))).await
    }

    /// Goes where an answer sends the browser; what was told on the way stands on that page.
    pub(crate) async fn follow(&self, page: &Page) -> Page {
        assert_eq!(page.status, 303, "nothing to follow: {page}");
        self.get(page.location()).await
    }

    fn token<'a>(&'a self, token: Token<'a>) -> Option<&'a str> {
        match token {
            Token::Right => Some(self.csrf()),
            Token::Missing => None,
            Token::Other(other) => Some(other),
        }
    }

    async fn send(&self, method: Method, target: &str, body: Option<(String, Bytes)>) -> Page {
        let mut request = self.http.request(method, format!("http://{}{target}", self.address));
        let cookies = self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        if let Some((media_type, body)) = body {
            request = request.header("content-type", media_type).body(body);
        }
        let response = request.send().await.unwrap_or_else(|e| panic!("{target}: no answer: {e:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        self.remember(&headers);
        let page = Page { target: target.to_owned(), status, headers, body: response.bytes().await.unwrap() };
        page.check();
        page
    }

    fn remember(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            assert!(line.contains("HttpOnly") && line.contains("SameSite=Strict") && line.contains("Path=/console/"), "{line}");
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    /// This answer, if it has the status that the test expects.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|_| panic!("{}: the body is no text", self.target))
    }

    /// A header's text; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where the browser is sent on to.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// What stands first between two texts; empty if nothing does.
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.text().split_once(before).map_or("", |(_, rest)| rest);
        rest.split_once(after).map_or("", |(inside, _)| inside)
    }

    /// Whether a text stands on the page as it is read: without the marks around what others wrote.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.text().replace("<bdi>", "").replace("</bdi>", "").contains(text)
    }

    #[track_caller]
    pub(crate) fn expect_says(&self, text: &str) {
        assert!(self.says(text), "{text:?} is not on the page: {self}");
    }

    #[track_caller]
    pub(crate) fn expect_lacks(&self, text: &str) {
        assert!(!self.says(text), "{text:?} is on the page: {self}");
    }

    /// What is true of every answer of the console.
    fn check(&self) {
        assert!(self.status < 500, "{self}");
        let policy = self.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{self}");
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "same-origin")] {
            assert_eq!(self.header(name), value, "{name}: {self}");
        }
        assert!(!self.header("cache-control").is_empty(), "{self}");
        if self.header("content-type").starts_with("text/html") {
            self.check_markup();
        }
    }

    /// Nothing that others wrote is obeyed.
    fn check_markup(&self) {
        let text = self.text();
        for raw in ["<script>alert", "<img", "href=\"javascript:", "onerror=alert(2)>"] {
            assert!(!text.contains(raw), "{raw} is markup: {self}");
        }
        assert_eq!(text.matches("<script").count(), 1, "one script, ours: {self}");
    }
}

impl fmt::Display for Page {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, status, headers, body } = self;
        write!(out, "{target} -> {status} {headers:?}\n{}", String::from_utf8_lossy(body))
    }
}
