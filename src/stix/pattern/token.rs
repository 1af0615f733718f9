//! The words of the patterning language: text to tokens, each with the bytes it stands in.

use std::fmt;
use std::ops::Range;

use crate::stix::time::{Instant, TimeError};

/// Where something stands in the text of a pattern, in bytes.
///
/// Spans never tell two nodes apart: `a` is `a` wherever it stands, so all spans are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl Span {
    /// From the beginning of this to the end of `last`.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// The same as a range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {}: {message}", span.start)]
pub struct PatternError {
    /// The bytes that do not fit.
    pub span: Range<usize>,
    /// What was found and what was expected, as a lower-case fragment.
    pub message: String,
}

/// The kind of a token; its text is the span's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `:`
    Colon,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `*`
    Star,
    /// `=` or `==`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// A reserved word.
    Keyword(Keyword),
    /// A name without a hyphen: of a type or of a property.
    Name,
    /// A name with a hyphen: of a type only.
    HyphenName,
    /// `5`, `+5`, `-5`.
    Integer,
    /// `5.0`, `.5`, `-5.0`.
    Float,
    /// `'…'`; whether a backslash stands in it.
    Text {
        /// Whether a backslash stands in it.
        escaped: bool,
    },
    /// `h'…'`
    Hex,
    /// `b'…'`
    Binary,
    /// `t'…'`
    Timestamp,
    /// `true` or `false`
    Bool(bool),
    /// The end of the text.
    End,
}

