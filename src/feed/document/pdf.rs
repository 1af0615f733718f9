//! PDF: the text of its pages in lines, and where its links lead.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Encoding, LoadOptions, Object};

use super::DocumentError;

/// The most pages that are read.
const PAGES: usize = 2_000;
/// The most octets that a stream may be unpacked to.
const STREAM: usize = 8 << 20;
/// The most octets that all pages may be unpacked to; a few of them make an operation, which is some hundred octets in memory.
const CONTENT: usize = 64 << 20;
/// The most fonts that are looked into.
const FONTS: usize = 256;

/// The text of a PDF.
pub(super) fn text(octets: &[u8]) -> Result<String, DocumentError> {
    // The library reads whatever somebody has sent in. Should it panic on that, the document is at fault and nothing else is touched:
    // all that it works on is dropped here.
    catch_unwind(AssertUnwindSafe(|| read(octets))).unwrap_or_else(|_| Err(broken(None, &"it is malformed in a way that the reader does not expect")))
}

fn broken(page: Option<usize>, why: &impl ToString) -> DocumentError {
    DocumentError::Pdf { place: page.map(|page| format!(" on page {page}")).unwrap_or_default(), why: why.to_string() }
}

fn read(octets: &[u8]) -> Result<String, DocumentError> {
    let options = LoadOptions { max_decompressed_size: Some(STREAM), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(octets, options).map_err(|error| broken(None, &error))?;
    if document.is_encrypted() {
        return Err(broken(None, &"it is encrypted"));
    }
    let mut reader = Reader { document: &document, fonts: HashMap::new(), text: String::new(), left: CONTENT };
    for (at, page) in document.page_iter().enumerate() {
        if at == PAGES {
            return Err(broken(None, &format!("it has more than {PAGES} pages")));
        }
        reader.page(at + 1, page)?;
    }
    if reader.text.trim().is_empty() {
        return Err(broken(None, &"it has no text: its pages may be pictures"));
    }
    Ok(reader.text)
}

/// A font: what its codes mean, and how wide they are.
struct Font<'d> {
    encoding: Option<Encoding<'d>>,
    /// The widths of codes from the first on, in thousandths of the size; none if each code is two octets.
    widths: Vec<f32>,
    first: usize,
}

impl Font<'_> {
    /// How wide a text is, in sizes of the font. Where the font does not say, characters are half as wide as high.
    fn width(&self, codes: &[u8], shown: &str) -> f32 {
        if self.widths.is_empty() {
            return shown.chars().map(|_| 0.5).sum();
        }
        codes.iter().map(|code| self.widths.get(usize::from(*code).wrapping_sub(self.first)).map_or(0.5, |width| width / 1000.0)).sum()
    }
}

struct Reader<'d> {
    document: &'d Document,
    /// By the place of their dictionaries, since names mean something else on each page.
    fonts: HashMap<*const Dictionary, Font<'d>>,
    text: String,
    /// How many octets of pages may still be unpacked.
    left: usize,
}

