//! Lists for Wazuh: a key, a colon, a value.

use super::{About, Carried, File, Format, Item, LeftOut, TEXT, put, sound};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Wazuh;

/// Its files. They have no comments, since Wazuh would take them for keys.
const FILES: &[File] = &[
    set("wazuh-ip.cdb", "addresses and networks for Wazuh, looked up with address_match_key", &[Kind::Ipv4, Kind::Ipv6, Kind::Network]),
    set("wazuh-domain.cdb", "domain names for Wazuh", &[Kind::Domain]),
    set("wazuh-url.cdb", "URLs for Wazuh", &[Kind::Url]),
    set("wazuh-md5.cdb", "MD5 hashes for Wazuh", &[Kind::Md5]),
    set("wazuh-sha1.cdb", "SHA-1 hashes for Wazuh", &[Kind::Sha1]),
    set("wazuh-sha256.cdb", "SHA-256 hashes for Wazuh", &[Kind::Sha256]),
];

/// A file of plain text.
const fn set(name: &'static str, about: &'static str, kinds: &'static [Kind]) -> File {
    File { name, about, kinds, media_type: TEXT }
}

impl Format for Wazuh {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let value = sound(item)?;
        let key = if item.kind == Kind::Network { prefix(value).ok_or(LeftOut)? } else { key(value)? };
        // The value is the confidence, if it is known: rules can ask for it with match_key_value.
        let confidence = item.confidence.map(|confidence| confidence.to_string()).unwrap_or_default();
        put(out, format_args!("{key}:{confidence}"));
        Ok(())
    }
}

/// A key; between quotation marks if it has a colon in it. There is no way to write a quotation mark in one.
fn key(value: &str) -> Result<String, LeftOut> {
    if value.is_empty() || value.contains('"') || value.chars().any(char::is_control) {
        return Err(LeftOut);
    }
    Ok(if value.contains(':') { format!("\"{value}\"") } else { value.to_owned() })
}

/// The beginning of the addresses of an IPv4 network that ends with an octet: `198.51.100.`; Wazuh knows no others.
fn prefix(network: &str) -> Option<String> {
    let (address, length) = network.split_once('/').filter(|(address, _)| !address.contains(':'))?;
    let octets = match length {
        "8" => 1,
        "16" => 2,
        "24" => 3,
        _ => return None,
    };
    Some(address.split_inclusive('.').take(octets).collect())
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    #[test]
    fn keys_with_a_colon_are_between_quotation_marks() {
        for (name, kind, value, expected) in [
            ("wazuh-ip.cdb", Kind::Ipv4, "198.51.100.1", "198.51.100.1:80\n"),
            ("wazuh-ip.cdb", Kind::Ipv6, "2001:db8::1", "\"2001:db8::1\":80\n"),
            ("wazuh-url.cdb", Kind::Url, "http://evil.example/", "\"http://evil.example/\":80\n"),
            ("wazuh-domain.cdb", Kind::Domain, "evil.example", "evil.example:80\n"),
        ] {
            assert_eq!(list(&Wazuh, name, &[item(kind, value)]), expected);
        }
        assert_eq!(list(&Wazuh, "wazuh-md5.cdb", &[Item { confidence: None, ..item(Kind::Md5, "ab") }]), "ab:\n");
    }

    #[test]
    fn only_networks_that_end_with_an_octet_are_carried() {
        for (network, expected) in [
            ("198.0.0.0/8", Some("198.")),
            ("198.51.0.0/16", Some("198.51.")),
            ("198.51.100.0/24", Some("198.51.100.")),
            ("198.51.100.0/25", None),
            ("198.51.100.1/32", None),
            ("0.0.0.0/0", None),
            ("2001:db8::/24", None),
        ] {
            assert_eq!(prefix(network).as_deref(), expected, "{network}");
        }
    }

    #[test]
    fn what_is_not_sound_is_left_out() {
        let items = [Item { sound: false, ..item(Kind::Url, HOSTILE) }, Item { name: HOSTILE, ..item(Kind::Url, "http://evil.example/\"") }];
        let (written, sum) = list_of(&Wazuh, "wazuh-url.cdb", HOSTILE, &items);
        assert_eq!((written.as_str(), sum.held, sum.left_out), ("", 0, 2));
    }
}
