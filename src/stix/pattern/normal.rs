//! One text for patterns that mean the same, as far as that can be seen without running them.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::tree::{
    Body, Comparison, ComparisonAnd, ComparisonOr, Literal, Observation, ObservationAnd, ObservationOr, Path, Pattern, Qualifier, QualifierKind,
    Relation, Step, Test, TextOperator, Value,
};
use super::vocabulary::{self, Kind, Place};
use crate::stix::rules::form::{HashForm, hash_algorithm};

/// The normal form of a pattern, itself a pattern.
///
/// Canonical text, without parentheses that change nothing. Comparisons that `AND` or `OR` joins and the members of sets
/// are sorted and stand once. Hashes, names of hosts and domains, the scheme and host of URLs and MAC addresses are lower
/// case; IPv6 addresses are in their canonical form, and a block of one address is the address. Numbers have no superfluous
/// zeros. Observations keep their order: it decides what is reported.
///
/// Blanks are made where the text had none, so the form of a pattern near the longest may be longer than [`parse`] takes.
///
/// [`parse`]: super::parse::parse
pub fn normal_form(pattern: &Pattern<'_>) -> String {
    let mut steps = Vec::new();
    gather_steps(pattern, &mut steps);
    let ands = |and: &Vec<String>| and.join(" AND ");
    let ors = |or: &Vec<Vec<String>>| or.iter().map(ands).collect::<Vec<_>>().join(" OR ");
    steps.iter().map(ors).collect::<Vec<_>>().join(" FOLLOWEDBY ")
}

/// Texts joined by `AND`.
type And = Vec<String>;

/// The steps of a pattern. Parentheses around the first of them change nothing: `FOLLOWEDBY` goes from left to right.
fn gather_steps(pattern: &Pattern<'_>, into: &mut Vec<Vec<And>>) {
    for (at, step) in pattern.steps.iter().enumerate() {
        if let Some(inner) = only_group(step).filter(|_| at == 0) {
            gather_steps(inner, into);
        } else {
            let mut alternatives = Vec::new();
            gather_alternatives(step, &mut alternatives);
            into.push(alternatives);
        }
    }
}

/// The alternatives of an `OR`, also those of an `OR` in parentheses among them.
fn gather_alternatives(or: &ObservationOr<'_>, into: &mut Vec<And>) {
    for and in &or.operands {
        if let Some(inner) = only_or(and) {
            gather_alternatives(inner, into);
        } else {
            let mut all = Vec::new();
            gather_all(and, &mut all);
            into.push(all);
        }
    }
}

/// The operands of an `AND`, also those of an `AND` in parentheses among them.
fn gather_all(and: &ObservationAnd<'_>, into: &mut And) {
    for observation in &and.operands {
        match bare_group(observation).and_then(only_and) {
            Some(inner) => gather_all(inner, into),
            None => into.push(observation_text(observation)),
        }
    }
}

/// The pattern in parentheses that nothing qualifies.
fn bare_group<'p, 't>(observation: &'p Observation<'t>) -> Option<&'p Pattern<'t>> {
    match &observation.body {
        Body::Group(pattern) if observation.qualifiers.is_empty() => Some(pattern),
        _ => None,
    }
}

/// The pattern in parentheses that is all there is.
fn only_group<'p, 't>(or: &'p ObservationOr<'t>) -> Option<&'p Pattern<'t>> {
    let [and] = or.operands.as_slice() else { return None };
    let [observation] = and.operands.as_slice() else { return None };
    bare_group(observation)
}

/// The alternatives in parentheses that are all there is.
fn only_or<'p, 't>(and: &'p ObservationAnd<'t>) -> Option<&'p ObservationOr<'t>> {
    let [observation] = and.operands.as_slice() else { return None };
    let [or] = bare_group(observation)?.steps.as_slice() else { return None };
    Some(or)
}

/// The operands of a pattern that has neither `FOLLOWEDBY` nor `OR`.
fn only_and<'p, 't>(pattern: &'p Pattern<'t>) -> Option<&'p ObservationAnd<'t>> {
    let [or] = pattern.steps.as_slice() else { return None };
    let [and] = or.operands.as_slice() else { return None };
    Some(and)
}

