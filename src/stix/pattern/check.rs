//! What the grammar of patterns cannot say: one object for one `AND`, constants that can be, paths that lead somewhere.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::regex;
use super::token::Span;
use super::tree::{
    Body, Comparison, ComparisonAnd, ComparisonOr, Literal, Observation, Path, Pattern, Qualifier, QualifierKind, Relation, Step, Test, TextOperator,
    Value,
};
use super::vocabulary::{self, Kind, Place};
use crate::stix::finding::{Clip, Severity};
use crate::stix::rules::form::{HashForm, hash_algorithm};
use crate::stix::time::Instant;

/// One thing that is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternFinding {
    /// Whether it makes the pattern invalid.
    pub severity: Severity,
    /// The bytes of the pattern's text that it is about.
    pub span: Range<usize>,
    /// The section of STIX 2.1 that says so, e.g. `§9.5`.
    pub section: &'static str,
    /// What was found, as a lower-case fragment.
    pub message: String,
}

/// Judges a pattern that was parsed: errors first, each in the order of the text.
///
/// At most a hundred errors and a hundred warnings are kept: a hostile pattern is not answered by a flood.
pub fn check(pattern: &Pattern<'_>) -> Vec<PatternFinding> {
    let mut checker = Checker { errors: Vec::new(), warnings: Vec::new(), regex_budget: REGEX_BUDGET };
    checker.pattern(pattern);
    let Checker { mut errors, warnings, .. } = checker;
    errors.extend(warnings);
    errors
}

/// So many findings of one severity are kept.
const MOST: usize = 100;
/// So many bytes of regular expressions are tried in one pattern: reading them is the slowest thing here.
const REGEX_BUDGET: usize = 1 << 16;
/// The largest integer (§2.10); the smallest is its negative.
const LARGEST: u64 = (1 << 53) - 1;

struct Checker {
    errors: Vec<PatternFinding>,
    warnings: Vec<PatternFinding>,
    regex_budget: usize,
}

/// The object types that can satisfy a comparison.
enum Types<'p> {
    One(&'p str),
    Some(HashSet<&'p str>),
    /// None, which has been told already.
    Broken,
}

impl Types<'_> {
    /// What can satisfy this or that. The smaller set goes into the larger, so that deep nesting costs little more than wide.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Broken, _) | (_, Self::Broken) => Self::Broken,
            (Self::One(a), Self::One(b)) if a == b => Self::One(a),
            (Self::One(a), Self::One(b)) => Self::Some(HashSet::from([a, b])),
            (Self::One(one), Self::Some(mut many)) | (Self::Some(mut many), Self::One(one)) => {
                many.insert(one);
                Self::Some(many)
            }
            (Self::Some(a), Self::Some(b)) => {
                let (small, mut large) = if a.len() < b.len() { (a, b) } else { (b, a) };
                large.extend(small);
                Self::Some(large)
            }
        }
    }

    /// What can satisfy both; both back if nothing can.
    fn and(self, other: Self) -> Result<Self, (Self, Self)> {
        match (self, other) {
            (Self::Broken, _) | (_, Self::Broken) => Ok(Self::Broken),
            (Self::One(a), Self::One(b)) if a == b => Ok(Self::One(a)),
            (Self::One(one), Self::Some(many)) | (Self::Some(many), Self::One(one)) if many.contains(one) => Ok(Self::One(one)),
            (Self::Some(a), Self::Some(b)) if !a.is_disjoint(&b) => {
                let (mut small, large) = if a.len() < b.len() { (a, b) } else { (b, a) };
                small.retain(|name| large.contains(name));
                Ok(Self::Some(small))
            }
            neither => Err(neither),
        }
    }

    /// The types for a message: a few of them, in alphabetical order.
    fn shown(&self) -> String {
        /// So many are named.
        const SHOWN: usize = 3;
        let mut names: Vec<&str> = match self {
            Self::One(name) => vec![name],
            Self::Some(names) => names.iter().copied().collect(),
            Self::Broken => Vec::new(),
        };
        names.sort_unstable();
        let more = if names.len() > SHOWN { " or …" } else { "" };
        names.truncate(SHOWN);
        format!("{}{more}", names.into_iter().map(|name| Clip(name).to_string()).collect::<Vec<_>>().join(" or "))
    }
}

