//! An HTTP client that holds every answer to the standard (see [`checks`]) before a test sees it.

use std::io::Read;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use taxiway::taxii::media;

use super::checks::{self, Endpoint};

/// A plain client, which takes redirections for what they are.
pub(crate) fn http() -> reqwest::Client {
    // A second one in the same process finds the provider installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A caller with headers that it sends every time.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    headers: HeaderMap,
    mirror: bool,
}

/// A request in the making.
pub(crate) struct Request<'a> {
    client: &'a Client,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Option<Bytes>,
}

/// An answer that has passed the checks.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) method: Method,
    /// Path and query of the request.
    pub(crate) target: String,
    /// The headers of the request, as far as the test set them.
    pub(crate) sent: HeaderMap,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The content, whatever the coding it came in.
    pub(crate) body: Bytes,
    /// How many octets came.
    pub(crate) octets: usize,
}

/// Undoes the content coding that the headers name.
fn unpack(headers: &HeaderMap, body: Bytes) -> Bytes {
    let mut content = Vec::new();
    match headers.get("content-encoding").map(|name| name.to_str().unwrap()) {
        None => return body,
        Some(_) if body.is_empty() => return body,
        Some("gzip") => flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut content),
        Some("br") => brotli::Decompressor::new(&body[..], 4096).read_to_end(&mut content),
        Some("zstd") => zstd::Decoder::new(&body[..]).unwrap().read_to_end(&mut content),
        Some(other) => panic!("the coding {other} was not asked for"),
    }
    .unwrap();
    content.into()
}

impl Client {
    pub(crate) fn new(http: reqwest::Client, address: SocketAddr) -> Self {
        Self { http, address, headers: HeaderMap::new(), mirror: true }.header("accept", media::TAXII)
    }

    /// Sends this header with every request.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    pub(crate) fn accept(self, accept: &str) -> Self {
        self.header("accept", accept)
    }

    /// Does not ask the manifest after each page of objects, because somebody is writing meanwhile.
    pub(crate) fn without_mirror(self) -> Self {
        Self { mirror: false, ..self }
    }

    pub(crate) fn request(&self, method: Method, target: impl Into<String>) -> Request<'_> {
        Request { client: self, method, target: target.into(), headers: self.headers.clone(), body: None }
    }

    pub(crate) async fn get(&self, target: impl Into<String>) -> Reply {
        self.request(Method::GET, target).send().await
    }

    pub(crate) async fn head(&self, target: impl Into<String>) -> Reply {
        self.request(Method::HEAD, target).send().await
    }

    pub(crate) async fn delete(&self, target: impl Into<String>) -> Reply {
        self.request(Method::DELETE, target).send().await
    }

    /// Posts a body as TAXII.
    pub(crate) async fn post(&self, target: impl Into<String>, body: impl Into<Bytes>) -> Reply {
        self.request(Method::POST, target).header("content-type", media::TAXII).body(body).send().await
    }

    /// Posts objects in an envelope, all of which must be taken; returns the status.
    pub(crate) async fn add(&self, target: &str, objects: &[Value]) -> Value {
        let status = self.post(target, json!({ "objects": objects }).to_string()).await.expect(202).json();
        assert_eq!(status["success_count"], objects.len(), "not all were taken: {status}");
        status
    }
}

impl Request<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// Sends the request and checks the answer; a page of objects also against what the manifest says of it (T-033, T-060, T-137).
    pub(crate) async fn send(self) -> Reply {
        let reply = self.exchange(&self.target).await;
        checks::every(&reply);
        let page = reply.method == Method::GET && reply.status == 200 && reply.header("content-type") == media::TAXII;
        if self.client.mirror && page && Endpoint::of(&reply.target) == Endpoint::Objects {
            let manifest = self.exchange(&reply.target.replacen("/objects", "/manifest", 1)).await;
            checks::every(&manifest);
            checks::mirror(&reply, &manifest);
        }
        reply
    }

    async fn exchange(&self, target: &str) -> Reply {
        let url = format!("http://{}{target}", self.client.address);
        let mut request = self.client.http.request(self.method.clone(), url).headers(self.headers.clone());
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let response = request.send().await.unwrap_or_else(|e| panic!("{} {target}: no answer: {e:?}", self.method));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // What was sent: the client leaves `..` out.
        let url = response.url();
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let packed = response.bytes().await.unwrap_or_else(|e| panic!("{} {target}: the body broke off: {e:?}", self.method));
        let body = unpack(&headers, packed.clone());
        Reply { method: self.method.clone(), target, sent: self.headers.clone(), status, headers, body, octets: packed.len() }
    }
}

impl Reply {
    /// This answer, if it has the status that the test expects.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// This answer, if it has one of the statuses that the standard leaves open.
    #[track_caller]
    pub(crate) fn expect_any(self, statuses: &[u16]) -> Self {
        assert!(statuses.contains(&self.status), "not in {statuses:?}: {self}");
        self
    }

    /// A header's text; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {self}"))
    }

    /// The body but for what every answer calls itself.
    pub(crate) fn without_id(&self) -> Value {
        let mut body = self.json();
        body.as_object_mut().unwrap().remove("error_id");
        body
    }

    /// A member of the body.
    pub(crate) fn get(&self, name: &str) -> Value {
        self.json()[name].clone()
    }

    /// The elements of a list in the body; none if it is not there.
    pub(crate) fn list(&self, name: &str) -> Vec<Value> {
        self.get(name).as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn objects(&self) -> Vec<Value> {
        self.list("objects")
    }

    /// The ids of `objects`, of an envelope or a manifest.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.objects().iter().map(|object| object["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn more(&self) -> bool {
        self.get("more").as_bool().unwrap_or(false)
    }

    pub(crate) fn next(&self) -> Option<String> {
        self.get("next").as_str().map(str::to_owned)
    }

    pub(crate) fn first(&self) -> &str {
        self.header("x-taxii-date-added-first")
    }

    pub(crate) fn last(&self) -> &str {
        self.header("x-taxii-date-added-last")
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, target, status, headers, body, .. } = self;
        write!(out, "{method} {target} -> {status} {headers:?}\n{}", String::from_utf8_lossy(body))
    }
}
