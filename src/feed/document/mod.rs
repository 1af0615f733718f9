//! Documents in which indicators stand: from octets to text that can be searched. No I/O.

mod encoding;
mod html;
pub mod open;
mod pdf;
mod table;

use serde::{Deserialize, Serialize};

use crate::stix::ioc::Found;
use crate::stix::ioc::find::find;
use table::Cell;

/// A document as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it was.
    pub format: Format,
    /// What a reader sees, and where its links lead.
    pub text: String,
    /// The cells of a table that are to be searched, in order; none if it is no table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cells: Vec<Cell>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text of any kind, JSON and the like included.
    Text,
    /// Markdown, which is read as text: its links are visible.
    Markdown,
    /// HTML.
    Html,
    /// Values separated by commas, semicolons, tabulators or bars.
    Table,
    /// PDF.
    Pdf,
}

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is larger than is taken, or becomes so when it is unpacked.
    #[error("the document is larger than {most} octets{place}")]
    TooLarge {
        /// How large it may be.
        most: usize,
        /// Where that was noticed: empty, or ` on page 7`.
        place: String,
    },
    /// It is of a format that is not read.
    #[error("the document is {0}, which is not read; text, Markdown, HTML, CSV and PDF are")]
    Foreign(&'static str),
    /// It is no text in any encoding.
    #[error("the document is binary: octet {at} is zero")]
    Binary {
        /// The first octet that no text has.
        at: usize,
    },
    /// A table is broken.
    #[error("row {row} of the table: {why}")]
    Table {
        /// The row, from 1.
        row: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A PDF is broken.
    #[error("the PDF cannot be read{place}: {why}")]
    Pdf {
        /// Where: empty, or ` on page 7`.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// Lines of a document in which nothing was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bare<'t> {
    /// The first of them: their numbers from 1, and what they say.
    pub lines: Vec<(usize, &'t str)>,
    /// How many there are besides.
    pub more: usize,
}

impl Document {
    /// A text that somebody has typed or pasted.
    pub fn of_text(text: String) -> Self {
        Self { format: Format::Text, text, cells: Vec::new() }
    }

    /// The lines that say something, and in which nothing was found; at most so many of them.
    pub fn bare(&self, most: usize) -> Bare<'_> {
        let mut spans: Vec<_> = self.find().into_iter().map(|found| found.span).collect();
        spans.sort_by_key(|span| span.start);
        let mut spans = spans.into_iter().peekable();
        let (mut bare, mut start) = (Bare::default(), 0);
        for (at, line) in self.text.split('\n').enumerate() {
            let end = start + line.len();
            while spans.next_if(|span| span.end <= start).is_some() {}
            let holds = spans.peek().is_some_and(|span| span.start < end);
            if !holds && !line.trim().is_empty() {
                if bare.lines.len() < most {
                    bare.lines.push((at + 1, line.trim()));
                } else {
                    bare.more += 1;
                }
            }
            start = end + 1;
        }
        bare
    }

    /// The indicators in the document; spans are those of its text. What the columns of a table say about their cells is believed.
    pub fn find(&self) -> Vec<Found> {
        if self.cells.is_empty() { find(&self.text) } else { self.cells.iter().flat_map(|cell| cell.find(&self.text)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_passed_over_without_a_word() {
        let document = Document::of_text("evil[.]com\r\nnothing here\n\n  nor here\nsee 198.51.100.7 and\nhxxp://evil[.]com/a\nlast".into());
        let bare = document.bare(2);
        assert_eq!((bare.lines, bare.more), (vec![(2, "nothing here"), (4, "nor here")], 1));
        assert_eq!(Document::of_text(String::new()).bare(2), Bare::default());
    }

    #[test]
    fn a_document_that_was_kept_holds_the_same() {
        let table = open::open(b"type,value\nmutex,Global\\evil\ndomain,evil.com\n", Some("a.csv"), None).unwrap();
        let kept: Document = serde_json::from_slice(&serde_json::to_vec(&table).unwrap()).unwrap();
        assert_eq!((kept.find(), kept.find().len()), (table.find(), 2));
    }
}
