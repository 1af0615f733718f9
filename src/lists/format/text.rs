//! One value per line and nothing else: for scripts, and for everything that reads lists of its own.

use super::{ADDRESSES, About, Carried, File, Format, Item, LeftOut, put, sound};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Text;

/// Its files. None has a comment, since a reader of bare values would take it for a value.
const FILES: &[File] = &[
    File::text("ip.txt", "addresses and networks, one per line", ADDRESSES),
    File::text("ipv4.txt", "IPv4 addresses, one per line", &[Kind::Ipv4]),
    File::text("ipv6.txt", "IPv6 addresses, one per line", &[Kind::Ipv6]),
    File::text("network.txt", "networks of both families, one per line", &[Kind::Network]),
    File::text("domain.txt", "domain names, one per line", &[Kind::Domain]),
    File::text("url.txt", "URLs, one per line", &[Kind::Url]),
    File::text("email.txt", "e-mail addresses, one per line", &[Kind::Email]),
    File::text("md5.txt", "MD5 hashes, one per line", &[Kind::Md5]),
    File::text("sha1.txt", "SHA-1 hashes, one per line", &[Kind::Sha1]),
    File::text("sha256.txt", "SHA-256 hashes, one per line", &[Kind::Sha256]),
    File::text("sha512.txt", "SHA-512 hashes, one per line", &[Kind::Sha512]),
    File::text("file-name.txt", "names of files, one per line", &[Kind::FileName]),
    File::text("file-path.txt", "paths of files, one per line", &[Kind::FilePath]),
    File::text("registry-key.txt", "keys of the Windows registry, one per line", &[Kind::RegistryKey]),
    File::text("user-agent.txt", "user agents, one per line", &[Kind::UserAgent]),
    File::text("mutex.txt", "names of mutexes, one per line", &[Kind::Mutex]),
    File::text("asn.txt", "autonomous systems, one per line", &[Kind::Asn]),
];

impl Format for Text {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let value = sound(item)?;
        // Some readers end a line at more than a line feed.
        if value.is_empty() || value.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(LeftOut);
        }
        put(out, format_args!("{}{value}", if item.kind == Kind::Asn { "AS" } else { "" }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::super::{KINDS, Sum};
    use super::*;

    #[test]
    fn a_line_is_a_value() {
        let items = [item(Kind::Ipv4, "198.51.100.1"), item(Kind::Network, "203.0.113.0/24"), item(Kind::Ipv6, "2001:db8::1")];
        assert_eq!(list(&Text, "ip.txt", &items), "198.51.100.1\n2001:db8::1\n203.0.113.0/24\n");
        assert_eq!(list(&Text, "ipv6.txt", &items), "2001:db8::1\n");
        assert_eq!(list(&Text, "file-path.txt", &[item(Kind::FilePath, r"C:\a b\#c.exe")]), "C:\\a b\\#c.exe\n");
        assert_eq!(list(&Text, "asn.txt", &[item(Kind::Asn, "64496")]), "AS64496\n");
    }

    #[test]
    fn there_are_no_comments() {
        let bad = Item { sound: false, ..item(Kind::Domain, HOSTILE) };
        let (text, sum) = list_of(&Text, "domain.txt", HOSTILE, &[bad, item(Kind::Domain, "evil.example")]);
        assert_eq!((text.as_str(), sum), ("evil.example\n", Sum { held: 1, left_out: 1, ..Sum::default() }));
        assert_eq!(list(&Text, "domain.txt", &[]), "");
    }

    #[test]
    fn a_value_that_would_be_two_lines_is_left_out() {
        for value in ["a\nb", "a\rb", "a\u{2028}b", "a\u{85}b", ""] {
            assert_eq!(list(&Text, "mutex.txt", &[item(Kind::Mutex, value)]), "", "{value:?}");
        }
    }

    #[test]
    fn each_kind_of_value_has_a_file() {
        for kind in KINDS.iter().filter(|kind| **kind != Kind::Pattern) {
            assert!(FILES.iter().any(|file| file.kinds == [*kind]), "{kind:?}");
        }
    }
}
