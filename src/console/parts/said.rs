//! Text that somebody else wrote: shown as text, in its own direction, with what is invisible made visible.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;

/// A text from an object, a file, a name or a request. Displayed, it is markup: escaped, and isolated from the text around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said(String);

impl Said {
    /// The text as plain text, for attributes and drawings (which escape it): what is invisible in it is visible here.
    pub fn plain(&self) -> String {
        let mut plain = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            if hidden(c) {
                plain.extend(format!("[U+{:04X}]", u32::from(c)).chars());
            } else {
                plain.push(c);
            }
        }
        plain
    }

    /// The text as it came, for fields that are sent back (templates escape it).
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The plain text, cut to about `columns` columns of text, with an ellipsis where it was cut. Wide characters take two.
    pub fn cut(&self, columns: usize) -> String {
        let plain = self.plain();
        let mut used = 0;
        let mut kept = String::new();
        for c in plain.chars() {
            used += if u32::from(c) >= 0x1100 { 2 } else { 1 };
            if used > columns {
                kept.pop();
                kept.push('…');
                break;
            }
            kept.push(if c == '\n' { ' ' } else { c });
        }
        kept
    }
}

/// A text as what it is, for templates.
pub fn said(text: &str) -> Said {
    text.into()
}

impl<T: Into<String>> From<T> for Said {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if hidden(c) => write!(f, "<span class=\"hidden-char\">U+{:04X}</span>", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_str("</bdi>")
    }
}

impl HtmlSafe for Said {}

/// Whether a character changes how others look, or is not seen itself: controls, directions, and blanks of no width.
///
/// By these, `exe.fdp` is made to look like `pdf.exe`, and two different domains like one.
fn hidden(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    control || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{00AD}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_turns_text_around_is_shown_and_not_obeyed() {
        let said = Said::from("invoice\u{202E}fdp.exe");
        assert_eq!(said.to_string(), "<bdi>invoice<span class=\"hidden-char\">U+202E</span>fdp.exe</bdi>");
        assert_eq!(said.plain(), "invoice[U+202E]fdp.exe");
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(Said::from("short").cut(5), "short");
        assert_eq!(Said::from("longer").cut(5), "long…");
        assert_eq!(Said::from("漢字漢字").cut(5), "漢…");
        assert_eq!(Said::from("a\nb").cut(5), "a b");
    }

    proptest! {
        #[test]
        fn nothing_of_it_becomes_markup(text in any::<String>()) {
            let shown = Said::from(text.as_str()).to_string();
            let inner = shown.strip_prefix("<bdi>").unwrap().strip_suffix("</bdi>").unwrap();
            let inner = inner.replace("<span class=\"hidden-char\">U+", "").replace("</span>", "");
            prop_assert!(!inner.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn a_cut_is_never_wider_than_asked(text in any::<String>(), columns in 1usize..40) {
            prop_assert!(Said::from(text).cut(columns).chars().count() <= columns);
        }
    }
}
