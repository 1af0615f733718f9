//! What every door shares: who calls, how failures are told, bodies, paths and the socket.

pub mod body;
pub mod browse;
pub mod caller;
pub mod compress;
pub mod connection;
pub mod error;
pub mod json;
pub mod limits;
pub mod path;
pub mod patience;
pub mod pieces;
pub mod query;
pub mod request;
pub mod respond;
pub mod serve;
pub mod taken;
pub mod target;
pub mod tls;
pub mod validator;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderValue;

use crate::auth::Authenticator;
use crate::feed::Feed;
use crate::links::runner::Runner;
use compress::Compressed;

/// What the handlers of every door share.
pub struct App {
    /// The use cases.
    pub feed: Arc<Feed>,
    /// Who is who.
    pub auth: Arc<Authenticator>,
    /// What is done with other servers.
    pub links: Runner,
    /// Answers that were compressed a while ago.
    pub compressed: Arc<Compressed>,
    /// The headers of a request on which a page depends.
    pub vary: HeaderValue,
    /// What an operator may set about the doors.
    pub options: Options,
}

impl App {
    /// What the handlers share, over a feed.
    pub fn new(feed: Arc<Feed>, auth: Arc<Authenticator>, options: Options) -> Self {
        let names = ["accept", "accept-encoding", "authorization"].into_iter().chain(options.key_headers.iter().map(String::as_str));
        // The names of headers were checked with the settings; a page that depends on anything is right whatever they are.
        let vary = HeaderValue::try_from(names.collect::<Vec<_>>().join(", ")).unwrap_or(HeaderValue::from_static("*"));
        let compressed = Arc::new(Compressed::new(options.compressed_octets));
        let watched = compressed.clone();
        feed.counts().watch_cache("compressed", move || watched.hits());
        Self { feed, auth, links: Runner::default(), compressed, vary, options }
    }
}

/// What an operator may set about the doors.
#[derive(Debug, Clone)]
pub struct Options {
    /// Title of the discovery resource.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// Its contact.
    pub contact: Option<String>,
    /// Scheme and authority under which clients reach the server, without a slash at the end; `None`: as each request says.
    pub public_url: Option<String>,
    /// Whether the doors speak TLS themselves.
    pub tls: bool,
    /// Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Headers, in lower case, in which a token may come by itself (Q23).
    pub key_headers: Vec<String>,
    /// The longest request body, in octets (T-108).
    pub max_content_length: u64,
    /// Minutes after which somebody who does nothing in the console is logged out.
    pub console_idle_minutes: u64,
    /// The longest document that an analyst hands in, in octets.
    pub document_octets: u64,
    /// The most octets of compressed answers that are kept.
    pub compressed_octets: usize,
    /// The most octets of the texts of lists that are kept.
    pub lists_octets: usize,
    /// Whether lists leave out what a warning list blocks.
    pub lists_guarded: bool,
    /// How much one caller may take, and all together.
    pub limits: limits::Options,
}
