//! Addresses and blocks of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Doubt, Kind};

/// Four numbers below 256, none with a leading zero.
pub(super) fn v4(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}

/// An IPv6 address that is no fingerprint, no hardware address and no name out of a program.
pub(super) fn v6(text: &str) -> Option<Ipv6Addr> {
    let address = text.parse().ok()?;
    let fingerprint = text.split(':').all(|group| group.len() == 2);
    (text.bytes().any(|byte| byte.is_ascii_digit()) && !fingerprint).then_some(address)
}

/// A block in normal form: the bits behind the prefix are zero.
pub(super) fn network(address: IpAddr, prefix: u8) -> Option<String> {
    let base = match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix.into())?).unwrap_or(0);
            IpAddr::from(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix.into())?).unwrap_or(0);
            IpAddr::from(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    };
    Some(format!("{base}/{prefix}"))
}

/// The kind of an address.
pub(super) const fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(_) => Kind::Ipv4,
        IpAddr::V6(_) => Kind::Ipv6,
    }
}

/// What an address says by itself: one that is not of the Internet, or the number of an Exchange build.
pub(super) fn doubt(address: IpAddr) -> Option<Doubt> {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && second & 0xC0 == 64;
            let local = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast() || shared;
            if local || first == 0 || first == 255 {
                Some(Doubt::Local)
            } else {
                (first == 15 && matches!(second, 0..=2 | 20)).then_some(Doubt::Version)
            }
        }
        IpAddr::V6(address) => {
            let first = address.segments().first().copied().unwrap_or(0);
            let local =
                address.is_loopback() || address.is_unspecified() || address.is_multicast() || first & 0xFFC0 == 0xFE80 || first & 0xFE00 == 0xFC00;
            local.then_some(Doubt::Local)
        }
    }
}

/// Whether the words before four numbers make them a version or a section: `build 15.0.1.2`, `section 3.2.1.4`, `Chrome/88.0.1.2`.
pub(super) fn follows_version(before: &str) -> bool {
    const VERSION: [&str; 29] = [
        "version",
        "versions",
        "ver",
        "ver.",
        "v",
        "v.",
        "build",
        "builds",
        "release",
        "releases",
        "firmware",
        "rev",
        "rev.",
        "revision",
        "patch",
        "kernel",
        "driver",
        "section",
        "sections",
        "sec.",
        "chapter",
        "clause",
        "abschnitt",
        "kapitel",
        "версия",
        "версии",
        "oid",
        "rollup",
        "fileversion",
    ];
    const BETWEEN: [&str; 9] = ["is", "of", "number", "no.", "to", "from", "=", ":", "nr."];
    if before.ends_with('§') {
        return true;
    }
    if let Some(product) = before.strip_suffix('/') {
        let word = product.rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))).next().unwrap_or_default();
        return !word.is_empty() && !word.contains('.') && word.starts_with(|c: char| c.is_ascii_alphabetic());
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let words = line.split([' ', '\t', '(', ',', '"']).rev().filter(|word| !word.is_empty());
    for word in words.take(3) {
        let word = word.to_lowercase();
        let bare = word.trim_end_matches([':', '=']);
        if VERSION.contains(&bare) || VERSION.contains(&word.as_str()) {
            return true;
        }
        if !(BETWEEN.contains(&word.as_str()) || bare.is_empty()) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_no_host_bits() {
        for (address, prefix, expected) in [
            ("198.51.100.77", 28, Some("198.51.100.64/28")),
            ("198.51.100.77", 0, Some("0.0.0.0/0")),
            ("198.51.100.77", 32, Some("198.51.100.77/32")),
            ("198.51.100.77", 33, None),
            ("2001:db8:1234::1", 40, Some("2001:db8:1200::/40")),
            ("2001:db8::1", 129, None),
        ] {
            assert_eq!(network(address.parse().unwrap(), prefix).as_deref(), expected);
        }
    }

    #[test]
    fn words_before_tell_a_version() {
        for before in ["version ", "is version ", "Build: ", "build number ", "section ", "§", "Chrome/", "firmware release "] {
            assert!(follows_version(before), "{before}");
        }
        for before in ["", "from ", "host ", "evil.com/", "1.2.3.4/", "version 7 and ", "the server at "] {
            assert!(!follows_version(before), "{before}");
        }
    }

    #[test]
    fn not_every_six_is_an_address() {
        for text in ["00:0c:29:ab:cd:ef", "0a:1b:2c:3d:4e:5f:60:71", "ace::add", "12:34:56"] {
            assert_eq!(v6(text), None, "{text}");
        }
        assert_eq!(v6("2001:0DB8::0001").unwrap().to_string(), "2001:db8::1");
    }
}
