//! What a pattern is made of, and its canonical text.
//!
//! Each level of precedence is a type of its own, so a tree cannot say what the grammar cannot, and printing needs no
//! parentheses but those that are in the tree. Joined operands are a list and not pairs: a long `OR` is wide, never deep.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write};

use super::token::{self, Span};

/// A pattern: observations joined by `FOLLOWEDBY`, the loosest operator (§9.5.2). At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern<'t> {
    /// What follows one after another.
    pub steps: Vec<ObservationOr<'t>>,
}

/// Observations joined by `OR`. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservationOr<'t> {
    /// The alternatives.
    pub operands: Vec<ObservationAnd<'t>>,
}

/// Observations joined by `AND`, the tightest operator: all of them, on different observations. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservationAnd<'t> {
    /// What must all be observed.
    pub operands: Vec<Observation<'t>>,
}

/// One observation expression with what qualifies it (§9.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation<'t> {
    /// What is observed.
    pub body: Body<'t>,
    /// How often and when, in the order of the text.
    pub qualifiers: Vec<Qualifier<'t>>,
    /// The body's place.
    pub span: Span,
}

/// What an observation expression is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'t> {
    /// `[ … ]`: one object that satisfies the comparisons.
    Object(ComparisonOr<'t>),
    /// `( … )`: a pattern that qualifiers can apply to as a whole.
    Group(Pattern<'t>),
}

/// A restriction of an observation (§9.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualifier<'t> {
    /// What it says.
    pub kind: QualifierKind<'t>,
    /// Its place.
    pub span: Span,
}

/// What a qualifier says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QualifierKind<'t> {
    /// `REPEATS n TIMES`; the number without a sign.
    Repeats(Cow<'t, str>),
    /// `WITHIN x SECONDS`; an integer or a float without a sign.
    Within(Cow<'t, str>),
    /// `START t'…' STOP t'…'`; the timestamps between the quotes.
    StartStop(Cow<'t, str>, Cow<'t, str>),
}

/// Comparisons joined by `OR`. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparisonOr<'t> {
    /// The alternatives.
    pub operands: Vec<ComparisonAnd<'t>>,
}

/// Comparisons joined by `AND`: one object satisfies them all. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparisonAnd<'t> {
    /// What the object satisfies.
    pub operands: Vec<Test<'t>>,
}

/// One test of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test<'t> {
    /// `( … )`
    Group(ComparisonOr<'t>),
    /// `[NOT] EXISTS path`
    Exists {
        /// Whether `NOT` stands before it.
        negated: bool,
        /// What exists.
        path: Path<'t>,
    },
    /// `path [NOT] operator constant`
    Compare {
        /// What is compared.
        path: Path<'t>,
        /// Whether `NOT` stands before the operator.
        negated: bool,
        /// With what, and how.
        comparison: Comparison<'t>,
    },
}

/// An operator with its constant (§9.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison<'t> {
    /// `=`, `!=`, `<` and their like.
    Value(Relation, Literal<'t>),
    /// `IN ( … )`, possibly empty; the place of the parentheses.
    In(Vec<Literal<'t>>, Span),
    /// `LIKE`, `MATCHES` and their like, whose constant is a string.
    Text(TextOperator, Literal<'t>),
}

/// An operator between a property and a constant of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`; this and the next never with a boolean.
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Relation {
    /// The operator's canonical spelling.
    pub fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }
}

/// An operator that takes a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOperator {
    /// `LIKE`: `%` is any run of characters, `_` any one.
    Like,
    /// `MATCHES`: a PCRE, searched for anywhere.
    Matches,
    /// `ISSUBSET`: the property's addresses are all in the constant's.
    IsSubset,
    /// `ISSUPERSET`: the constant's addresses are all in the property's.
    IsSuperset,
}

impl TextOperator {
    /// The operator's spelling.
    pub fn text(self) -> &'static str {
        match self {
            Self::Like => "LIKE",
            Self::Matches => "MATCHES",
            Self::IsSubset => "ISSUBSET",
            Self::IsSuperset => "ISSUPERSET",
        }
    }
}

/// The way from an object of a type to a value (§9.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'t> {
    /// The type of the object.
    pub object: Cow<'t, str>,
    /// Its property.
    pub property: Cow<'t, str>,
    /// The way on from there.
    pub steps: Vec<Step<'t>>,
    /// Its place.
    pub span: Span,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'t> {
    /// `.name` or `.'name'`, without the quotes and escapes.
    Key(Cow<'t, str>),
    /// `[n]`; the digits, after a `-` if it is negative.
    Item(Cow<'t, str>),
    /// `[*]`
    Any,
}

/// A constant (§9.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal<'t> {
    /// What it is.
    pub value: Value<'t>,
    /// Its place.
    pub span: Span,
}

