//! Documents in which indicators stand: from octets to text that can be searched. No I/O.

mod encoding;
mod html;
pub mod open;
mod pdf;
mod table;

use crate::stix::ioc::Found;
use crate::stix::ioc::find::find;
use table::Cell;

/// A document as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it was.
    pub format: Format,
    /// What a reader sees, and where its links lead.
    pub text: String,
    /// The cells of a table that are to be searched, in order; none if it is no table.
    cells: Vec<Cell>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Document {
    /// The indicators in the document; spans are those of its text. What the columns of a table say about their cells is believed.
    pub fn find(&self) -> Vec<Found> {
        if self.cells.is_empty() { find(&self.text) } else { self.cells.iter().flat_map(|cell| cell.find(&self.text)).collect() }
    }
}
