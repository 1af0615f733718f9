//! Rules for Suricata 7.

use std::fmt::Write;

use super::wire::Seen;
use super::{About, Carried, File, Format, Item, LeftOut, Sum, TEXT, brief, put, quoted_title, seconds, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Rules;

/// Its one file.
const FILES: &[File] = &[File {
    name: "suricata.rules",
    about: "rules for Suricata 7",
    kinds: &[Kind::Ipv4, Kind::Ipv6, Kind::Network, Kind::Domain, Kind::Url, Kind::UserAgent],
    media_type: TEXT,
}];
/// The longest rule in octets: Suricata reads 8,192 and refuses what is longer.
const LONGEST: usize = 8000;
/// The generator of the rules that look for a domain in TLS. The one that looks in DNS is of the usual generator 1, so that the three rules of a
/// domain have the same number and are still three: Suricata tells rules apart by generator and number.
const IN_TLS: u32 = 9001;
/// The generator of the rules that look for a domain in HTTP.
const IN_HTTP: u32 = 9002;

impl Format for Rules {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        put(out, format_args!("# Suricata 7 rules of the collection {}", quoted_title(about)));
        put(out, format_args!("# Load them with rule-files in suricata.yaml. For very many values use the data sets in suricata-*.lst."));
        put(out, format_args!("# A domain has rules for DNS (gid 1), TLS (gid {IN_TLS}) and HTTP (gid {IN_HTTP}), also for the names below it."));
        put(out, format_args!("# Only http URLs can be looked for: of others no more than the host is seen, which may not be bad as a whole."));
        put(out, format_args!("# On the way to an explicit proxy, where requests have the whole URL, suricata-url.lst finds it in http.uri.raw."));
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let value = sound(item)?;
        match item.kind {
            Kind::Ipv4 | Kind::Ipv6 | Kind::Network => rule(&format!("ip any any <> {value} any"), "", 1, item, out),
            Kind::Domain => {
                let below = format!("dotprefix; content:\"{}\"; ", content(&format!(".{value}")));
                rule("dns any any -> any any", &format!("dns.query; {below}nocase; endswith; "), 1, item, out)?;
                rule("tls any any -> any any", &format!("tls.sni; {below}nocase; endswith; "), IN_TLS, item, out)?;
                // Suricata writes the host in lower case, and refuses to be told to pass over case there.
                rule("http any any -> any any", &format!("http.host; {below}endswith; "), IN_HTTP, item, out)
            }
            Kind::Url => rule("http any any -> any any", &url(value)?, 1, item, out),
            Kind::UserAgent => {
                rule("http any any -> any any", &format!("http.user_agent; {}", whole(header_value(value)?, "")), 1, item, out)
            }
            _ => Err(LeftOut),
        }
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("#", sum, out);
    }
}

/// What of a URL is asked of a request.
fn url(value: &str) -> Result<String, LeftOut> {
    let seen = Seen::of(value).filter(|seen| seen.scheme == "http").ok_or(LeftOut)?;
    // `http.host` has no port, `http.host.raw` has it if the client says it.
    let host = if seen.port.is_some() {
        format!("http.host.raw; {}", whole(&seen.place(), "nocase; "))
    } else {
        format!("http.host; {}", whole(seen.host, ""))
    };
    Ok(format!("{host}http.uri.raw; {}", whole(&seen.target, "")))
}

/// That the buffer is this text and no more.
fn whole(text: &str, how: &str) -> String {
    format!("content:\"{}\"; {how}bsize:{}; ", content(text), text.len())
}

/// What can be the value of a header: something, and no control characters but tabs inside.
pub(super) fn header_value(value: &str) -> Result<&str, LeftOut> {
    let fits = !value.is_empty() && value.trim() == value && !value.chars().any(|c| c.is_control() && c != '\t');
    fits.then_some(value).ok_or(LeftOut)
}

/// Writes a rule: what it is for is its message, since when it says what it says is its revision.
fn rule(ends: &str, options: &str, generator: u32, item: &Item<'_>, out: &mut String) -> Carried {
    let (message, number, revision, group) = (message(item), item.number(), revision(item), group(generator));
    let rule = format!("alert {ends} (msg:\"{message}\"; {options}{}{group}sid:{number}; rev:{revision};)", about(item));
    if rule.len() > LONGEST {
        return Err(LeftOut);
    }
    put(out, format_args!("{rule}"));
    Ok(())
}

/// The generator, if it is not the usual one.
fn group(generator: u32) -> String {
    if generator == 1 { String::new() } else { format!("gid:{generator}; ") }
}

/// Which indicator it is and how sure.
fn about(item: &Item<'_>) -> String {
    let mut said = Vec::new();
    if !item.id.is_empty() && item.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        said.push(format!("stix {}", item.id));
    }
    said.extend(item.confidence.map(|confidence| format!("confidence {confidence}")));
    if said.is_empty() { String::new() } else { format!("metadata:{}; ", said.join(", ")) }
}

/// A number that rises with each version. Suricata refuses 0.
pub(super) fn revision(item: &Item<'_>) -> u32 {
    u32::try_from(seconds(item.modified)).unwrap_or(u32::MAX).max(1)
}

