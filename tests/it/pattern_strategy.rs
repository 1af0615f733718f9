//! Patterns of every kind the grammar knows, as trees, for the tests that quantify over all of them.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;
use taxiway::stix::pattern::token::{Span, is_plain_name};
use taxiway::stix::pattern::tree::{
    Body, Comparison, ComparisonAnd, ComparisonOr, Literal, Observation, ObservationAnd, ObservationOr, Path, Pattern, Qualifier, QualifierKind,
    Relation, Step, Test, TextOperator, Value,
};

type Text = Cow<'static, str>;

/// Text that a regular expression describes.
fn text(regex: &'static str) -> BoxedStrategy<Text> {
    proptest::string::string_regex(regex).unwrap().prop_map(Cow::Owned).boxed()
}

/// One operand, or some.
fn few<T: std::fmt::Debug + 'static>(operand: BoxedStrategy<T>) -> BoxedStrategy<Vec<T>> {
    prop_oneof![3 => vec(operand.clone(), 1), 1 => vec(operand, 2..4)].boxed()
}

fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<Text> {
    proptest::sample::select(texts).prop_map(Cow::Borrowed).boxed()
}

/// Types of objects; most of the time of the standard.
fn object() -> BoxedStrategy<Text> {
    let custom = text("[a-zA-Z_][a-zA-Z0-9_-]{0,8}").prop_filter("no keyword", |name| name.contains('-') || is_plain_name(name));
    prop_oneof![3 => one_of(&["file", "url", "ipv4-addr", "network-traffic", "x-mine"]), 1 => custom].boxed()
}

fn key() -> BoxedStrategy<Text> {
    let real = ["name", "value", "size", "hashes", "MD5", "SHA-256", "extensions", "dst_ref", "ctime", "windows-pebinary-ext", "IN", "true"];
    let real = proptest::sample::select(real.to_vec()).prop_map(Cow::Borrowed);
    prop_oneof![4 => real, 1 => text("[a-zA-Z_][a-zA-Z0-9_]{0,6}"), 1 => text(r"(?s)(.|'|\\){0,5}")].boxed()
}

fn integer() -> BoxedStrategy<Text> {
    text("-?(0|[1-9][0-9]{0,17})")
}

fn step() -> BoxedStrategy<Step<'static>> {
    let item = prop_oneof![9 => text("0|[1-9][0-9]{0,17}"), 1 => integer()];
    prop_oneof![6 => key().prop_map(Step::Key), 1 => item.prop_map(Step::Item), 2 => Just(Step::Any)].boxed()
}

fn path() -> BoxedStrategy<Path<'static>> {
    let any = (object(), key(), vec(step(), 0..4));
    let hash = one_of(&["MD5", "md5", "SHA-256", "SSDEEP", "x_mine"]).prop_map(|key| vec![Step::Key(key)]);
    let hash = (Just(Cow::Borrowed("file")), Just(Cow::Borrowed("hashes")), hash);
    prop_oneof![6 => any, 1 => hash].prop_map(|(object, property, steps)| Path { object, property, steps, span: Span::default() }).boxed()
}

fn timestamp() -> BoxedStrategy<Text> {
    text(r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z")
}

fn string() -> BoxedStrategy<Text> {
    let plain = one_of(&["", "a", "192.0.2.0/24", "2001:DB8::/128", "d41d8cd98f00b204e9800998ecf8427e", "Evil.EXAMPLE", "HTTP://A@B/C", "^a+$"]);
    prop_oneof![2 => plain, 1 => text(r"(?s)(.|'|\\){0,8}")].boxed()
}

fn literal(value: impl Strategy<Value = Value<'static>> + 'static) -> BoxedStrategy<Literal<'static>> {
    value.prop_map(|value| Literal { value, span: Span::default() }).boxed()
}

/// Constants that have an order: all but booleans.
fn ordered() -> BoxedStrategy<Value<'static>> {
    prop_oneof![
        3 => string().prop_map(Value::Text),
        2 => integer().prop_map(Value::Integer),
        1 => text(r"-?[0-9]{0,4}\.[0-9]{1,4}").prop_map(Value::Float),
        1 => text("([0-9a-fA-F]{2}){0,6}").prop_map(Value::Hex),
        1 => text("([A-Za-z0-9+/]{4}){0,3}([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)").prop_map(Value::Binary),
        1 => timestamp().prop_map(Value::Timestamp),
    ]
    .boxed()
}

fn any_value() -> BoxedStrategy<Value<'static>> {
    prop_oneof![6 => ordered(), 1 => any::<bool>().prop_map(Value::Bool)].boxed()
}

