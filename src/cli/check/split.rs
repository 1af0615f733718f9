//! Takes a text apart: a bundle, an envelope, an object, a list of objects, or any of these on each line.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A piece of a text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'t> {
    /// What should be an object.
    Object(&'t RawValue),
    /// A bundle, whose objects follow.
    Bundle(&'t RawValue),
}

/// What is no JSON, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The line of the text, from 1.
    pub(super) line: usize,
    /// The column in octets, from 1.
    pub(super) column: usize,
    pub(super) message: String,
}

impl Broken {
    /// An error in a part of the text that begins after `lines` lines.
    fn new(error: &serde_json::Error, lines: usize) -> Self {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Self { line: lines + error.line(), column: error.column().max(1), message: format!("not JSON: {message}") }
    }
}

/// The pieces of a text in its order, and what in it is no JSON.
pub(super) fn split(text: &str) -> (Vec<Piece<'_>>, Vec<Broken>) {
    let (mut pieces, mut broken) = (Vec::new(), Vec::new());
    match serde_json::from_str(text) {
        Ok(whole) => unwrap(whole, &mut pieces),
        Err(_) if is_lines(text) => {
            for (at, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                match serde_json::from_str(line) {
                    Ok(raw) => unwrap(raw, &mut pieces),
                    Err(error) => broken.push(Broken::new(&error, at)),
                }
            }
        }
        Err(error) => broken.push(Broken::new(&error, 0)),
    }
    (pieces, broken)
}

/// Whether a text that is not one JSON value is one on each line: then its first line is one.
fn is_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().is_some_and(|line| serde_json::from_str::<&RawValue>(line).is_ok());
    first && lines.next().is_some()
}

/// What is read of a value to tell an envelope or bundle from an object.
#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    objects: Option<Vec<&'a RawValue>>,
}

/// The objects of a list, bundle or envelope; anything else is an object itself, and what is wrong with it the judge says.
fn unwrap<'t>(raw: &'t RawValue, pieces: &mut Vec<Piece<'t>>) {
    let objects = |list: Vec<&'t RawValue>| list.into_iter().map(Piece::Object);
    if raw.get().starts_with('[') {
        return pieces.extend(objects(serde_json::from_str(raw.get()).unwrap_or_default()));
    }
    let wrapper = serde_json::from_str(raw.get()).unwrap_or(Wrapper { kind: None, objects: None });
    match (wrapper.kind.map(RawValue::get), wrapper.objects) {
        (Some("\"bundle\""), inside) => {
            pieces.push(Piece::Bundle(raw));
            pieces.extend(objects(inside.unwrap_or_default()));
        }
        (None, Some(inside)) => pieces.extend(objects(inside)),
        _ => pieces.push(Piece::Object(raw)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The objects of a text, with a `b` for each bundle.
    fn pieces(text: &str) -> Vec<&str> {
        let (pieces, broken) = split(text);
        assert_eq!(broken, []);
        let text = |piece| match piece {
            Piece::Object(raw) => RawValue::get(raw),
            Piece::Bundle(_) => "b",
        };
        pieces.into_iter().map(text).collect()
    }

    #[test]
    fn every_form_is_taken_apart() {
        assert_eq!(pieces(r#"{"type":"bundle","id":"bundle--1","objects":[{"a": 1},{"b":2}]}"#), ["b", r#"{"a": 1}"#, r#"{"b":2}"#]);
        assert_eq!(pieces(r#"{"more":false,"objects":[{"a": 1},{"b":2}]}"#), [r#"{"a": 1}"#, r#"{"b":2}"#]);
        assert_eq!(pieces("\n[{\"a\": 1}, 3]"), [r#"{"a": 1}"#, "3"]);
        assert_eq!(pieces(r#"{"type":"url"}"#), [r#"{"type":"url"}"#]);
        assert_eq!(pieces("{\"a\": 1}\r\n\n{\"objects\":[{\"b\":2}]}\n"), [r#"{"a": 1}"#, r#"{"b":2}"#]);
        assert_eq!(pieces(r#"{"type":"bundle","id":"bundle--1"}"#), ["b"]);
    }

    #[test]
    fn an_object_with_objects_of_its_own_is_an_object() {
        for object in [r#"{"type":"observed-data","objects":{"0":{}}}"#, r#"{"type":"x-mine","objects":[{}]}"#, "3", r#"{"objects":7}"#] {
            assert_eq!(pieces(object), [object]);
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place_and_the_other_lines_are_read() {
        for (text, place) in [("", (1, 1)), ("{\n\"a\":\n}", (3, 1)), ("{\"a\":1", (1, 6)), ("{} {}", (1, 4))] {
            let (_, broken) = split(text);
            assert_eq!((broken[0].line, broken[0].column), place, "{text}");
        }
        let (pieces, broken) = split("{}\n{]\n[{},{}]\n[");
        assert_eq!(pieces.len(), 3);
        assert_eq!(broken.iter().map(|broken| (broken.line, broken.column)).collect::<Vec<_>>(), [(2, 2), (4, 1)]);
        assert_eq!(broken[0].message, "not JSON: key must be a string");
    }
}