/// The name of an indicator, or its value, as the message of a rule: what ends a string or an option is escaped. Suricata refuses control characters
/// there, and an empty message.
pub(super) fn message(item: &Item<'_>) -> String {
    let name = brief(item.name, 200);
    let what = if name.is_empty() { brief(item.value, 200) } else { name };
    let mut message = String::from("Taxiway ");
    for c in what.chars() {
        if matches!(c, '"' | ';' | '\\' | ':') {
            message.push('\\');
        }
        message.push(c);
    }
    message
}

/// A text as the content of a rule: all but the plainest characters by their numbers, so that nothing has to be escaped.
pub(super) fn content(text: &str) -> String {
    let mut content = String::with_capacity(text.len());
    let mut open = false;
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'=' | b'&' | b'%' | b'+' | b'~');
        if plain {
            content.push_str(if open { "|" } else { "" });
            content.push(char::from(byte));
        } else {
            content.push(if open { ' ' } else { '|' });
            // Writing to a string does not fail.
            let _ = write!(content, "{byte:02x}");
        }
        open = !plain;
    }
    content.push_str(if open { "|" } else { "" });
    content
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of, shortened};
    use super::*;
    use crate::taxii::stamp::Stamp;

    const END: &str = "metadata:stix indicator--00000000-0000-4000-8000-000000000001, confidence 80; ";

    fn rules(kind: Kind, value: &str) -> Vec<String> {
        let item = item(kind, value);
        let written = list(&Rules, "suricata.rules", &[item]);
        let plain = lines(&written, "#").into_iter();
        plain.map(|line| shortened(&line.replace(END, ""), &item)).collect()
    }

    #[test]
    fn an_address_has_one_rule_for_both_ways() {
        assert_eq!(rules(Kind::Ipv4, "198.51.100.1"), ["alert ip any any <> 198.51.100.1 any (…"]);
        assert_eq!(rules(Kind::Network, "2001:db8::/32"), ["alert ip any any <> 2001:db8::/32 any (…"]);
    }

    #[test]
    fn a_domain_is_looked_for_in_three_protocols() {
        assert_eq!(
            rules(Kind::Domain, "evil.example"),
            [
                "alert dns any any -> any any (dns.query; dotprefix; content:\".evil.example\"; nocase; endswith; …",
                "alert tls any any -> any any (tls.sni; dotprefix; content:\".evil.example\"; nocase; endswith; gid:9001; …",
                "alert http any any -> any any (http.host; dotprefix; content:\".evil.example\"; endswith; gid:9002; …",
            ]
        );
    }

    #[test]
    fn a_url_is_host_and_target() {
        assert_eq!(
            rules(Kind::Url, "http://evil.example/a?b;#c"),
            ["alert http any any -> any any (http.host; content:\"evil.example\"; bsize:12; http.uri.raw; content:\"/a|3f|b|3b|\"; bsize:5; …"]
        );
        assert_eq!(
            rules(Kind::Url, "http://evil.example:81"),
            ["alert http any any -> any any (http.host.raw; content:\"evil.example|3a|81\"; nocase; bsize:15; \
              http.uri.raw; content:\"/\"; bsize:1; …"]
        );
        assert!(rules(Kind::Url, "https://evil.example/a").is_empty());
    }

    #[test]
    fn the_revision_is_never_0() {
        assert_eq!(revision(&Item { modified: Stamp(0), ..item(Kind::Ipv4, "198.51.100.1") }), 1);
        assert_eq!(revision(&Item { modified: Stamp(u64::MAX), ..item(Kind::Ipv4, "198.51.100.1") }), u32::MAX);
    }

    #[test]
    fn contents_need_no_escape() {
        assert_eq!(content("a\";|b:"), "a|22 3b 7c|b|3a|");
        assert_eq!(content("ä"), "|c3 a4|");
        assert_eq!(content(""), "");
    }

    #[test]
    fn messages_are_escaped_and_short() {
        assert_eq!(message(&Item { name: "a\";\\:\n\0", ..item(Kind::Ipv4, "") }), "Taxiway a\\\"\\;\\\\\\:");
        assert_eq!(message(&Item { name: " ", ..item(Kind::Ipv4, "198.51.100.1") }), "Taxiway 198.51.100.1");
        assert_eq!(message(&Item { name: &"x".repeat(10_000), ..item(Kind::Ipv4, "") }).len(), 208);
    }

    #[test]
    fn what_is_too_long_or_not_sound_is_left_out() {
        let long = format!("http://evil.example/{}", "?".repeat(3000));
        let items = [
            Item { sound: false, ..item(Kind::Domain, HOSTILE) },
            item(Kind::Url, &long),
            item(Kind::UserAgent, "a\nb"),
            Item { name: HOSTILE, id: HOSTILE, ..item(Kind::UserAgent, "a\"b;c\\") },
        ];
        let (written, sum) = list_of(&Rules, "suricata.rules", HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out), (1, 3));
        assert!(written.ends_with("\n# 3 left out: this format cannot carry them\n"), "{written}");
        assert!(written.contains("content:\"a|22|b|3b|c|5c|\"; bsize:6;"), "{written}");
        assert!(!written.contains("stix ="), "{written}");
    }
}
