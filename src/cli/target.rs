//! What a verb works on: a store, or a running server.
//!
//! Either way a verb is a request to the admin API: over HTTP to a server, or to the same router in this process, over the store.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bytes::Bytes;
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
    /// The token of an administrator on that server; without it, a password is asked for
    #[arg(long, global = true, value_name = "TOKEN", env = "TAXIWAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

/// Somebody who answers requests to the admin API.
pub enum Admin {
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

impl Target {
    /// Opens the store or prepares to speak to the server.
    pub async fn open(&self) -> Result<Admin, Trouble> {
        match &self.url {
            Some(url) => self.there(url.clone()),
            None => self.here().await,
        }
    }

    async fn here(&self) -> Result<Admin, Trouble> {
        let flags = self.store.iter().map(|store| Flag { name: "--store", key: "store", value: store.clone().into() }).collect();
        let config = Config::load(self.config.as_deref(), |name| std::env::var_os(name), flags);
        let config = config.map_err(|error| Trouble::new(Exit::Unreadable, error))?;
        telemetry::start(&config.log).map_err(|error| Trouble::new(Exit::Unreadable, error))?;
        // These verbs post no objects, so that nobody waits for warning lists.
        let app = open::app(&config, Guard::default()).await?;
        Ok(Admin::Here(doors::router(&Arc::new(app))))
    }

    fn there(&self, mut url: Url) -> Result<Admin, Trouble> {
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
        Ok(Admin::There { client: client.map_err(|error| Trouble::new(Exit::Failed, chain(&error)))?, base: url, credential })
    }
}

impl Admin {
    /// What is at a path; the segments are given as they are called.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Trouble> {
        read(&self.ask(Method::GET, path, Bytes::new()).await?)
    }

    /// Adds to what is at a path.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Trouble> {
        read(&self.ask(Method::POST, path, write(body)?).await?)
    }

    /// Replaces what is at a path; an answer, if there is one, is not needed.
    pub async fn put(&self, path: &[&str], body: &impl Serialize) -> Result<(), Trouble> {
        self.ask(Method::PUT, path, write(body)?).await.map(drop)
    }

    /// Removes what is at a path.
    pub async fn delete(&self, path: &[&str]) -> Result<(), Trouble> {
        self.ask(Method::DELETE, path, Bytes::new()).await.map(drop)
    }

    async fn ask(&self, method: Method, path: &[&str], body: Bytes) -> Result<Bytes, Trouble> {
        let path = path.iter().map(|segment| utf8_percent_encode(segment, SEGMENT).to_string() + "/").collect::<String>();
        let (status, answer) = match self {
            Self::Here(router) => ask_here(router, method, &path, body).await?,
            Self::There { client, base, credential } => ask_there(client, base, credential, method, &path, body).await?,
        };
        if status.is_success() { Ok(answer) } else { Err(trouble(status, &answer)) }
    }
}

async fn ask_here(router: &Router, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), Trouble> {
    let failed = |error: &dyn std::error::Error| Trouble::new(Exit::Failed, error);
    let request = Request::builder().method(method).uri(format!("/admin/{path}")).header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from(body)).map_err(|error| failed(&error))?;
    request.extensions_mut().insert(AtTheStore);
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let answer = response.into_body().collect().await.map_err(|error| failed(&error))?;
    Ok((status, answer.to_bytes()))
}

async fn ask_there(
    client: &Client,
    base: &Url,
    credential: &Credential,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<(StatusCode, Bytes), Trouble> {
    let url = base.join(&format!("admin/{path}")).map_err(|error| Trouble::new(Exit::Unreadable, error))?;
    let request = client.request(method, url).header(header::CONTENT_TYPE, "application/json").body(body);
    let request = match credential {
        Credential::Token(token) => request.bearer_auth(token),
        Credential::Password { name, password } => request.basic_auth(name, Some(password)),
    };
    let unreachable = |error: reqwest::Error| Trouble::new(Exit::Unavailable, chain(&error));
    let response = request.send().await.map_err(unreachable)?;
    Ok((response.status(), response.bytes().await.map_err(unreachable)?))
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
