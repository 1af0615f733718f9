//! The gate beside stix2-validator, which the standard's own committee keeps: both judge the objects of stix2-generator, those of the
//! reports that come with the validator, the curated ones, those of MITRE ATT&CK, and every sample with one property changed.
//!
//! They must agree on whether there is an error; where they do not, a row of [`DIFFERENCES`] says which clause of the standard decides it.
//! `TAXIWAY_PYTHON` names a Python that has `tests/oracle/requirements.txt`. Without, the tests say so and are skipped, unless `CI` is set.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use taxiway::feed::curated::{self, files::Files};
use taxiway::stix::finding::Severity;
use taxiway::stix::kind::{Class, class_of};
use taxiway::stix::object::judge;
use taxiway::stix::time::Instant;

/// A case in which the two differ, with the reason.
struct Difference {
    /// Where the change is: `type.property`, with `*` for any run of characters.
    places: &'static [&'static str],
    /// What the change is.
    changes: &'static [&'static str],
    /// Whether it is the gate that refuses.
    we_refuse: bool,
    /// The clause of the standard that decides, and what it says.
    clause: &'static str,
}

/// The gate refuses, the validator does not.
const fn we(places: &'static [&'static str], changes: &'static [&'static str], clause: &'static str) -> Difference {
    Difference { places, changes, we_refuse: true, clause }
}

/// The validator refuses, the gate does not.
const fn they(places: &'static [&'static str], changes: &'static [&'static str], clause: &'static str) -> Difference {
    Difference { places, changes, we_refuse: false, clause }
}

/// The table: every difference, and who is right.
const DIFFERENCES: &[Difference] = &[
    we(
        &["*_ref", "*_refs[]"],
        &["a bundle"],
        "§8: a bundle is no object, nothing refers to it; §3.2, §4, §6: a property says which types it leads to",
    ),
    we(
        &["*_ref", "*_refs[]"],
        &["another word", "empty", "no UUID"],
        "§2.9: a reference is an identifier, of observables too; the schema asks for a string",
    ),
    we(&["*"], &["badly named property"], "§3.1: names of properties are lower case, in the nested types too"),
    we(&["*"], &["huge"], "§2.10: an integer lies within 2^53 - 1 of zero"),
    we(&["extension-definition.created_by_ref"], &["removed"], "§3.2, §7.3.1: required of an extension definition"),
    we(&["marking-definition"], &["reserved property"], "§3.8: reserved names are so on every object"),
    we(&["marking-definition.definition"], &["custom property", "reserved property"], "§7.2.1.3: a statement is one property"),
    we(&["language-content.contents.de"], &["empty"], "§2.3: a dictionary is not empty"),
    we(&["language-content.contents.*"], &["null"], "§2: null is a value of no type"),
    we(&["location.precision"], &["negative"], "§4.10: a distance in metres"),
    we(&["network-traffic.*_byte_count", "network-traffic.*_packets"], &["negative"], "§6.12: counts"),
    we(&["file.name"], &["removed"], "§6.7: name_enc is the encoding of name"),
    we(&["file.extensions.ntfs-ext.alternate_data_streams[]"], &["null", "a text", "a list"], "§6.7: a list of alternate data streams"),
    we(&["process.environment_variables.path"], &["a number", "a list"], "§6.13: the values are strings"),
    we(&["user-account.extensions.unix-account-ext.gid"], &["a fraction"], "§6.16: an integer"),
    they(&["artifact", "artifact.mime_type"], &["nothing", "another word", "empty"], "§6.1: a media type of the registry is advised"),
    they(&["artifact.payload_bin"], &["empty"], "§2.1, RFC 4648 §10: the base64 of no bytes is the empty string"),
    they(
        &["file.extensions.raster-image-ext.exif_tags"],
        &["custom property", "reserved property"],
        "§6.7: a key is the name of an EXIF tag, whatever its case; neither has a table of them",
    ),
    they(
        &["file.extensions.windows-pebinary-ext.optional_header"],
        &["custom property", "reserved property"],
        "§11.1: a producer may add properties anywhere",
    ),
    they(
        &["network-traffic.extensions.http-request-ext.request_header"],
        &["custom property", "reserved property", "badly named property"],
        "§6.12: a list of strings, which the examples of the standard give as a plain string; the gate warns",
    ),
    they(&["network-traffic.extensions.http-request-ext.request_header.accept"], &["one of it"], "as above"),
    they(
        &["process.extensions.windows-process-ext.startup_info*"],
        &["custom property", "reserved property", "badly named property", "a fraction", "a text"],
        "§6.13: a dictionary whose keys are members of a structure of Windows; the validator has that structure, the gate does not",
    ),
];

