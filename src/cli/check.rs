//! `taxiway check`: judges files as a POST would. Reads bundles, envelopes, single objects, lists of objects, and objects line by line.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::exit::{Exit, Trouble};
use super::print;
use crate::feed::clock::{Clock, SystemClock};
use crate::stix::finding::Severity;
use crate::stix::object;
use crate::stix::time::Instant;

/// What files in a folder are called that may hold objects.
const EXTENSIONS: [&str; 3] = ["json", "jsonl", "ndjson"];

/// `taxiway check`
#[derive(Debug, Args)]
pub struct Check {
    /// Files, folders (with all .json, .jsonl and .ndjson below them), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// What was found, and where.
#[derive(Debug, Serialize)]
struct Finding {
    file: String,
    /// The id of the object, or its place in the file.
    object: String,
    /// `error`: a POST would refuse it; `warning`: it would take it.
    severity: &'static str,
    /// What says so: a section of the standard.
    rule: String,
    /// Where in the object, and what is wrong there.
    message: String,
}

/// What was found in everything.
#[derive(Debug, Default, Serialize)]
struct Report {
    files: usize,
    objects: usize,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

impl Check {
    /// Does it.
    pub fn run(self) -> Result<Exit, Trouble> {
        let now = SystemClock.now().instant();
        let mut report = Report::default();
        for path in &self.paths {
            for file in files(path)? {
                report.judge(&file.display().to_string(), &read(&file)?, &now);
            }
        }
        let printed = if self.json { print::json(&report) } else { report.print() };
        printed.map(|()| if report.errors > 0 { Exit::Refused } else { Exit::Done })
    }
}

impl Report {
    /// Judges the objects of one file.
    fn judge(&mut self, file: &str, text: &[u8], now: &Instant) {
        self.files += 1;
        let objects = match split(text) {
            Ok(objects) => objects,
            Err(Unsplit { place, message }) => return self.add(file, &place, Severity::Error, "JSON".into(), message),
        };
        for (place, raw) in objects {
            self.objects += 1;
            let (name, found) = match object::judge(raw.get(), now) {
                Ok(object) => (object.id.to_string(), object.warnings),
                // An id that is none may hold anything, also what a terminal would obey.
                Err(refusal) => (refusal.id.map_or(place, |id| id.escape_debug().to_string()), refusal.findings),
            };
            for finding in found {
                let message = if finding.path.is_empty() { finding.message } else { format!("{}: {}", finding.path, finding.message) };
                self.add(file, &name, finding.severity, format!("STIX 2.1 {}", finding.section), message);
            }
        }
    }

    fn add(&mut self, file: &str, object: &str, severity: Severity, rule: String, message: String) {
        let (count, severity) = match severity {
            Severity::Error => (&mut self.errors, "error"),
            Severity::Warning => (&mut self.warnings, "warning"),
        };
        *count += 1;
        self.findings.push(Finding { file: file.into(), object: object.into(), severity, rule, message });
    }

    fn print(&self) -> Result<(), Trouble> {
        for Finding { file, object, severity, rule, message } in &self.findings {
            let mark = if *severity == "warning" { "warning: " } else { "" };
            print::line(&format!("{file}:{object}: {rule}: {mark}{message}"))?;
        }
        let Self { files, objects, errors, warnings, .. } = self;
        print::tell(&format!("files: {files}, objects: {objects}, errors: {errors}, warnings: {warnings}"));
        Ok(())
    }
}

/// Why a file could not be taken apart, and where.
#[derive(Debug, PartialEq, Eq)]
struct Unsplit {
    place: String,
    message: String,
}

/// The objects of a file with their places in it.
fn split(text: &[u8]) -> Result<Vec<(String, &RawValue)>, Unsplit> {
    let text = std::str::from_utf8(text).map_err(|e| Unsplit { place: format!("byte {}", e.valid_up_to()), message: "not UTF-8".into() })?;
    match serde_json::from_str(text) {
        Ok(whole) => unwrap(whole, ""),
        Err(error) if !is_lines(text) => Err(Unsplit { place: format!("line {}", error.line()), message: error.to_string() }),
        Err(_) => split_lines(text),
    }
}

/// Whether a text that is not one JSON value is one on each line: then its first line is one.
fn is_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().is_some_and(|line| serde_json::from_str::<&RawValue>(line).is_ok());
    first && lines.next().is_some()
}

fn split_lines(text: &str) -> Result<Vec<(String, &RawValue)>, Unsplit> {
    let mut objects = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {}", at + 1);
        let raw = serde_json::from_str(line).map_err(|error| Unsplit { place: place.clone(), message: error.to_string() })?;
        objects.extend(unwrap(raw, &place)?);
    }
    Ok(objects)
}

