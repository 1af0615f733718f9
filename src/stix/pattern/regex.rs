//! Whether a text can be a Perl-compatible regular expression, without building a machine that could run it.
//!
//! A regular expression of a few bytes can ask for megabytes of states. Only the syntax is read, in a time that the length
//! bounds: first as the `regex` crate knows it, and what that leaves out (look-around, back-references, atomic groups) as
//! `fancy-regex` does. No library here is PCRE itself, so a complaint is a warning and never more.

use fancy_regex::Expr;
use regex_syntax::ast::ErrorKind;
use regex_syntax::ast::parse::Parser;

/// The longest expression that is read, in bytes.
pub const LONGEST: usize = 4096;

/// What is wrong with a regular expression, as a lower-case fragment.
pub fn flaw(expression: &str) -> Option<String> {
    if expression.len() > LONGEST {
        return Some(format!("longer than {LONGEST} bytes, and not tried"));
    }
    match Parser::new().parse(expression) {
        Ok(_) => None,
        Err(error) if only_perl_has(error.kind()) => Expr::parse_tree(expression).err().map(|error| error.to_string().to_lowercase()),
        Err(error) => Some(format!("{} at byte {}", error.kind(), error.span().start.offset)),
    }
}

/// Whether an error only says that the expression is more than regular.
fn only_perl_has(error: &ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::UnsupportedLookAround | ErrorKind::UnsupportedBackreference | ErrorKind::EscapeUnrecognized | ErrorKind::FlagUnrecognized
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s211_what_perl_takes_is_taken() {
        for good in [
            r"^Final Report.+\.exe$",
            r".+\@example\.com$",
            r"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
            r"(?i)a(?:b|c){2,3}?[[:alpha:]\d]\/",
            r"(?<=a)b(?!c)(?=d)(?<!e)",
            r"(a)\1",
            r"(?>a+)b",
            r"a++b",
            r"(?P<name>a)(?P=name)",
            "",
        ] {
            assert_eq!(flaw(good), None, "{good}");
        }
    }

    #[test]
    fn s211_what_cannot_be_one_is_told_with_its_place() {
        for (bad, why) in [
            ("(a", "unclosed group at byte 0"),
            ("[z-a]", "invalid character class range, the start must be <= the end at byte 1"),
            ("*a", "repetition operator missing expression at byte 0"),
            ("a{3,2}", "invalid repetition count range, the start must be <= the end at byte 1"),
        ] {
            assert_eq!(flaw(bad).as_deref(), Some(why), "{bad}");
        }
        assert!(flaw("(?=a").is_some());
        assert!(flaw(&"(".repeat(LONGEST)).is_some());
        assert!(flaw(&"(?=".repeat(1000)).is_some());
        assert_eq!(flaw(&"a".repeat(LONGEST + 1)).as_deref(), Some("longer than 4096 bytes, and not tried"));
    }
}