/// An observation with its qualifiers. Parentheses around one observation count only between two sets of qualifiers.
fn observation_text(observation: &Observation<'_>) -> String {
    let (mut body, mut qualifiers) = (&observation.body, &observation.qualifiers);
    while let Body::Group(pattern) = body
        && let Some([inner]) = only_and(pattern).map(|and| and.operands.as_slice())
        && (qualifiers.is_empty() || inner.qualifiers.is_empty())
    {
        body = &inner.body;
        qualifiers = if qualifiers.is_empty() { &inner.qualifiers } else { qualifiers };
    }
    let mut text = match body {
        Body::Object(comparisons) => format!("[{}]", or_text(&alternatives(comparisons))),
        Body::Group(pattern) => format!("({})", normal_form(pattern)),
    };
    for qualifier in qualifiers {
        text.push(' ');
        text.push_str(&qualifier_text(qualifier));
    }
    text
}

fn qualifier_text(qualifier: &Qualifier<'_>) -> String {
    let kind = match &qualifier.kind {
        QualifierKind::Repeats(times) => QualifierKind::Repeats(number(times)),
        QualifierKind::Within(seconds) => QualifierKind::Within(number(seconds)),
        QualifierKind::StartStop(start, stop) => QualifierKind::StartStop(timestamp(start), timestamp(stop)),
    };
    Qualifier { kind, span: qualifier.span }.to_string()
}

/// The alternatives of an `OR` between comparisons: sorted, and each once.
fn alternatives(or: &ComparisonOr<'_>) -> Vec<And> {
    let mut all = Vec::new();
    gather_comparisons(or, &mut all);
    all.sort_unstable();
    all.dedup();
    all
}

fn gather_comparisons(or: &ComparisonOr<'_>, into: &mut Vec<And>) {
    for and in &or.operands {
        if let [Test::Group(inner)] = and.operands.as_slice() {
            gather_comparisons(inner, into);
        } else {
            let mut all = Vec::new();
            gather_tests(and, &mut all);
            all.sort_unstable();
            all.dedup();
            into.push(all);
        }
    }
}

/// The operands of an `AND` between comparisons, also those of what turns out to be an `AND` in parentheses.
fn gather_tests(and: &ComparisonAnd<'_>, into: &mut And) {
    for test in &and.operands {
        match test {
            Test::Group(or) => match or.operands.as_slice() {
                [inner] => gather_tests(inner, into),
                _ => match alternatives(or).as_mut_slice() {
                    [only] => into.append(only),
                    several => into.push(format!("({})", or_text(several))),
                },
            },
            Test::Exists { negated, path } => into.push(Test::Exists { negated: *negated, path: normal_path(path) }.to_string()),
            Test::Compare { path, negated, comparison } => {
                let comparison = normal_comparison(path, comparison);
                into.push(Test::Compare { path: normal_path(path), negated: *negated, comparison }.to_string());
            }
        }
    }
}

fn or_text(alternatives: &[And]) -> String {
    alternatives.iter().map(|and| and.join(" AND ")).collect::<Vec<_>>().join(" OR ")
}

fn normal_path<'t>(path: &Path<'t>) -> Path<'t> {
    let mut path = path.clone();
    for step in &mut path.steps {
        if let Step::Item(index) = step {
            *index = number(index).into_owned().into();
        }
    }
    path
}

fn normal_comparison<'p>(path: &Path<'_>, comparison: &'p Comparison<'_>) -> Comparison<'p> {
    let spelling = Spelling::of(path);
    match comparison {
        Comparison::Value(relation, literal) => {
            let spelling = if matches!(relation, Relation::Equal | Relation::NotEqual) { spelling } else { Spelling::Exact };
            Comparison::Value(*relation, normal_literal(literal, spelling))
        }
        Comparison::In(set, span) => {
            let mut set: Vec<_> = set.iter().map(|literal| normal_literal(literal, spelling)).collect();
            set.sort_by_cached_key(ToString::to_string);
            set.dedup();
            Comparison::In(set, *span)
        }
        Comparison::Text(operator, literal) => {
            let spelling = if matches!(operator, TextOperator::IsSubset | TextOperator::IsSuperset) { Spelling::Host } else { Spelling::Exact };
            Comparison::Text(*operator, normal_literal(literal, spelling))
        }
    }
}

/// Which spellings of a string are the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Only the one.
    Exact,
    /// Upper and lower case.
    AnyCase,
    /// Those of an address or a name of a host.
    Host,
    /// Those of the part after the `@`.
    Mail,
    /// Those of the scheme and the host.
    Url,
}