impl<'d> Reader<'d> {
    fn page(&mut self, number: usize, page: lopdf::ObjectId) -> Result<(), DocumentError> {
        let limit = self.left.min(STREAM);
        let content = self.document.get_page_content_with_limit(page, limit).map_err(|error| match error {
            lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. }) => {
                DocumentError::TooLarge { most: limit, place: format!(" on page {number}") }
            }
            error => broken(Some(number), &error),
        })?;
        self.left -= content.len().min(self.left);
        let content = Content::decode(&content).map_err(|error| broken(Some(number), &error))?;
        let names: HashMap<Vec<u8>, *const Dictionary> =
            self.document.get_page_fonts(page).unwrap_or_default().into_iter().map(|(name, font)| (name, self.font(font))).collect();
        let mut pen = Pen::default();
        for operation in &content.operations {
            self.operation(operation, &names, &mut pen);
        }
        self.line();
        self.links(page);
        Ok(())
    }

    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Keeps what a font says of its codes, and gives its name there.
    fn font(&mut self, font: &'d Dictionary) -> *const Dictionary {
        let key = std::ptr::from_ref(font);
        if self.fonts.len() < FONTS && !self.fonts.contains_key(&key) {
            let encoding = font.get_font_encoding_with_limit(self.document, STREAM).ok();
            let list = font.get_deref(b"Widths", self.document).and_then(Object::as_array).ok();
            let widths = list.into_iter().flatten().map(|width| width.as_float().unwrap_or(500.0)).collect();
            let first = font.get_deref(b"FirstChar", self.document).and_then(Object::as_i64).ok();
            let first = first.and_then(|first| usize::try_from(first).ok()).unwrap_or(0);
            self.fonts.insert(key, Font { encoding, widths, first });
        }
        key
    }

    fn operation(&mut self, operation: &Operation, names: &HashMap<Vec<u8>, *const Dictionary>, pen: &mut Pen) {
        let operands = operation.operands.as_slice();
        match operation.operator.as_str() {
            "q" if pen.saved.len() < 64 => pen.saved.push(pen.page),
            "Q" => pen.page = pen.saved.pop().unwrap_or(pen.page),
            "cm" => pen.page = Matrix::of(operands).map_or(pen.page, |matrix| matrix.times(pen.page)),
            "BT" => pen.begin(Matrix::default()),
            "Tf" => {
                pen.font = operands.first().and_then(|name| name.as_name().ok()).and_then(|name| names.get(name).copied());
                pen.size = number(operands.get(1)).unwrap_or(pen.size);
            }
            "TL" => pen.leading = number(operands.first()).unwrap_or(0.0),
            "Td" => pen.step(number(operands.first()), number(operands.get(1))),
            "TD" => {
                pen.leading = -number(operands.get(1)).unwrap_or(0.0);
                pen.step(number(operands.first()), number(operands.get(1)));
            }
            "Tm" => pen.begin(Matrix::of(operands).unwrap_or_default()),
            "T*" => pen.next_line(),
            "Tj" => self.show(operands.first(), pen),
            "'" => {
                pen.next_line();
                self.show(operands.first(), pen);
            }
            "\"" => {
                pen.next_line();
                self.show(operands.get(2), pen);
            }
            "TJ" => self.show_all(operands.first(), pen),
            _ => {}
        }
    }

    /// Strings with the distances between them, in thousandths of the size.
    fn show_all(&mut self, list: Option<&Object>, pen: &mut Pen) {
        for part in list.and_then(|list| list.as_array().ok()).into_iter().flatten() {
            match part.as_float() {
                Ok(back) => pen.x -= back / 1000.0 * pen.size,
                Err(_) => self.show(Some(part), pen),
            }
        }
    }

    fn show(&mut self, codes: Option<&Object>, pen: &mut Pen) {
        let Some(codes) = codes.and_then(|codes| codes.as_str().ok()) else { return };
        let Some(font) = pen.font.and_then(|font| self.fonts.get(&font)) else { return };
        let Some(shown) = font.encoding.as_ref().and_then(|encoding| encoding.bytes_to_string(codes).ok()) else { return };
        let width = font.width(codes, &shown);
        match pen.gap() {
            Gap::None => {}
            Gap::Blank if self.text.ends_with([' ', '\n']) || shown.starts_with(' ') => {}
            Gap::Blank => self.text.push(' '),
            Gap::Line => self.line(),
        }
        self.text.push_str(&shown);
        pen.advance(width);
    }

    /// Where the links of a page lead, a line each.
    fn links(&mut self, page: lopdf::ObjectId) {
        for annotation in self.document.get_page_annotations(page).unwrap_or_default() {
            let action = annotation.get_deref(b"A", self.document).and_then(Object::as_dict);
            let target = action.and_then(|action| action.get_deref(b"URI", self.document)).and_then(Object::as_str);
            if let Ok(target) = target {
                self.line();
                self.text.push_str(&String::from_utf8_lossy(target));
                self.line();
            }
        }
    }
}

