//! Our finder of indicators beside `iocextract`, `ioc-finder` and `iocsearcher`, on the corpus of `tests/data/ioc`, in one run.
//!
//! Each is compared with ours on the kinds that it knows, and on no others. Its values go through our own reader, so that it loses nothing by another
//! spelling of the same value, nor by what it leaves defanged. What is part of a longer value that is expected counts for neither: the domain of a URL,
//! the address of a network of which the other finder knows nothing. Values that the corpus leaves open count for neither as well.
//!
//! `TAXIWAY_PYTHON` names a Python that has `tests/oracle/requirements.txt`. Without, the test says so and is skipped, unless `CI` is set.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Command, Stdio};

use taxiway::stix::ioc::Kind;
use taxiway::stix::ioc::read::read;

use crate::ioc_corpus::{Case, Score, Value, cases, found};

const FINDERS: [&str; 3] = ["iocextract", "ioc-finder", "iocsearcher"];

/// A Python that has the finders; `None`, and said, if there is none.
fn python() -> Option<OsString> {
    let python = std::env::var_os("TAXIWAY_PYTHON");
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TAXIWAY_PYTHON is not set");
        eprintln!("skipped: TAXIWAY_PYTHON is not set");
    }
    python
}

/// What a finder tells of each text, by kind.
fn ask(python: &OsStr, finder: &str, cases: &[Case]) -> Vec<BTreeMap<Kind, Vec<String>>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/iocs.py");
    let mut process = Command::new(python).args([script, finder]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let texts: Vec<String> = cases.iter().map(|case| serde_json::to_string(&case.text).unwrap()).collect();
    let mut input = process.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(texts.join("\n").as_bytes()).unwrap());
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{finder}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A value as the corpus writes it, if it is one of its kind at all.
fn normal(kind: Kind, value: &str) -> Value {
    match read(value) {
        Some(found) if found.kind == kind => (kind, found.value),
        _ => (kind, value.to_owned()),
    }
}

/// Only the kinds that a finder knows.
fn restricted(case: &Case, kinds: &BTreeSet<Kind>) -> Case {
    let of = |values: &BTreeSet<Value>| values.iter().filter(|(kind, _)| kinds.contains(kind)).cloned().collect();
    Case { about: case.about.clone(), text: case.text.clone(), finds: of(&case.finds), either: of(&case.either) }
}

/// Without what is part of a longer value that stands in the text.
fn without_parts(case: &Case, values: BTreeSet<Value>) -> BTreeSet<Value> {
    let longer = |value: &str| case.finds.iter().chain(&case.either).any(|(_, whole)| whole.len() > value.len() && whole.contains(value));
    values.into_iter().filter(|value| case.finds.contains(value) || !longer(&value.1)).collect()
}

#[test]
fn oracle_finds_more_and_errs_less_than_others() {
    let Some(python) = python() else { return };
    let cases = cases();
    let mut faults = Vec::new();
    for finder in FINDERS {
        let answers = ask(&python, finder, &cases);
        assert_eq!(answers.len(), cases.len(), "{finder}");
        let kinds: BTreeSet<Kind> = answers.iter().flat_map(BTreeMap::keys).copied().collect();
        let (mut ours, mut its) = (Score::default(), Score::default());
        for (case, answer) in cases.iter().zip(answers) {
            let told = answer.into_iter().flat_map(|(kind, values)| values.into_iter().map(move |value| normal(kind, &value))).collect();
            let known = found(&case.text).into_iter().filter(|(kind, _)| kinds.contains(kind)).collect();
            let fair = restricted(case, &kinds);
            its.count(&fair, &without_parts(case, told));
            ours.count(&fair, &without_parts(case, known));
        }
        for (name, score) in [("ours", ours), (finder, its)] {
            eprintln!("{name:12} precision {:.3} recall {:.3} F1 {:.3} {score:?}", score.precision(), score.recall(), score.f1());
        }
        let better = ours.f1() > its.f1() && ours.precision() > its.precision() && ours.recall() > its.recall();
        if !better {
            faults.push(finder);
        }
        if ours.precision() < 0.97 || ours.recall() < 0.97 {
            faults.push("ours");
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
}
