//! Tokens: 256 random bits, shown once, stored as a SHA-256. With that much entropy a slow hash would add nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What every token begins with, so that leaked ones can be searched for.
const PREFIX: &str = "txw_";

/// A fresh token; the only time its text is known.
pub fn generate() -> Result<String, getrandom::Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// The hexadecimal SHA-256 under which a token is stored; `None` for a text that is no token.
pub fn digest(secret: &str) -> Option<String> {
    secret.starts_with(PREFIX).then(|| hex::encode(Sha256::digest(secret.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_different() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), PREFIX.len() + 43);
        assert_eq!(digest(&one).map(|d| d.len()), Some(64));
        assert_eq!(digest("password"), None);
    }
}