impl Checker {
    fn error(&mut self, span: Span, section: &'static str, message: impl FnOnce() -> String) {
        if self.errors.len() < MOST {
            self.errors.push(PatternFinding { severity: Severity::Error, span: span.range(), section, message: message() });
        }
    }

    fn warn(&mut self, span: Span, section: &'static str, message: impl FnOnce() -> String) {
        if self.warnings.len() < MOST {
            self.warnings.push(PatternFinding { severity: Severity::Warning, span: span.range(), section, message: message() });
        }
    }

    fn pattern(&mut self, pattern: &Pattern<'_>) {
        let ands = pattern.steps.iter().flat_map(|step| &step.operands);
        ands.flat_map(|and| &and.operands).for_each(|observation| self.observation(observation));
    }

    fn observation(&mut self, observation: &Observation<'_>) {
        match &observation.body {
            Body::Object(comparisons) => drop(self.comparison_or(comparisons)),
            Body::Group(pattern) => self.pattern(pattern),
        }
        let mut seen = [false; 3];
        for qualifier in &observation.qualifiers {
            let (slot, name) = match &qualifier.kind {
                QualifierKind::Repeats(_) => (0, "REPEATS"),
                QualifierKind::Within(_) => (1, "WITHIN"),
                QualifierKind::StartStop(..) => (2, "START … STOP"),
            };
            if std::mem::replace(&mut seen[slot], true) {
                self.error(qualifier.span, "§9.5.1", || format!("a second {name} on one observation expression"));
            }
            self.qualifier(qualifier);
        }
    }

    fn qualifier(&mut self, qualifier: &Qualifier<'_>) {
        match &qualifier.kind {
            QualifierKind::Repeats(times) if times == "0" => {
                self.error(qualifier.span, "§9.5.1", || "REPEATS 0 TIMES: expected a positive integer".to_owned());
            }
            QualifierKind::Repeats(times) => self.integer(times, qualifier.span),
            QualifierKind::Within(seconds) if !seconds.bytes().any(|b| matches!(b, b'1'..=b'9')) => {
                self.error(qualifier.span, "§9.5.1", || format!("WITHIN {} SECONDS: expected more than 0", Clip(seconds)));
            }
            QualifierKind::Within(seconds) if seconds.contains('.') => {}
            QualifierKind::Within(seconds) => self.integer(seconds, qualifier.span),
            QualifierKind::StartStop(start, stop) => {
                let (start, stop) = (self.timestamp(start, qualifier.span), self.timestamp(stop, qualifier.span));
                if start.zip(stop).is_some_and(|(start, stop)| start >= stop) {
                    self.error(qualifier.span, "§9.5.1", || "START is not before STOP".to_owned());
                }
            }
        }
    }

    fn comparison_or<'p>(&mut self, or: &'p ComparisonOr<'_>) -> Types<'p> {
        or.operands.iter().map(|and| self.comparison_and(and)).reduce(Types::or).unwrap_or(Types::Broken)
    }

    /// The operands of `AND` must begin at one object (§9.5).
    fn comparison_and<'p>(&mut self, and: &'p ComparisonAnd<'_>) -> Types<'p> {
        let mut common: Option<Types<'p>> = None;
        for test in &and.operands {
            let types = self.test(test);
            let Some(before) = common.take() else {
                common = Some(types);
                continue;
            };
            common = Some(before.and(types).unwrap_or_else(|(before, types)| {
                let joined = || format!("AND joins {} with {}: no object is both", before.shown(), types.shown());
                self.error(first_path(test), "§9.5", joined);
                Types::Broken
            }));
        }
        common.unwrap_or(Types::Broken)
    }

    fn test<'p>(&mut self, test: &'p Test<'_>) -> Types<'p> {
        match test {
            Test::Group(comparisons) => self.comparison_or(comparisons),
            Test::Exists { path, .. } => {
                self.path(path);
                Types::One(&path.object)
            }
            Test::Compare { path, comparison, .. } => {
                let place = self.path(path);
                self.comparison(path, comparison, &place);
                Types::One(&path.object)
            }
        }
    }

