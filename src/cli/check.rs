//! `taxiway check`: judges files as a POST would, and the folders of curated feeds as a start of the server would.

mod place;
mod sources;
mod split;

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Trouble};
use super::print;
use crate::feed::clock::{Clock, SystemClock};
use crate::feed::curated::files::Files;
use crate::feed::curated::{self, lint};
use crate::stix::finding::{self, Severity};
use crate::stix::json::Json;
use crate::stix::time::Instant;
use crate::stix::{bundle, object};
use place::Lines;
use sources::{Source, Sources};
use split::Piece;

/// `taxiway check`
#[derive(Debug, Args)]
#[command(after_help = "\
Errors are what a POST would refuse, warnings what it would take:
  FILE:LINE:COLUMN: ID: PROPERTY: what is wrong (section of the standard)
  FILE:LINE:COLUMN: warning: ID: PROPERTY: …

Exit codes:
  0  nothing is wrong; there may be warnings
  1  there are errors, or with --strict warnings
  2  a path could not be read; the others were judged")]
pub struct Check {
    /// Files with a bundle, an envelope, objects, or objects line by line; folders, with all .json, .jsonl, .ndjson and .stix below
    /// them and the curated feeds (folders with a feed.toml); or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Let warnings count as errors do
    #[arg(long)]
    strict: bool,
    /// Print one JSON object for each finding, for scripts
    #[arg(long)]
    json: bool,
}

/// What was found, and where.
#[derive(Debug, Serialize)]
struct Finding {
    file: String,
    /// From 1; left out where the file as a whole is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// `error` or `warning`.
    severity: &'static str,
    /// The object.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The place in the object: `external_references[0].url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
    message: String,
    /// The section of STIX 2.1 that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<&'static str>,
    /// Lines for people: the string that is meant and a caret under the place in it.
    #[serde(skip)]
    caret: Option<String>,
}

/// What was found in everything.
#[derive(Debug, Default)]
struct Report {
    files: usize,
    objects: usize,
    errors: usize,
    warnings: usize,
    unreadable: usize,
    findings: Vec<Finding>,
}

impl Check {
    /// Does it.
    pub fn run(self) -> Result<Exit, Trouble> {
        let now = SystemClock.now().instant();
        let mut report = Report::default();
        let Sources { sources, troubles } = sources::find(&self.paths);
        for trouble in &troubles {
            report.cannot_read(trouble);
        }
        for source in sources {
            match source {
                Source::Text(path) => match sources::read(&path) {
                    Ok(text) => report.judge_text(&path.display().to_string(), &text, &now),
                    Err(trouble) => report.cannot_read(&trouble),
                },
                Source::Feeds { folder, feeds } => match sources::read_feeds(&folder, &feeds) {
                    Ok(files) => report.judge_feeds(&folder, &files, feeds.len(), &now),
                    Err(trouble) => report.cannot_read(&trouble),
                },
            }
            report.print(self.json)?;
        }
        report.tell();
        Ok(match &report {
            Report { unreadable: 1.., .. } => Exit::Unreadable,
            Report { errors: 1.., .. } => Exit::Refused,
            Report { warnings: 1.., .. } if self.strict => Exit::Refused,
            _ => Exit::Done,
        })
    }
}

impl Report {
    fn cannot_read(&mut self, trouble: &str) {
        self.unreadable += 1;
        print::tell(&format!("taxiway: {trouble}"));
    }

    /// Judges what is in one file.
    fn judge_text(&mut self, file: &str, text: &[u8], now: &Instant) {
        self.files += 1;
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                let good = text.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default();
                let (line, column) = Lines::new(good).at(good.len());
                return self.add_plain(Severity::Error, file.to_owned(), (Some(line), Some(column)), "not UTF-8".into());
            }
        };
        let lines = Lines::new(text);
        let (pieces, broken) = split::split(text);
        for piece in pieces {
            self.judge_piece(file, &lines, piece, now);
        }
        for broken in broken {
            let (line, column) = lines.at_column(text, broken.line, broken.column);
            self.add_plain(Severity::Error, file.to_owned(), (Some(line), Some(column)), broken.message);
        }
    }

    fn judge_piece(&mut self, file: &str, lines: &Lines<'_>, piece: Piece<'_>, now: &Instant) {
        let (raw, (id, found)) = match piece {
            Piece::Bundle(raw) => (raw, (Some("bundle".to_owned()), bundle::judge(raw.get()))),
            Piece::Object(raw) => {
                self.objects += 1;
                (raw, judge(raw.get(), now))
            }
        };
        for finding in found {
            let value = place::find(raw, &finding.path);
            let caret = finding.span.as_ref().and_then(|span| place::caret(value, span));
            let (place, message) = match Json::parse(raw.get()) {
                Err(error) if finding.path.is_empty() => {
                    (lines.at_column(raw.get(), error.line(), error.column()), format!("not strict JSON: {}", error.what()))
                }
                _ => (lines.at(lines.offset(value.get())), finding.message.clone()),
            };
            self.add(file, (Some(place.0), Some(place.1)), id.clone(), finding::Finding { message, ..finding }, caret);
        }
    }

    /// Tells what is wrong with the files of feeds, and what their editor probably did not mean. What the standard merely advises
    /// against is not told of each object: they are made by the hundred from one entry.
    fn judge_feeds(&mut self, folder: &std::path::Path, files: &Files, count: usize, now: &Instant) {
        self.files += count;
        let feeds = curated::read(files).unwrap_or_default();
        let made = feeds.iter().flat_map(|feed| &feed.collections).flat_map(|collection| &collection.objects);
        self.objects += made.map(|object| &object.id).collect::<HashSet<_>>().len();
        for lint::Finding { file, line, severity, message } in lint::lint(files, now) {
            let file = folder.join(file).display().to_string();
            self.add_plain(severity, file, ((line > 0).then_some(line), None), message);
        }
    }

    /// What no rule of the standard tells.
    fn add_plain(&mut self, severity: Severity, file: String, (line, column): (Option<usize>, Option<usize>), message: String) {
        let severity = self.count(severity);
        self.findings.push(Finding { file, line, column, severity, id: None, property: None, message, section: None, caret: None });
    }

    fn add(&mut self, file: &str, place: (Option<usize>, Option<usize>), id: Option<String>, found: finding::Finding, caret: Option<String>) {
        let severity = self.count(found.severity);
        let property = (!found.path.is_empty()).then_some(found.path);
        let ((line, column), file, section) = (place, file.to_owned(), Some(found.section));
        self.findings.push(Finding { file, line, column, severity, id, property, message: found.message, section, caret });
    }

    fn count(&mut self, severity: Severity) -> &'static str {
        let (count, name) = match severity {
            Severity::Error => (&mut self.errors, "error"),
            Severity::Warning => (&mut self.warnings, "warning"),
        };
        *count += 1;
        name
    }

    /// Prints what was found since the last time.
    fn print(&mut self, as_json: bool) -> Result<(), Trouble> {
        for finding in self.findings.drain(..) {
            let line = if as_json { serde_json::to_string(&finding).map_err(|error| Trouble::new(Exit::Failed, error))? } else { finding.line() };
            print::line(&line)?;
        }
        Ok(())
    }

    fn tell(&self) {
        let Self { files, objects, errors, warnings, .. } = self;
        print::tell(&format!("files: {files}, objects: {objects}, errors: {errors}, warnings: {warnings}"));
    }
}

