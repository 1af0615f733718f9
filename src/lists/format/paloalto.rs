//! External dynamic lists of Palo Alto firewalls.

use super::web::{fetched, put_literal};
use super::{ADDRESSES, About, Carried, File, Format, Item, LeftOut, put, sound};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct PaloAlto;

/// Its files, one for each type of list. Only lists of addresses can hold comments, and those only behind an address, so there are none.
const FILES: &[File] = &[
    File::text("paloalto-ip.txt", "an external dynamic list of type IP", ADDRESSES),
    File::text("paloalto-domain.txt", "an external dynamic list of type domain; covers sub-domains", &[Kind::Domain]),
    File::text("paloalto-url.txt", "an external dynamic list of type URL", &[Kind::Url]),
];

/// The longest entry, in octets.
const LONGEST: usize = 255;

impl Format for PaloAlto {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        match item.kind {
            Kind::Domain => domain(sound(item)?, out),
            Kind::Url => url(item, out),
            _ => {
                put(out, format_args!("{}", sound(item)?));
                Ok(())
            }
        }
    }
}

/// A name and everything below it.
///
/// A name alone stands for itself only, unless the operator ticks "Automatically expand to include subdomains" (from PAN-OS 9.0 on); `*.name` stands
/// for what is below and not for the name. Without both lines, the hosts of a listed domain would pass in silence. It costs no more than the tick,
/// which counts an entry twice as well.
fn domain(name: &str, out: &mut String) -> Carried {
    if name.len() + "*.".len() > LONGEST {
        return Err(LeftOut);
    }
    put(out, format_args!("{name}\n*.{name}"));
    Ok(())
}

/// A URL without its scheme. A bare host ends with a slash: without, `evil.example` would match `evil.example.org` before PAN-OS 10.2.
fn url(item: &Item<'_>, out: &mut String) -> Carried {
    let seen = fetched(item, &["http", "https"])?;
    // Asterisk and caret stand for other text, whatever is meant, and cannot be escaped.
    put_literal(&format!("{}{}", seen.place(), seen.target), LONGEST, &['*', '^'], out)
}

#[cfg(test)]
mod tests {
    use super::super::Sum;
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    #[test]
    fn a_name_covers_its_sub_domains() {
        let items = [item(Kind::Domain, "evil.example"), item(Kind::Domain, "xn--mnchen-3ya.example")];
        let expected = "evil.example\n*.evil.example\nxn--mnchen-3ya.example\n*.xn--mnchen-3ya.example\n";
        assert_eq!(list(&PaloAlto, "paloalto-domain.txt", &items), expected);
    }

    #[test]
    fn the_longest_name_fits_with_its_asterisk() {
        let name = format!("{}.example", vec!["a".repeat(60); 4].join(".") + "aa");
        assert_eq!(name.len(), 253);
        assert_eq!(list(&PaloAlto, "paloalto-domain.txt", &[item(Kind::Domain, &name)]), format!("{name}\n*.{name}\n"));
    }

    #[test]
    fn a_url_has_no_scheme_and_its_host_ends_with_a_slash() {
        for (url, expected) in [
            ("http://evil.example", "evil.example/\n"),
            ("https://evil.example:8443?q=1", "evil.example:8443/?q=1\n"),
            ("http://user@[2001:db8::1]/ä", "[2001:db8::1]/%C3%A4\n"),
            ("http://evil.example/a*b", ""),
            ("http://evil.example/^a", ""),
            ("http://evil.example/#a", ""),
            ("ftp://evil.example/a", ""),
        ] {
            assert_eq!(list(&PaloAlto, "paloalto-url.txt", &[item(Kind::Url, url)]), expected, "{url}");
        }
    }

    #[test]
    fn a_url_of_more_than_255_octets_is_left_out() {
        let url = |length: usize| format!("https://evil.example/{}", "a".repeat(length - "evil.example/".len()));
        assert_ne!(list(&PaloAlto, "paloalto-url.txt", &[item(Kind::Url, &url(255))]), "");
        assert_eq!(list(&PaloAlto, "paloalto-url.txt", &[item(Kind::Url, &url(256))]), "");
    }

    #[test]
    fn what_is_not_sound_is_left_out_without_a_word() {
        for (file, kind) in [("paloalto-ip.txt", Kind::Ipv4), ("paloalto-domain.txt", Kind::Domain), ("paloalto-url.txt", Kind::Url)] {
            let bad = Item { sound: false, ..item(kind, HOSTILE) };
            assert_eq!(list_of(&PaloAlto, file, HOSTILE, &[bad]), (String::new(), Sum { held: 0, left_out: 1, ..Sum::default() }));
        }
    }
}
