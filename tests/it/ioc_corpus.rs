//! The indicators of `tests/data/ioc`: texts in the manner of reports, and what an analyst takes from them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use taxiway::stix::ioc::Kind;
use taxiway::stix::ioc::find::find;

/// A kind and a value in normal form.
pub(crate) type Value = (Kind, String);

/// A text, and what is in it.
pub(crate) struct Case {
    pub(crate) about: String,
    pub(crate) text: String,
    /// What is to be found.
    pub(crate) finds: BTreeSet<Value>,
    /// What may be found or not.
    pub(crate) either: BTreeSet<Value>,
}

/// A case as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    about: String,
    text: String,
    finds: String,
    #[serde(default)]
    either: String,
}

/// The cases of all files.
pub(crate) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ioc");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let written = paths.iter().flat_map(|path| serde_norway::from_str::<Vec<Written>>(&fs::read_to_string(path).unwrap()).unwrap());
    written.map(|case| Case { finds: values(&case.finds), either: values(&case.either), about: case.about, text: case.text }).collect()
}

fn values(lines: &str) -> BTreeSet<Value> {
    lines
        .lines()
        .map(|line| {
            let (kind, value) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
            (serde_json::from_value(kind.into()).unwrap_or_else(|_| panic!("{line}")), value.to_owned())
        })
        .collect()
}

/// What the finder finds without doubt.
pub(crate) fn found(text: &str) -> BTreeSet<Value> {
    find(text).into_iter().filter(|found| found.doubt.is_none()).map(|found| (found.kind, found.value)).collect()
}

/// How often a finder was right.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Score {
    /// Found, and there.
    pub(crate) hits: u32,
    /// There, and not found.
    pub(crate) missed: u32,
    /// Found, and not there.
    pub(crate) wrong: u32,
}

impl Score {
    pub(crate) fn count(&mut self, case: &Case, found: &BTreeSet<Value>) {
        let number = |count: usize| u32::try_from(count).unwrap();
        self.hits += number(case.finds.intersection(found).count());
        self.missed += number(case.finds.difference(found).count());
        self.wrong += number(found.iter().filter(|value| !case.finds.contains(value) && !case.either.contains(value)).count());
    }

    pub(crate) fn precision(self) -> f64 {
        f64::from(self.hits) / f64::from((self.hits + self.wrong).max(1))
    }

    pub(crate) fn recall(self) -> f64 {
        f64::from(self.hits) / f64::from((self.hits + self.missed).max(1))
    }

    pub(crate) fn f1(self) -> f64 {
        f64::from(2 * self.hits) / f64::from((2 * self.hits + self.missed + self.wrong).max(1))
    }
}

#[test]
fn the_corpus_is_large_enough_to_tell_something() {
    let cases = cases();
    let values: usize = cases.iter().map(|case| case.finds.len()).sum();
    let mut kinds = BTreeMap::new();
    for (kind, _) in cases.iter().flat_map(|case| &case.finds) {
        *kinds.entry(*kind).or_insert(0) += 1;
    }
    eprintln!("{} cases, {values} values: {kinds:?}", cases.len());
    assert!(cases.len() >= 100 && values >= 300 && kinds.len() == 20);
}

#[test]
fn precision_and_recall_are_0_97_at_least() {
    let mut score = Score::default();
    let mut faults = Vec::new();
    for case in cases() {
        let found = found(&case.text);
        score.count(&case, &found);
        faults.extend(case.finds.difference(&found).map(|value| format!("{}: missed {value:?}", case.about)));
        let wrong = found.iter().filter(|value| !case.finds.contains(value) && !case.either.contains(value));
        faults.extend(wrong.map(|value| format!("{}: wrong {value:?}", case.about)));
    }
    eprintln!("precision {:.4}, recall {:.4}: {score:?}\n{}", score.precision(), score.recall(), faults.join("\n"));
    assert!(score.precision() >= 0.97 && score.recall() >= 0.97);
}