macro_rules! keywords {
    ($($name:ident $text:literal,)*) => {
        /// The reserved words (§9.1): upper case, and none of them may be a name unless it is quoted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Keyword { $(#[doc = concat!("`", $text, "`")] $name,)* }

        impl Keyword {
            /// The word that is `text`.
            fn named(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// The word itself.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

keywords! {
    And "AND", Or "OR", Not "NOT", FollowedBy "FOLLOWEDBY", Like "LIKE", Matches "MATCHES", IsSuperset "ISSUPERSET", IsSubset "ISSUBSET",
    Exists "EXISTS", Last "LAST", In "IN", Start "START", Stop "STOP", Seconds "SECONDS", Within "WITHIN", Repeats "REPEATS", Times "TIMES",
}

/// Whether `name` may stand in a path without quotes.
pub fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && Keyword::named(name).is_none()
        && !matches!(name, "true" | "false")
}

/// Reads tokens off a text, one at a time.
#[derive(Debug)]
pub struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    /// A lexer at the beginning of `text`.
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The text of a token.
    pub fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The next token; [`Token::End`] for ever after the last one.
    pub fn token(&mut self) -> Result<(Token, Span), PatternError> {
        self.skip_blanks()?;
        let start = self.at;
        let token = match self.peek(0) {
            None => Token::End,
            Some(b'[') => self.take(1, Token::LeftBracket),
            Some(b']') => self.take(1, Token::RightBracket),
            Some(b'(') => self.take(1, Token::LeftParen),
            Some(b')') => self.take(1, Token::RightParen),
            Some(b':') => self.take(1, Token::Colon),
            Some(b',') => self.take(1, Token::Comma),
            Some(b'*') => self.take(1, Token::Star),
            Some(b'=') => self.take(1 + usize::from(self.peek(1) == Some(b'=')), Token::Equal),
            Some(b'!') if self.peek(1) == Some(b'=') => self.take(2, Token::NotEqual),
            Some(b'<') => match self.peek(1) {
                Some(b'>') => self.take(2, Token::NotEqual),
                Some(b'=') => self.take(2, Token::LessEqual),
                _ => self.take(1, Token::Less),
            },
            Some(b'>') if self.peek(1) == Some(b'=') => self.take(2, Token::GreaterEqual),
            Some(b'>') => self.take(1, Token::Greater),
            Some(b'.') if !self.is_digit(1) => self.take(1, Token::Dot),
            Some(b'+' | b'-' | b'.' | b'0'..=b'9') => self.number()?,
            Some(b'\'') => self.string()?,
            Some(b'h') if self.peek(1) == Some(b'\'') => self.hex()?,
            Some(b'b') if self.peek(1) == Some(b'\'') => self.binary()?,
            Some(b't') if self.peek(1) == Some(b'\'') => self.timestamp()?,
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => self.word(),
            Some(_) => return Err(self.stray()),
        };
        Ok((token, Span { start, end: self.at }))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn is_digit(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|b| b.is_ascii_digit())
    }

    fn take(&mut self, bytes: usize, token: Token) -> Token {
        self.at += bytes;
        token
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, span: Range<usize>, message: impl fmt::Display) -> PatternError {
        let end = span.end.min(self.text.len());
        PatternError { span: span.start.min(end)..end, message: message.to_string() }
    }

    fn stray(&self) -> PatternError {
        let found = self.rest().chars().next().unwrap_or_default();
        self.error(self.at..self.at + found.len_utf8(), format!("{found:?} begins nothing that may stand in a pattern"))
    }

    /// Skips white space in the sense of Unicode (§9.4), and comments as the committee's grammar does.
    fn skip_blanks(&mut self) -> Result<(), PatternError> {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b' ' | b'\t'..=b'\r'), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => self.at += self.rest().find(['\r', '\n']).unwrap_or(self.rest().len()),
                (Some(b'/'), Some(b'*')) => match self.rest().get(2..).and_then(|rest| rest.find("*/")) {
                    Some(length) => self.at += 2 + length + 2,
                    None => return Err(self.error(self.at..self.at + 2, "the comment is not closed: expected */")),
                },
                (Some(0x80..), _) => match self.rest().chars().next() {
                    Some(blank) if blank.is_whitespace() => self.at += blank.len_utf8(),
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
    }

    fn word(&mut self) -> Token {
        let length = self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        let word = self.rest().get(..length).unwrap_or_default();
        let token = match word {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            _ if word.contains('-') => Token::HyphenName,
            _ => Keyword::named(word).map_or(Token::Name, Token::Keyword),
        };
        self.take(length, token)
    }

    fn number(&mut self) -> Result<Token, PatternError> {
        let digits = |from: usize| self.text.as_bytes().iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        let sign = usize::from(matches!(self.peek(0), Some(b'+' | b'-')));
        let whole = digits(self.at + sign);
        let fraction = if self.peek(sign + whole) == Some(b'.') { digits(self.at + sign + whole + 1) } else { 0 };
        if fraction > 0 {
            return Ok(self.take(sign + whole + 1 + fraction, Token::Float));
        }
        if whole == 0 {
            return Err(self.stray());
        }
        if whole > 1 && self.peek(sign) == Some(b'0') {
            return Err(self.error(self.at..self.at + sign + whole, "an integer has no leading zeros"));
        }
        Ok(self.take(sign + whole, Token::Integer))
    }

    fn string(&mut self) -> Result<Token, PatternError> {
        let mut escaped = false;
        let mut length = 1;
        loop {
            match (self.peek(length), self.peek(length + 1)) {
                (None, _) => return Err(self.error(self.at..self.at + 1, "the string is not closed: expected '")),
                (Some(b'\''), _) => return Ok(self.take(length + 1, Token::Text { escaped })),
                (Some(b'\\'), Some(b'\'' | b'\\')) => {
                    escaped = true;
                    length += 2;
                }
                (Some(b'\\'), _) => {
                    let at = self.at + length;
                    return Err(self.error(at..at + 1, r"a lone backslash: only \' and \\ are escapes, so write \\"));
                }
                _ => length += 1,
            }
        }
    }

    /// The text between the quotes of `h'…'`, `b'…'` or `t'…'`, where no quote can be escaped.
    fn quoted(&self, what: &str) -> Result<&'t str, PatternError> {
        let inside = self.rest().get(2..).unwrap_or_default();
        let length = inside.find('\'').ok_or_else(|| self.error(self.at..self.at + 2, format!("the {what} is not closed: expected '")))?;
        Ok(inside.get(..length).unwrap_or_default())
    }

    /// The token of a quoted constant of so many bytes.
    fn constant(&mut self, inside: &str, token: Token) -> Token {
        self.take(inside.len() + 3, token)
    }

    fn hex(&mut self) -> Result<Token, PatternError> {
        let inside = self.quoted("hexadecimal constant")?;
        let whole = self.at..self.at + inside.len() + 3;
        if let Some((at, odd)) = inside.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
            let at = self.at + 2 + at;
            return Err(self.error(at..at + odd.len_utf8(), format!("{odd:?} is no hexadecimal digit")));
        }
        if !inside.len().is_multiple_of(2) {
            return Err(self.error(whole, format!("an odd number of hexadecimal digits ({})", inside.len())));
        }
        Ok(self.constant(inside, Token::Hex))
    }

    fn binary(&mut self) -> Result<Token, PatternError> {
        let inside = self.quoted("binary constant")?;
        let whole = self.at..self.at + inside.len() + 3;
        let data = inside.trim_end_matches('=');
        if let Some((at, odd)) = data.char_indices().find(|(_, c)| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))) {
            let at = self.at + 2 + at;
            return Err(self.error(at..at + odd.len_utf8(), format!("{odd:?} is no base64 digit")));
        }
        if inside.is_empty() || !inside.len().is_multiple_of(4) || inside.len() - data.len() > 2 {
            return Err(self.error(whole, "not base64 with padding: expected groups of four digits, the last one filled up with = or =="));
        }
        Ok(self.constant(inside, Token::Binary))
    }

    /// Takes the form of a timestamp only; whether there is such a date is not for the grammar to say.
    fn timestamp(&mut self) -> Result<Token, PatternError> {
        let inside = self.quoted("timestamp")?;
        if Instant::parse(inside) == Err(TimeError::Form) {
            return Err(self.error(self.at..self.at + inside.len() + 3, format!("a timestamp {}", TimeError::Form)));
        }
        Ok(self.constant(inside, Token::Timestamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<(Token, &str)>, PatternError> {
        let mut lexer = Lexer::new(text);
        let mut all = Vec::new();
        loop {
            let (token, span) = lexer.token()?;
            if token == Token::End {
                return Ok(all);
            }
            all.push((token, lexer.slice(span)));
        }
    }

    #[test]
    fn s200_tokens_need_no_blanks_between_them() {
        let kinds: Vec<Token> = tokens("[a-b:c[*]==1AND x<>.5]").unwrap().into_iter().map(|(token, _)| token).collect();
        let expected = [
            Token::LeftBracket,
            Token::HyphenName,
            Token::Colon,
            Token::Name,
            Token::LeftBracket,
            Token::Star,
            Token::RightBracket,
            Token::Equal,
            Token::Integer,
            Token::Keyword(Keyword::And),
            Token::Name,
            Token::NotEqual,
            Token::Float,
            Token::RightBracket,
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn s200_keywords_are_upper_case_and_booleans_lower_case() {
        assert_eq!(tokens("and").unwrap(), [(Token::Name, "and")]);
        assert_eq!(tokens("TRUE").unwrap(), [(Token::Name, "TRUE")]);
        assert_eq!(tokens("true").unwrap(), [(Token::Bool(true), "true")]);
        assert_eq!(tokens("ANDROID").unwrap(), [(Token::Name, "ANDROID")]);
        assert_eq!(tokens("IN-x").unwrap(), [(Token::HyphenName, "IN-x")]);
    }

    #[test]
    fn s200_unicode_white_space_and_comments_are_skipped() {
        let text = "\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{3000}/* a */ \u{b}\u{c}5 // b\r\n6 //";
        assert_eq!(tokens(text).unwrap(), [(Token::Integer, "5"), (Token::Integer, "6")]);
        assert_eq!(tokens("5 /* 6").unwrap_err().span, 2..4);
        assert_eq!(tokens("\u{feff}5").unwrap_err().span, 0..3);
    }

    #[test]
    fn s205_only_quote_and_backslash_are_escaped() {
        assert_eq!(tokens(r"'a\'b\\'").unwrap(), [(Token::Text { escaped: true }, r"'a\'b\\'")]);
        assert_eq!(tokens("'é\n'").unwrap(), [(Token::Text { escaped: false }, "'é\n'")]);
        let error = tokens(r"'a\nb'").unwrap_err();
        assert_eq!((error.span, error.message.as_str()), (2..3, r"a lone backslash: only \' and \\ are escapes, so write \\"));
        for open in ["'", "'a", r"'a\'", "'a\\"] {
            assert!(tokens(open).is_err(), "{open}");
        }
    }

    #[test]
    fn s206_constants_have_the_form_of_the_grammar() {
        for good in ["h''", "h'00fF'", "b'YQ=='", "b'YWI='", "b'YWJj'", "t'2021-03-02T00:00:00Z'", "t'2021-02-30T00:00:00.5Z'"] {
            assert_eq!(tokens(good).unwrap().len(), 1, "{good}");
        }
        for bad in [
            "h'0'",
            "h'0g'",
            "h'00",
            "h' 00'",
            "b''",
            "b'YQ'",
            "b'YQ='",
            "b'A==='",
            "b'===='",
            "b'Y Q='",
            "b'YQ==YQ=='",
            "b'YQé='",
            "t''",
            "t'2021-03-02'",
            "t'2021-03-02T00:00:00.Z'",
            "t'2021-03-02T00:00:00Z",
        ] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
        assert_eq!(tokens("h'00é0'").unwrap_err().span, 4..6);
    }

    #[test]
    fn s200_numbers() {
        for (text, token) in [("0", Token::Integer), ("-0", Token::Integer), ("+5", Token::Integer), ("00.5", Token::Float), ("-.5", Token::Float)] {
            assert_eq!(tokens(text).unwrap(), [(token, text)]);
        }
        for bad in ["05", "-", "+", "--5", "- 5", "-a", "+."] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
        assert_eq!(tokens("1.").unwrap(), [(Token::Integer, "1"), (Token::Dot, ".")]);
    }

    #[test]
    fn names_that_need_quotes() {
        assert!(is_plain_name("MD5") && is_plain_name("_x") && is_plain_name("and"));
        for quoted in ["", "SHA-256", "a.b", "5a", "IN", "true", "é"] {
            assert!(!is_plain_name(quoted), "{quoted}");
        }
    }
}
