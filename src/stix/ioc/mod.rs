//! Indicators in any text: found, made whole again where somebody has defanged them, in normal form, and as STIX patterns.

mod address;
mod catalogue;
pub mod find;
mod fold;
pub mod group;
mod hash;
mod host;
mod label;
mod path;
pub mod read;
mod url;
pub mod values;
pub mod write;

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What sort of thing an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address, as RFC 5952 writes it.
    Ipv6,
    /// A block of addresses of either family, `address/prefix`, without host bits.
    Network,
    /// A domain name: lower case, A-labels.
    Domain,
    /// A URL: scheme and host lower case, no default port, the rest as it was.
    Url,
    /// An e-mail address: the domain lower case, the local part as it was.
    Email,
    /// An MD5 hash: lower case.
    Md5,
    /// A SHA-1 hash: lower case.
    Sha1,
    /// A SHA-256 hash: lower case.
    Sha256,
    /// A SHA-512 hash: lower case.
    Sha512,
    /// The id of a vulnerability: `CVE-2021-26855`.
    Cve,
    /// The id of a technique of ATT&CK: `T1505.003`.
    Technique,
    /// The id of a group of ATT&CK: `G0125`.
    Group,
    /// The id of software of ATT&CK: `S0020`.
    Software,
    /// The name of a file without its directory.
    FileName,
    /// The path of a file, or of a directory if it ends with a separator.
    FilePath,
    /// A key of the Windows registry, its hive spelled out.
    RegistryKey,
    /// What a client of HTTP calls itself.
    UserAgent,
    /// The name of a mutex.
    Mutex,
    /// The number of an autonomous system, without `AS`.
    Asn,
    /// A pattern, as it is: what an indicator is about that is none of these. Not found in texts.
    Pattern,
}

impl Kind {
    /// Its name in queries and lists, as it is written in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Network => "network",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Email => "email",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Cve => "cve",
            Self::Technique => "technique",
            Self::Group => "group",
            Self::Software => "software",
            Self::FileName => "file-name",
            Self::FilePath => "file-path",
            Self::RegistryKey => "registry-key",
            Self::UserAgent => "user-agent",
            Self::Mutex => "mutex",
            Self::Asn => "asn",
            Self::Pattern => "pattern",
        }
    }
}

/// Why what looks like an indicator may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// An address that may be the number of a version or a section.
    Version,
    /// An address or host that means something else in each network: private, local, a mask.
    Local,
    /// A name that may be that of a file or that of a host.
    FileOrHost,
    /// A name that may come out of a program.
    Code,
    /// A host in a URL below no public suffix.
    UnknownSuffix,
    /// Something that is only an indicator in the right company, which it does not have: an id of ATT&CK, a small AS number, a kernel name.
    Alone,
}

/// An indicator in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What sort of thing it is.
    pub kind: Kind,
    /// The value in the normal form of its kind.
    pub value: String,
    /// The value with internationalised names in Unicode, if that differs.
    pub shown: Option<String>,
    /// Where it stands in the text that was searched, in octets, as it was written there.
    pub span: Range<usize>,
    /// Why it may be none; `None` if nothing speaks against it.
    pub doubt: Option<Doubt>,
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_are_named_as_they_are_written_in_json() {
        for kind in [Kind::Ipv4, Kind::FileName, Kind::RegistryKey, Kind::UserAgent, Kind::Asn, Kind::Sha512, Kind::Pattern] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
