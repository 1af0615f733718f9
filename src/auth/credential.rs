//! What a request presents: Basic, Bearer, `Token`, or a key in a header of its own (Q23).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Credentials as presented, not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user name and a password, or a token in the place of the password.
    Basic {
        /// The user name; of no meaning when the password is a token.
        user: String,
        /// The password or token.
        password: String,
    },
    /// A token.
    Token(String),
}

impl Credential {
    /// Reads an `Authorization` header; schemes in any case (Q19). `None` if it is malformed or of another scheme.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => {
                let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
                let (user, password) = decoded.split_once(':')?;
                Some(Self::Basic { user: user.into(), password: password.into() })
            }
            "bearer" | "token" if !rest.is_empty() => Some(Self::Token(rest.into())),
            _ => None,
        }
    }
}

/// Never shows a secret, whoever logs it.
impl std::fmt::Debug for Credential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Basic { user, .. } => write!(out, "Basic({user:?}, …)"),
            Self::Token(_) => out.write_str("Token(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q19_q23_reads_what_clients_send() {
        let basic = Some(Credential::Basic { user: "ann".into(), password: "a:b".into() });
        assert_eq!(Credential::parse("Basic YW5uOmE6Yg=="), basic);
        assert_eq!(Credential::parse("basic  YW5uOmE6Yg=="), basic);
        assert_eq!(Credential::parse("Bearer abc"), Some(Credential::Token("abc".into())));
        assert_eq!(Credential::parse("Token abc"), Some(Credential::Token("abc".into())));
    }

    #[test]
    fn t182_refuses_what_it_cannot_read() {
        for bad in ["", "Basic", "Basic ", "Basic %%%", "Basic YW5u", "Bearer ", "Digest x", "Basic /w=="] {
            assert_eq!(Credential::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        assert!(!format!("{:?}", Credential::Token("abc".into())).contains("abc"));
        assert!(!format!("{:?}", Credential::parse("Basic YW5uOmE6Yg==")).contains("a:b"));
    }
}