    fn path(&mut self, path: &Path<'_>) -> Place {
        let place = vocabulary::follow(path);
        match &place {
            Place::NoObject => {
                self.warn(path.span, "§9.7", || format!("{} is no cyber-observable object of the standard", Clip(&path.object)));
            }
            Place::Nowhere(why) => self.warn(path.span, "§9.7", || why.clone()),
            Place::Known(_) | Place::Custom => {}
        }
        if let Some((key, None)) = hash_of(path) {
            self.warn(path.span, "§10.7", || format!("{} is not in hash-algorithm-ov", Clip(key)));
        }
        if let Some((key, Some((name, _)))) = hash_of(path).filter(|(key, known)| known.is_some_and(|(name, _)| name != *key)) {
            self.warn(path.span, "§10.7", || format!("{} is spelled {name} in hash-algorithm-ov", Clip(key)));
        }
        for step in &path.steps {
            if let Step::Item(number) = step {
                self.integer(number, path.span);
                if number.starts_with('-') {
                    self.warn(path.span, "§9.7.2", || format!("[{}] matches nothing: items are counted from 0", Clip(number)));
                }
            }
        }
        place
    }

    fn comparison(&mut self, path: &Path<'_>, comparison: &Comparison<'_>, place: &Place) {
        match comparison {
            Comparison::Value(relation, literal) => {
                self.literal(path, literal, place);
                if matches!(relation, Relation::Equal | Relation::NotEqual) {
                    self.hash(path, literal);
                }
            }
            Comparison::In(set, span) => {
                if set.is_empty() {
                    self.warn(*span, "§9.6.1", || "an empty set matches nothing".to_owned());
                }
                let first = set.first().map(|literal| set_kind(&literal.value));
                if let Some(odd) = set.iter().find(|literal| Some(set_kind(&literal.value)) != first) {
                    let mixed = || format!("{} in a set that begins with {}", odd.value.kind(), set.first().map_or("", |first| first.value.kind()));
                    self.error(odd.span, "§9.6.1", mixed);
                }
                for literal in set {
                    self.literal(path, literal, place);
                    self.hash(path, literal);
                }
            }
            Comparison::Text(operator, literal) => {
                self.literal(path, literal, place);
                let Value::Text(text) = &literal.value else { return };
                match operator {
                    TextOperator::Like => {}
                    TextOperator::Matches => self.regex(text, literal.span),
                    TextOperator::IsSubset | TextOperator::IsSuperset => self.addresses(path, place, *operator, text, literal.span),
                }
            }
        }
    }

    /// Whether a constant can be, and whether it fits the property.
    fn literal(&mut self, path: &Path<'_>, literal: &Literal<'_>, place: &Place) {
        match &literal.value {
            Value::Integer(digits) => self.integer(digits, literal.span),
            Value::Timestamp(text) => drop(self.timestamp(text, literal.span)),
            Value::Hex(digits) if digits.bytes().any(|b| b.is_ascii_uppercase()) => {
                self.warn(literal.span, "§2.8", || "hexadecimal digits are lower case".to_owned());
            }
            Value::Hex(_) | Value::Binary(_) | Value::Float(_) | Value::Text(_) | Value::Bool(_) => {}
        }
        let Place::Known(kinds) = place else { return };
        if !kinds.iter().any(|kind| fits(*kind, &literal.value)) {
            let kind = kinds.first().map_or("nothing", |kind| described(*kind));
            self.warn(literal.span, "§9.6.1", || format!("{} is {kind} and never equals {}", Clip(&path.to_string()), literal.value.kind()));
        }
    }

    fn integer(&mut self, digits: &str, span: Span) {
        if !digits.trim_start_matches('-').parse::<u64>().is_ok_and(|number| number <= LARGEST) {
            self.error(span, "§2.10", || format!("{} is beyond ±{LARGEST}", Clip(digits)));
        }
    }

    fn timestamp(&mut self, text: &str, span: Span) -> Option<Instant> {
        Instant::parse(text).map_err(|error| self.error(span, "§2.16", || format!("{}: {error}", Clip(text)))).ok()
    }

    fn hash(&mut self, path: &Path<'_>, literal: &Literal<'_>) {
        let (Some((_, Some((name, form)))), Value::Text(text)) = (hash_of(path), &literal.value) else { return };
        if let Some(flaw) = form.flaw(text) {
            self.error(literal.span, "§10.7", || format!("no {name}: {flaw}"));
        } else if form != HashForm::Ssdeep && text.bytes().any(|b| b.is_ascii_uppercase() && b != b'T') {
            self.warn(literal.span, "§9.6.2", || format!("a {name} in upper case equals none in lower case"));
        }
    }