/// Values of the samples that only the gate takes, with ones that both take: what the validator's schemas ask for here and the standard
/// does not, would hide what is changed elsewhere.
const DIALECT: &[(&str, &str)] = &[
    // §6.6: a list of strings; the schema wants two at least.
    ("email-message/additional_header_fields", r#"{"reply-to": ["a@example.com", "b@example.com"]}"#),
    // §6.7: a name of the IANA registry, which is in either case (RFC 2978 §2.3).
    ("file/name_enc", r#""UTF-8""#),
    // §6.7: a dictionary; the schema wants an upper-case letter first.
    ("file/extensions/raster-image-ext/exif_tags", r#"{"Make": "Nikon"}"#),
    // §6.12: a dictionary of integers; the schema wants the names that C has for options.
    ("network-traffic/extensions/socket-ext/options", r#"{"SO_KEEPALIVE": 1}"#),
    // §6.13: a dictionary; the schema knows the members of the structure in C, and their types.
    ("process/extensions/windows-process-ext/startup_info", r#"{"cb": 68}"#),
];

/// How many objects of each type the comparison on ATT&CK must have at least: what Enterprise ATT&CK v18.1 has, most of it rounded down.
const ATTACK: &[(&str, usize)] = &[
    ("attack-pattern", 800),
    ("campaign", 50),
    ("course-of-action", 250),
    ("identity", 1),
    ("intrusion-set", 180),
    ("malware", 650),
    ("marking-definition", 1),
    ("relationship", 10_000),
    ("tool", 90),
    ("x-mitre-analytic", 1_700),
    ("x-mitre-collection", 1),
    ("x-mitre-data-component", 100),
    ("x-mitre-data-source", 35),
    ("x-mitre-detection-strategy", 650),
    ("x-mitre-matrix", 1),
    ("x-mitre-tactic", 14),
];

/// An object that both judge.
struct Case {
    place: String,
    change: &'static str,
    object: Value,
}

#[test]
fn the_gate_and_the_validator_agree_on_generated_objects() {
    let Some(oracle) = Oracle::find() else { return };
    let objects = oracle.lines("generate", Stdio::null()).into_iter().chain(oracle.lines("examples", Stdio::null()));
    let cases = objects.map(|line| serde_json::from_str(&line).unwrap()).chain(curated_objects()).map(unchanged).collect::<Vec<_>>();
    oracle.compare(&cases);
}

#[test]
fn the_gate_and_the_validator_agree_on_every_changed_property() {
    let Some(oracle) = Oracle::find() else { return };
    let mut cases = Vec::new();
    for (kind, sample) in samples() {
        let mut object = common(&kind);
        for part in ["least", "more"] {
            object.extend(sample[part].as_object().unwrap().clone());
        }
        let mut object = Value::Object(object);
        for (place, value) in DIALECT {
            if let Some(found) = place.strip_prefix(kind.as_str()).and_then(|pointer| object.pointer_mut(pointer)) {
                *found = serde_json::from_str(value).unwrap();
            }
        }
        change_members(&object, &kind, &[], &mut cases);
        cases.push(Case { place: kind, change: "nothing", object });
    }
    // Patterns have an oracle of their own.
    cases.retain(|case| case.place != "indicator.pattern");
    let used = oracle.compare(&cases);
    for (at, Difference { clause, .. }) in DIFFERENCES.iter().enumerate() {
        assert!(used.contains(&at), "nobody differs any more on: {clause}");
    }
}

#[test]
fn the_gate_and_the_validator_agree_on_the_objects_of_mitre_attack() {
    let Some(oracle) = Oracle::find() else { return };
    let cases = oracle.lines("attack", Stdio::null()).iter().map(|line| unchanged(serde_json::from_str(line).unwrap())).collect::<Vec<_>>();
    for (kind, least) in ATTACK {
        let found = cases.iter().filter(|case| case.place == *kind).count();
        assert!(found >= *least, "{found} of {kind}");
    }
    oracle.compare(&cases);
    // That both refuse would be an agreement too, but then the objects are not put together as they should be.
    for case in &cases {
        assert_eq!(our_errors(&case.object), Vec::<String>::new(), "{}", case.object);
    }
}

fn unchanged(object: Value) -> Case {
    Case { place: object["type"].as_str().unwrap().to_owned(), change: "nothing", object }
}

/// The errors that the gate finds in an object.
fn our_errors(object: &Value) -> Vec<String> {
    let now = Instant::parse("2030-01-01T00:00:00Z").unwrap();
    judge(&object.to_string(), &now).err().map_or(Vec::new(), |refusal| {
        refusal.findings.iter().filter(|finding| finding.severity == Severity::Error).map(ToString::to_string).collect()
    })
}

fn curated_objects() -> Vec<Value> {
    let feeds = curated::read(&Files::embedded()).unwrap();
    let objects = feeds.iter().flat_map(|feed| &feed.collections).flat_map(|collection| &collection.objects);
    objects.map(|object| serde_json::from_slice(&object.bytes).unwrap()).collect()
}

/// The samples of the rule table's own tests: of each type the least that is valid, and all other properties.
fn samples() -> Map<String, Value> {
    let text = include_str!("../../src/stix/rules/sample.json");
    serde_json::from_str(&text.replace("--*", "--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f")).unwrap()
}

/// The common properties of a type.
fn common(kind: &str) -> Map<String, Value> {
    let id = format!("{kind}--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f");
    let mut object = json!({
        "type": kind, "spec_version": "2.1", "id": id,
        "object_marking_refs": ["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"],
        "granular_markings": [{"selectors": ["id"], "marking_ref": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"}]
    });
    let members = object.as_object_mut().unwrap();
    let mut add = |more: Value| members.extend(more.as_object().unwrap().clone());
    let creator = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff";
    if class_of(kind) == Some(Class::Sco) {
        add(json!({"defanged": true}));
    } else {
        add(json!({
            "created": "2021-03-02T12:00:00.000Z", "created_by_ref": creator,
            "external_references": [{"source_name": "x", "description": "y", "url": "https://a.example/", "external_id": "1"}]
        }));
    }
    if !matches!(class_of(kind), Some(Class::Sco)) && kind != "marking-definition" {
        add(json!({"modified": "2021-03-02T12:00:00.000Z", "revoked": false, "labels": ["x"]}));
    }
    if matches!(class_of(kind), Some(Class::Sdo | Class::Sro)) {
        add(json!({"confidence": 50, "lang": "en"}));
    }
    object.as_object().unwrap().clone()
}

/// One step from a value into it.
#[derive(Clone)]
enum Step {
    Key(String),
    First,
}

/// Changes every member of the object at `at` in turn, and what is in it.
fn change_members(whole: &Value, place: &str, at: &[Step], cases: &mut Vec<Case>) {
    let Some(members) = find(whole, at).as_object() else { return };
    for (name, value) in members {
        let (place, at) = (format!("{place}.{name}"), [at, &[Step::Key(name.clone())]].concat());
        cases.push(Case { place: place.clone(), change: "removed", object: put(whole, &at, None) });
        change_value(whole, &place, &at, value, cases);
    }
    for (name, change) in [("x_custom", "custom property"), ("Upper-Case", "badly named property"), ("severity", "reserved property")] {
        cases.push(Case { place: place.to_owned(), change, object: put(whole, &[at, &[Step::Key(name.into())]].concat(), Some(json!("x"))) });
    }
}

/// Puts other values in the place of one.
fn change_value(whole: &Value, place: &str, at: &[Step], value: &Value, cases: &mut Vec<Case>) {
    for (change, value) in changes(value) {
        cases.push(Case { place: place.to_owned(), change, object: put(whole, at, Some(value)) });
    }
    match value {
        Value::Object(_) => change_members(whole, place, at, cases),
        Value::Array(_) => change_value(whole, &format!("{place}[]"), &[at, &[Step::First]].concat(), &value[0], cases),
        _ => {}
    }
}

/// What a value is changed into.
fn changes(value: &Value) -> Vec<(&'static str, Value)> {
    let mut changes = vec![("null", Value::Null)];
    match value {
        Value::String(text) => {
            changes.extend([("a number", json!(7)), ("empty", json!("")), ("another word", json!("Foreign Value!")), ("a list", json!([text]))]);
            if let Some((_, uuid)) = text.split_once("--") {
                changes.push(("a bundle", json!(format!("bundle--{uuid}"))));
                changes.push(("no UUID", json!(text.trim_end_matches(|c: char| c.is_ascii_hexdigit()))));
            }
            if let Some(instant) = text.strip_prefix("20").and_then(|text| text.strip_suffix('Z')) {
                changes.push(("another zone", json!(format!("20{instant}+01:00"))));
                changes.push(("no zone", json!(format!("20{instant}"))));
                changes.push(("no such day", json!(text.replace("-03-0", "-02-3"))));
                changes.push(("an early time", json!(text.replacen("2021", "1999", 1))));
                changes.push(("a late time", json!(text.replacen("2021", "2022", 1))));
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            changes.extend([("a text", json!("7")), ("negative", json!(-1)), ("a fraction", json!(number + 0.5)), ("huge", json!(1_u64 << 53))]);
        }
        Value::Bool(_) => changes.extend([("a text", json!("true")), ("a number", json!(1))]),
        Value::Array(list) => changes.extend([("empty", json!([])), ("one of it", list[0].clone()), ("an object", json!({"a": list}))]),
        Value::Object(_) => changes.extend([("empty", json!({})), ("a text", json!("x")), ("a list", json!([value]))]),
        Value::Null => {}
    }
    changes
}

fn find<'v>(value: &'v Value, at: &[Step]) -> &'v Value {
    at.iter().fold(value, |value, step| match step {
        Step::Key(name) => &value[name],
        Step::First => &value[0],
    })
}

/// A copy of `whole` with another value at `at`, or with none.
fn put(whole: &Value, at: &[Step], value: Option<Value>) -> Value {
    let mut copy = whole.clone();
    let (last, before) = at.split_last().unwrap();
    let parent = before.iter().fold(&mut copy, |value, step| match step {
        Step::Key(name) => &mut value[name],
        Step::First => &mut value[0],
    });
    match (last, value) {
        (Step::Key(name), Some(value)) => drop(parent.as_object_mut().unwrap().insert(name.clone(), value)),
        (Step::Key(name), None) => drop(parent.as_object_mut().unwrap().remove(name)),
        (Step::First, value) => parent[0] = value.unwrap_or_default(),
    }
    copy
}

/// The validator.
struct Oracle {
    python: OsString,
}

impl Oracle {
    /// The one that the environment names.
    fn find() -> Option<Self> {
        let python = std::env::var_os("TAXIWAY_PYTHON");
        if python.is_none() {
            assert!(std::env::var_os("CI").is_none(), "TAXIWAY_PYTHON must name a Python with tests/oracle/requirements.txt");
            println!("passed over: TAXIWAY_PYTHON does not name a Python with tests/oracle/requirements.txt");
        }
        python.map(|python| Self { python })
    }

    /// What a verb of the script prints.
    fn lines(&self, verb: &str, input: Stdio) -> Vec<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/objects.py");
        let output = Command::new(&self.python).arg(script).arg(verb).env("PYTHONHASHSEED", "0").stdin(input).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    /// The errors that the validator finds in each object.
    fn judge(&self, cases: &[Case]) -> Vec<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("objects.jsonl");
        let lines: Vec<String> = cases.iter().map(|case| case.object.to_string()).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        let lines = self.lines("judge", File::open(&path).unwrap().into());
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails where the two differ without a row that says why; returns the rows that were needed.
    fn compare(&self, cases: &[Case]) -> BTreeSet<usize> {
        println!("{} objects", cases.len());
        let theirs = self.judge(cases);
        assert_eq!(theirs.len(), cases.len());
        let (mut unexplained, mut used) = (BTreeSet::new(), BTreeSet::new());
        for (case, theirs) in cases.iter().zip(theirs) {
            let ours = our_errors(&case.object);
            let we_refuse = !ours.is_empty();
            if we_refuse != theirs.is_empty() {
                continue;
            }
            if let Some(row) = DIFFERENCES.iter().position(|row| row.explains(case, we_refuse)) {
                used.insert(row);
            } else {
                unexplained.insert(format!("{} | {} | ours: {} | theirs: {}", case.place, case.change, ours.join("; "), theirs.join("; ")));
            }
        }
        assert!(
            unexplained.is_empty(),
            "{} differences without a row:\n{}",
            unexplained.len(),
            unexplained.into_iter().collect::<Vec<_>>().join("\n")
        );
        used
    }
}

impl Difference {
    fn explains(&self, case: &Case, we_refuse: bool) -> bool {
        self.we_refuse == we_refuse && self.places.iter().any(|place| matches(place, &case.place)) && self.changes.contains(&case.change)
    }
}

/// Whether a text is of a form in which `*` stands for any run of characters.
fn matches(form: &str, text: &str) -> bool {
    match form.split_once('*') {
        None => form == text,
        Some((head, tail)) => {
            text.strip_prefix(head).is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(tail, rest))))
        }
    }
}