/// The value of a constant. Numbers are the digits of the text, after a `-` if negative: nothing is rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'t> {
    /// `5`
    Integer(Cow<'t, str>),
    /// `5.0`
    Float(Cow<'t, str>),
    /// `'…'`, without the quotes and escapes.
    Text(Cow<'t, str>),
    /// `h'…'`: the digits.
    Hex(Cow<'t, str>),
    /// `b'…'`: the base64.
    Binary(Cow<'t, str>),
    /// `t'…'`: the timestamp.
    Timestamp(Cow<'t, str>),
    /// `true` or `false`
    Bool(bool),
}

impl Value<'_> {
    /// What such a constant is called in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::Hex(_) => "a hexadecimal constant",
            Self::Binary(_) => "a binary constant",
            Self::Timestamp(_) => "a timestamp",
            Self::Bool(_) => "a boolean",
        }
    }
}

fn joined<T: Display>(out: &mut Formatter<'_>, items: &[T], by: &str) -> fmt::Result {
    items.iter().enumerate().try_for_each(|(at, item)| {
        if at > 0 {
            out.write_str(by)?;
        }
        item.fmt(out)
    })
}

/// Writes a string constant with its quotes and escapes.
fn quoted(out: &mut Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('\'')?;
    for part in text.split_inclusive(['\'', '\\']) {
        match part.char_indices().next_back() {
            Some((at, special @ ('\'' | '\\'))) => write!(out, "{}\\{special}", &part[..at])?,
            _ => out.write_str(part)?,
        }
    }
    out.write_char('\'')
}

fn name(out: &mut Formatter<'_>, name: &str) -> fmt::Result {
    if token::is_plain_name(name) { out.write_str(name) } else { quoted(out, name) }
}

impl Display for Pattern<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        joined(out, &self.steps, " FOLLOWEDBY ")
    }
}

impl Display for ObservationOr<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        joined(out, &self.operands, " OR ")
    }
}

impl Display for ObservationAnd<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        joined(out, &self.operands, " AND ")
    }
}

impl Display for Observation<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Object(comparisons) => write!(out, "[{comparisons}]")?,
            Body::Group(pattern) => write!(out, "({pattern})")?,
        }
        self.qualifiers.iter().try_for_each(|qualifier| write!(out, " {qualifier}"))
    }
}

impl Display for Qualifier<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            QualifierKind::Repeats(times) => write!(out, "REPEATS {times} TIMES"),
            QualifierKind::Within(seconds) => write!(out, "WITHIN {seconds} SECONDS"),
            QualifierKind::StartStop(start, stop) => write!(out, "START t'{start}' STOP t'{stop}'"),
        }
    }
}

impl Display for ComparisonOr<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        joined(out, &self.operands, " OR ")
    }
}

impl Display for ComparisonAnd<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        joined(out, &self.operands, " AND ")
    }
}

impl Display for Test<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        match self {
            Self::Group(comparisons) => write!(out, "({comparisons})"),
            Self::Exists { negated, path } => write!(out, "{}EXISTS {path}", not(negated)),
            Self::Compare { path, negated, comparison } => write!(out, "{path} {}{comparison}", not(negated)),
        }
    }
}

impl Display for Comparison<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(relation, literal) => write!(out, "{} {literal}", relation.text()),
            Self::In(set, _) => {
                out.write_str("IN (")?;
                joined(out, set, ", ")?;
                out.write_char(')')
            }
            Self::Text(operator, literal) => write!(out, "{} {literal}", operator.text()),
        }
    }
}

impl Display for Path<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.object)?;
        name(out, &self.property)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(key) => {
                out.write_char('.')?;
                name(out, key)
            }
            Step::Item(number) => write!(out, "[{number}]"),
            Step::Any => out.write_str("[*]"),
        })
    }
}

impl Display for Literal<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Integer(digits) | Value::Float(digits) => out.write_str(digits),
            Value::Text(text) => quoted(out, text),
            Value::Hex(digits) => write!(out, "h'{digits}'"),
            Value::Binary(base64) => write!(out, "b'{base64}'"),
            Value::Timestamp(text) => write!(out, "t'{text}'"),
            Value::Bool(value) => write!(out, "{value}"),
        }
    }
}