/// Sets, mostly of one kind.
fn set() -> BoxedStrategy<Vec<Literal<'static>>> {
    let texts = vec(literal(string().prop_map(Value::Text)), 0..5);
    let numbers = vec(literal(integer().prop_map(Value::Integer)), 0..5);
    prop_oneof![2 => texts, 2 => numbers, 1 => vec(literal(any_value()), 0..4)].boxed()
}

fn comparison() -> BoxedStrategy<Comparison<'static>> {
    let equal = proptest::sample::select(vec![Relation::Equal, Relation::NotEqual]);
    let order = proptest::sample::select(vec![Relation::Less, Relation::LessEqual, Relation::Greater, Relation::GreaterEqual]);
    let words = proptest::sample::select(vec![TextOperator::Like, TextOperator::Matches, TextOperator::IsSubset, TextOperator::IsSuperset]);
    prop_oneof![
        4 => (equal, literal(any_value())).prop_map(|(relation, literal)| Comparison::Value(relation, literal)),
        2 => (order, literal(ordered())).prop_map(|(relation, literal)| Comparison::Value(relation, literal)),
        2 => set().prop_map(|set| Comparison::In(set, Span::default())),
        2 => (words, literal(string().prop_map(Value::Text))).prop_map(|(operator, literal)| Comparison::Text(operator, literal)),
    ]
    .boxed()
}

fn test() -> BoxedStrategy<Test<'static>> {
    let exists = (any::<bool>(), path()).prop_map(|(negated, path)| Test::Exists { negated, path });
    let compare = (path(), prop::bool::weighted(0.2), comparison());
    let compare = compare.prop_map(|(path, negated, comparison)| Test::Compare { path, negated, comparison });
    prop_oneof![1 => exists, 9 => compare].boxed()
}

fn comparison_or(tests: BoxedStrategy<Test<'static>>) -> BoxedStrategy<ComparisonOr<'static>> {
    let and = few(tests).prop_map(|operands| ComparisonAnd { operands });
    few(and.boxed()).prop_map(|operands| ComparisonOr { operands }).boxed()
}

/// Comparisons of any types of objects, but mostly all of one.
fn comparisons() -> BoxedStrategy<ComparisonOr<'static>> {
    let tests = test().prop_recursive(3, 12, 3, |inner| comparison_or(inner.boxed()).prop_map(Test::Group));
    let parts = (comparison_or(tests.boxed()), proptest::option::weighted(0.8, object()));
    parts
        .prop_map(|(mut or, object)| {
            if let Some(object) = object {
                of_type(&mut or, &object);
            }
            or
        })
        .boxed()
}

fn of_type(or: &mut ComparisonOr<'static>, name: &Text) {
    for test in or.operands.iter_mut().flat_map(|and| &mut and.operands) {
        match test {
            Test::Group(inner) => of_type(inner, name),
            Test::Exists { path, .. } | Test::Compare { path, .. } => path.object.clone_from(name),
        }
    }
}

fn qualifier() -> BoxedStrategy<Qualifier<'static>> {
    let kind = prop_oneof![
        text("0|[1-9][0-9]{0,3}").prop_map(QualifierKind::Repeats),
        text(r"0|[1-9][0-9]{0,3}|[0-9]{0,2}\.[0-9]{1,3}").prop_map(QualifierKind::Within),
        (timestamp(), timestamp()).prop_map(|(start, stop)| QualifierKind::StartStop(start, stop)),
    ];
    kind.prop_map(|kind| Qualifier { kind, span: Span::default() }).boxed()
}

fn qualified(body: BoxedStrategy<Body<'static>>) -> BoxedStrategy<Observation<'static>> {
    let qualifiers = prop_oneof![3 => Just(Vec::new()), 2 => vec(qualifier(), 1..4)];
    (body, qualifiers).prop_map(|(body, qualifiers)| Observation { body, qualifiers, span: Span::default() }).boxed()
}

fn joined(observations: BoxedStrategy<Observation<'static>>) -> BoxedStrategy<Pattern<'static>> {
    let and = few(observations).prop_map(|operands| ObservationAnd { operands });
    let or = few(and.boxed()).prop_map(|operands| ObservationOr { operands });
    few(or.boxed()).prop_map(|steps| Pattern { steps }).boxed()
}

/// Any pattern.
pub(crate) fn pattern() -> BoxedStrategy<Pattern<'static>> {
    let leaf = qualified(comparisons().prop_map(Body::Object).boxed());
    joined(leaf.prop_recursive(3, 8, 3, |inner| qualified(joined(inner.boxed()).prop_map(Body::Group).boxed())).boxed())
}
