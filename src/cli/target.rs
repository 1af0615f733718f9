//! What a verb works on: a store, or a running server.
//!
//! Either way a verb is a request to the JSON API of operators or of analysts: over HTTP to a server, or to the same router in this process,
//! over the store.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use clap::Args;
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::exit::{Exit, Trouble};
use super::{doors, open, secret};
use crate::config::{Config, Flag};
use crate::door::caller::AtTheStore;
use crate::feed::guard::Guard;
use crate::taxii::resource;
use crate::telemetry;

/// What a path segment keeps as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where the verb takes place.
#[derive(Debug, Args)]
pub struct Target {
    /// The store to open [default: that of the settings, sled:taxiway-data]
    #[arg(long, global = true, value_name = "STORE", conflicts_with = "url")]
    store: Option<String>,
    /// The settings that name the store [default: ./taxiway.toml if it is there]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    /// A running server to ask instead. To log in as another user than admin, put its name before the host, as in NAME@host
    #[arg(long, global = true, value_name = "URL")]
    url: Option<Url>,
    /// The token of a user on that server, of an administrator for what only those may do; without it, a password is asked for
    #[arg(long, global = true, value_name = "TOKEN", env = "TAXIWAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

/// Who answers: a server, or its doors in this process.
pub enum Service {
    /// The router over a store that this process holds open.
    Here(Router),
    /// A server.
    There {
        /// The connection pool.
        client: Client,
        /// The server, without credentials, ending in `/`.
        base: Url,
        /// What to present.
        credential: Credential,
    },
}

/// What a verb presents to a server.
pub enum Credential {
    /// A token.
    Token(String),
    /// A name and a password.
    Password {
        /// Whose.
        name: String,
        /// It.
        password: String,
    },
}

/// What comes with a request.
enum Load {
    Nothing,
    Json(Bytes),
    File(Bytes),
}

impl Target {
    /// Opens the store or prepares to speak to the server.
    pub async fn open(&self) -> Result<Service, Trouble> {
        // Nobody waits for warning lists who posts no objects.
        self.open_with(|_| Ok(Guard::default())).await
    }

    /// The same for verbs that publish, so that the store's own warning lists are asked.
    pub async fn open_to_publish(&self) -> Result<Service, Trouble> {
        self.open_with(|config| Guard::open(&config.guard()).map_err(|error| Trouble::new(Exit::Unreadable, error))).await
    }

    async fn open_with(&self, guard: impl FnOnce(&Config) -> Result<Guard, Trouble>) -> Result<Service, Trouble> {
        if let Some(url) = &self.url {
            return self.there(url.clone());
        }
        let flags = self.store.iter().map(|store| Flag { name: "--store", key: "store", value: store.clone().into() }).collect();
        let config = Config::load(self.config.as_deref(), |name| std::env::var_os(name), flags);
        let config = config.map_err(|error| Trouble::new(Exit::Unreadable, error))?;
        telemetry::start(&config.log).map_err(|error| Trouble::new(Exit::Unreadable, error))?;
        let app = open::app(&config, guard(&config)?, None).await?;
        Ok(Service::Here(doors::router(&Arc::new(app))))
    }

    fn there(&self, mut url: Url) -> Result<Service, Trouble> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(Trouble::new(Exit::Unreadable, format!("--url {url}: not the http or https URL of a server")));
        }
        let name = Some(url.username()).filter(|name| !name.is_empty()).unwrap_or("admin").to_owned();
        let credential = match &self.token {
            Some(token) => Credential::Token(token.clone()),
            None => Credential::Password { password: secret::password_of(&name)?, name },
        };
        // Both can only fail for URLs without a host.
        let _ = (url.set_username(""), url.set_password(None));
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let client = Client::builder().redirect(redirect::Policy::none()).user_agent(concat!("taxiway/", env!("CARGO_PKG_VERSION"))).build();
        Ok(Service::There { client: client.map_err(|error| Trouble::new(Exit::Failed, chain(&error)))?, base: url, credential })
    }
}

