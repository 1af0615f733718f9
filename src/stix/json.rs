//! Strict JSON: a tree that borrows from its text, and the equality of two texts as values.
//!
//! `serde_json` reads the syntax and refuses what is not JSON, lone surrogates, numbers beyond the
//! range of a double, text after the value, and nesting deeper than [`DEEPEST`] levels, so that the
//! recursion of every walk over a tree is bounded. This module adds the refusal of twin keys.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The deepest nesting that is read at all.
pub const DEEPEST: usize = 128;
/// Up to so many members a linear search beats an index.
const FEW: usize = 32;

/// A JSON value whose texts are borrowed from its source where they hold no escapes.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`, which is a value of no STIX type.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent that fits 64 bits.
    Integer(i64),
    /// Any other number; always finite.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Box<Members<'a>>),
}

/// The members of an object in the order of the text; no name occurs twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Members<'a> {
    list: Vec<(Cow<'a, str>, Json<'a>)>,
    /// Positions in `list` in the order of their names; empty when there are few.
    sorted: Vec<u32>,
}

/// How deep a JSON text is nested, as its brackets say; a plain value counts 0.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Why a text is not strict JSON, and where.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(serde_json::Error);

impl JsonError {
    /// What is wrong, without the place.
    pub fn what(&self) -> String {
        let (all, place) = (self.to_string(), format!(" at line {} column {}", self.line(), self.column()));
        all.strip_suffix(&place).unwrap_or(&all).to_owned()
    }

    /// The line of the fault, from 1.
    pub fn line(&self) -> usize {
        self.0.line()
    }

    /// The column of the fault in bytes, from 1.
    pub fn column(&self) -> usize {
        self.0.column()
    }
}

impl<'a> Json<'a> {
    /// Reads one JSON value that is all of `text`.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        serde_json::from_str(text).map_err(JsonError)
    }

    /// Reads of an object that is all of `text` only the members of these names; the others are not looked into.
    ///
    /// For texts that were read whole and strictly before.
    pub fn parse_some(text: &'a str, names: &[&str]) -> Result<Self, JsonError> {
        let mut source = serde_json::Deserializer::from_str(text);
        let object = source.deserialize_map(SomeVisitor { names }).map_err(JsonError)?;
        source.end().map_err(JsonError)?;
        Ok(object)
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_list(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Members<'a>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// What it is, for a message: `null`, `a string`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'a> Members<'a> {
    /// Takes the members of an object, or gives back a name that occurs twice.
    fn new(list: Vec<(Cow<'a, str>, Json<'a>)>) -> Result<Self, String> {
        let name = |at: &u32| list.get(*at as usize).map(|(name, _)| name.as_ref());
        let sorted = if list.len() > FEW { order(&list) } else { Vec::new() };
        let twin = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| name(a) == name(b));
        if let Some((twin, _)) = twin {
            return Err(name(twin).unwrap_or_default().to_owned());
        }
        Ok(Self { list, sorted })
    }

    /// The value of the member called `name`.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let member = if self.sorted.is_empty() {
            self.list.iter().find(|(its, _)| its == name)
        } else {
            let name_at = |at: &u32| self.list.get(*at as usize).map_or("", |(its, _)| its);
            let at = self.sorted.binary_search_by(|at| name_at(at).cmp(name)).ok()?;
            self.list.get(*self.sorted.get(at)? as usize)
        };
        member.map(|(_, value)| value)
    }

    /// Whether there is a member called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The string called `name`, if there is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_text)
    }

    /// Every member in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.list.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Every member in the order of the names.
    fn by_name(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        let few: Vec<u32> = if self.sorted.is_empty() { order(&self.list) } else { Vec::new() };
        let count = self.list.len();
        (0..count).filter_map(move |at| {
            let order = if few.is_empty() { &self.sorted } else { &few };
            self.list.get(*order.get(at)? as usize).map(|(name, value)| (name.as_ref(), value))
        })
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(TreeVisitor)
    }
}

/// The positions of members in the order of their names.
fn order(list: &[(Cow<'_, str>, Json<'_>)]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..).take(list.len()).collect();
    order.sort_unstable_by_key(|at| list.get(*at as usize).map(|(name, _)| name.as_ref()));
    order
}

/// Builds a [`Json`] from what `serde_json` reads.
struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Json<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Integer(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "integers of 64 bits and more are far outside of every STIX range; `same` compares their digits")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = source.next_element()? {
            push(&mut list, value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Self::Value, A::Error> {
        let mut list: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(Name(name)) = source.next_key()? {
            // Beyond a few members the twins are found at the end, by sorting.
            if list.len() <= FEW && list.iter().any(|(its, _)| *its == name) {
                return Err(twin(&name));
            }
            push(&mut list, (name, source.next_value()?));
        }
        Members::new(list).map(|members| Json::Object(Box::new(members))).map_err(|name| twin(&name))
    }
}

/// Builds an object of some of the members that `serde_json` reads.
struct SomeVisitor<'n> {
    names: &'n [&'n str],
}