fn number(operand: Option<&Object>) -> Option<f32> {
    operand.and_then(|operand| operand.as_float().ok())
}

/// An affine map of the plane (ISO 32000-1 §8.3.3).
#[derive(Debug, Clone, Copy)]
struct Matrix([f32; 6]);

impl Default for Matrix {
    fn default() -> Self {
        Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    }
}

impl Matrix {
    fn of(operands: &[Object]) -> Option<Self> {
        let numbers: Vec<f32> = operands.iter().map_while(|operand| number(Some(operand))).collect();
        numbers.try_into().ok().map(Self)
    }

    /// First this map, then the other.
    fn times(self, then: Self) -> Self {
        let [xx, xy, yx, yy, ..] = then.0;
        let [to_x, to_y] = [[self.0[0], self.0[1]], [self.0[2], self.0[3]]].map(|[x, y]| [x * xx + y * yx, x * xy + y * yy]);
        let (x, y) = then.point(self.0[4], self.0[5]);
        Self([to_x[0], to_x[1], to_y[0], to_y[1], x, y])
    }

    fn point(self, x: f32, y: f32) -> (f32, f32) {
        let [xx, xy, yx, yy, shift_x, shift_y] = self.0;
        (x * xx + y * yx + shift_x, x * xy + y * yy + shift_y)
    }
}

/// Where the next character goes.
struct Pen {
    page: Matrix,
    saved: Vec<Matrix>,
    line: Matrix,
    /// How far into the line.
    x: f32,
    leading: f32,
    size: f32,
    font: Option<*const Dictionary>,
    /// Where the last character ended on the page.
    last: Option<(f32, f32)>,
}

impl Default for Pen {
    fn default() -> Self {
        let matrix = Matrix::default();
        Self { page: matrix, saved: Vec::new(), line: matrix, x: 0.0, leading: 0.0, size: 1.0, font: None, last: None }
    }
}

/// What is between two pieces of text.
enum Gap {
    None,
    Blank,
    Line,
}

impl Pen {
    fn begin(&mut self, line: Matrix) {
        (self.line, self.x) = (line, 0.0);
    }

    fn step(&mut self, x: Option<f32>, y: Option<f32>) {
        let step = Matrix([1.0, 0.0, 0.0, 1.0, x.unwrap_or(0.0), y.unwrap_or(0.0)]);
        self.begin(step.times(self.line));
    }

    fn next_line(&mut self) {
        // Where no leading was set, the next line is nevertheless another one.
        let leading = if self.leading == 0.0 { self.size } else { self.leading };
        self.step(Some(0.0), Some(-leading));
    }

    fn place(&self) -> (f32, f32) {
        self.line.times(self.page).point(self.x, 0.0)
    }

    fn advance(&mut self, width: f32) {
        self.x += width * self.size;
        self.last = Some(self.place());
    }

