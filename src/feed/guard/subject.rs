//! What warning lists are asked about: one value of a known kind, and the sets of kinds that lists are about.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// A value that somebody takes for a sign of something bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// An address.
    Address(IpAddr),
    /// A network.
    Network(IpNet),
    /// A host or domain name, in any case, with or without the dot of the root.
    Host(&'a str),
    /// A URL.
    Url(&'a str),
    /// An e-mail address.
    Email(&'a str),
    /// A hash of a file in hexadecimal, in any case.
    Hash(Algorithm, &'a str),
    /// The name of a file, without a path.
    FileName(&'a str),
    /// Anything else.
    Other(&'a str),
}

/// What a hash was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
    /// Any other.
    Other,
}

impl Algorithm {
    /// The algorithm that STIX calls `name` (§10.7), in any case and with or without the hyphen.
    pub fn named(name: &str) -> Self {
        const NAMES: [(&str, Algorithm); 7] = [
            ("SHA-256", Algorithm::Sha256),
            ("SHA256", Algorithm::Sha256),
            ("MD5", Algorithm::Md5),
            ("SHA-1", Algorithm::Sha1),
            ("SHA1", Algorithm::Sha1),
            ("SHA-512", Algorithm::Sha512),
            ("SHA512", Algorithm::Sha512),
        ];
        NAMES.iter().find(|(its, _)| its.eq_ignore_ascii_case(name)).map_or(Self::Other, |(_, algorithm)| *algorithm)
    }
}

impl<'a> Subject<'a> {
    /// An address or a network, whichever `text` is. A network that holds one address is that address, and an IPv4 address in IPv6 is IPv4.
    pub fn of_network(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        let network = text.parse::<IpNet>().ok()?;
        if network.prefix_len() == network.max_prefix_len() {
            return Some(Self::Address(network.addr().to_canonical()));
        }
        Some(Self::Network(network.trunc()))
    }

    /// The value as text, if it is not an address or a network.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Address(_) | Self::Network(_) => None,
            Self::Host(text) | Self::Url(text) | Self::Email(text) | Self::Hash(_, text) | Self::FileName(text) | Self::Other(text) => Some(text),
        }
    }

    fn bit(self) -> u16 {
        match self {
            Self::Address(_) | Self::Network(_) => Kinds::ADDRESS,
            Self::Host(_) => Kinds::HOST,
            Self::Url(_) => Kinds::URL,
            Self::Email(_) => Kinds::EMAIL,
            Self::Hash(Algorithm::Md5, _) => Kinds::MD5,
            Self::Hash(Algorithm::Sha1, _) => Kinds::SHA1,
            Self::Hash(Algorithm::Sha256, _) => Kinds::SHA256,
            Self::Hash(Algorithm::Sha512, _) => Kinds::SHA512,
            Self::FileName(_) => Kinds::FILE_NAME,
            Self::Hash(Algorithm::Other, _) | Self::Other(_) => Kinds::OTHER,
        }
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(out),
            Self::Network(network) => network.fmt(out),
            Self::Host(text) | Self::Url(text) | Self::Email(text) | Self::Hash(_, text) | Self::FileName(text) | Self::Other(text) => {
                out.write_str(text)
            }
        }
    }
}

/// A set of kinds of subjects: the `matching_attributes` of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    /// Every kind.
    pub(super) const ALL: Self = Self(u16::MAX);
    const ADDRESS: u16 = 1;
    const HOST: u16 = 1 << 1;
    const URL: u16 = 1 << 2;
    const EMAIL: u16 = 1 << 3;
    const MD5: u16 = 1 << 4;
    const SHA1: u16 = 1 << 5;
    const SHA256: u16 = 1 << 6;
    const SHA512: u16 = 1 << 7;
    const FILE_NAME: u16 = 1 << 8;
    const OTHER: u16 = 1 << 9;

    /// The kinds that MISP's types of attributes are of; a name unknown here adds none. Without any name: every kind, as in MISP.
    pub(super) fn of_attributes(names: &[String]) -> Self {
        if names.is_empty() {
            return Self::ALL;
        }
        // A type like `filename|md5` is a pair.
        Self(
            names
                .iter()
                .flat_map(|name| name.split('|'))
                .map(|name| Self::of_attribute(&name.trim().to_ascii_lowercase()))
                .fold(0, |all, one| all | one),
        )
    }

    fn of_attribute(name: &str) -> u16 {
        match name {
            "all" => u16::MAX,
            "ip" | "ip-src" | "ip-dst" => Self::ADDRESS,
            "domain" | "hostname" => Self::HOST,
            "url" | "uri" | "link" => Self::URL,
            "md5" | "imphash" => Self::MD5,
            "sha1" => Self::SHA1,
            "sha256" => Self::SHA256,
            "sha512" => Self::SHA512,
            "filename" | "attachment" | "malware-sample" => Self::FILE_NAME,
            "mutex" | "regkey" | "user-agent" | "mac-address" | "github-username" | "text" | "other" | "sha224" | "sha384" | "ssdeep" => Self::OTHER,
            _ if name.contains("email") => Self::EMAIL,
            _ => 0,
        }
    }

    /// Whether a list that is about these kinds is about `subject`.
    pub(super) fn hold(self, subject: &Subject<'_>) -> bool {
        self.0 & subject.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(names: &[&str]) -> Kinds {
        Kinds::of_attributes(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_attributes_of_misp_restrict_kinds_and_unknown_ones_add_none() {
        assert!(kinds(&[]).hold(&Subject::Other("x")));
        assert!(kinds(&["ALL"]).hold(&Subject::Host("x")));
        assert!(kinds(&["URL"]).hold(&Subject::Url("x")));
        assert!(!kinds(&["URL"]).hold(&Subject::Host("x")));
        assert!(kinds(&["domain|ip"]).hold(&Subject::Host("x")));
        assert!(kinds(&["ip-dst|port"]).hold(&Subject::of_network("192.0.2.0/24").unwrap()));
        assert!(kinds(&["filename|sha256"]).hold(&Subject::Hash(Algorithm::Sha256, "")));
        assert!(!kinds(&["filename|sha256"]).hold(&Subject::Hash(Algorithm::Md5, "")));
        assert!(kinds(&["whois-registrant-email"]).hold(&Subject::Email("x")));
        assert!(!kinds(&["btc", "no-such-type"]).hold(&Subject::Host("x")));
    }

    #[test]
    fn addresses_and_networks_have_one_form() {
        let form = |text| Subject::of_network(text).map(|subject| subject.to_string());
        assert_eq!(form("10.1.2.3/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(form("192.0.2.1/32").as_deref(), Some("192.0.2.1"));
        assert_eq!(form("2001:DB8:0::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(form("::ffff:192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(form("2001:db8::1/128").as_deref(), Some("2001:db8::1"));
        assert_eq!(form("192.0.2.1/33"), None);
        assert_eq!(form("host.example"), None);
    }

    #[test]
    fn algorithms_go_by_the_names_of_stix() {
        assert_eq!(
            [Algorithm::named("SHA-256"), Algorithm::named("md5"), Algorithm::named("SHA3-256")],
            [Algorithm::Sha256, Algorithm::Md5, Algorithm::Other]
        );
    }
}