impl<'de> Visitor<'de> for SomeVisitor<'_> {
    type Value = Json<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Self::Value, A::Error> {
        let mut list: Vec<(Cow<'de, str>, Json<'de>)> = Vec::with_capacity(self.names.len());
        while let Some(Name(name)) = source.next_key()? {
            if self.names.contains(&&*name) {
                list.push((name, source.next_value()?));
            } else {
                source.next_value::<IgnoredAny>()?;
            }
        }
        Members::new(list).map(|members| Json::Object(Box::new(members))).map_err(|name| twin(&name))
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Integer(value) => to.serialize_i64(*value),
            Self::Float(value) => to.serialize_f64(*value),
            Self::Text(text) => to.serialize_str(text),
            Self::List(list) => to.collect_seq(list),
            Self::Object(members) => to.collect_map(members.iter()),
        }
    }
}

/// A lone value gets room for itself only, as a text of nested brackets would else take sixty times its size in memory.
fn push<T>(list: &mut Vec<T>, value: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(value);
}

fn twin<E: Error>(name: &str) -> E {
    E::custom(format_args!("the key {name:?} occurs twice in one object"))
}

/// The name of a member, borrowed where it holds no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        match Json::deserialize(source)? {
            Json::Text(name) => Ok(Self(name)),
            other => Err(D::Error::custom(format_args!("a key must be a string, is {}", other.kind()))),
        }
    }
}

/// Whether two texts are the same JSON value: the order of members, white space and the spelling of
/// strings and numbers do not count. What is not strict JSON is the same only as its own bytes.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || digest(a) == digest(b)
}

/// SHA-256 over what a text says: equal for texts that are the [`same`], and only for those.
///
/// Numbers are what they are to STIX: integers, and doubles where they are written otherwise or do not fit 64 bits (§2.6, §2.10).
pub fn digest(text: &[u8]) -> [u8; 32] {
    let mut written = Vec::with_capacity(text.len());
    let tree = std::str::from_utf8(text).ok().and_then(|text| Json::parse(text).ok());
    match tree {
        Some(tree) => tree.write_canonical(&mut written),
        // No value is written with this letter.
        None => written.extend(std::iter::once(&b'x').chain(text)),
    }
    Sha256::digest(&written).into()
}

impl Json<'_> {
    /// Writes a form in which equal values are equal and others are not: a letter for the kind, the length of what has no fixed one.
    fn write_canonical(&self, to: &mut Vec<u8>) {
        let mut sized = |kind: u8, length: usize| {
            to.push(kind);
            to.extend_from_slice(&length.to_le_bytes());
        };
        match self {
            Self::Null => to.push(b'n'),
            Self::Bool(value) => to.push(if *value { b't' } else { b'f' }),
            Self::Integer(value) => write_number(*value, to),
            Self::Float(value) => match exact_integer(*value) {
                Some(value) => write_number(value, to),
                None => to.extend(std::iter::once(b'd').chain(value.to_le_bytes())),
            },
            Self::Text(text) => {
                sized(b's', text.len());
                to.extend_from_slice(text.as_bytes());
            }
            Self::List(list) => {
                sized(b'l', list.len());
                for value in list {
                    value.write_canonical(to);
                }
            }
            Self::Object(members) => {
                sized(b'o', members.len());
                for (name, value) in members.by_name() {
                    to.extend_from_slice(&name.len().to_le_bytes());
                    to.extend_from_slice(name.as_bytes());
                    value.write_canonical(to);
                }
            }
        }
    }
}

fn write_number(value: i64, to: &mut Vec<u8>) {
    to.extend(std::iter::once(b'i').chain(value.to_le_bytes()));
}

