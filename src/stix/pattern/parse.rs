//! The grammar of patterns: a recursive descent of bounded depth that reads each byte once.

use std::borrow::Cow;

use super::token::{Keyword, Lexer, PatternError, Span, Token};
use super::tree::{
    Body, Comparison, ComparisonAnd, ComparisonOr, Literal, Observation, ObservationAnd, ObservationOr, Path, Pattern, Qualifier, QualifierKind,
    Relation, Step, Test, TextOperator, Value,
};
use crate::stix::finding::Clip;

/// The longest pattern that is read, in bytes.
pub const LONGEST: usize = 1 << 20;
/// So many parentheses may be open at once.
pub const DEEPEST: usize = 200;

/// Reads a pattern (STIX 2.1 §9); the tree borrows from the text what it can.
pub fn parse(text: &str) -> Result<Pattern<'_>, PatternError> {
    if text.len() > LONGEST {
        return Err(PatternError { span: LONGEST..text.len(), message: format!("the pattern is longer than {LONGEST} bytes") });
    }
    let mut lexer = Lexer::new(text);
    let (token, span) = lexer.token()?;
    let mut parser = Parser { lexer, token, span, depth: 0 };
    let pattern = parser.pattern()?;
    if parser.token == Token::End { Ok(pattern) } else { Err(parser.expected("AND, OR, FOLLOWEDBY, a qualifier or the end")) }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token that is looked at, and where it stands.
    token: Token,
    span: Span,
    /// How many parentheses are open.
    depth: usize,
}

type Parsed<T> = Result<T, PatternError>;

impl<'t> Parser<'t> {
    /// Goes on to the next token; gives the place of the one before.
    fn next(&mut self) -> Parsed<Span> {
        let passed = self.span;
        (self.token, self.span) = self.lexer.token()?;
        Ok(passed)
    }

    /// Goes on if the token is this one.
    fn at(&mut self, token: Token) -> Parsed<bool> {
        let fits = self.token == token;
        if fits {
            self.next()?;
        }
        Ok(fits)
    }

    fn word(&mut self, keyword: Keyword) -> Parsed<bool> {
        self.at(Token::Keyword(keyword))
    }

    fn need(&mut self, token: Token, what: &str) -> Parsed<Span> {
        if self.token == token { self.next() } else { Err(self.expected(what)) }
    }

    fn need_word(&mut self, keyword: Keyword) -> Parsed<Span> {
        self.need(Token::Keyword(keyword), keyword.text())
    }

    fn expected(&self, what: &str) -> PatternError {
        let found = if self.token == Token::End { "the end".to_owned() } else { Clip(self.text()).to_string() };
        PatternError { span: self.span.range(), message: format!("found {found}, expected {what}") }
    }

