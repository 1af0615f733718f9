//! Making users, passwords and tokens: secrets come in or go out here once, and only their hashes are kept.

use super::password::{self, HashError};
use super::token;
use crate::feed::Feed;
use crate::stix::marking::Level;
use crate::store::EditError;
use crate::store::audit::Act;
use crate::store::directory::{Conflict, Edit, OpenedList, Token, User};
use crate::taxii::stamp::Stamp;

/// The fewest characters of a password. Guesses are slowed and hashes are slow, so length is all that is asked (NIST SP 800-63B §5.1.1.2).
pub const SHORTEST_PASSWORD: usize = 12;
/// The longest password, in octets, so that hashing one costs no more than another.
const LONGEST_PASSWORD: usize = 1024;
/// The longest label of a token, in characters.
const LONGEST_LABEL: usize = 200;
/// A token that is to last longer than this may as well not end, in seconds.
const LONGEST_LIFE: u64 = 100 * 365 * 86_400;
/// The clearance of a user of whom nothing is said: what the organisation and its clients may see.
pub const USUAL_CLEARANCE: Level = Level::Amber;

/// A user to be made.
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whether it may do everything.
    pub admin: bool,
    /// The highest TLP level it may be shown.
    pub clearance: Level,
    /// The partner that it belongs to.
    pub partner: Option<String>,
}

/// A token to be made.
#[derive(Debug)]
pub struct NewToken {
    /// Whom it stands for.
    pub user: String,
    /// What it is used for, in the words of who makes it; may be empty.
    pub label: String,
    /// Seconds until it ends; `None`: it does not.
    pub lifetime: Option<u64>,
    /// The list that it opens, if it is to open nothing else.
    pub list: Option<OpenedList>,
}

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A password, label or lifetime cannot be so.
    #[error("{0}")]
    Unfit(String),
    /// The machine could not hash or find randomness.
    #[error("no secret could be made: {0}")]
    Machine(String),
    /// The directory or the store said no.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Makes a user.
pub async fn add_user(feed: &Feed, new: NewUser, act: Act) -> Result<User, AccountError> {
    let password = Some(hash(new.password).await?);
    let user = User { name: new.name, password, admin: new.admin, clearance: new.clearance, partner: new.partner, created: feed.clock().now() };
    feed.edit(vec![Edit::AddUser(user.clone())], Some(act)).await?;
    Ok(user)
}

/// Gives a user another password; the old one and what was remembered of it are void at once.
pub async fn set_password(feed: &Feed, name: &str, password: String, act: Act) -> Result<(), AccountError> {
    let missing = || EditError::Refused(Conflict::Missing(format!("user {name}")));
    let user = feed.directory().users.get(name).cloned().ok_or_else(missing)?;
    let password = Some(hash(password).await?);
    feed.edit(vec![Edit::SetUser(User { password, ..user })], Some(act)).await?;
    Ok(())
}

/// Makes a token and tells its secret, this once.
pub async fn add_token(feed: &Feed, new: NewToken, act: Act) -> Result<(Token, String), AccountError> {
    let created = feed.clock().now();
    let expires = new.lifetime.map(|seconds| end(created, seconds)).transpose()?;
    let label = check_label(new.label)?;
    let secret = token::generate().map_err(|e| AccountError::Machine(e.to_string()))?;
    let sha256 = token::digest(&secret).ok_or_else(|| AccountError::Machine("the token has no digest".into()))?;
    let token = Token { sha256, user: new.user, label, created, expires, last_used: None, list: new.list };
    feed.edit(vec![Edit::AddToken(token.clone())], Some(act)).await?;
    Ok((token, secret))
}

/// Hashes a password that may be one, off the async threads.
async fn hash(password: String) -> Result<String, AccountError> {
    check_password(&password)?;
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password));
    let hashed = hashed.await.map_err(|e| AccountError::Machine(e.to_string()))?;
    hashed.map_err(|e: HashError| AccountError::Machine(e.to_string()))
}

