//! Sessions: a person who has logged in at the console, known by a cookie until it is idle for too long, logs out, or the password changes.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use uuid::Uuid;

use super::{AuthError, Authenticator, token};
use crate::feed::access::Principal;
use crate::store::StoreError;
use crate::store::directory::User;
use crate::store::paper::{Kind, Paper};
use crate::taxii::stamp::Stamp;

/// A session that is used is written down again at most this often, in microseconds.
const FRESH: u64 = 60_000_000;
/// No session is longer than this, in microseconds: twelve hours.
const LONGEST: u64 = 12 * 3_600 * 1_000_000;

/// A person who is logged in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who.
    pub principal: Principal,
    /// What a form of this session carries, and nobody else can know.
    pub csrf: String,
}

/// What is kept of a session.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    user: String,
    /// A digest of the password's hash: another password ends the session.
    password: String,
    began: Stamp,
    used: Stamp,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The name or the password is wrong, or there were too many attempts.
    #[error(transparent)]
    Refused(#[from] AuthError),
    /// The store or the machine could not do its work.
    #[error("the session could not be kept: {0}")]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// Logs somebody in, and returns the secret of the session, which lives for `idle` microseconds after each use.
    pub async fn log_in(&self, name: &str, password: &str, address: IpAddr, idle: u64) -> Result<(String, Session), SessionError> {
        let principal = self.by_password(name, password, address).await?;
        let user = self.feed.directory().users.get(name).cloned().ok_or(AuthError::Invalid)?;
        let secret = token::generate().map_err(|error| StoreError::Engine(error.to_string()))?;
        let now = self.feed.clock().now();
        let kept = Kept { user: user.name.clone(), password: proof(&user), began: now, used: now };
        self.feed.keep(paper(&secret, &kept, idle)?).await?;
        Ok((secret.clone(), Session { principal, csrf: csrf(&secret) }))
    }

    /// The session of a secret, if there is one that still lives; its life begins again.
    pub async fn session(&self, secret: &str, idle: u64) -> Result<Option<Session>, StoreError> {
        let Some(found) = self.feed.paper(Kind::Session, name(secret)).await? else { return Ok(None) };
        let Ok(mut kept) = serde_json::from_slice::<Kept>(&found.text) else { return Ok(None) };
        let (directory, now) = (self.feed.directory(), self.feed.clock().now());
        let user = self.active(&directory, &kept.user).filter(|user| proof(user) == kept.password);
        let Some(user) = user.filter(|_| now.0 < kept.began.0 + LONGEST) else {
            self.log_out(secret).await?;
            return Ok(None);
        };
        if kept.used.0 + FRESH <= now.0 {
            kept.used = now;
            self.feed.keep(paper(secret, &kept, idle)?).await?;
        }
        Ok(Some(Session { principal: Principal::of(user), csrf: csrf(secret) }))
    }

    /// Ends a session.
    pub async fn log_out(&self, secret: &str) -> Result<(), StoreError> {
        self.feed.discard(Kind::Session, name(secret)).await.map(drop)
    }
}

/// What a session is kept under: a digest, so that nobody who reads the store can take its place.
fn name(secret: &str) -> Uuid {
    let digest = Sha256::digest(secret.as_bytes());
    Uuid::from_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// The token of forms: nobody can make it without the secret, and it does not tell the secret.
fn csrf(secret: &str) -> String {
    // HMAC takes keys of any length.
    let keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| mac.chain_update(b"csrf").finalize().into_bytes());
    keyed.map(hex::encode).unwrap_or_default()
}

fn proof(user: &User) -> String {
    hex::encode(Sha256::digest(user.password.as_deref().unwrap_or_default().as_bytes()))
}

fn paper(secret: &str, kept: &Kept, idle: u64) -> Result<Paper, StoreError> {
    let text = serde_json::to_vec(kept).map_err(|error| StoreError::Engine(error.to_string()))?;
    let expires = Stamp((kept.used.0 + idle).min(kept.began.0 + LONGEST));
    Ok(Paper { kind: Kind::Session, id: name(secret), owner: kept.user.clone(), expires, text: text.into() })
}