    fn text(&self) -> &'t str {
        self.lexer.slice(self.span)
    }

    /// Operands with an operator between them.
    fn joined<T>(&mut self, operator: Keyword, operand: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut operands = vec![operand(self)?];
        while self.word(operator)? {
            operands.push(operand(self)?);
        }
        Ok(operands)
    }

    /// What stands between the parentheses that open here.
    fn group<T>(&mut self, inside: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(PatternError { span: self.span.range(), message: format!("more than {DEEPEST} parentheses are open") });
        }
        self.next()?;
        let inside = inside(self)?;
        self.depth -= 1;
        Ok(inside)
    }

    fn pattern(&mut self) -> Parsed<Pattern<'t>> {
        Ok(Pattern { steps: self.joined(Keyword::FollowedBy, Self::observation_or)? })
    }

    fn observation_or(&mut self) -> Parsed<ObservationOr<'t>> {
        Ok(ObservationOr { operands: self.joined(Keyword::Or, Self::observation_and)? })
    }

    fn observation_and(&mut self) -> Parsed<ObservationAnd<'t>> {
        Ok(ObservationAnd { operands: self.joined(Keyword::And, Self::observation)? })
    }

    fn observation(&mut self) -> Parsed<Observation<'t>> {
        let start = self.span;
        let (body, end) = match self.token {
            Token::LeftBracket => {
                self.next()?;
                let comparisons = self.comparison_or()?;
                (Body::Object(comparisons), self.need(Token::RightBracket, "AND, OR or ]")?)
            }
            Token::LeftParen => {
                let pattern = self.group(Self::pattern)?;
                (Body::Group(pattern), self.need(Token::RightParen, "AND, OR, FOLLOWEDBY, a qualifier or )")?)
            }
            _ => return Err(self.expected("[ or (")),
        };
        let mut qualifiers = Vec::new();
        while let Some(qualifier) = self.qualifier()? {
            qualifiers.push(qualifier);
        }
        Ok(Observation { body, qualifiers, span: start.to(end) })
    }

    fn qualifier(&mut self) -> Parsed<Option<Qualifier<'t>>> {
        let start = self.span;
        let (kind, end) = if self.word(Keyword::Start)? {
            let begin = self.timestamp()?;
            self.need_word(Keyword::Stop)?;
            let end = self.span;
            (QualifierKind::StartStop(begin, self.timestamp()?), end)
        } else if self.word(Keyword::Within)? {
            let seconds = self.positive(&[Token::Integer, Token::Float], "a positive number")?;
            (QualifierKind::Within(seconds), self.need_word(Keyword::Seconds)?)
        } else if self.word(Keyword::Repeats)? {
            let times = self.positive(&[Token::Integer], "a positive integer")?;
            (QualifierKind::Repeats(times), self.need_word(Keyword::Times)?)
        } else {
            return Ok(None);
        };
        Ok(Some(Qualifier { kind, span: start.to(end) }))
    }

    fn timestamp(&mut self) -> Parsed<Cow<'t, str>> {
        if self.token != Token::Timestamp {
            return Err(self.expected("a timestamp t'…'"));
        }
        let text = inside(self.text(), 2);
        self.next()?;
        Ok(text.into())
    }

    fn positive(&mut self, kinds: &[Token], what: &str) -> Parsed<Cow<'t, str>> {
        let text = self.text();
        if !kinds.contains(&self.token) || text.starts_with('-') {
            return Err(self.expected(what));
        }
        self.next()?;
        Ok(unsigned(text))
    }

    fn comparison_or(&mut self) -> Parsed<ComparisonOr<'t>> {
        Ok(ComparisonOr { operands: self.joined(Keyword::Or, Self::comparison_and)? })
    }

    fn comparison_and(&mut self) -> Parsed<ComparisonAnd<'t>> {
        Ok(ComparisonAnd { operands: self.joined(Keyword::And, Self::test)? })
    }

    fn test(&mut self) -> Parsed<Test<'t>> {
        match self.token {
            Token::LeftParen => {
                let comparisons = self.group(Self::comparison_or)?;
                self.need(Token::RightParen, "AND, OR or )")?;
                Ok(Test::Group(comparisons))
            }
            Token::Keyword(Keyword::Not) => {
                self.next()?;
                self.need(Token::Keyword(Keyword::Exists), "EXISTS (NOT stands after the path of any other test)")?;
                Ok(Test::Exists { negated: true, path: self.path()? })
            }
            Token::Keyword(Keyword::Exists) => {
                self.next()?;
                Ok(Test::Exists { negated: false, path: self.path()? })
            }
            Token::Name | Token::HyphenName => {
                let path = self.path()?;
                let negated = self.word(Keyword::Not)?;
                Ok(Test::Compare { path, negated, comparison: self.comparison()? })
            }
            _ => Err(self.expected("a comparison: the type of an object, EXISTS or (")),
        }
    }

    fn comparison(&mut self) -> Parsed<Comparison<'t>> {
        let relation = match self.token {
            Token::Equal => Relation::Equal,
            Token::NotEqual => Relation::NotEqual,
            Token::Less => Relation::Less,
            Token::LessEqual => Relation::LessEqual,
            Token::Greater => Relation::Greater,
            Token::GreaterEqual => Relation::GreaterEqual,
            Token::Keyword(Keyword::In) => return self.set(),
            Token::Keyword(Keyword::Like) => return self.text_comparison(TextOperator::Like),
            Token::Keyword(Keyword::Matches) => return self.text_comparison(TextOperator::Matches),
            Token::Keyword(Keyword::IsSubset) => return self.text_comparison(TextOperator::IsSubset),
            Token::Keyword(Keyword::IsSuperset) => return self.text_comparison(TextOperator::IsSuperset),
            _ => return Err(self.expected("a comparison operator (= != < <= > >= IN LIKE MATCHES ISSUBSET ISSUPERSET)")),
        };
        self.next()?;
        let ordered = !matches!(relation, Relation::Equal | Relation::NotEqual);
        if ordered && matches!(self.token, Token::Bool(_)) {
            return Err(self.expected("a constant that has an order"));
        }
        Ok(Comparison::Value(relation, self.literal()?))
    }

    fn set(&mut self) -> Parsed<Comparison<'t>> {
        self.next()?;
        let start = self.need(Token::LeftParen, "( and a set of constants")?;
        let mut set = Vec::new();
        if self.token != Token::RightParen {
            set.push(self.literal()?);
            while self.at(Token::Comma)? {
                set.push(self.literal()?);
            }
        }
        let end = self.need(Token::RightParen, ", or )")?;
        Ok(Comparison::In(set, start.to(end)))
    }

    fn text_comparison(&mut self, operator: TextOperator) -> Parsed<Comparison<'t>> {
        self.next()?;
        if matches!(self.token, Token::Text { .. }) { Ok(Comparison::Text(operator, self.literal()?)) } else { Err(self.expected("a string '…'")) }
    }

    fn literal(&mut self) -> Parsed<Literal<'t>> {
        let text = self.text();
        let value = match self.token {
            Token::Integer => Value::Integer(unsigned(text)),
            Token::Float => Value::Float(unsigned(text)),
            Token::Text { escaped } => Value::Text(unescaped(text, escaped)),
            Token::Hex => Value::Hex(inside(text, 2).into()),
            Token::Binary => Value::Binary(inside(text, 2).into()),
            Token::Timestamp => Value::Timestamp(inside(text, 2).into()),
            Token::Bool(value) => Value::Bool(value),
            _ => return Err(self.expected("a constant: a number, '…', h'…', b'…', t'…', true or false")),
        };
        Ok(Literal { value, span: self.next()? })
    }

    fn path(&mut self) -> Parsed<Path<'t>> {
        let object = self.text();
        if !matches!(self.token, Token::Name | Token::HyphenName) {
            return Err(self.expected("the type of an object"));
        }
        let start = self.next()?;
        self.need(Token::Colon, ": and a property")?;
        let (property, mut end) = self.name()?;
        let mut steps = Vec::new();
        loop {
            let (step, last) = match self.token {
                Token::Dot => {
                    self.next()?;
                    let (name, last) = self.name()?;
                    (Step::Key(name), last)
                }
                Token::LeftBracket => self.item()?,
                _ => return Ok(Path { object: object.into(), property, steps, span: start.to(end) }),
            };
            steps.push(step);
            end = last;
        }
    }

    fn name(&mut self) -> Parsed<(Cow<'t, str>, Span)> {
        let text = self.text();
        let name = match self.token {
            Token::Name => text.into(),
            Token::Text { escaped } => unescaped(text, escaped),
            Token::HyphenName | Token::Keyword(_) | Token::Bool(_) => return Err(self.expected("a property (in quotes, as it is no plain name)")),
            _ => return Err(self.expected("a property")),
        };
        Ok((name, self.next()?))
    }

    fn item(&mut self) -> Parsed<(Step<'t>, Span)> {
        self.next()?;
        let text = self.text();
        let step = match self.token {
            Token::Integer => Step::Item(unsigned(text)),
            Token::Star => Step::Any,
            _ => return Err(self.expected("an integer or *")),
        };
        self.next()?;
        Ok((step, self.need(Token::RightBracket, "]")?))
    }
}

