//! One value that somebody has typed.

use super::Found;
use super::find::find;

/// Reads a text that is one indicator and nothing else but blanks and quotation marks around; its kind is told by its form.
///
/// `None` if it is none, or several, or more than one. The span is that of the value in the text.
pub fn read(text: &str) -> Option<Found> {
    const AROUND: [char; 5] = ['"', '\'', '`', '“', '”'];
    let bare = text.trim().trim_matches(AROUND).trim();
    let start = bare.as_ptr() as usize - text.as_ptr() as usize;
    if let Some(mut found) = only(bare, 0..bare.len()) {
        found.span = start..start + bare.len();
        return Some(found);
    }
    // Between quotation marks, blanks belong to paths.
    let quoted = format!("\"{bare}\"");
    let mut found = only(&quoted, 1..quoted.len() - 1)?;
    found.span = start..start + bare.len();
    Some(found)
}

/// What is found in a text, if it is one thing with that span.
fn only(text: &str, span: std::ops::Range<usize>) -> Option<Found> {
    let mut found = find(text);
    let only = found.pop().filter(|found| found.span == span)?;
    found.is_empty().then_some(only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::ioc::Kind;

    #[test]
    fn a_value_tells_its_kind() {
        for (text, expected) in [
            (" hxxp://evil[.]com/x ", Some((Kind::Url, "http://evil.com/x"))),
            ("\"evil.com\"", Some((Kind::Domain, "evil.com"))),
            (r"C:\Program Files\a b\c d", Some((Kind::FilePath, r"C:\Program Files\a b\c d"))),
            ("1.2.3.0/24", Some((Kind::Network, "1.2.3.0/24"))),
            ("python-requests/2.25.1", Some((Kind::UserAgent, "python-requests/2.25.1"))),
            ("AS20473", Some((Kind::Asn, "20473"))),
            ("evil.com evil.org", None),
            ("evil.com and", None),
            ("", None),
        ] {
            let found = read(text);
            assert_eq!(found.as_ref().map(|found| (found.kind, found.value.as_str())), expected, "{text}");
            assert!(found.is_none_or(|found| text.get(found.span).is_some_and(|written| !written.starts_with([' ', '"']))), "{text}");
        }
    }
}