/// What is read of a value to tell an envelope or bundle from an object.
#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    objects: Option<Vec<&'a RawValue>>,
}

/// The objects of a list, bundle or envelope at `place`; anything else is an object itself.
fn unwrap<'a>(raw: &'a RawValue, place: &str) -> Result<Vec<(String, &'a RawValue)>, Unsplit> {
    let within = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}, {name}") };
    if raw.get().starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|error| Unsplit { place: place.into(), message: error.to_string() })?;
        return Ok(list.into_iter().enumerate().map(|(at, object)| (within(&format!("[{at}]")), object)).collect());
    }
    match serde_json::from_str(raw.get()) {
        Ok(Wrapper { kind, objects: Some(objects) }) if kind.is_none_or(|kind| kind.get() == "\"bundle\"") => {
            Ok(objects.into_iter().enumerate().map(|(at, object)| (within(&format!("objects[{at}]")), object)).collect())
        }
        // What is wrong with it, the judge says.
        _ => Ok(vec![(within("object"), raw)]),
    }
}

/// The files that a path means, in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    walk(path, &mut found)?;
    found.sort();
    if found.is_empty() {
        return Err(Trouble::new(Exit::Unreadable, format!("{} has no file that ends in .{}", path.display(), EXTENSIONS.join(", ."))));
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Trouble> {
    let unreadable = |error| unreadable(folder, &error);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // A link to a folder is not followed: it could lead in a circle.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            walk(&path, found)?;
        } else if path.is_file() && path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|its| extension == *its)) {
            found.push(path);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Trouble> {
    let mut text = Vec::new();
    let read = if file == Path::new("-") { std::io::stdin().read_to_end(&mut text).map(|_| text) } else { fs::read(file) };
    read.map_err(|error| unreadable(file, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new(Exit::Unreadable, format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(String, String)> {
        split(text.as_bytes()).unwrap().into_iter().map(|(place, raw)| (place, raw.get().to_owned())).collect()
    }

    fn pair(place: &str, raw: &str) -> (String, String) {
        (place.into(), raw.into())
    }

    #[test]
    fn every_form_is_taken_apart() {
        let two = [pair("objects[0]", r#"{"a": 1}"#), pair("objects[1]", r#"{"b":2}"#)];
        assert_eq!(places(r#"{"type":"bundle","id":"bundle--1","objects":[{"a": 1},{"b":2}]}"#), two);
        assert_eq!(places(r#"{"more":false,"objects":[{"a": 1},{"b":2}]}"#), two);
        assert_eq!(places("\n[{\"a\": 1}]"), [pair("[0]", r#"{"a": 1}"#)]);
        assert_eq!(places(r#"{"type":"url"}"#), [pair("object", r#"{"type":"url"}"#)]);
        let lines = [pair("line 1, object", r#"{"a": 1}"#), pair("line 3, objects[0]", r#"{"b":2}"#)];
        assert_eq!(places("{\"a\": 1}\n\n{\"objects\":[{\"b\":2}]}\n"), lines);
    }

    #[test]
    fn a_grouping_with_objects_of_its_own_is_an_object() {
        let custom = r#"{"type":"x-mine","objects":[{}]}"#;
        assert_eq!(places(custom), [pair("object", custom)]);
        let observed = r#"{"type":"report","object_refs":["a"]}"#;
        assert_eq!(places(observed), [pair("object", observed)]);
    }

    #[test]
    fn what_is_no_json_is_told_with_its_line() {
        for (text, place) in [("", "line 1"), ("{\n\"a\":\n}", "line 3"), ("{}\n{]", "line 2"), ("{\"a\":1", "line 1")] {
            assert_eq!(split(text.as_bytes()).unwrap_err().place, place, "{text}");
        }
        assert_eq!(split(b"{}\xff").unwrap_err().place, "byte 2");
    }
}
