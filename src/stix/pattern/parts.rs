//! What a pattern is about: the types of objects that it names, and the values that it compares them with.

use super::tree::{Body, Comparison, ComparisonOr, Literal, Path, Pattern, Test, Value};

/// What a pattern names, in the order of its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts<'p> {
    /// The types of objects, each once.
    pub types: Vec<&'p str>,
    /// The constants that are text: strings and hexadecimal digits.
    pub values: Vec<&'p str>,
}

impl<'p> Parts<'p> {
    /// The parts of a pattern.
    pub fn of(pattern: &'p Pattern<'_>) -> Self {
        let mut parts = Self::default();
        parts.gather(pattern);
        parts
    }

    /// The one type of object that the whole pattern is about.
    pub fn only_type(&self) -> Option<&'p str> {
        match self.types.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn gather(&mut self, pattern: &'p Pattern<'_>) {
        for observation in pattern.steps.iter().flat_map(|or| &or.operands).flat_map(|and| &and.operands) {
            match &observation.body {
                Body::Object(comparisons) => self.compare(comparisons),
                Body::Group(pattern) => self.gather(pattern),
            }
        }
    }

    fn compare(&mut self, comparisons: &'p ComparisonOr<'_>) {
        for test in comparisons.operands.iter().flat_map(|and| &and.operands) {
            match test {
                Test::Group(inner) => self.compare(inner),
                Test::Exists { path, .. } => self.name(path),
                Test::Compare { path, comparison, .. } => {
                    self.name(path);
                    match comparison {
                        Comparison::Value(_, literal) | Comparison::Text(_, literal) => self.value(literal),
                        Comparison::In(literals, _) => literals.iter().for_each(|literal| self.value(literal)),
                    }
                }
            }
        }
    }

    fn name(&mut self, path: &'p Path<'_>) {
        let object: &'p str = &path.object;
        if !self.types.contains(&object) {
            self.types.push(object);
        }
    }

    fn value(&mut self, literal: &'p Literal<'_>) {
        if let Value::Text(text) | Value::Hex(text) = &literal.value {
            self.values.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::pattern::parse::parse;

    #[test]
    fn types_stand_once_and_values_in_the_order_of_the_text() {
        for (text, types, values) in [
            ("[file:name = 'a' AND file:hashes.MD5 IN ('b', 'c')]", &["file"][..], &["a", "b", "c"][..]),
            (
                "([url:value LIKE 'a%'] OR [domain-name:value = 'b' OR (url:value = 'c')]) WITHIN 5 SECONDS",
                &["url", "domain-name"],
                &["a%", "b", "c"],
            ),
            ("[EXISTS x-a:b AND file:size = 5 AND file:magic_number_hex = h'ffd8']", &["x-a", "file"], &["ffd8"]),
        ] {
            let pattern = parse(text).unwrap();
            let parts = Parts::of(&pattern);
            assert_eq!((&parts.types[..], &parts.values[..]), (types, values), "{text}");
            assert_eq!(parts.only_type().is_some(), types.len() == 1, "{text}");
        }
    }
}
