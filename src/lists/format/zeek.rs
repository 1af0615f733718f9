//! Intelligence for Zeek: a table with tabs between its columns.

use super::wire::Seen;
use super::{About, Carried, File, Format, Item, LeftOut, Sum, TEXT, brief, put, quoted_title, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Zeek;

/// Its one file. Zeek knows no SHA-512 of files.
const FILES: &[File] = &[File {
    name: "zeek.intel",
    about: "intelligence for Zeek",
    kinds: &[
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Network,
        Kind::Domain,
        Kind::Url,
        Kind::Email,
        Kind::Md5,
        Kind::Sha1,
        Kind::Sha256,
        Kind::FileName,
        Kind::UserAgent,
    ],
    media_type: TEXT,
}];

impl Format for Zeek {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        put(out, format_args!("#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc"));
        put(out, format_args!("# Intelligence for Zeek of the collection {}", quoted_title(about)));
        put(out, format_args!("# Load it with: redef Intel::read_files += {{ \"zeek.intel\" }};  Replace the file as a whole, by renaming."));
    }

    fn line(&self, about: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let (indicator, sort) = indicator(item)?;
        if indicator.chars().any(char::is_control) {
            return Err(LeftOut);
        }
        let source = brief(about.title, 200);
        let source = if source.is_empty() { "Taxiway" } else { &source };
        put(out, format_args!("{}\tIntel::{sort}\t{}\t{}", cell(&indicator), cell(source), cell(&brief(item.name, 200))));
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("#", sum, out);
    }
}

/// A value as Zeek sees it, and what it calls such values. Zeek compares without regard to case, in lower case.
fn indicator(item: &Item<'_>) -> Result<(String, &'static str), LeftOut> {
    let value = sound(item)?;
    let sort = match item.kind {
        Kind::Ipv4 | Kind::Ipv6 => "ADDR",
        Kind::Network => "SUBNET",
        Kind::Domain => "DOMAIN",
        Kind::Url => {
            let seen = Seen::of(value).ok_or(LeftOut)?;
            return Ok((format!("{}{}", seen.place(), seen.target).to_ascii_lowercase(), "URL"));
        }
        Kind::Email => "EMAIL",
        Kind::Md5 | Kind::Sha1 | Kind::Sha256 => "FILE_HASH",
        Kind::FileName => "FILE_NAME",
        Kind::UserAgent => "SOFTWARE",
        _ => return Err(LeftOut),
    };
    Ok((value.to_ascii_lowercase(), sort))
}

/// A cell: `-` if it is empty. What Zeek would take for an escape, a comment, or the sign of nothing is escaped.
fn cell(text: &str) -> String {
    match text {
        "" => "-".to_owned(),
        "-" => "\\x2d".to_owned(),
        "(empty)" => "\\x28empty)".to_owned(),
        _ => {
            let escaped = text.replace('\\', "\\x5c");
            escaped.strip_prefix('#').map(|rest| format!("\\x23{rest}")).unwrap_or(escaped)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of};
    use super::*;

    #[test]
    fn each_kind_has_its_type() {
        for (kind, value, expected) in [
            (Kind::Ipv6, "2001:db8::1", "2001:db8::1\tIntel::ADDR"),
            (Kind::Network, "198.51.100.0/24", "198.51.100.0/24\tIntel::SUBNET"),
            (Kind::Domain, "evil.example", "evil.example\tIntel::DOMAIN"),
            (Kind::Url, "https://u@evil.example:81/A?b#c", "evil.example:81/a?b\tIntel::URL"),
            (Kind::Url, "http://evil.example", "evil.example/\tIntel::URL"),
            (Kind::Email, "A.b@evil.example", "a.b@evil.example\tIntel::EMAIL"),
            (Kind::Sha1, "ab", "ab\tIntel::FILE_HASH"),
            (Kind::FileName, "#A.exe", "\\x23a.exe\tIntel::FILE_NAME"),
            (Kind::UserAgent, "A\\x41/1", "a\\x5cx41/1\tIntel::SOFTWARE"),
        ] {
            let written = list(&Zeek, "zeek.intel", &[item(kind, value)]);
            assert_eq!(lines(&written, "#"), [format!("{expected}\tEvil\tA name")]);
        }
    }

    #[test]
    fn the_columns_are_named_first() {
        assert!(list(&Zeek, "zeek.intel", &[]).starts_with("#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n"));
    }

    #[test]
    fn a_cell_is_never_taken_for_something_else() {
        for (text, expected) in [("", "-"), ("-", "\\x2d"), ("(empty)", "\\x28empty)"), ("#a", "\\x23a"), ("a#", "a#"), ("\\x41", "\\x5cx41")] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn hostile_texts_make_no_columns() {
        let items = [
            Item { sound: false, ..item(Kind::FileName, HOSTILE) },
            item(Kind::UserAgent, "a\tb"),
            Item { name: HOSTILE, ..item(Kind::UserAgent, "a/1") },
        ];
        let (written, sum) = list_of(&Zeek, "zeek.intel", HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out), (1, 2));
        assert!(lines(&written, "#").iter().all(|line| line.split('\t').count() == 4), "{written}");
        assert!(written.ends_with("\n# 2 left out: this format cannot carry them\n"), "{written}");
    }
}