    /// What is between the last character and here: less than a fifth of the size is no blank.
    fn gap(&self) -> Gap {
        let Some((last_x, last_y)) = self.last else { return Gap::None };
        let (x, y) = self.place();
        let (high_x, high_y) = self.line.times(self.page).point(self.x, self.size);
        let size = (high_x - x).hypot(high_y - y);
        if (y - last_y).abs() > size * 0.4 || x - last_x < -size * 2.0 {
            Gap::Line
        } else if x - last_x > size * 0.2 {
            Gap::Blank
        } else {
            Gap::None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// A PDF of one page for each content.
    fn pdf(contents: &[&str]) -> Vec<u8> {
        let mut objects = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            String::new(),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>".to_owned(),
            "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://evil.com/link) >> >>".to_owned(),
        ];
        let mut kids = String::new();
        for content in contents {
            let page = objects.len() + 1;
            let _ = write!(kids, "{page} 0 R ");
            let resources = "/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 600 800] /Annots [4 0 R]";
            objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /Contents {} 0 R >>", page + 1));
            objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
        }
        objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len());
        let (mut out, mut places) = ("%PDF-1.4\n".to_owned(), String::new());
        for (at, object) in objects.iter().enumerate() {
            let _ = writeln!(places, "{:010} 00000 n ", out.len());
            let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", at + 1);
        }
        let start = out.len();
        let size = objects.len() + 1;
        let _ = write!(out, "xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        out.into_bytes()
    }

    #[test]
    fn lines_and_blanks_come_from_where_the_text_stands() {
        for (content, expected) in [
            ("BT /F1 10 Tf 50 700 Td (evil[.]com) Tj 0 -12 Td (1.2.3.4) Tj ET", "evil[.]com\n1.2.3.4\n"),
            ("BT /F1 10 Tf 50 700 Td [(ev) 20 (il) -300 (x)] TJ ET", "evil x\n"),
            ("BT /F1 10 Tf 12 TL 50 700 Td (a) Tj T* (b) Tj (c) ' ET", "a\nb\nc\n"),
            ("BT /F1 10 Tf 1 0 0 1 50 700 Tm (evil) Tj 1 0 0 1 70 700 Tm (.com) Tj 1 0 0 1 100 700 Tm (next) Tj ET", "evil.com next\n"),
            ("q 1 0 0 1 0 700 cm BT /F1 10 Tf (a) Tj ET Q q 1 0 0 1 0 650 cm BT /F1 10 Tf (b) Tj ET Q", "a\nb\n"),
        ] {
            let text = text(&pdf(&[content])).unwrap();
            assert_eq!(text, format!("{expected}https://evil.com/link\n"), "{content}");
        }
    }

    #[test]
    fn pages_follow_each_other() {
        let page = |text: &str| format!("BT /F1 10 Tf 50 700 Td ({text}) Tj ET");
        let text = text(&pdf(&[&page("one"), &page("two")])).unwrap();
        assert_eq!(text, "one\nhttps://evil.com/link\ntwo\nhttps://evil.com/link\n");
    }

    #[test]
    fn what_is_broken_is_said() {
        let error = text(b"%PDF-1.4\nnothing").unwrap_err();
        assert!(error.to_string().starts_with("the PDF cannot be read: "), "{error}");
    }

    #[test]
    fn bent_files_end_nothing() {
        let whole = pdf(&["BT /F1 10 Tf 50 700 Td [(ev) 20 (il)] TJ 0 -12 Td (1.2.3.4) Tj ET"]);
        let mut dice = 7_u64;
        let mut below = |most: usize| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((dice >> 33) % most as u64).unwrap()
        };
        for _ in 0..2_000 {
            let mut bent = whole.clone();
            for _ in 0..3 {
                let at = below(bent.len());
                bent[at] = b"0123456789 <>[]()/R\n"[below(20)];
            }
            drop(text(&bent));
            drop(text(&whole[..below(whole.len())]));
        }
    }

    #[test]
    fn a_stream_that_unpacks_to_too_much_is_refused() {
        use std::io::Write as _;
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&vec![b' '; STREAM + 1]).unwrap();
        let packed = packed.finish().unwrap();
        let mut document = Document::load_mem(&pdf(&["BT ET"])).unwrap();
        let mut dictionary = Dictionary::new();
        dictionary.set("Filter", "FlateDecode");
        document.objects.insert((6, 0), Object::Stream(lopdf::Stream::new(dictionary, packed)));
        let mut octets = Vec::new();
        document.save_to(&mut octets).unwrap();
        assert_eq!(text(&octets), Err(DocumentError::TooLarge { most: STREAM, place: " on page 1".to_owned() }));
    }
}
