//! Hashes, told by their length.

use super::Kind;

/// The kind of hash that hexadecimal digits of this length are; a text that is all digits, or all letters, is rather a number or a word.
pub(super) fn kind(text: &str) -> Option<Kind> {
    let kind = match text.len() {
        32 => Kind::Md5,
        40 => Kind::Sha1,
        64 => Kind::Sha256,
        128 => Kind::Sha512,
        _ => return None,
    };
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic())).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_tells_the_kind() {
        for (length, expected) in [(32, Some(Kind::Md5)), (40, Some(Kind::Sha1)), (64, Some(Kind::Sha256)), (128, Some(Kind::Sha512)), (33, None)] {
            assert_eq!(kind(&"a1".repeat(65)[..length]), expected);
        }
        assert_eq!(kind(&"1".repeat(32)), None);
        assert_eq!(kind(&"g1".repeat(16)), None);
    }
}
