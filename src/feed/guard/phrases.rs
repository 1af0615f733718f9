//! Entries that describe a part of a value: texts and regular expressions.

use aho_corasick::{AhoCorasick, BuildError, PatternID};
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::words::ListNumber;

/// The most octets that one compiled expression may take.
const EXPRESSION_OCTETS: usize = 1 << 20;
/// The most octets that the compiled expressions of one list may take.
const LIST_OCTETS: usize = 64 << 20;

/// Texts that values may hold, those of all lists at once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Each text with its list.
    entries: Vec<(String, ListNumber)>,
    machine: Option<AhoCorasick>,
}

impl Texts {
    /// Notes an entry; it counts once [`compile`](Self::compile) was called.
    pub(super) fn add(&mut self, text: &str, list: ListNumber) {
        self.entries.push((text.to_owned(), list));
    }

    /// Makes one machine of all entries.
    pub(super) fn compile(&mut self) -> Result<(), BuildError> {
        if !self.entries.is_empty() {
            let texts = self.entries.iter().map(|(text, _)| text);
            self.machine = Some(AhoCorasick::builder().ascii_case_insensitive(true).build(texts)?);
        }
        Ok(())
    }

    /// Whether there is no entry.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Hands every entry that `value` holds to `each`; one that is found in several places several times.
    pub(super) fn each_in(&self, value: &str, mut each: impl FnMut(ListNumber, &str)) {
        let found = self.machine.iter().flat_map(|machine| machine.find_overlapping_iter(value));
        for (text, list) in found.filter_map(|place| self.entries.get(PatternID::as_usize(&place.pattern()))) {
            each(*list, text);
        }
    }
}

/// The regular expressions of one list.
#[derive(Debug)]
pub(super) struct Expressions {
    list: ListNumber,
    entries: Vec<String>,
    set: RegexSet,
}

impl Expressions {
    /// Compiles the expressions of a list, or tells which entry cannot be, and why.
    pub(super) fn compile(list: ListNumber, entries: Vec<String>) -> Result<Self, (Option<String>, String)> {
        let mut plain = Vec::with_capacity(entries.len());
        for entry in &entries {
            let expression = from_perl(entry).and_then(|expression| check(&expression).map(|_| expression));
            plain.push(expression.map_err(|why| (Some(entry.clone()), why))?);
        }
        let set = RegexSetBuilder::new(plain).size_limit(LIST_OCTETS).build().map_err(|error| (None, error.to_string()))?;
        Ok(Self { list, entries, set })
    }

    /// The list, and the first of its expressions that matches in `value`.
    pub(super) fn find(&self, value: &str) -> Option<(ListNumber, &str)> {
        let first = self.set.matches(value).iter().next()?;
        Some((self.list, self.entries.get(first)?))
    }
}

/// Whether an expression can be compiled; what only backtracking could do cannot, as whoever posts would choose how long it takes.
fn check(expression: &str) -> Result<Regex, String> {
    RegexBuilder::new(expression).size_limit(EXPRESSION_OCTETS).build().map_err(|error| {
        // The message draws the expression over several lines, and says in the last what is wrong.
        error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

/// `/…/i` as the expression that it is; what does not begin with a slash is one already.
fn from_perl(entry: &str) -> Result<String, String> {
    let Some((body, modifiers)) = entry.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) else { return Ok(entry.to_owned()) };
    let mut flags = String::new();
    for modifier in modifiers.chars() {
        match modifier {
            'i' | 'm' | 's' | 'x' | 'U' => flags.push(modifier),
            // Unicode is the rule here, and `$` is the very end unless `m` says otherwise.
            'u' | 'D' => {}
            other => return Err(format!("the modifier {other} is not known here")),
        }
    }
    Ok(if flags.is_empty() { body.to_owned() } else { format!("(?{flags}){body}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expressions(entries: &[&str]) -> Result<Expressions, (Option<String>, String)> {
        Expressions::compile(7, entries.iter().map(|entry| (*entry).to_owned()).collect())
    }

    #[test]
    fn expressions_are_read_as_php_writes_them_or_bare() {
        let all = expressions(&[r"/^EVIL\.example\/$/i", r"^bare\d$", "/a/b/c/"]).unwrap();
        assert_eq!(all.find("evil.EXAMPLE/"), Some((7, r"/^EVIL\.example\/$/i")));
        assert_eq!(all.find("bare5"), Some((7, r"^bare\d$")));
        assert_eq!(all.find("x a/b/c"), Some((7, "/a/b/c/")));
        assert_eq!(all.find("Bare5"), None);
    }

    #[test]
    fn an_expression_that_cannot_be_bounded_is_refused_by_name() {
        for (bad, why) in [
            ("(?=a)b", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "backreferences are not supported"),
            ("(a", "unclosed group"),
            ("/a/e", "the modifier e is not known here"),
            (r"\w{1000}{1000}", "Compiled regex exceeds size limit of 1048576 bytes."),
        ] {
            assert_eq!(expressions(&["good", bad]).unwrap_err(), (Some(bad.to_owned()), why.to_owned()));
        }
    }

    #[test]
    fn texts_are_found_anywhere_and_in_any_case() {
        let mut texts = Texts::default();
        for (text, list) in [("Micro", 1), ("rosoft", 2), ("x", 3)] {
            texts.add(text, list);
        }
        texts.compile().unwrap();
        let mut found = Vec::new();
        texts.each_in("www.MICROSOFT.example", |list, text| found.push((list, text.to_owned())));
        found.dedup();
        assert_eq!(found, [(1, "Micro".to_owned()), (2, "rosoft".to_owned()), (3, "x".to_owned())]);
    }
}
