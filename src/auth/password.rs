//! Passwords: Argon2id, in PHC form.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The machine could not hash a password, for want of memory or of randomness.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

/// The hash of a password with a fresh salt.
pub fn hash(password: &str) -> Result<String, HashError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|e| HashError(e.to_string()))?.to_string())
}

/// Whether `password` is the one that `hash` was made of.
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Takes as long as [`verify`] and verifies nothing.
pub fn verify_nobody(password: &str) {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody").unwrap_or_default());
    verify(password, &NOBODY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_only_the_password_it_was_made_of() {
        let made = hash("correct horse").unwrap();
        assert!(made.starts_with("$argon2id$"));
        assert!(verify("correct horse", &made));
        assert!(!verify("correct horsf", &made));
        assert!(!verify("correct horse", "nonsense"));
    }
}