    fn regex(&mut self, text: &str, span: Span) {
        let Some(left) = self.regex_budget.checked_sub(text.len()) else { return };
        self.regex_budget = left;
        if let Some(flaw) = regex::flaw(text) {
            self.warn(span, "§9.6.1", || format!("the regular expression may not compile: {flaw}"));
        }
    }

    fn addresses(&mut self, path: &Path<'_>, place: &Place, operator: TextOperator, text: &str, span: Span) {
        let (v4, v6) = match place {
            Place::Known(kinds) => (kinds.contains(&Kind::Ipv4), kinds.contains(&Kind::Ipv6)),
            Place::Custom | Place::NoObject | Place::Nowhere(_) => (true, true),
        };
        let expected = match (v4, v6) {
            (true, true) => "an IPv4 or IPv6 address or CIDR block",
            (true, false) => "an IPv4 address or CIDR block",
            (false, true) => "an IPv6 address or CIDR block",
            (false, false) => {
                let path = path.to_string();
                self.error(span, "§9.6.1", || format!("{} needs the value of an ipv4-addr or ipv6-addr, not {}", operator.text(), Clip(&path)));
                return;
            }
        };
        if !(v4 && is_block::<Ipv4Addr>(text, 32) || v6 && is_block::<Ipv6Addr>(text, 128)) {
            self.error(span, "§9.6.1", || format!("{} is not {expected}", Clip(text)));
        }
    }
}

/// The path that a test begins with, to point at.
fn first_path(test: &Test<'_>) -> Span {
    let mut test = test;
    loop {
        match test {
            Test::Exists { path, .. } | Test::Compare { path, .. } => return path.span,
            Test::Group(comparisons) => match comparisons.operands.first().and_then(|and| and.operands.first()) {
                Some(first) => test = first,
                None => return Span::default(),
            },
        }
    }
}

/// The key of a path that ends in a hash, with the algorithm that it means if it is a known one.
fn hash_of<'p>(path: &'p Path<'_>) -> Option<(&'p str, Option<(&'static str, HashForm)>)> {
    let (Step::Key(key), before) = path.steps.split_last()? else { return None };
    let parent = match before.last() {
        None => &path.property,
        Some(Step::Key(parent)) => parent,
        Some(Step::Item(_) | Step::Any) => return None,
    };
    parent.ends_with("hashes").then(|| (key.as_ref(), hash_algorithm(key)))
}

/// Constants of one such number may stand together in a set: integers and floats mix.
fn set_kind(value: &Value<'_>) -> u8 {
    match value {
        Value::Integer(_) | Value::Float(_) => 0,
        Value::Text(_) => 1,
        Value::Hex(_) => 2,
        Value::Binary(_) => 3,
        Value::Timestamp(_) => 4,
        Value::Bool(_) => 5,
    }
}

/// Whether a constant can equal a value of a kind.
fn fits(kind: Kind, value: &Value<'_>) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Int | Kind::Float => matches!(value, Value::Integer(_) | Value::Float(_)),
        Kind::Bool => matches!(value, Value::Bool(_)),
        Kind::Ts => matches!(value, Value::Timestamp(_)),
        Kind::Hex | Kind::Bin => matches!(value, Value::Text(_) | Value::Hex(_) | Value::Binary(_)),
        Kind::Str | Kind::Ipv4 | Kind::Ipv6 | Kind::Mac | Kind::Domain | Kind::Mail | Kind::Url | Kind::Hash | Kind::Ref(_) | Kind::AnyRef => {
            matches!(value, Value::Text(_))
        }
        Kind::Hashes | Kind::List(_) | Kind::Dict(_) | Kind::Object(_) | Kind::Extensions(_) => false,
    }
}

/// What a value of a kind is called in messages.
fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "a value",
        Kind::Int => "an integer",
        Kind::Float => "a number",
        Kind::Bool => "a boolean",
        Kind::Ts => "a timestamp",
        Kind::Hex | Kind::Bin => "binary",
        Kind::Str | Kind::Ipv4 | Kind::Ipv6 | Kind::Mac | Kind::Domain | Kind::Mail | Kind::Url | Kind::Hash => "a string",
        Kind::Ref(_) | Kind::AnyRef => "an identifier",
        Kind::Hashes | Kind::Dict(_) => "a dictionary",
        Kind::List(_) => "a list (its items are [*])",
        Kind::Object(_) | Kind::Extensions(_) => "an object",
    }
}