/// A number without its `+`.
fn unsigned(text: &str) -> Cow<'_, str> {
    text.strip_prefix('+').unwrap_or(text).into()
}

/// What stands between the quotes of a constant whose opening is `opening` bytes long.
fn inside(text: &str, opening: usize) -> &str {
    text.get(opening..text.len() - 1).unwrap_or_default()
}

fn unescaped(text: &str, escaped: bool) -> Cow<'_, str> {
    let text = inside(text, 1);
    if !escaped {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut after_backslash = false;
    for c in text.chars() {
        after_backslash = c == '\\' && !after_backslash;
        if !after_backslash {
            plain.push(c);
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
    }

    fn error(text: &str) -> (usize, String) {
        let error = parse(text).unwrap_err();
        (error.span.start, error.message)
    }

    #[test]
    fn s200_every_operator_qualifier_and_literal_is_read() {
        for text in [
            r"[a:b = 'it\'s \\']",
            "[a:b != 5 AND a-b:c NOT = -5 OR a:b = 0.5]",
            "[a:b < h'00ff' OR a:b <= b'YQ==' OR a:b > t'2021-01-01T00:00:00.123Z' OR a:b >= 'x']",
            "[a:b NOT IN (1, 2.5, 'x', true) OR a:b IN ()]",
            "[a:b LIKE 'a%' OR a:b NOT MATCHES '^a' OR a:b ISSUBSET '192.0.2.0/24' OR a:b ISSUPERSET '::/0']",
            "[EXISTS a:b OR NOT EXISTS a:b.c[0].'d-e'[*][-1]]",
            "[a:b = 1] REPEATS 5 TIMES WITHIN 1.5 SECONDS START t'2021-01-01T00:00:00Z' STOP t'2022-01-01T00:00:00Z'",
        ] {
            assert_eq!(printed(text), text);
        }
        assert_eq!(printed("[a:b==+1 OR a:'c'<>.5]REPEATS +5 TIMES"), "[a:b = 1 OR a:c != .5] REPEATS 5 TIMES");
    }

    #[test]
    fn s200_what_was_found_and_what_was_expected_are_told() {
        for (text, at, why) in [
            ("", 0, "found the end, expected [ or ("),
            ("file:size = 1280", 0, "found file, expected [ or ("),
            ("[]", 1, "found ], expected a comparison: the type of an object, EXISTS or ("),
            ("[file:size = ]", 13, "found ], expected a constant: a number, '…', h'…', b'…', t'…', true or false"),
            ("[file.size = 1]", 5, "found ., expected : and a property"),
            ("[file:hashes.SHA-256 = 'a']", 13, "found SHA-256, expected a property (in quotes, as it is no plain name)"),
            ("[a:IN = 1]", 3, "found IN, expected a property (in quotes, as it is no plain name)"),
            ("[a:b < true]", 7, "found true, expected a constant that has an order"),
            ("[a:b MATCHES 5]", 13, "found 5, expected a string '…'"),
            ("[a:b IN 5]", 8, "found 5, expected ( and a set of constants"),
            ("[a:b IN (5,)]", 11, "found ), expected a constant: a number, '…', h'…', b'…', t'…', true or false"),
            ("[a:b[x] = 5]", 5, "found x, expected an integer or *"),
            ("[a:b = 5", 8, "found the end, expected AND, OR or ]"),
            ("[a:b = 5] within", 10, "found within, expected AND, OR, FOLLOWEDBY, a qualifier or the end"),
            ("[a:b = 5] WITHIN -5 SECONDS", 17, "found -5, expected a positive number"),
            ("[a:b = 5] WITHIN 5 HOURS", 19, "found HOURS, expected SECONDS"),
            ("[a:b = 5] REPEATS 1.5 TIMES", 18, "found 1.5, expected a positive integer"),
            ("[a:b = 5] START '2021' STOP '2022'", 16, "found '2021', expected a timestamp t'…'"),
            ("([a:b = 5]", 10, "found the end, expected AND, OR, FOLLOWEDBY, a qualifier or )"),
            ("[a:b = 'a\nb' 'c']", 13, "found 'c', expected AND, OR or ]"),
        ] {
            assert_eq!(error(text), (at, why.to_owned()), "{text}");
        }
        assert_eq!(error(&format!("[{}]", "é".repeat(3))).0, 1);
        assert!(error(&format!("['{}']", "é".repeat(90))).1.starts_with(&format!("found '{}…", "é".repeat(79))));
    }

    #[test]
    fn s213_not_negates_one_comparison_and_nothing_else() {
        assert_eq!(error("[NOT (a:b = 1)]").1, "found (, expected EXISTS (NOT stands after the path of any other test)");
        assert_eq!(error("[NOT a:b = 1]").0, 5);
        assert_eq!(error("NOT [a:b = 1]").1, "found NOT, expected [ or (");
        assert_eq!(error("[a:b NOT NOT = 1]").0, 9);
        assert_eq!(error("[EXISTS (a:b)]").1, "found (, expected the type of an object");
    }

    #[test]
    fn s214_qualifiers_bind_tighter_than_and_or_followedby() {
        let pattern = parse("[a:b = 1] FOLLOWEDBY [a:b = 2] OR [a:b = 3] AND [a:b = 4] REPEATS 5 TIMES").unwrap();
        assert_eq!(pattern.steps.len(), 2);
        assert_eq!(pattern.steps[1].operands.len(), 2);
        let last = &pattern.steps[1].operands[1].operands;
        assert_eq!((last.len(), last[0].qualifiers.len(), last[1].qualifiers.len()), (2, 0, 1));
        let group = parse("([a:b = 1] FOLLOWEDBY [a:b = 2]) REPEATS 5 TIMES").unwrap();
        assert_eq!(group.steps[0].operands[0].operands[0].qualifiers.len(), 1);
    }

    #[test]
    fn s200_spans_are_bytes_of_the_text() {
        let text = "  ([ 'é' ])".replace("'é'", "a:'é'  =  'é'") + " REPEATS 5 TIMES";
        let pattern = parse(&text).unwrap();
        let group = &pattern.steps[0].operands[0].operands[0];
        assert_eq!(&text[group.span.range()], "([ a:'é'  =  'é' ])");
        assert_eq!(&text[group.qualifiers[0].span.range()], "REPEATS 5 TIMES");
        let Body::Group(inner) = &group.body else { panic!("{group:?}") };
        let Body::Object(comparisons) = &inner.steps[0].operands[0].operands[0].body else { panic!("{inner:?}") };
        let Test::Compare { path, comparison: Comparison::Value(_, literal), .. } = &comparisons.operands[0].operands[0] else { panic!() };
        assert_eq!((&text[path.span.range()], &text[literal.span.range()]), ("a:'é'", "'é'"));
    }

    #[test]
    fn s217_depth_and_length_are_bounded() {
        for (open, inside, close) in [("(", "[a:b = 1]", ")"), ("(", "", ")")] {
            let nested = |depth: usize| match inside {
                "" => format!("[{}a:b = 1{}]", open.repeat(depth), close.repeat(depth)),
                _ => format!("{}{inside}{}", open.repeat(depth), close.repeat(depth)),
            };
            assert!(parse(&nested(DEEPEST)).is_ok());
            assert!(error(&nested(DEEPEST + 1)).1.contains("parentheses are open"));
            assert!(error(&nested(100_000)).1.contains("parentheses are open"));
        }
        let long = |length: usize| format!("[a:b = '{}']", "x".repeat(length - 10));
        assert!(parse(&long(LONGEST)).is_ok());
        assert_eq!(error(&long(LONGEST + 1)).0, LONGEST);
    }
}
