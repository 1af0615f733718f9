//! What a pattern looks for: the strings that a property must equal, be one of, or lie in.
//!
//! Alternatives and conditions are treated alike, as each says of a value that it is part of what is looked for. What stands behind `NOT` says
//! the opposite, and what a wildcard, an expression or an order describes is no single value.

use super::tree::{Body, Comparison, ComparisonOr, Literal, Path, Pattern, Relation, Test, TextOperator, Value};

/// Hands every string that `pattern` looks for to `each`, in the order of the text, with the path of the property that is to have it.
pub fn each_sought(pattern: &Pattern<'_>, each: &mut dyn FnMut(&Path<'_>, &str)) {
    let observations = pattern.steps.iter().flat_map(|step| &step.operands).flat_map(|alternative| &alternative.operands);
    for observation in observations {
        match &observation.body {
            Body::Object(comparisons) => in_comparisons(comparisons, each),
            Body::Group(pattern) => each_sought(pattern, each),
        }
    }
}

fn in_comparisons(comparisons: &ComparisonOr<'_>, each: &mut dyn FnMut(&Path<'_>, &str)) {
    for test in comparisons.operands.iter().flat_map(|alternative| &alternative.operands) {
        match test {
            Test::Group(comparisons) => in_comparisons(comparisons, each),
            Test::Compare { path, negated: false, comparison } => values(comparison).iter().filter_map(text).for_each(|text| each(path, text)),
            Test::Compare { .. } | Test::Exists { .. } => {}
        }
    }
}

/// The constants that a comparison is satisfied by.
fn values<'c, 't>(comparison: &'c Comparison<'t>) -> &'c [Literal<'t>] {
    match comparison {
        Comparison::Value(Relation::Equal, one) | Comparison::Text(TextOperator::IsSubset, one) => std::slice::from_ref(one),
        Comparison::Text(TextOperator::Like, one) if text(one).is_some_and(|text| !text.contains(['%', '_'])) => std::slice::from_ref(one),
        Comparison::In(all, _) => all,
        Comparison::Value(..) | Comparison::Text(..) => &[],
    }
}

fn text<'c>(literal: &'c Literal<'_>) -> Option<&'c str> {
    match &literal.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn sought(pattern: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_sought(&parse(pattern).unwrap(), &mut |path, text| found.push(format!("{path} {text}")));
        found
    }

    #[test]
    fn equality_membership_and_subsets_look_for_values() {
        assert_eq!(sought("[domain-name:value = 'a.example']"), ["domain-name:value a.example"]);
        assert_eq!(sought("[url:value IN ('a', 'b')]"), ["url:value a", "url:value b"]);
        assert_eq!(sought("[ipv4-addr:value ISSUBSET '192.0.2.0/24']"), ["ipv4-addr:value 192.0.2.0/24"]);
        assert_eq!(sought("[file:hashes.'SHA-256' = 'ab']"), ["file:hashes.'SHA-256' ab"]);
        assert_eq!(sought("[url:value LIKE 'a']"), ["url:value a"]);
    }

    #[test]
    fn alternatives_conditions_and_groups_are_all_told() {
        let pattern = "([a:b = '1' OR (a:b = '2' AND a:c = '3')] AND [a:b = '4']) WITHIN 5 SECONDS OR [a:b = '5'] FOLLOWEDBY [a:b = '6']";
        assert_eq!(sought(pattern), ["a:b 1", "a:b 2", "a:c 3", "a:b 4", "a:b 5", "a:b 6"]);
    }

    #[test]
    fn what_is_negated_or_no_single_value_is_not_looked_for() {
        let tests = [
            "a:b NOT = 'x'",
            "a:b != 'x'",
            "a:b NOT IN ('x')",
            "a:b LIKE 'x%'",
            "a:b MATCHES 'x'",
            "a:b > 'x'",
            "EXISTS a:b",
            "a:b = 5",
            "a:b IN ()",
        ];
        for test in tests {
            assert!(sought(&format!("[{test}]")).is_empty(), "{test}");
        }
        assert!(sought("[ipv4-addr:value NOT ISSUBSET '10.0.0.0/8' AND ipv4-addr:value ISSUPERSET '192.0.2.1']").is_empty());
    }
}