fn check_password(password: &str) -> Result<(), AccountError> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(AccountError::Unfit(format!("a password has {SHORTEST_PASSWORD} characters at least")));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(AccountError::Unfit(format!("a password has {LONGEST_PASSWORD} octets at most")));
    }
    Ok(())
}

fn check_label(label: String) -> Result<String, AccountError> {
    if label.chars().count() > LONGEST_LABEL || label.contains(char::is_control) {
        return Err(AccountError::Unfit(format!("the label of a token is a line of {LONGEST_LABEL} characters at most")));
    }
    Ok(label)
}

fn end(now: Stamp, seconds: u64) -> Result<Stamp, AccountError> {
    if !(1..=LONGEST_LIFE).contains(&seconds) {
        return Err(AccountError::Unfit("a token lasts between a second and a century".into()));
    }
    Ok(Stamp(now.0 + seconds * 1_000_000))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use super::*;
    use crate::auth::Authenticator;
    use crate::auth::credential::Credential;
    use crate::feed::Options;
    use crate::feed::clock::Clock;
    use crate::store::audit::Verb;
    use crate::store::memory::MemoryStore;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Stamp {
            Stamp(1_614_643_200_000_000)
        }
    }

    async fn feed() -> Arc<Feed> {
        Arc::new(Feed::open(Arc::new(MemoryStore::default()), Arc::new(Still), Options::default()).await.unwrap())
    }

    fn ann(password: &str) -> NewUser {
        NewUser { name: "ann".into(), password: password.into(), admin: false, clearance: USUAL_CLEARANCE, partner: None }
    }

    fn act() -> Act {
        Act::of_program(Verb::Administer, Stamp(1))
    }

    #[tokio::test]
    async fn a_password_is_kept_as_a_hash_and_lets_in_until_it_is_changed() {
        let feed = feed().await;
        let user = add_user(&feed, ann("correct horse"), act()).await.unwrap();
        assert!(user.password.unwrap().starts_with("$argon2id$"));
        let auth = Authenticator::new(feed.clone()).unwrap();
        let old = Credential::Basic { user: "ann".into(), password: "correct horse".into() };
        assert!(auth.identify(&old, HERE).await.is_ok());
        set_password(&feed, "ann", "battery staple".into(), act()).await.unwrap();
        assert!(auth.identify(&old, HERE).await.is_err());
        let new = Credential::Basic { user: "ann".into(), password: "battery staple".into() };
        assert!(auth.identify(&new, HERE).await.is_ok());
    }

    #[tokio::test]
    async fn a_token_lets_in_and_its_secret_is_not_kept() {
        let feed = feed().await;
        add_user(&feed, ann("correct horse"), act()).await.unwrap();
        let new = NewToken { user: "ann".into(), label: "siem".into(), lifetime: Some(60), list: None };
        let (token, secret) = add_token(&feed, new, act()).await.unwrap();
        assert_eq!(token.expires, Some(Stamp(Still.now().0 + 60_000_000)));
        assert!(!serde_json::to_string(&*feed.directory()).unwrap().contains(&secret));
        let auth = Authenticator::new(feed).unwrap();
        assert!(auth.identify(&Credential::Token(secret), HERE).await.is_ok());
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_and_changes_nothing() {
        let feed = feed().await;
        for bad in ["", "short", "elevenchars", &"x".repeat(2000)] {
            assert!(matches!(add_user(&feed, ann(bad), act()).await, Err(AccountError::Unfit(_))), "{bad}");
        }
        assert!(matches!(set_password(&feed, "ann", "correct horse".into(), act()).await, Err(AccountError::Edit(EditError::Refused(_)))));
        for (label, lifetime) in [("a\nb", None), ("", Some(0)), ("", Some(u64::MAX))] {
            let new = NewToken { user: "ann".into(), label: label.into(), lifetime, list: None };
            assert!(matches!(add_token(&feed, new, act()).await, Err(AccountError::Unfit(_))), "{label:?} {lifetime:?}");
        }
        assert!(feed.directory().users.is_empty());
    }
}
