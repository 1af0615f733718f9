//! From octets in some encoding to text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

use super::DocumentError;

/// Decodes a text: by its byte order mark, as UTF-8 if it is that, as its label says, or else by what its octets look like.
pub(super) fn decode(octets: &[u8], label: Option<&[u8]>) -> Result<String, DocumentError> {
    if let Some((encoding, mark)) = Encoding::for_bom(octets) {
        return text(encoding, octets.get(mark..).unwrap_or_default());
    }
    if let Ok(utf8) = std::str::from_utf8(octets) {
        return checked(utf8.to_owned());
    }
    let encoding = label.and_then(Encoding::for_label).unwrap_or_else(|| {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(octets, true);
        detector.guess(None, Utf8Detection::Deny)
    });
    text(encoding, octets)
}

fn text(encoding: &'static Encoding, octets: &[u8]) -> Result<String, DocumentError> {
    checked(encoding.decode_without_bom_handling(octets).0.into_owned())
}

/// A text has no zeros; what has them is a program, a picture, or text in an encoding that nobody named.
fn checked(text: String) -> Result<String, DocumentError> {
    match text.find('\0') {
        Some(at) => Err(DocumentError::Binary { at }),
        None => Ok(text),
    }
}
