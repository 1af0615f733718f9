//! STIX identifiers: `type--UUID` (STIX 2.1 §2.9).

use std::fmt;
use std::str::FromStr;

/// The longest type name the standard allows (§3.1).
const LONGEST_TYPE: usize = 250;

/// A well-formed identifier of a STIX object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StixId(Box<str>);

/// Why a text is no STIX identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// No `--` between a type and a UUID.
    #[error("not of the form type--UUID")]
    Form,
    /// The part before `--` is no type name.
    #[error("the part before -- is no type name (3 to 250 of a-z, 0-9 and -, beginning with a letter)")]
    Type,
    /// The part after `--` is no RFC 4122 UUID.
    #[error("the part after -- is no RFC 4122 UUID of version 1 to 5")]
    Uuid,
}

impl StixId {
    /// Reads an identifier: a type name, `--`, and an RFC 4122 UUID of version 1 to 5 in either case.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text).map(|()| Self(text.into()))
    }

    /// The identifier that names `uuid` of `type_name`; the caller vouches for the type name.
    pub fn new(type_name: &str, uuid: uuid::Uuid) -> Self {
        Self(format!("{type_name}--{uuid}").into())
    }

    /// The identifier as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type before the `--`.
    pub fn type_name(&self) -> &str {
        type_of(&self.0)
    }
}

/// Whether `text` is a STIX identifier, without keeping it.
pub fn check(text: &str) -> Result<(), IdError> {
    let (kind, uuid) = text.split_once("--").ok_or(IdError::Form)?;
    if !is_type_name(kind) {
        return Err(IdError::Type);
    }
    if is_uuid(uuid.as_bytes()) { Ok(()) } else { Err(IdError::Uuid) }
}

/// The part of an identifier before `--`, or all of it.
pub fn type_of(id: &str) -> &str {
    id.split_once("--").map_or(id, |(kind, _)| kind)
}

/// Whether `name` may name a type: 3 to 250 of `a-z 0-9 -`, a letter first, no `--` (§3.1, §11.2).
pub fn is_type_name(name: &str) -> bool {
    (3..=LONGEST_TYPE).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.contains("--")
}

/// RFC 4122 text form with the variant bits 10xx and a version of 1 to 5.
fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, b)| if matches!(at, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
        && matches!(text[14], b'1'..=b'5')
        && matches!(text[19], b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

impl fmt::Display for StixId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for StixId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s030_takes_the_form_of_the_standard_and_nothing_else() {
        for good in [
            "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "x-mine--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
            "file--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F",
        ] {
            assert_eq!(StixId::parse(good).unwrap().as_str(), good);
        }
        for (bad, why) in [
            ("", IdError::Form),
            ("indicator", IdError::Form),
            ("indicator-8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", IdError::Form),
            ("In--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", IdError::Type),
            ("indicator--8e2e2d2b17d44cbf938f98ee46b3cd3f", IdError::Uuid),
            ("indicator--8e2e2d2b-17d4-6cbf-938f-98ee46b3cd3f", IdError::Uuid),
            ("indicator--8e2e2d2b-17d4-4cbf-738f-98ee46b3cd3f", IdError::Uuid),
            ("indicator--../../etc/passwd", IdError::Uuid),
        ] {
            assert_eq!(StixId::parse(bad), Err(why), "{bad}");
        }
    }
}