impl Spelling {
    fn of(path: &Path<'_>) -> Self {
        let Place::Known(kinds) = vocabulary::follow(path) else { return Self::Exact };
        let all = |of: fn(&Kind) -> bool| kinds.iter().all(of);
        if all(|kind| *kind == Kind::Hash) {
            let digits = matches!(path.steps.last(), Some(Step::Key(key)) if has_digits(key));
            return if digits { Self::AnyCase } else { Self::Exact };
        }
        if all(|kind| matches!(kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Mac | Kind::Domain)) {
            Self::Host
        } else if all(|kind| *kind == Kind::Mail) {
            Self::Mail
        } else if all(|kind| *kind == Kind::Url) {
            Self::Url
        } else {
            Self::Exact
        }
    }

    fn normal(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::AnyCase => text.to_ascii_lowercase(),
            Self::Host => host(text),
            Self::Mail => text.rsplit_once('@').map_or_else(|| text.to_owned(), |(local, domain)| format!("{local}@{}", domain.to_ascii_lowercase())),
            Self::Url => url(text),
        }
    }
}

/// Whether the hashes under a key are hexadecimal digits, whose case does not count.
fn has_digits(key: &str) -> bool {
    hash_algorithm(key).is_some_and(|(_, form)| matches!(form, HashForm::Digits(_) | HashForm::Tlsh))
}

fn host(text: &str) -> String {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let (address, whole) = match address.parse::<Ipv6Addr>() {
        Ok(address) => (address.to_string(), "128"),
        Err(_) if address.parse::<Ipv4Addr>().is_ok() => (address.to_owned(), "32"),
        Err(_) => return text.to_ascii_lowercase(),
    };
    match prefix {
        Some(prefix) if prefix != whole => format!("{address}/{prefix}"),
        _ => address,
    }
}

fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    if !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
        return text.to_owned();
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    format!("{}://{user}{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
}

fn normal_literal<'p>(literal: &'p Literal<'_>, spelling: Spelling) -> Literal<'p> {
    let value = match &literal.value {
        Value::Integer(digits) => Value::Integer(number(digits)),
        Value::Float(digits) => Value::Float(number(digits)),
        Value::Text(text) => Value::Text(spelling.normal(text).into()),
        Value::Hex(digits) => Value::Hex(digits.to_ascii_lowercase().into()),
        Value::Binary(base64) => Value::Binary(base64.as_ref().into()),
        Value::Timestamp(text) => Value::Timestamp(timestamp(text)),
        Value::Bool(value) => Value::Bool(*value),
    };
    Literal { value, span: literal.span }
}

/// A number without superfluous zeros; a float keeps one digit on each side of its point.
fn number(digits: &str) -> Cow<'_, str> {
    let (sign, size) = digits.strip_prefix('-').map_or(("", digits), |size| ("-", size));
    let Some((whole, fraction)) = size.split_once('.') else {
        return if size == "0" { "0".into() } else { digits.into() };
    };
    let (whole, fraction) = match (whole.trim_start_matches('0'), fraction.trim_end_matches('0')) {
        ("", "") => ("0", "0"),
        ("", fraction) => ("0", fraction),
        (whole, "") => (whole, "0"),
        both => both,
    };
    let sign = if (whole, fraction) == ("0", "0") { "" } else { sign };
    format!("{sign}{whole}.{fraction}").into()
}