/// Whether a text is an address, or an address with a prefix length.
fn is_block<Address: std::str::FromStr>(text: &str, longest: u8) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let fits = |prefix: &str| prefix.bytes().all(|b| b.is_ascii_digit()) && prefix.parse::<u8>().is_ok_and(|bits| bits <= longest);
    address.parse::<Address>().is_ok() && prefix.is_none_or(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::pattern::parse::parse;

    fn findings(text: &str, severity: Severity) -> Vec<(String, String)> {
        let pattern = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = check(&pattern).into_iter().filter(|finding| finding.severity == severity);
        found.map(|finding| (text[finding.span].to_owned(), finding.message)).collect()
    }

    fn errors(text: &str) -> Vec<(String, String)> {
        findings(text, Severity::Error)
    }

    fn warnings(text: &str) -> Vec<(String, String)> {
        findings(text, Severity::Warning)
    }

    fn one(at: &str, message: &str) -> Vec<(String, String)> {
        vec![(at.to_owned(), message.to_owned())]
    }

    #[test]
    fn s201_and_joins_what_one_object_can_satisfy() {
        for good in [
            "[file:name = 'a' AND file:size = 1]",
            "[file:name = 'a' OR url:value = 'b']",
            "[file:name = 'a'] AND [url:value = 'b']",
            "[(file:name = 'a' OR url:value = 'b') AND (url:value = 'c' OR mutex:name = 'd')]",
            "[(file:name = 'a' AND file:size = 1) OR (url:value = 'b' AND EXISTS url:defanged)]",
            "[file:name = 'a' AND (url:value = 'c' OR (mutex:name = 'd' OR file:name = 'e'))]",
        ] {
            assert_eq!(errors(good), [], "{good}");
        }
        assert_eq!(errors("[file:name = 'a' AND url:value = 'b']"), one("url:value", "AND joins file with url: no object is both"));
        assert_eq!(errors("[file:name = 'a' AND NOT EXISTS url:value]"), one("url:value", "AND joins file with url: no object is both"));
        assert_eq!(
            errors("[(file:name = 'a' OR url:value = 'b') AND ((mutex:name = 'd' OR process:pid = 1))]"),
            one("mutex:name", "AND joins file or url with mutex or process: no object is both")
        );
        assert_eq!(
            errors("[(file:name = 'a' OR url:value = 'b') AND (url:value = 'b' OR mutex:name = 'c') AND file:name = 'a']"),
            one("file:name", "AND joins url with file: no object is both")
        );
    }

    #[test]
    fn s202_a_qualifier_stands_once() {
        let twice = "[file:name = 'a'] WITHIN 5 SECONDS REPEATS 2 TIMES WITHIN 6 SECONDS";
        assert_eq!(errors(twice), one("WITHIN 6 SECONDS", "a second WITHIN on one observation expression"));
        assert_eq!(errors("([file:name = 'a']) REPEATS 2 TIMES REPEATS 3 TIMES").len(), 1);
        assert_eq!(errors("([file:name = 'a'] REPEATS 2 TIMES) REPEATS 3 TIMES"), []);
    }

    #[test]
    fn s203_repetitions_and_windows_are_positive() {
        assert_eq!(errors("[file:name = 'a'] REPEATS 1 TIMES WITHIN 0.01 SECONDS"), []);
        assert_eq!(errors("[file:name = 'a'] REPEATS 0 TIMES"), one("REPEATS 0 TIMES", "REPEATS 0 TIMES: expected a positive integer"));
        for zero in ["0", "0.0", ".00"] {
            assert_eq!(errors(&format!("[file:name = 'a'] WITHIN {zero} SECONDS")).len(), 1, "{zero}");
        }
    }

    #[test]
    fn s204_start_is_before_stop() {
        let between = |start: &str, stop: &str| errors(&format!("[file:name = 'a'] START t'{start}' STOP t'{stop}'")).len();
        assert_eq!(between("2021-01-01T00:00:00Z", "2021-01-01T00:00:00.001Z"), 0);
        assert_eq!(between("2021-01-01T00:00:00Z", "2021-01-01T00:00:00.000Z"), 1);
        assert_eq!(between("2021-01-01T00:00:01Z", "2021-01-01T00:00:00Z"), 1);
        assert_eq!(between("2021-02-30T00:00:00Z", "2021-01-01T00:00:00Z"), 1);
    }

    #[test]
    fn s206_constants_can_be() {
        assert_eq!(errors("[file:size = 9007199254740991 OR file:size = -9007199254740991]"), []);
        for beyond in ["9007199254740992", "-9007199254740992", "99999999999999999999999"] {
            assert_eq!(errors(&format!("[file:size = {beyond}]"))[0].0, beyond);
            assert_eq!(errors(&format!("[file:size IN (1, {beyond})]"))[0].0, beyond);
        }
        assert_eq!(errors("[file:ctime = t'2021-02-30T00:00:00Z']"), one("t'2021-02-30T00:00:00Z'", "2021-02-30T00:00:00Z: no such date or time"));
        assert_eq!(warnings("[file:magic_number_hex = h'FF']"), one("h'FF'", "hexadecimal digits are lower case"));
    }

    #[test]
    fn s207_types_and_properties_are_those_of_the_standard() {
        assert_eq!(
            warnings("[win-registry-key:key = 'a']"),
            one("win-registry-key:key", "win-registry-key is no cyber-observable object of the standard")
        );
        assert_eq!(warnings("[malware:name = 'a']").len(), 1);
        assert_eq!(warnings("[process:name = 'a']"), one("process:name", "process has no property name"));
        for custom in ["[x-usb-device:drive.serial = 'a']", "[file:x_mine = 'a']", "[file:extensions.'x-mine-ext'.a[*] = 1]"] {
            assert_eq!(warnings(custom), [], "{custom}");
        }
    }

    #[test]
    fn s208_steps_fit_the_kinds_of_properties() {
        for good in [
            "[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]",
            "[email-message:body_multipart[*].body_raw_ref.name MATCHES '^Final Report.+\\\\.exe$']",
            "[domain-name:resolves_to_refs[*].value = '198.51.100.1']",
            "[windows-registry-key:values[0].data_type = 'REG_SZ']",
        ] {
            assert_eq!(warnings(good), [], "{good}");
        }
        assert_eq!(warnings("[file:hashes[*] = 'a']"), one("file:hashes[*]", "[…] comes after what is no list"));
        assert_eq!(
            warnings("[network-traffic:protocols[-1] = 'tcp']"),
            one("network-traffic:protocols[-1]", "[-1] matches nothing: items are counted from 0")
        );
        assert_eq!(errors("[network-traffic:protocols[99999999999999999999] = 'tcp']").len(), 1);
    }

    #[test]
    fn s209_subsets_are_of_addresses() {
        for good in [
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
            "[ipv6-addr:value NOT ISSUPERSET '2001:db8::/32']",
            "[network-traffic:dst_ref.value ISSUBSET '2001:0db8:dead:beef:0000:0000:0000:0000/64']",
            "[domain-name:resolves_to_refs[*].value ISSUBSET '192.0.2.1']",
            "[x-host:net ISSUBSET '192.0.2.1']",
        ] {
            assert_eq!(errors(good), [], "{good}");
        }
        assert_eq!(
            errors("[file:name ISSUBSET '192.0.2.0/24']"),
            one("'192.0.2.0/24'", "ISSUBSET needs the value of an ipv4-addr or ipv6-addr, not file:name")
        );
        assert_eq!(
            errors("[ipv4-addr:value ISSUBSET '2001:db8::/32']"),
            one("'2001:db8::/32'", "2001:db8::/32 is not an IPv4 address or CIDR block")
        );
        for bad in ["192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+8", "192.0.2", "a", "", "2001:db8::/129"] {
            assert_eq!(errors(&format!("[network-traffic:src_ref.value ISSUPERSET '{bad}']")).len(), 1, "{bad}");
        }
    }

    #[test]
    fn s210_a_set_is_of_one_kind() {
        assert_eq!(errors("[file:size IN (1, 2.5, -3)]"), []);
        assert_eq!(errors("[file:size IN (1, 'a')]"), one("'a'", "a string in a set that begins with an integer"));
        assert_eq!(errors("[file:magic_number_hex IN (h'00', b'YQ==')]").len(), 1);
        assert_eq!(warnings("[file:size IN ()]"), one("()", "an empty set matches nothing"));
    }

    #[test]
    fn s211_regular_expressions_compile() {
        assert_eq!(warnings(r"[file:name MATCHES '^(?=a)\\d+\\.exe$']"), []);
        assert_eq!(warnings("[file:name MATCHES '(a']"), one("'(a'", "the regular expression may not compile: unclosed group at byte 0"));
        assert_eq!(errors("[file:name MATCHES '(a']"), []);
        assert_eq!(warnings("[file:name LIKE '(a%_']"), []);
    }

    #[test]
    fn s212_constants_fit_the_kind_of_the_property() {
        for good in [
            "[file:size = 1.0 OR process:pid IN (1, 2)]",
            "[file:magic_number_hex = b'YQ==' OR file:magic_number_hex = 'a' OR artifact:payload_bin = h'00']",
            "[artifact:payload_bin MATCHES 'a']",
            "[file:ctime > t'2021-01-01T00:00:00Z' AND file:parent_directory_ref = 'directory--1']",
            "[network-traffic:is_active = true]",
        ] {
            assert_eq!(warnings(good), [], "{good}");
        }
        for (bad, at, why) in [
            ("[file:size = '1']", "'1'", "file:size is an integer and never equals a string"),
            ("[file:name = 1]", "1", "file:name is a string and never equals an integer"),
            ("[file:ctime = '2021-01-01T00:00:00Z']", "'2021-01-01T00:00:00Z'", "file:ctime is a timestamp and never equals a string"),
            ("[network-traffic:protocols = 'tcp']", "'tcp'", "network-traffic:protocols is a list (its items are [*]) and never equals a string"),
            ("[file:size LIKE '1%']", "'1%'", "file:size is an integer and never equals a string"),
            ("[file:hashes = 'a']", "'a'", "file:hashes is a dictionary and never equals a string"),
        ] {
            assert_eq!(warnings(bad), one(at, why), "{bad}");
            assert_eq!(errors(bad), [], "{bad}");
        }
    }

    #[test]
    fn s021_hashes_have_the_form_of_their_algorithm() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        for good in [
            format!("[file:hashes.MD5 = '{md5}']"),
            format!("[x-mine:hashes.MD5 IN ('{md5}', '{md5}')]"),
            "[file:hashes.MD5 LIKE 'd41%']".to_owned(),
            "[file:hashes.SSDEEP = '3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C']".to_owned(),
            format!("[file:hashes.TLSH = 'T1{}']", "0".repeat(70)),
            format!("[file:extensions.'windows-pebinary-ext'.file_header_hashes.'SHA-1' = '{}']", "0".repeat(40)),
        ] {
            assert_eq!(check(&parse(&good).unwrap()), [], "{good}");
        }
        for (bad, at, why) in [
            ("[file:hashes.'SHA-256' = 'f00']", "'f00'", "no SHA-256: expected 64 hexadecimal digits, found 3"),
            (
                "[file:hashes.MD5 != 'cead3f77f6cda6ec00f57d76c9a6879g']",
                "'cead3f77f6cda6ec00f57d76c9a6879g'",
                "no MD5: expected 32 hexadecimal digits, found 'g'",
            ),
            ("[file:hashes.SSDEEP = 'a']", "'a'", "no SSDEEP: expected block size:base64:base64, found a"),
            ("[artifact:hashes.TLSH IN ('T1')]", "'T1'", "no TLSH: expected 70 hexadecimal digits, found 0"),
        ] {
            assert_eq!(errors(bad), one(at, why), "{bad}");
        }
        assert_eq!(warnings(&format!("[file:hashes.md5 = '{md5}']")), one("file:hashes.md5", "md5 is spelled MD5 in hash-algorithm-ov"));
        assert_eq!(warnings("[file:hashes.x_mine = 'a']"), one("file:hashes.x_mine", "x_mine is not in hash-algorithm-ov"));
        assert_eq!(warnings(&format!("[file:hashes.MD5 = '{}']", md5.to_uppercase())).len(), 1);
    }

    #[test]
    fn a_flood_of_findings_is_cut_and_hides_no_error() {
        let flood = format!("[{} OR file:size = 99999999999999999999]", ["file:size = 'a'"; 1000].join(" OR "));
        assert_eq!(warnings(&flood).len(), MOST);
        assert_eq!(errors(&flood).len(), 1);
    }
}