impl Finding {
    /// As people read it.
    fn line(&self) -> String {
        let place = [self.line, self.column].into_iter().flatten().fold(self.file.clone(), |place, number| format!("{place}:{number}"));
        let mark = (self.severity == "warning").then_some("warning");
        let parts = [Some(place.as_str()), mark, self.id.as_deref(), self.property.as_deref(), Some(&self.message)];
        let mut line = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
        if let Some(section) = self.section {
            line = format!("{line} (STIX 2.1 {section})");
        }
        self.caret.iter().fold(line, |line, caret| format!("{line}\n{caret}"))
    }
}

/// The id of an object and what is wrong or odd about it.
fn judge(text: &str, now: &Instant) -> (Option<String>, Vec<finding::Finding>) {
    match object::judge(text, now) {
        Ok(object) => (Some(object.id.to_string()), object.warnings),
        // An id that is none may hold anything, also what a terminal would obey.
        Err(refusal) => (refusal.id.map(|id| id.escape_debug().to_string()), refusal.findings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        Instant::parse("2026-01-01T00:00:00Z").unwrap()
    }

    fn lines(text: &str) -> Vec<String> {
        let mut report = Report::default();
        report.judge_text("f", text.as_bytes(), &now());
        report.findings.iter().map(Finding::line).collect()
    }

    #[test]
    fn a_finding_stands_where_the_property_stands() {
        let url = "url--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        let text = format!("{{\"type\": \"bundle\",\n \"objects\": [\n  {{\"type\": \"url\", \"id\": \"{url}\",\n   \"value\": 7, \"odd\": 1}}]}}");
        assert_eq!(
            lines(&text),
            [
                "f:1:1: bundle: id: is required (STIX 2.1 §8)".to_owned(),
                format!("f:4:13: {url}: value: must be a string, is a number (STIX 2.1 §2.15)"),
                format!("f:4:23: warning: {url}: odd: is not a property of the standard; a custom one should begin with x_ (STIX 2.1 §11.1)"),
            ]
        );
    }

    #[test]
    fn what_is_not_strict_stands_where_the_text_says_it() {
        assert_eq!(lines("[\n{\"a\": 1,\n \"a\": 2}]"), ["f:3:4: not strict JSON: the key \"a\" occurs twice in one object (STIX 2.1 §2)"]);
        assert_eq!(lines("{\"a\": }"), ["f:1:7: not JSON: expected value"]);
        assert_eq!(lines("[3]"), ["f:1:2: must be an object, is a number (STIX 2.1 §2)"]);
        let mut report = Report::default();
        report.judge_text("f", b"{\n \xff}", &now());
        assert_eq!(report.findings[0].line(), "f:2:2: not UTF-8");
    }

    #[test]
    fn a_part_of_a_string_gets_a_caret() {
        let mut report = Report::default();
        let found = finding::Finding {
            severity: Severity::Error,
            path: "pattern".into(),
            section: "§9.4",
            message: "expected a comparison".into(),
            span: Some(7..8),
        };
        let raw = serde_json::from_str(r#"{"pattern": "[a:b = ]"}"#).unwrap();
        let caret = found.span.as_ref().and_then(|span| place::caret(place::find(raw, &found.path), span));
        report.add("f", (Some(1), Some(13)), Some("indicator--1".into()), found, caret);
        let shown = "f:1:13: indicator--1: pattern: expected a comparison (STIX 2.1 §9.4)\n    [a:b = ]\n           ^";
        assert_eq!(report.findings[0].line(), shown);
    }
}
