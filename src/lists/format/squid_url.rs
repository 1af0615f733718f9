//! URLs for squid, as regular expressions.

use super::web::fetched;
use super::{About, Carried, File, Format, Item, LeftOut, Sum, introduce, put, tell_left_out};
use crate::stix::ioc::Kind;

/// The format. Of some lists with long URLs, squid 5.7 says that it could not join the expressions into few; it then tries each by itself, and all of
/// them match nevertheless.
pub(super) struct SquidUrl;

/// Its one file.
const FILES: &[File] = &[File::text("squid-url.acl", "URLs for squid", &[Kind::Url])];

/// How it is loaded, and what it cannot do.
const HINTS: &[&str] = &[
    "Load: acl taxiway_url url_regex \"/path/to/this\", then http_access deny taxiway_url",
    "squid tries one after the other: a long list is slow. It sees https URLs only where it decrypts (ssl_bump)",
];

/// The longest expression, in octets. One of 8 KiB is skipped with an error.
const LONGEST: usize = 8000;

impl Format for SquidUrl {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        introduce("#", about, HINTS, out);
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let seen = fetched(item, &["http", "https", "ftp"])?;
        let target = unescape(&seen.target).ok_or(LeftOut)?;
        // squid keeps the user of an FTP URL and drops that of any other.
        let user = if seen.scheme == "ftp" { "([^/@]*@)?" } else { "" };
        let expression = format!("^{}://{user}{}{}$", seen.scheme, escape(&seen.place()), escape(&target));
        if expression.len() > LONGEST {
            return Err(LeftOut);
        }
        put(out, format_args!("{expression}"));
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("#", sum, out);
    }
}

/// A path as squid sees it when it compares: it takes back percent-encoding first. `%%` is a percent sign, and what is no number stays, `%00` as well.
///
/// `None` if it is then no text on one line.
fn unescape(target: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(target.len());
    let mut rest = target.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let (octet, behind) = match (first, behind) {
            (b'%', [b'%', behind @ ..]) => (b'%', behind),
            (b'%', [high, low, behind_both @ ..]) => match number(*high, *low) {
                Some(octet) if octet != 0 => (octet, behind_both),
                _ => (b'%', behind),
            },
            _ => (*first, behind),
        };
        octets.push(octet);
        rest = behind;
    }
    let text = String::from_utf8(octets).ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

/// The number that two hexadecimal digits are.
fn number(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// A text as a POSIX extended expression that matches it and nothing else.
fn escape(text: &str) -> String {
    let mut expression = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if matches!(c, '\\' | '.' | '[' | '(' | ')' | '{' | '*' | '+' | '?' | '^' | '$' | '|') {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of};
    use super::*;

    #[test]
    fn an_expression_matches_the_url_that_squid_sees() {
        for (url, expected) in [
            ("http://evil.example", Some(r"^http://evil\.example/$")),
            ("https://user:pass@evil.example:8443/a?b=[c]", Some(r"^https://evil\.example:8443/a\?b=\[c]$")),
            ("http://[2001:db8::1]/", Some(r"^http://\[2001:db8::1]/$")),
            ("ftp://evil.example/a", Some(r"^ftp://([^/@]*@)?evil\.example/a$")),
            ("http://evil.example/a%20b%2a", Some(r"^http://evil\.example/a b\*$")),
            ("http://evil.example/ä%C3%A4", Some(r"^http://evil\.example/ää$")),
            ("http://evil.example/%zz%%41%00", Some(r"^http://evil\.example/%zz%41%00$")),
            ("http://evil.example/a%0Ab", None),
            ("http://evil.example/%ff", None),
            ("http://evil.example/#a", None),
            ("ssh://evil.example/", None),
        ] {
            let text = list(&SquidUrl, "squid-url.acl", &[item(Kind::Url, url)]);
            assert_eq!(lines(&text, "#").first().copied(), expected, "{url}");
        }
    }

    #[test]
    fn an_expression_that_is_too_long_is_left_out() {
        let url = |length: usize| format!("http://evil/{}", "a".repeat(length - "^http://evil/$".len()));
        assert_eq!(list_of(&SquidUrl, "squid-url.acl", "", &[item(Kind::Url, &url(LONGEST))]).1.held, 1);
        assert_eq!(list_of(&SquidUrl, "squid-url.acl", "", &[item(Kind::Url, &url(LONGEST + 1))]).1.left_out, 1);
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        let bad = Item { sound: false, ..item(Kind::Url, HOSTILE) };
        let (text, sum) = list_of(&SquidUrl, "squid-url.acl", HOSTILE, &[bad]);
        assert_eq!(sum, Sum { held: 0, left_out: 1, ..Sum::default() });
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(text.ends_with("# 1 left out: this format cannot carry them\n"), "{text}");
    }
}