/// A timestamp without zeros at the end of its fraction.
fn timestamp(text: &str) -> Cow<'_, str> {
    match text.strip_suffix('Z').and_then(|text| text.split_once('.')) {
        Some((second, fraction)) => match fraction.trim_end_matches('0') {
            "" => format!("{second}Z").into(),
            fraction => format!("{second}.{fraction}Z").into(),
        },
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::pattern::parse::parse;

    fn normal(text: &str) -> String {
        let once = normal_form(&parse(text).unwrap_or_else(|error| panic!("{text}: {error}")));
        assert_eq!(normal_form(&parse(&once).unwrap()), once, "{text}");
        once
    }

    #[test]
    fn spellings_of_one_pattern_have_one_form() {
        for (text, expected) in [
            ("[ file : name=='a' ]", "[file:name = 'a']"),
            ("[file:'name' <> 'a\\'b']", "[file:name != 'a\\'b']"),
            ("[x:'IN'.'a-b'.'c'[+1] = +5]", "[x:'IN'.'a-b'.c[1] = 5]"),
            ("[a:b = -0 AND a:c = 007.50]", "[a:b = 0 AND a:c = 7.5]"),
            ("[a:b IN ('b', 'a', 'b')]", "[a:b IN ('a', 'b')]"),
            ("[file:size = 2 OR file:size = 10 OR file:size = 2]", "[file:size = 10 OR file:size = 2]"),
            (
                "[a:b = t'2021-01-01T00:00:00.500Z' OR a:b = t'2021-01-01T00:00:00.000Z']",
                "[a:b = t'2021-01-01T00:00:00.5Z' OR a:b = t'2021-01-01T00:00:00Z']",
            ),
            ("[file:magic_number_hex = h'FFD8'] // comment", "[file:magic_number_hex = h'ffd8']"),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    #[test]
    fn values_have_one_spelling_where_case_does_not_count() {
        for (text, expected) in [
            ("[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']", "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']"),
            ("[file:hashes.SSDEEP = '3:AB:C']", "[file:hashes.SSDEEP = '3:AB:C']"),
            ("[file:hashes.MD5 MATCHES '^AB']", "[file:hashes.MD5 MATCHES '^AB']"),
            ("[domain-name:value = 'Evil.EXAMPLE']", "[domain-name:value = 'evil.example']"),
            ("[domain-name:value LIKE 'Evil%']", "[domain-name:value LIKE 'Evil%']"),
            ("[email-addr:value = 'Jo.Doe@Example.COM']", "[email-addr:value = 'Jo.Doe@example.com']"),
            ("[email-message:from_ref.value IN ('a@B', 'A@b')]", "[email-message:from_ref.value IN ('A@b', 'a@b')]"),
            ("[url:value = 'HTTP://User:P@Evil.Example:80/Path?Q#F']", "[url:value = 'http://User:P@evil.example:80/Path?Q#F']"),
            ("[url:value = 'mailto:A@B']", "[url:value = 'mailto:A@B']"),
            ("[ipv6-addr:value = '2001:0DB8:0:0::1/128']", "[ipv6-addr:value = '2001:db8::1']"),
            ("[ipv4-addr:value = '192.0.2.1/32']", "[ipv4-addr:value = '192.0.2.1']"),
            ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "[ipv4-addr:value ISSUBSET '192.0.2.0/24']"),
            ("[network-traffic:dst_ref.value = '2001:DB8::/32']", "[network-traffic:dst_ref.value = '2001:db8::/32']"),
            ("[network-traffic:dst_ref.value < 'Evil']", "[network-traffic:dst_ref.value < 'Evil']"),
            ("[file:name = 'Evil']", "[file:name = 'Evil']"),
            ("[x-host:value = 'Evil']", "[x-host:value = 'Evil']"),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    #[test]
    fn parentheses_stand_only_where_they_change_something() {
        for (text, expected) in [
            ("[((a:b = 2)) OR (a:b = 1 OR (a:b = 3))]", "[a:b = 1 OR a:b = 2 OR a:b = 3]"),
            ("[(a:b = 2 AND (a:c = 1)) AND a:a = 1]", "[a:a = 1 AND a:b = 2 AND a:c = 1]"),
            ("[(a:b = 2 OR a:b = 1) AND a:c = 1]", "[(a:b = 1 OR a:b = 2) AND a:c = 1]"),
            ("[(a:b = 1 OR a:b = 1) AND a:c = 1]", "[a:b = 1 AND a:c = 1]"),
            ("(([a:b = 1]))", "[a:b = 1]"),
            ("([a:b = 1]) REPEATS 2 TIMES", "[a:b = 1] REPEATS 2 TIMES"),
            ("([a:b = 1] REPEATS 2 TIMES)", "[a:b = 1] REPEATS 2 TIMES"),
            ("([a:b = 1] REPEATS 2 TIMES) REPEATS 3 TIMES", "([a:b = 1] REPEATS 2 TIMES) REPEATS 3 TIMES"),
            ("([a:b = 1] AND [a:b = 2]) AND ([a:b = 3] OR [a:b = 4])", "[a:b = 1] AND [a:b = 2] AND ([a:b = 3] OR [a:b = 4])"),
            ("(([a:b = 2] OR [a:b = 1])) OR ([a:b = 3] AND [a:b = 4])", "[a:b = 2] OR [a:b = 1] OR [a:b = 3] AND [a:b = 4]"),
            ("([a:b = 1] FOLLOWEDBY [a:b = 2]) FOLLOWEDBY [a:b = 3]", "[a:b = 1] FOLLOWEDBY [a:b = 2] FOLLOWEDBY [a:b = 3]"),
            ("[a:b = 1] FOLLOWEDBY (([a:b = 2] FOLLOWEDBY [a:b = 3]))", "[a:b = 1] FOLLOWEDBY ([a:b = 2] FOLLOWEDBY [a:b = 3])"),
            ("(([a:b = 1] FOLLOWEDBY [a:b = 2])) WITHIN 05.50 SECONDS", "([a:b = 1] FOLLOWEDBY [a:b = 2]) WITHIN 5.5 SECONDS"),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }
}
