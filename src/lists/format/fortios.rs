//! External feeds ("external resources") of `FortiGate` and `FortiMail`.

use super::web::{fetched, put_literal};
use super::{ADDRESSES, About, Carried, File, Format, Item, Sum, introduce, put, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct FortiOs;

/// Its files, one for each type of feed; hashes apart, since a list of one sort of hash is searched faster.
const FILES: &[File] = &[
    File::text("fortios-ip.txt", "an IP address feed of FortiOS", ADDRESSES),
    File::text("fortios-domain.txt", "a domain name feed of FortiOS", &[Kind::Domain]),
    File::text("fortios-url.txt", "a category feed of FortiOS", &[Kind::Url]),
    File::text("fortios-md5.txt", "a malware hash feed of FortiOS: MD5", &[Kind::Md5]),
    File::text("fortios-sha1.txt", "a malware hash feed of FortiOS: SHA-1", &[Kind::Sha1]),
    File::text("fortios-sha256.txt", "a malware hash feed of FortiOS: SHA-256", &[Kind::Sha256]),
];

/// Lines end at 4 KiB; the longest that is written, in octets.
const LONGEST: usize = 4000;

impl Format for FortiOs {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        let kind = match about.file.name {
            "fortios-ip.txt" => "address",
            "fortios-domain.txt" => "domain",
            "fortios-url.txt" => "category",
            _ => "malware",
        };
        let hint = format!("Load: config system external-resource, set type {kind}, set resource to the URL of this file");
        introduce("#", about, &[&hint], out);
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        match item.kind {
            // What a name says of its sub-domains is not documented for feeds; an asterisk is.
            Kind::Domain => {
                let name = sound(item)?;
                put(out, format_args!("{name}\n*.{name}"));
            }
            Kind::Url => url(item, out)?,
            _ => put(out, format_args!("{}", sound(item)?)),
        }
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("#", sum, out);
    }
}

/// A URL as it is fetched.
fn url(item: &Item<'_>, out: &mut String) -> Carried {
    let seen = fetched(item, &["http", "https"])?;
    // An asterisk stands for any text.
    put_literal(&format!("{}://{}{}", seen.scheme, seen.place(), seen.target), LONGEST, &['*'], out)
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of};
    use super::*;

    #[test]
    fn the_head_tells_how_it_is_loaded() {
        let expected = "# Taxiway: an IP address feed of FortiOS; collection \"Evil\"\n\
                        # Load: config system external-resource, set type address, set resource to the URL of this file\n\
                        198.51.100.1\n2001:db8::1\n203.0.113.0/24\n";
        let items = [item(Kind::Ipv4, "198.51.100.1"), item(Kind::Ipv6, "2001:db8::1"), item(Kind::Network, "203.0.113.0/24")];
        assert_eq!(list(&FortiOs, "fortios-ip.txt", &items), expected);
        assert!(list(&FortiOs, "fortios-sha1.txt", &[]).contains("set type malware,"));
    }

    #[test]
    fn a_name_covers_its_sub_domains() {
        let text = list(&FortiOs, "fortios-domain.txt", &[item(Kind::Domain, "evil.example")]);
        assert_eq!(lines(&text, "#"), ["evil.example", "*.evil.example"]);
    }

    #[test]
    fn a_url_is_written_as_it_is_fetched() {
        for (url, expected) in [
            ("http://evil.example", Some("http://evil.example/")),
            ("https://user@evil.example:8443/ä", Some("https://evil.example:8443/%C3%A4")),
            ("http://evil.example/a*", None),
            ("http://evil.example/#a", None),
            ("tcp://evil.example:1", None),
        ] {
            let text = list(&FortiOs, "fortios-url.txt", &[item(Kind::Url, url)]);
            assert_eq!(lines(&text, "#").first().copied(), expected, "{url}");
        }
        let long = format!("http://evil.example/{}", "a".repeat(LONGEST));
        assert!(lines(&list(&FortiOs, "fortios-url.txt", &[item(Kind::Url, &long)]), "#").is_empty());
    }

    #[test]
    fn what_is_not_sound_is_counted() {
        let bad = Item { sound: false, ..item(Kind::Md5, HOSTILE) };
        let (text, sum) = list_of(&FortiOs, "fortios-md5.txt", HOSTILE, &[bad]);
        assert_eq!(sum, Sum { held: 0, left_out: 1, ..Sum::default() });
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(text.ends_with("# 1 left out: this format cannot carry them\n"), "{text}");
    }
}
