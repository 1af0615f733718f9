//! Credentials become principals: passwords and tokens are verified here, and nowhere else; certificates where connections are opened.

pub mod accounts;
pub mod credential;
pub mod password;
pub mod session;
pub mod throttle;
pub mod token;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::feed::Feed;
use crate::feed::access::Principal;
use crate::store::EditError;
use crate::store::directory::{Directory, Edit, OpenedList, Token, User};
use crate::taxii::stamp::Stamp;
use credential::Credential;
use throttle::Throttle;

/// How long a verified password is remembered, in microseconds.
const REMEMBERED: u64 = 60_000_000;
/// How many verified passwords are remembered at once.
const MOST_REMEMBERED: usize = 10_000;
/// A token's last use is told to the minute; more often would write on every poll.
const MINUTE: u64 = 60_000_000;

/// Verifies credentials against the directory.
pub struct Authenticator {
    feed: Arc<Feed>,
    /// Verified passwords by a keyed hash, so that Basic on every request costs microseconds.
    verified: Mutex<HashMap<[u8; 32], Verified>>,
    /// The key of that hash, of the length that HMAC takes as it is; lives as long as the process.
    key: [u8; 64],
    throttle: Throttle,
    /// Tokens used since the last [`Authenticator::record_use`].
    used: Mutex<BTreeMap<String, Stamp>>,
    /// Verifying takes 20 MB and a core each: no more at once than there are cores.
    hashing: Semaphore,
}

/// A password that was right a moment ago.
struct Verified {
    /// The hash it was right for: another password set meanwhile makes this entry void at once.
    hash: String,
    until: Stamp,
}

/// Why credentials were not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Unreadable, unknown or wrong: 401, and no word about which.
    #[error("the credentials are not valid")]
    Invalid,
    /// Too many wrong passwords for this user from this address: 429.
    #[error("too many failed log-ins; try again in {0} seconds")]
    Slow(u64),
}

impl Authenticator {
    /// An authenticator of the users and tokens of `feed`.
    pub fn new(feed: Arc<Feed>) -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { feed, verified: Mutex::default(), key, throttle: Throttle::default(), used: Mutex::default(), hashing: Semaphore::new(cores) })
    }

    /// Who stands behind `credential`, presented from `address`.
    pub async fn identify(&self, credential: &Credential, address: IpAddr) -> Result<Principal, AuthError> {
        match credential {
            Credential::Token(secret) => self.by_token(secret).ok_or(AuthError::Invalid),
            Credential::Basic { user, password } => match self.by_token(password) {
                Some(principal) => Ok(principal),
                None => self.by_password(user, password, address).await,
            },
            Credential::Certificate(names) => self.by_names(names).ok_or(AuthError::Invalid),
        }
    }

    /// Stores when tokens were last used; called now and then, and before the end.
    pub async fn record_use(&self) -> Result<(), EditError> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        if !used.is_empty() {
            self.feed.edit(vec![Edit::UseTokens(used)], None).await?;
        }
        Ok(())
    }

    /// Whose list a key opens, and which; `None` if it opens none.
    pub fn by_list_key(&self, secret: &str) -> Option<(Principal, OpenedList)> {
        let (principal, token) = self.token(secret)?;
        Some((principal, token.list?))
    }

    fn by_token(&self, secret: &str) -> Option<Principal> {
        self.token(secret).filter(|(_, token)| token.list.is_none()).map(|(principal, _)| principal)
    }

    /// A token that has not ended, with whom it stands for.
    fn token(&self, secret: &str) -> Option<(Principal, Token)> {
        let sha256 = token::digest(secret)?;
        let now = self.feed.clock().now();
        let directory = self.feed.directory();
        let token = directory.tokens.get(&sha256).filter(|t| t.expires.is_none_or(|end| now < end))?;
        let user = self.active(&directory, &token.user)?;
        if token.last_used.is_none_or(|last| last.0 + MINUTE <= now.0) {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256, now);
        }
        Some((Principal::of(user), token.clone()))
    }

    /// The user of this name, unless the part of its partner is over.
    fn active<'d>(&self, directory: &'d Directory, name: &str) -> Option<&'d User> {
        let over = directory.partner_of(name).is_some_and(|partner| partner.is_over(self.feed.clock().now()));
        directory.users.get(name).filter(|_| !over)
    }

    /// The one user that a certificate names. One that names several could be either, and is neither.
    fn by_names(&self, names: &[String]) -> Option<Principal> {
        let directory = self.feed.directory();
        let mut users = names.iter().filter_map(|name| self.active(&directory, name));
        let user = users.next()?;
        users.all(|other| other.name == user.name).then(|| Principal::of(user))
    }

    async fn by_password(&self, name: &str, password: &str, address: IpAddr) -> Result<Principal, AuthError> {
        let directory = self.feed.directory();
        let user = self.active(&directory, name);
        let hash = user.and_then(|u| u.password.as_deref());
        let proof = self.proof(name, password);
        if let Some(user) = user.filter(|_| self.remembers(&proof, hash)) {
            return Ok(Principal::of(user));
        }
        self.throttle.admit(name, address, self.feed.clock().now()).map_err(AuthError::Slow)?;
        let Ok(_turn) = self.hashing.acquire().await else { return Err(AuthError::Invalid) };
        // While this one waited for its turn, the same password may have proved right, or too many others wrong.
        if let Some(user) = user.filter(|_| self.remembers(&proof, hash)) {
            return Ok(Principal::of(user));
        }
        let now = self.feed.clock().now();
        self.throttle.admit(name, address, now).map_err(AuthError::Slow)?;
        if !verify(password, hash).await {
            self.throttle.failed(name, address, now);
            return Err(AuthError::Invalid);
        }
        self.throttle.succeeded(name, address);
        self.remember(proof, hash);
        user.map(Principal::of).ok_or(AuthError::Invalid)
    }

    fn proof(&self, name: &str, password: &str) -> [u8; 32] {
        // A user name has no ':', so the pair is unambiguous.
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        for part in [name, ":", password] {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    fn remembers(&self, proof: &[u8; 32], hash: Option<&str>) -> bool {
        let now = self.feed.clock().now();
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(proof).is_some_and(|v| now < v.until && Some(v.hash.as_str()) == hash)
    }

    fn remember(&self, proof: [u8; 32], hash: Option<&str>) {
        let Some(hash) = hash else { return };
        let now = self.feed.clock().now();
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MOST_REMEMBERED {
            verified.retain(|_, v| now < v.until);
        }
        if verified.len() < MOST_REMEMBERED {
            verified.insert(proof, Verified { hash: hash.to_owned(), until: Stamp(now.0 + REMEMBERED) });
        }
    }
}

/// Verifies off the async threads; for a user without a password a hash of nobody's is verified, so that the time it takes
/// does not tell who exists.
async fn verify(password: &str, hash: Option<&str>) -> bool {
    let (password, hash) = (password.to_owned(), hash.map(ToOwned::to_owned));
    let verified = tokio::task::spawn_blocking(move || {
        if let Some(hash) = hash {
            return password::verify(&password, &hash);
        }
        password::verify_nobody(&password);
        false
    });
    verified.await.unwrap_or(false)
}
