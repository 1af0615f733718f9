//! Where something is in a text: lines and columns, the value that the path of a finding leads to, and the caret under a part of it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;

/// The most characters that are shown before and after the part a caret stands under.
const AROUND: usize = 60;

/// A text with its lines.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Finds the lines of a text.
    pub(super) fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column, in characters from 1, of an octet of the text.
    pub(super) fn at(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or_default();
        (line, 1 + self.text.get(start..offset).map_or(0, |before| before.chars().count()))
    }

    /// Line and column of the octet that stands at `column`, from 1, of the `line`th line of a part of the text.
    pub(super) fn at_column(&self, part: &str, line: usize, column: usize) -> (usize, usize) {
        let before: usize = part.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let mut offset = (self.offset(part) + before + column.saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        self.at(offset)
    }

    /// Where a part of the text begins.
    pub(super) fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }
}

/// What the path of a finding leads to, or as far as it leads: what is missing has its place in what lacks it.
pub(super) fn find<'t>(value: &'t RawValue, path: &str) -> &'t RawValue {
    step(value, path).map_or(value, |(inside, rest)| find(inside, rest))
}

/// The first step of a path, and the rest of it.
fn step<'t, 'p>(value: &'t RawValue, path: &'p str) -> Option<(&'t RawValue, &'p str)> {
    if let Some(path) = path.strip_prefix('[') {
        let (index, rest) = path.split_once(']')?;
        let list: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        return Some((*list.get(index.parse::<usize>().ok()?)?, rest.strip_prefix('.').unwrap_or(rest)));
    }
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
    let after = |name: &str| {
        let rest = path.strip_prefix(name)?;
        if rest.is_empty() || rest.starts_with('[') { Some(rest) } else { rest.strip_prefix('.') }
    };
    // A name may hold dots itself: the longest that fits.
    let fitting = members.iter().filter_map(|(name, value)| Some((name.len(), *value, after(name)?)));
    fitting.max_by_key(|(length, ..)| *length).map(|(_, value, rest)| (value, rest))
}

/// The string `value` around the octets `span` of it, and a caret under them.
pub(super) fn caret(value: &RawValue, span: &Range<usize>) -> Option<String> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    let (before, meant, after) = (text.get(..span.start)?, text.get(span.clone())?, text.get(span.end..)?);
    let one_line = |text: &str| text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>();
    let skipped = before.chars().count().saturating_sub(AROUND);
    let before: String = one_line(before).chars().skip(skipped).collect();
    let after: String = one_line(after).chars().take(AROUND).collect();
    let meant = one_line(meant);
    let width = meant.chars().count().max(1);
    Some(format!("    {before}{meant}{after}\n    {}{}", " ".repeat(before.chars().count()), "^".repeat(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("aé\n\nbc");
        assert_eq!([0, 1, 3, 4, 5, 6].map(|at| lines.at(at)), [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2)]);
        let text = "x\n  {\n \"é\": ]}";
        let (lines, part) = (Lines::new(text), &text[4..]);
        assert_eq!(lines.at_column(part, 1, 1), (2, 3));
        assert_eq!(lines.at_column(part, 2, 8), (3, 7));
        assert_eq!(lines.at_column(part, 9, 9), (3, 9));
    }

    #[test]
    fn a_path_leads_as_far_as_it_can() {
        let object = raw(r#"{"a": {"b": [1, {"c": 2}], "b.d": 3}, "e": "x"}"#);
        for (path, found) in [("a.b[1].c", "2"), ("a.b[0]", "1"), ("a.b.d", "3"), ("e", "\"x\""), ("a.b[1].x", r#"{"c": 2}"#), ("e.f", "\"x\"")] {
            assert_eq!(find(object, path).get(), found, "{path}");
        }
        assert_eq!(find(object, "").get(), object.get());
        assert_eq!(find(object, "f").get(), object.get());
    }

    #[test]
    fn a_caret_stands_under_what_is_meant() {
        assert_eq!(caret(raw(r#""[é:b = 'c'""#), &(5..6)).unwrap(), "    [é:b = 'c'\n        ^");
        assert_eq!(caret(raw(r#""a\nbc""#), &(2..4)).unwrap(), "    a\u{fffd}bc\n      ^^");
        assert_eq!(caret(raw(r#""abc""#), &(3..3)).unwrap(), "    abc\n       ^");
        let long = format!("\"{}!{}\"", "a".repeat(500), "b".repeat(500));
        let shown = caret(raw(&long), &(500..501)).unwrap();
        assert_eq!(shown, format!("    {}!{}\n    {}^", "a".repeat(60), "b".repeat(60), " ".repeat(60)));
        assert_eq!(caret(raw("3"), &(0..1)), None);
        assert_eq!(caret(raw("\"é\""), &(1..2)), None);
    }
}
