//! What a request presents: Basic, Bearer, `Token`, a key in a header of its own (Q23), or the certificate of its connection (T-184).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// Credentials as presented; but for certificates, not yet verified.
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
    /// The names that a certificate gives its holder. The certificate was verified when the connection was opened.
    Certificate(Vec<String>),
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

    /// Reads a verified certificate in DER form: the common names of its subject, and the e-mail addresses and host names beside that. One
    /// that cannot be read has no names.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self::Certificate(X509Certificate::from_der(der).map(|(_, certificate)| names(&certificate)).unwrap_or_default())
    }
}

/// URIs are left out: they have a `:`, which no user name has.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let others = certificate.subject_alternative_name().ok().flatten().map(|extension| extension.value.general_names.as_slice());
    let others = others.unwrap_or_default().iter().filter_map(|name| match name {
        GeneralName::RFC822Name(name) | GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    common.chain(others).map(ToOwned::to_owned).collect()
}

/// Never shows a secret, whoever logs it.
impl std::fmt::Debug for Credential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Basic { user, .. } => write!(out, "Basic({user:?}, …)"),
            Self::Token(_) => out.write_str("Token(…)"),
            Self::Certificate(names) => write!(out, "Certificate({names:?})"),
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
    fn t184_a_certificate_names_its_holder() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut asked = rcgen::CertificateParams::new(["siem.example.org".to_owned()]).unwrap();
        asked.distinguished_name = rcgen::DistinguishedName::new();
        asked.distinguished_name.push(rcgen::DnType::CommonName, "siem");
        asked.distinguished_name.push(rcgen::DnType::OrganizationName, "admin");
        asked.subject_alt_names.push(rcgen::SanType::Rfc822Name("siem@example.org".try_into().unwrap()));
        asked.subject_alt_names.push(rcgen::SanType::URI("spiffe://example.org/siem".try_into().unwrap()));
        let certificate = asked.self_signed(&key).unwrap();
        let names = ["siem", "siem.example.org", "siem@example.org"].map(str::to_owned);
        assert_eq!(Credential::of_certificate(certificate.der()), Credential::Certificate(names.into()));
        assert_eq!(Credential::of_certificate(b"nonsense"), Credential::Certificate(Vec::new()));
    }

    #[test]
    fn secrets_do_not_show() {
        assert!(!format!("{:?}", Credential::Token("abc".into())).contains("abc"));
        assert!(!format!("{:?}", Credential::parse("Basic YW5uOmE6Yg==")).contains("a:b"));
    }
}