impl Service {
    /// What is at a path; the segments are given as they are called, the first of which names the door.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Trouble> {
        read(&self.ask(Method::GET, path, "", Load::Nothing).await?)
    }

    /// The same with a query.
    pub async fn find<T: DeserializeOwned>(&self, path: &[&str], query: &str) -> Result<T, Trouble> {
        read(&self.ask(Method::GET, path, query, Load::Nothing).await?)
    }

    /// Adds to what is at a path.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Trouble> {
        read(&self.ask(Method::POST, path, "", Load::Json(write(body)?)).await?)
    }

    /// Hands a file in.
    pub async fn upload<T: DeserializeOwned>(&self, path: &[&str], query: &str, file: Bytes) -> Result<T, Trouble> {
        read(&self.ask(Method::POST, path, query, Load::File(file)).await?)
    }

    /// Replaces what is at a path; an answer, if there is one, is not needed.
    pub async fn put(&self, path: &[&str], body: &impl Serialize) -> Result<(), Trouble> {
        self.ask(Method::PUT, path, "", Load::Json(write(body)?)).await.map(drop)
    }

    /// Removes what is at a path.
    pub async fn delete(&self, path: &[&str]) -> Result<(), Trouble> {
        self.ask(Method::DELETE, path, "", Load::Nothing).await.map(drop)
    }

    /// Removes what is at a path, with what a query says.
    pub async fn delete_with(&self, path: &[&str], query: &str) -> Result<(), Trouble> {
        self.ask(Method::DELETE, path, query, Load::Nothing).await.map(drop)
    }

    /// Hands what is at a path on as it comes.
    pub async fn stream(&self, path: &[&str], query: &str, mut to: impl FnMut(&[u8]) -> Result<(), Trouble>) -> Result<(), Trouble> {
        let mut answer = self.send(Method::GET, path, query, Load::Nothing).await?;
        if !answer.status().is_success() {
            return Err(trouble(answer.status(), &answer.whole().await?));
        }
        while let Some(piece) = answer.next().await? {
            to(&piece)?;
        }
        Ok(())
    }

    async fn ask(&self, method: Method, path: &[&str], query: &str, load: Load) -> Result<Bytes, Trouble> {
        let answer = self.send(method, path, query, load).await?;
        let (status, answer) = (answer.status(), answer.whole().await?);
        if status.is_success() { Ok(answer) } else { Err(trouble(status, &answer)) }
    }

    async fn send(&self, method: Method, path: &[&str], query: &str, load: Load) -> Result<Answer, Trouble> {
        let mut path = path.iter().map(|segment| utf8_percent_encode(segment, SEGMENT).to_string() + "/").collect::<String>();
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        match self {
            Self::Here(router) => send_here(router, method, &path, load).await,
            Self::There { client, base, credential } => send_there(client, base, credential, method, &path, load).await,
        }
    }
}

/// An answer that is coming.
enum Answer {
    Here(Response<Body>),
    There(reqwest::Response),
}

impl Answer {
    fn status(&self) -> StatusCode {
        match self {
            Self::Here(response) => response.status(),
            Self::There(response) => response.status(),
        }
    }

    /// The next piece of the body.
    async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        match self {
            Self::Here(response) => loop {
                let Some(frame) = response.body_mut().frame().await else { return Ok(None) };
                let frame = frame.map_err(|error| Trouble::new(Exit::Failed, chain(&error)))?;
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            },
            Self::There(response) => response.chunk().await.map_err(|error| Trouble::new(Exit::Unavailable, chain(&error))),
        }
    }

    async fn whole(mut self) -> Result<Bytes, Trouble> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl Load {
    fn body(self) -> (&'static str, Bytes) {
        match self {
            Self::Nothing => ("application/json", Bytes::new()),
            Self::Json(body) => ("application/json", body),
            Self::File(body) => ("application/octet-stream", body),
        }
    }
}

async fn send_here(router: &Router, method: Method, path: &str, load: Load) -> Result<Answer, Trouble> {
    let (kind, body) = load.body();
    let request = Request::builder().method(method).uri(format!("/{path}")).header(header::CONTENT_TYPE, kind).body(Body::from(body));
    let mut request = request.map_err(|error| Trouble::new(Exit::Failed, error))?;
    request.extensions_mut().insert(AtTheStore);
    match router.clone().oneshot(request).await {
        Ok(response) => Ok(Answer::Here(response)),
        Err(never) => match never {},
    }
}

async fn send_there(client: &Client, base: &Url, credential: &Credential, method: Method, path: &str, load: Load) -> Result<Answer, Trouble> {
    let url = base.join(path).map_err(|error| Trouble::new(Exit::Unreadable, error))?;
    let (kind, body) = load.body();
    let request = client.request(method, url).header(header::CONTENT_TYPE, kind).body(body);
    let request = match credential {
        Credential::Token(token) => request.bearer_auth(token),
        Credential::Password { name, password } => request.basic_auth(name, Some(password)),
    };
    request.send().await.map(Answer::There).map_err(|error| Trouble::new(Exit::Unavailable, chain(&error)))
}

/// What an answer that is no success means for the verb.
fn trouble(status: StatusCode, answer: &[u8]) -> Trouble {
    let exit = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Exit::Denied,
        status if status.is_client_error() => Exit::Refused,
        _ => Exit::Failed,
    };
    let told = serde_json::from_slice::<resource::Error>(answer).ok().and_then(|error| error.description);
    Trouble::new(exit, told.unwrap_or_else(|| format!("the server answers {status}, which no Taxiway does here")))
}

fn write(body: &impl Serialize) -> Result<Bytes, Trouble> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| Trouble::new(Exit::Failed, error))
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(answer).map_err(|error| Trouble::new(Exit::Failed, format!("the answer is not what a Taxiway says here: {error}")))
}

/// An error with its causes in one line: what the outermost one says alone is little.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