/// The integer that a double stands for: beyond 2^53 it may stand for several.
fn exact_integer(value: f64) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "within 2^53 a double without fraction is an integer")]
    (value.fract() == 0.0 && value.abs() <= LARGEST).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn some_members_are_those_of_the_whole() {
        let text = r#"{"a":1,"b":{"c":[1,2]},"d":"x\ny","e":null}"#;
        let (whole, some) = (Json::parse(text).unwrap(), Json::parse_some(text, &["d", "b", "z"]).unwrap());
        let (whole, some) = (whole.as_object().unwrap(), some.as_object().unwrap());
        assert_eq!((some.get("b"), some.get("d"), some.len()), (whole.get("b"), whole.get("d"), 2));
        assert!(Json::parse_some("[]", &["d"]).is_err() && Json::parse_some("{} x", &["d"]).is_err());
    }

    #[test]
    fn depth_is_that_of_the_brackets_outside_of_texts() {
        for (text, expected) in [("1", 0), ("{}", 1), (r#"{"a":[1,{"b":[]}]}"#, 4), (r#"["[[[","\"{{",{}]"#, 2), (r#"{"a\\":{}}"#, 2)] {
            assert_eq!(depth(text), expected, "{text}");
        }
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(depth(&nested(DEEPEST)), DEEPEST);
        assert!(Json::parse(&nested(DEEPEST - 1)).is_ok() && Json::parse(&nested(DEEPEST + 1)).is_err());
    }

    #[test]
    fn s001_refuses_twin_keys_at_any_depth_and_says_where() {
        let error = Json::parse("{\"a\":1,\n \"a\":2}").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 4));
        assert_eq!(error.to_string(), "the key \"a\" occurs twice in one object at line 2 column 4");
        assert!(Json::parse(r#"{"x":[{"y":{"a":1,"b":0,"\u0061":2}}]}"#).is_err(), "an escaped name is the same name");
        let many = (0..100).map(|n| format!("\"k{n}\":0,")).collect::<Vec<_>>().concat();
        for twin in ["k0", "k50", "k99"] {
            assert!(Json::parse(&format!("{{{many}\"{twin}\":0}}")).unwrap_err().to_string().contains(twin));
        }
        let big = format!("{{{many}\"last\":0}}");
        let tree = Json::parse(&big).unwrap();
        let members = tree.as_object().unwrap();
        assert!((0..100).all(|n| members.has(&format!("k{n}"))) && members.has("last") && !members.has("k100"));
        assert_eq!(members.iter().next().unwrap().0, "k0");
    }

    #[test]
    fn s005_refuses_lone_surrogates() {
        assert_eq!(Json::parse(r#""\ud83d\ude00""#).unwrap().as_text(), Some("😀"));
        for bad in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83dx""#, r#"{"\ud83d":1}"#] {
            assert!(Json::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn s001_refuses_what_is_not_strict_json() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        for bad in
            ["", " ", "{} x", "{}{}", "{'a':1}", "{\"a\":1,}", "[1,]", "NaN", "Infinity", "1e999", "-1e999", "01", "\u{feff}{}", "\"\t\"", &deep]
        {
            assert!(Json::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Json::parse(&("[".repeat(127) + &"]".repeat(127))).is_ok());
    }

    #[test]
    fn s003_numbers_keep_whether_they_were_integers() {
        assert_eq!(Json::parse("5").unwrap(), Json::Integer(5));
        assert_eq!(Json::parse("-9223372036854775808").unwrap(), Json::Integer(i64::MIN));
        assert_eq!(Json::parse("5.0").unwrap(), Json::Float(5.0));
        assert_eq!(Json::parse("18446744073709551615").unwrap(), Json::Float(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn same_is_equality_of_values() {
        for (a, b) in [
            (r#"{"a":1,"b":[true,null]}"#, "{ \"b\" : [ true,\tnull ],\n\"a\":1 }"),
            (r#"["A\/é"]"#, r#"["\u0041/\u00e9"]"#),
            ("1", "1.0"),
            ("100", "1e2"),
            ("-0", "0"),
            ("0.001", "1E-3"),
            ("18446744073709551617", "18446744073709551617.0"),
            (r#"{"quote \" 7":7}"#, r#"{"quote \u0022 7":7}"#),
        ] {
            assert!(same(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
        for (a, b) in [
            ("1", "2"),
            ("1", "\"1\""),
            ("1", "-1"),
            ("10", "1"),
            ("9007199254740992", "9007199254740993"),
            ("18446744073709551616", "18446744073709555712"),
            ("9007199254740993", "9007199254740994.0"),
            (r#"{"a":1,"b":2}"#, r#"{"a":2,"b":1}"#),
            ("[[1],2]", "[[1,2]]"),
            (r#"["a","b"]"#, r#"["ab",""]"#),
            ("0.1", "0.2"),
            ("[1,2]", "[2,1]"),
            ("{}", "[]"),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            ("{", " {"),
        ] {
            assert!(!same(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
        assert!(same(b"\xff", b"\xff"));
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[\[\]{}",:0-9a-zA-Z\\.eE+ -]{0,60}"#, other in any::<String>()) {
            let _ = Json::parse(&text);
            same(text.as_bytes(), other.as_bytes());
        }

        #[test]
        fn a_value_is_the_same_as_itself_in_any_dress(pairs in proptest::collection::btree_map("[a-z\"\\\\]{0,4}", any::<u128>(), 0..50)) {
            let plain: Vec<String> = pairs.iter().map(|(k, v)| format!("{}:{v}", serde_json::to_string(k).unwrap())).collect();
            let dressed: Vec<String> = pairs.iter().rev().map(|(k, v)| format!("\n{} : {v}00E-2", serde_json::to_string(k).unwrap())).collect();
            let (plain, dressed) = (format!("{{{}}}", plain.join(",")), format!("{{{}}}", dressed.join(",")));
            prop_assert!(same(plain.as_bytes(), dressed.as_bytes()));
        }
    }
}
