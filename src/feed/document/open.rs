//! Which format a document has, and its way to text.

use super::{Document, DocumentError, Format, encoding, html, pdf, table};

/// The largest document that is taken, in octets.
pub const LARGEST: usize = 32 << 20;

/// Reads a document. Its format is told by its first octets, then by its media type, then by the ending of its name; what remains is text.
pub fn open(octets: &[u8], name: Option<&str>, media_type: Option<&str>) -> Result<Document, DocumentError> {
    if octets.len() > LARGEST {
        return Err(DocumentError::TooLarge { most: LARGEST, place: String::new() });
    }
    if let Some(foreign) = foreign(octets) {
        return Err(DocumentError::Foreign(foreign));
    }
    let (media, parameters) = media_type.unwrap_or_default().split_once(';').unwrap_or((media_type.unwrap_or_default(), ""));
    let format = format(octets, name, media.trim());
    if format == Format::Pdf {
        return Ok(Document { format, text: pdf::text(octets)?, cells: Vec::new() });
    }
    let label = charset(parameters).or_else(|| (format == Format::Html).then(|| html::declared(octets)).flatten());
    let text = encoding::decode(octets, label)?;
    Ok(match format {
        Format::Html => Document { format, text: html::text(&text), cells: Vec::new() },
        Format::Table => table::document(&text)?,
        _ => Document { format, text, cells: Vec::new() },
    })
}

/// Formats that are known by their first octets and not read.
fn foreign(octets: &[u8]) -> Option<&'static str> {
    const FOREIGN: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "a ZIP archive (so are docx, xlsx and odt)"),
        (b"\xD0\xCF\x11\xE0", "an Office document of the old kind"),
        (b"{\\rtf", "RTF"),
        (b"\x1F\x8B", "gzip"),
        (b"\x89PNG", "an image"),
    ];
    FOREIGN.iter().find(|(magic, _)| octets.starts_with(magic)).map(|(_, what)| *what)
}

fn format(octets: &[u8], name: Option<&str>, media: &str) -> Format {
    let head = octets.get(..1024).unwrap_or(octets);
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Format::Pdf;
    }
    let start = head.trim_ascii_start();
    let begins = |word: &[u8]| start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if begins(b"<!doctype html") || begins(b"<html") {
        return Format::Html;
    }
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match (media.to_ascii_lowercase().as_str(), ending.as_str()) {
        ("text/html" | "application/xhtml+xml", _) | ("" | "application/octet-stream", "html" | "htm" | "xhtml") => Format::Html,
        ("text/csv" | "text/tab-separated-values", _)
        | ("" | "application/octet-stream" | "text/plain" | "application/vnd.ms-excel", "csv" | "tsv") => Format::Table,
        ("text/markdown", _) | ("" | "application/octet-stream" | "text/plain", "md" | "markdown") => Format::Markdown,
        _ => Format::Text,
    }
}

/// The character set among the parameters of a media type.
fn charset(parameters: &str) -> Option<&[u8]> {
    let mut all = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    all.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset")).map(|(_, value)| value.trim().trim_matches('"').as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(octets: &[u8], name: Option<&str>, media_type: Option<&str>) -> Vec<String> {
        open(octets, name, media_type).unwrap().find().into_iter().map(|found| found.value).collect()
    }

    #[test]
    fn text_is_read_in_any_encoding() {
        let utf16: Vec<u8> = "\u{feff}c2: evil[.]com".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}c2: evil[.]com".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for octets in [b"c2: evil[.]com".to_vec(), b"\xEF\xBB\xBFevil.com".to_vec(), utf16, big, b"f\xFCr evil.com, \x84evil\x93".to_vec()] {
            assert_eq!(values(&octets, None, None), ["evil.com"]);
        }
        let cyrillic = open(b"\xF1\xE5\xF0\xE2\xE5\xF0 evil.com", None, Some("text/plain; charset=windows-1251")).unwrap();
        assert_eq!(cyrillic.text, "сервер evil.com");
    }

    #[test]
    fn the_format_is_told_by_octets_type_and_name() {
        for (octets, name, media, expected) in [
            (&b"<!DOCTYPE html><p>x"[..], None, None, Format::Html),
            (b"<p>x", Some("a.HTML"), None, Format::Html),
            (b"<p>x", None, Some("text/html; charset=utf-8"), Format::Html),
            (b"a,b", Some("a.csv"), Some("text/plain"), Format::Table),
            (b"a", Some("a.md"), None, Format::Markdown),
            (b"a", Some("a.txt"), None, Format::Text),
            (b"a", None, None, Format::Text),
        ] {
            assert_eq!(open(octets, name, media).unwrap().format, expected, "{name:?} {media:?}");
        }
    }

    #[test]
    fn what_is_not_read_is_named() {
        assert_eq!(open(b"PK\x03\x04...", Some("a.docx"), None), Err(DocumentError::Foreign("a ZIP archive (so are docx, xlsx and odt)")));
        assert_eq!(open(b"ab\0c", None, None), Err(DocumentError::Binary { at: 2 }));
        let large = open(&vec![b'a'; LARGEST + 1], None, None).unwrap_err();
        assert_eq!(large.to_string(), "the document is larger than 33554432 octets");
    }

    #[test]
    fn targets_of_markdown_count() {
        assert_eq!(values(b"see [here](https://evil.com/x)", Some("a.md"), None), ["https://evil.com/x"]);
    }
}
