//! The rows of the standard, by number, each with what is taken and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::sample::{full, id, judged, kinds, minimal, refuses, takes, warns, with, without};
use super::{Group, Shape, Type};

/// Asserts that members make the least object of a type refused at each of the paths.
#[track_caller]
fn refused(kind: &str, members: &Value, paths: &[&str]) {
    refuses(&with(kind, members), paths);
}

/// Asserts that the least object of a type is taken with these members without a word.
#[track_caller]
fn taken(kind: &str, members: &Value) {
    takes(&with(kind, members));
}

/// Asserts that the least object of a type is taken with these members and a warning at each of the paths.
#[track_caller]
fn warned(kind: &str, members: &Value, paths: &[&str]) {
    warns(&with(kind, members), paths);
}

// Section 2: data types.

#[test]
fn s001_null_is_a_value_of_no_type() {
    refused("indicator", &json!({"name": null}), &["name"]);
    refused("indicator", &json!({"labels": [null]}), &["labels[0]"]);
    refused("indicator", &json!({"x_mine": {"a": [1, {"b": null}]}}), &["x_mine.a[1].b"]);
    refused("indicator", &json!({"labels": null, "x_mine": null}), &["labels", "x_mine"]);
}

#[test]
fn s002_booleans() {
    taken("indicator", &json!({"revoked": true}));
    refused("indicator", &json!({"revoked": "true"}), &["revoked"]);
    refused("indicator", &json!({"revoked": 1}), &["revoked"]);
}

#[test]
fn s003_integers() {
    taken("autonomous-system", &json!({"number": 9_007_199_254_740_991_i64}));
    taken("autonomous-system", &json!({"number": -9_007_199_254_740_991_i64}));
    warned("autonomous-system", &json!({"number": 5.0}), &["number"]);
    for bad in [json!(9_007_199_254_740_992_i64), json!(u64::MAX), json!(5.5), json!(1e300), json!("5"), json!([5])] {
        refused("autonomous-system", &json!({ "number": bad }), &["number"]);
    }
}

#[test]
fn s004_floats() {
    taken("location", &json!({"latitude": 1, "longitude": -1.5}));
    refused("location", &json!({"latitude": "1", "longitude": true}), &["latitude", "longitude"]);
}

#[test]
fn s005_strings() {
    taken("indicator", &json!({"name": ""}));
    refused("indicator", &json!({"name": 1, "description": ["x"]}), &["description", "name"]);
}

#[test]
fn s006_lists() {
    refused("indicator", &json!({"labels": []}), &["labels"]);
    refused("indicator", &json!({"labels": "x"}), &["labels"]);
    refused("indicator", &json!({"labels": ["x", 1, {}]}), &["labels[1]", "labels[2]"]);
    warned("indicator", &json!({"x_mine": []}), &["x_mine"]);
}

#[test]
fn s007_dictionaries() {
    taken("process", &json!({"environment_variables": {"path_1-a": "x"}}));
    warned("process", &json!({"environment_variables": {"PATH": "x"}}), &["environment_variables.PATH"]);
    refused("process", &json!({"environment_variables": {}}), &["environment_variables"]);
    refused("process", &json!({"environment_variables": {"ProgramFiles(x86)": "x"}}), &["environment_variables.ProgramFiles(x86)"]);
    refused("process", &json!({"environment_variables": {"path": 1}}), &["environment_variables.path"]);
    let key = "a".repeat(251);
    assert_eq!(judged(&with("process", &json!({"environment_variables": {key: "x"}}))).unwrap_err().len(), 1);
}

#[test]
fn s008_binary() {
    refused("artifact", &json!({"payload_bin": "abc"}), &["payload_bin"]);
    refused("indicator", &json!({"x_some_bin": "abc"}), &["x_some_bin"]);
}

#[test]
fn s009_hex() {
    warned("file", &json!({"magic_number_hex": "4D5A"}), &["magic_number_hex"]);
    refused("file", &json!({"magic_number_hex": "4d5"}), &["magic_number_hex"]);
    refused("indicator", &json!({"x_some_hex": "xyz"}), &["x_some_hex"]);
}

#[test]
fn s010_timestamps() {
    taken("indicator", &json!({"valid_from": "2021-03-02T00:00:00Z"}));
    for bad in ["2021-03-02", "2021-03-02T00:00:00+01:00", "2021-02-30T00:00:00Z", "2021-03-02T00:00:00.Z"] {
        refused("indicator", &json!({ "valid_from": bad }), &["valid_from"]);
    }
}

#[test]
fn s011_created_and_modified_have_three_fraction_digits() {
    taken("indicator", &json!({"created": "2021-03-02T00:00:00.000Z", "modified": "2021-03-02T00:00:00.1234567Z"}));
    refused("indicator", &json!({"created": "2021-03-02T00:00:00Z", "modified": "2021-03-02T00:00:00.12Z"}), &["created", "modified"]);
}

#[test]
fn s012_external_references() {
    taken("indicator", &json!({"external_references": [{"source_name": "x", "url": "http://a.example/"}, {"source_name": "x", "external_id": "1"}]}));
    refused("indicator", &json!({"external_references": [{"source_name": "x"}]}), &["external_references[0]"]);
    refused("indicator", &json!({"external_references": [{"description": "x"}]}), &["external_references[0].source_name"]);
    refused("indicator", &json!({"external_references": [{"source_name": "x", "url": "no url"}]}), &["external_references[0].url"]);
    refused("indicator", &json!({"external_references": ["x"]}), &["external_references[0]"]);
    let bad_hash = json!({"source_name": "x", "url": "http://a.example/", "hashes": {"SHA-256": "ab"}});
    refused("indicator", &json!({ "external_references": [bad_hash] }), &["external_references[0].hashes.SHA-256"]);
}

#[test]
fn s013_kill_chain_phases() {
    warned("tool", &json!({"kill_chain_phases": [{"kill_chain_name": "My Chain", "phase_name": "x"}]}), &["kill_chain_phases[0].kill_chain_name"]);
    refused("tool", &json!({"kill_chain_phases": [{"kill_chain_name": "x"}]}), &["kill_chain_phases[0].phase_name"]);
}

#[test]
fn s020_s022_s024_hashes() {
    let sha256 = "ab".repeat(32);
    taken("file", &json!({"hashes": {"SHA-256": sha256, "MD5": "0".repeat(32)}}));
    warned("file", &json!({"hashes": {"MD5": "0".repeat(32)}}), &["hashes"]);
    warned("file", &json!({"hashes": {"SHA-256": sha256, "sha256": sha256}}), &["hashes.sha256"]);
    refused("file", &json!({"hashes": {}}), &["hashes"]);
    refused("file", &json!({"hashes": {"SHA-256": sha256, "x": "y", "no key": "z"}}), &["hashes.no key", "hashes.x"]);
    refused("file", &json!({"hashes": {"SHA-256": 1, "MD5": "xyz"}}), &["hashes.MD5", "hashes.SHA-256"]);
}

#[test]
fn s025_enumerations_are_closed() {
    refused("opinion", &json!({"opinion": "Agree"}), &["opinion"]);
    refused("artifact", &json!({"encryption_algorithm": "rot13"}), &["encryption_algorithm"]);
}

#[test]
fn s026_vocabularies_are_open() {
    warned("indicator", &json!({"indicator_types": ["benign", "Sonstiges"]}), &["indicator_types[1]"]);
    warned("grouping", &json!({"context": "lunch"}), &["context"]);
}

// Sections 2.9 and 3: identifiers, common properties, names, versions.

#[test]
fn s030_the_id_begins_with_the_type() {
    refused("indicator", &json!({"id": id("malware")}), &["id"]);
    refused("indicator", &json!({"id": "indicator--1"}), &["id"]);
    refused("indicator", &json!({"id": 1}), &["id"]);
    refuses(&without("indicator", "id"), &["id"]);
    taken("indicator", &json!({"id": "indicator--28bb3599-77cd-5a82-a950-b5bc3caf07c4"}));
}

#[test]
fn s031_references_lead_to_the_types_that_are_allowed() {
    refused("indicator", &json!({"created_by_ref": id("malware")}), &["created_by_ref"]);
    refused("indicator", &json!({"created_by_ref": "identity"}), &["created_by_ref"]);
    refused("indicator", &json!({"object_marking_refs": [id("identity")]}), &["object_marking_refs[0]"]);
    refused("grouping", &json!({"object_refs": [id("file"), id("bundle"), "x"]}), &["object_refs[1]", "object_refs[2]"]);
    refused("indicator", &json!({"x_other_ref": "x", "x_other_refs": id("file")}), &["x_other_ref", "x_other_refs"]);
    taken("indicator", &json!({"x_other_refs": [id("file")]}));
}

#[test]
fn s046_s100_names_of_properties() {
    taken("indicator", &json!({"x_mine": {"Any Key": 1}}));
    warned("indicator", &json!({"rating": 5}), &["rating"]);
    refused("indicator", &json!({"x-mine": 1, "X_MINE": 1, "ab": 1}), &["X_MINE", "ab", "x-mine"]);
    warned("tool", &json!({"kill_chain_phases": [{"kill_chain_name": "x", "phase_name": "y", "order": 1}]}), &["kill_chain_phases[0].order"]);
}

#[test]
fn s047_an_encoding_needs_its_property() {
    refused("file", &json!({"hashes": {"SHA-256": "ab".repeat(32)}, "name_enc": "utf-8", "path_enc": "utf-8"}), &["path_enc"]);
    let mut object = full("file");
    object.as_object_mut().unwrap().remove("name");
    refuses(&object, &["name_enc"]);
}

#[test]
fn s048_the_version_of_the_standard() {
    refuses(&without("indicator", "spec_version"), &["spec_version"]);
    refused("indicator", &json!({"spec_version": "2.0", "labels": []}), &["spec_version"]);
    refused("indicator", &json!({"spec_version": 2.1}), &["spec_version"]);
    refused("url", &json!({"spec_version": "2.2"}), &["spec_version"]);
    taken("url", &json!({"spec_version": "2.1"}));
}

#[test]
fn s049_common_properties() {
    let common = json!({
        "created_by_ref": id("identity"), "revoked": false, "labels": ["x"], "confidence": 100, "lang": "en",
        "external_references": [{"source_name": "x", "description": "y"}], "object_marking_refs": [id("marking-definition")],
        "granular_markings": [{"selectors": ["labels"], "lang": "de"}]
    });
    taken("indicator", &common);
    taken("relationship", &common);
    taken("url", &json!({"defanged": true}));
    refused("indicator", &json!({"confidence": 101, "lang": "english language"}), &["confidence", "lang"]);
    refused("indicator", &json!({"confidence": -1}), &["confidence"]);
}

#[test]
fn s049_each_class_has_its_own_common_properties() {
    refused("indicator", &json!({"defanged": true}), &["defanged"]);
    refused("url", &json!({"labels": ["x"], "confidence": 1, "lang": "en"}), &["confidence", "labels", "lang"]);
    refused("url", &json!({"external_references": [{"source_name": "x", "url": "http://a.example"}]}), &["external_references"]);
    refused("extension-definition", &json!({"lang": "en", "confidence": 1}), &["confidence", "lang"]);
    refused("language-content", &json!({"lang": "en"}), &["lang"]);
    taken("language-content", &json!({"confidence": 1}));
    let marking = json!({"modified": "2021-03-02T12:00:00.000Z", "revoked": false, "labels": ["x"], "confidence": 1, "lang": "en"});
    refused("marking-definition", &marking, &["confidence", "labels", "lang", "modified", "revoked"]);
    for kind in ["indicator", "relationship", "language-content", "extension-definition"] {
        for name in ["created", "modified"] {
            refuses(&without(kind, name), &[name]);
        }
    }
    refuses(&without("marking-definition", "created"), &["created"]);
    refuses(&without("extension-definition", "created_by_ref"), &["created_by_ref"]);
}

#[test]
fn s050_modified_is_not_before_created() {
    refused("indicator", &json!({"modified": "2021-03-02T11:59:59.999999Z"}), &["modified"]);
    taken("indicator", &json!({"modified": "2021-03-02T12:00:00.0000Z"}));
}

#[test]
fn s053_an_observable_with_versions_is_rare() {
    let versioned =
        json!({"created": "2021-03-02T12:00:00.000Z", "modified": "2021-03-02T12:00:00.000Z", "revoked": true, "created_by_ref": id("identity")});
    warned("url", &versioned, &["created", "created_by_ref", "modified", "revoked"]);
    assert!(judged(&with("url", &versioned)).unwrap().version.is_some());
}

#[test]
fn s054_reserved_names() {
    for name in ["severity", "username", "phone_number", "action"] {
        refused("indicator", &json!({ name: "x" }), &[name]);
        refused("course-of-action", &json!({ name: "x" }), &[name]);
    }
}

#[test]
fn s070_the_container_of_observed_data() {
    let observed = |objects: Value| {
        let mut object = with("observed-data", &json!({ "objects": objects }));
        object.as_object_mut().unwrap().remove("object_refs");
        object
    };
    takes(&observed(json!({
        "0": {"type": "email-message", "from_ref": "1", "to_refs": ["2"], "is_multipart": false},
        "1": {"type": "email-addr", "value": "a@example.com"},
        "2": {"type": "email-addr", "value": "b@example.com", "object_marking_refs": [id("marking-definition")]},
        "a": {"type": "file", "extensions": {"archive-ext": {"contains_refs": ["a"]}}}
    })));
    refuses(&observed(json!({})), &["objects"]);
    refuses(&observed(json!({"0": "x", "1": {}, "2": {"type": "malware"}})), &["objects.0", "objects.1", "objects.2"]);
    refuses(&observed(json!({"0": {"type": "url", "x_ref": "1"}})), &["objects.0.x_ref"]);
    refuses(&observed(json!({"0": {"type": "url", "x_refs": ["0", "1", 2]}})), &["objects.0.x_refs[1]", "objects.0.x_refs[2]"]);
    refuses(&observed(json!({"0": {"type": "file", "extensions": {"x-ext": {"a_ref": "9"}}}})), &["objects.0.extensions.x-ext.a_ref"]);
    refuses(&observed(json!({"0": {"type": "url", "value": null}})), &["objects.0.value"]);
    refused("observed-data", &json!({"objects": {"0": {"type": "url"}}}), &[""]);
    refuses(&without("observed-data", "object_refs"), &[""]);
}

// Sections 4 to 7: every type.

#[test]
fn s101_to_s142_every_type_is_taken_with_the_least_and_with_all() {
    for kind in kinds() {
        takes(&minimal(&kind));
        takes(&full(&kind));
    }
    assert_eq!(kinds().len(), 42);
}

#[test]
fn s101_to_s142_the_samples_hold_every_property_of_the_table() {
    for kind in kinds() {
        let known = Type::named(&kind).unwrap();
        // Of two properties that exclude each other an object has one.
        let absent = match kind.as_str() {
            "observed-data" => "objects",
            "artifact" => "url",
            "email-message" => "body",
            _ => "",
        };
        has_all(&kind, &known.group, &full(&kind), absent);
        for (name, group) in known.extensions {
            has_all(name, group, &full(&kind)["extensions"][name], "");
        }
    }
}

fn has_all(what: &str, group: &Group, sample: &Value, absent: &str) {
    for property in group.properties.iter().filter(|property| property.name != absent) {
        let value = &sample[property.name];
        assert!(!value.is_null(), "{what}.{}", property.name);
        if let Shape::Group(nested) = property.shape {
            // One element need not have them all: a part of a mail has a body or a reference to one.
            let elements = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for property in nested.properties {
                assert!(elements.iter().any(|element| !element[property.name].is_null()), "{what}.{}", property.name);
            }
        }
    }
}

#[test]
fn s101_to_s142_every_required_property_is_required() {
    for (kind, names) in [
        ("attack-pattern", vec!["name"]),
        ("campaign", vec!["name"]),
        ("course-of-action", vec!["name"]),
        ("grouping", vec!["context", "object_refs"]),
        ("identity", vec!["name"]),
        ("incident", vec!["name"]),
        ("indicator", vec!["pattern", "pattern_type", "valid_from"]),
        ("infrastructure", vec!["name"]),
        ("intrusion-set", vec!["name"]),
        ("malware", vec!["is_family"]),
        ("malware-analysis", vec!["product"]),
        ("note", vec!["content", "object_refs"]),
        ("observed-data", vec!["first_observed", "last_observed", "number_observed"]),
        ("opinion", vec!["opinion", "object_refs"]),
        ("report", vec!["name", "published", "object_refs"]),
        ("threat-actor", vec!["name"]),
        ("tool", vec!["name"]),
        ("vulnerability", vec!["name"]),
        ("relationship", vec!["relationship_type", "source_ref", "target_ref"]),
        ("sighting", vec!["sighting_of_ref"]),
        ("autonomous-system", vec!["number"]),
        ("directory", vec!["path"]),
        ("domain-name", vec!["value"]),
        ("email-addr", vec!["value"]),
        ("email-message", vec!["is_multipart"]),
        ("ipv4-addr", vec!["value"]),
        ("ipv6-addr", vec!["value"]),
        ("mac-addr", vec!["value"]),
        ("mutex", vec!["name"]),
        ("network-traffic", vec!["protocols"]),
        ("software", vec!["name"]),
        ("url", vec!["value"]),
        ("language-content", vec!["object_ref", "contents"]),
        ("extension-definition", vec!["name", "schema", "version", "extension_types"]),
    ] {
        for name in names {
            refuses(&without(kind, name), &[name]);
        }
    }
}

#[test]
fn s101_to_s142_every_property_has_one_type() {
    for kind in kinds() {
        let object = full(&kind);
        for property in Type::named(&kind).unwrap().group.properties.iter().filter(|property| !object[property.name].is_null()) {
            for odd in [json!({"": {"": [1]}}), json!([[[]]]), Value::Null] {
                let mut bad = object.clone();
                bad[property.name] = odd.clone();
                let errors = judged(&bad).unwrap_err();
                assert!(errors.iter().any(|path| path.starts_with(property.name)), "{kind}.{}: {odd}: {errors:?}", property.name);
            }
        }
    }
}

#[test]
fn s101_capec_and_s119_cve_references() {
    let reference = |source: &str, id: &str| json!({"external_references": [{"source_name": source, "external_id": id}]});
    taken("attack-pattern", &reference("capec", "CAPEC-163"));
    refused("attack-pattern", &reference("capec", "163"), &["external_references[0].external_id"]);
    taken("attack-pattern", &reference("mitre-attack", "T1190"));
    taken("vulnerability", &reference("cve", "CVE-2021-26855"));
    refused("vulnerability", &reference("cve", "CVE-21-1"), &["external_references[0].external_id"]);
    refused(
        "vulnerability",
        &json!({"external_references": [{"source_name": "cve", "url": "http://a.example"}]}),
        &["external_references[0].external_id"],
    );
    taken("malware", &reference("cve", "about CVE"));
}

#[test]
fn s102_s108_s109_s111_s117_s121_last_seen_is_not_before_first_seen() {
    for kind in ["campaign", "infrastructure", "intrusion-set", "malware", "threat-actor", "sighting"] {
        let seen = |last: &str| json!({"first_seen": "2021-03-02T00:00:01Z", "last_seen": last});
        taken(kind, &seen("2021-03-02T00:00:01.000Z"));
        refused(kind, &seen("2021-03-02T00:00:00.999Z"), &["last_seen"]);
    }
}

#[test]
fn s107_indicators() {
    refused("indicator", &json!({"valid_until": "2021-03-02T12:00:00Z"}), &["valid_until"]);
    refused("indicator", &json!({"valid_until": "2021-03-02T11:00:00Z"}), &["valid_until"]);
    refused("indicator", &json!({"pattern": " "}), &["pattern"]);
    refused("indicator", &json!({"pattern": ""}), &["pattern"]);
    warned("indicator", &json!({"pattern": "x", "pattern_type": "cobol"}), &["pattern_type"]);
    taken("indicator", &json!({"pattern": "rule x { condition: true }", "pattern_type": "yara"}));
}

#[test]
fn s110_locations() {
    refuses(&without("location", "region"), &[""]);
    refused("location", &json!({"latitude": 1}), &["latitude"]);
    refused("location", &json!({"longitude": 1}), &["longitude"]);
    refused("location", &json!({"precision": 1}), &["precision"]);
    refused("location", &json!({"latitude": 90.1, "longitude": -180.1, "precision": -1}), &["latitude", "longitude", "precision"]);
    taken("location", &json!({"latitude": -90, "longitude": 180.0}));
    warned("location", &json!({"country": "Germany", "administrative_area": "Bavaria"}), &["administrative_area", "country"]);
}

#[test]
fn s111_a_family_has_a_name() {
    refused("malware", &json!({"is_family": true}), &["name"]);
    taken("malware", &json!({"is_family": true, "name": "x"}));
}

#[test]
fn s112_an_analysis_has_a_result_or_observables() {
    refuses(&without("malware-analysis", "result"), &[""]);
    refused("malware-analysis", &json!({"analysis_sco_refs": [id("malware")]}), &["analysis_sco_refs[0]"]);
    warned("malware-analysis", &json!({"product": "Virus Total"}), &["product"]);
}

#[test]
fn s114_observed_data() {
    refused("observed-data", &json!({"last_observed": "2021-03-02T11:00:00Z"}), &["last_observed"]);
    refused("observed-data", &json!({"number_observed": 0}), &["number_observed"]);
    refused("observed-data", &json!({"number_observed": 1_000_000_000}), &["number_observed"]);
    refused("observed-data", &json!({"object_refs": [id("indicator"), id("url")]}), &["object_refs[0]"]);
    refused("observed-data", &json!({"object_refs": [id("relationship")]}), &["object_refs"]);
}

#[test]
fn s120_relationships() {
    refused("relationship", &json!({"relationship_type": "Related_To"}), &["relationship_type"]);
    for kind in ["relationship", "sighting", "bundle", "marking-definition"] {
        refused("relationship", &json!({"source_ref": id(kind), "target_ref": id(kind)}), &["source_ref", "target_ref"]);
    }
    refused("relationship", &json!({"start_time": "2021-03-02T12:00:00Z", "stop_time": "2021-03-02T12:00:00Z"}), &["stop_time"]);
    let relation = |source: &str, kind: &str, target: &str| json!({"source_ref": id(source), "relationship_type": kind, "target_ref": id(target)});
    for (source, kind, target) in [
        ("malware", "uses", "attack-pattern"),
        ("url", "related-to", "file"),
        ("malware", "derived-from", "malware"),
        ("infrastructure", "consists-of", "mutex"),
        ("malware-analysis", "analysis-of", "malware"),
        ("malware", "exfiltrate-to", "infrastructure"),
        ("x-mine", "eats", "malware"),
        ("malware", "eats", "x-mine"),
    ] {
        taken("relationship", &relation(source, kind, target));
    }
    for (source, kind, target) in [("malware", "indicates", "indicator"), ("malware", "derived-from", "tool"), ("identity", "eats", "identity")] {
        warned("relationship", &relation(source, kind, target), &["relationship_type"]);
    }
}

#[test]
fn s121_sightings() {
    refused("sighting", &json!({"sighting_of_ref": id("url")}), &["sighting_of_ref"]);
    refused("sighting", &json!({"count": -1}), &["count"]);
    refused(
        "sighting",
        &json!({"where_sighted_refs": [id("malware")], "observed_data_refs": [id("url")]}),
        &["observed_data_refs[0]", "where_sighted_refs[0]"],
    );
    refused("sighting", &json!({"summary": "false"}), &["summary"]);
}

#[test]
fn s122_artifacts() {
    refused("artifact", &json!({"url": "http://a.example", "hashes": {"SHA-256": "ab".repeat(32)}}), &[""]);
    refuses(&without("artifact", "payload_bin"), &[""]);
    refused("artifact", &json!({"decryption_key": "x"}), &["decryption_key"]);
    let linked = |members: &Value| {
        let mut object = with("artifact", members);
        object.as_object_mut().unwrap().remove("payload_bin");
        object
    };
    takes(&linked(&json!({"url": "http://a.example", "hashes": {"SHA-256": "ab".repeat(32)}})));
    refuses(&linked(&json!({"url": "http://a.example"})), &["url"]);
}

#[test]
fn s125_to_s136_values_have_their_form() {
    refused("domain-name", &json!({"value": "a b"}), &["value"]);
    refused("email-addr", &json!({"value": "A <a@example.com>"}), &["value"]);
    refused("ipv4-addr", &json!({"value": "198.51.100.300"}), &["value"]);
    refused("ipv6-addr", &json!({"value": "198.51.100.3"}), &["value"]);
    refused("mac-addr", &json!({"value": "D2-FB-49-24-37-18"}), &["value"]);
    refused("url", &json!({"value": "example.com"}), &["value"]);
    refused("software", &json!({"cpe": "word", "languages": ["en", "english language"]}), &["cpe", "languages[1]"]);
    refused("windows-registry-key", &json!({"key": "HKLM\\System"}), &["key"]);
    refused("domain-name", &json!({"resolves_to_refs": [id("url")]}), &["resolves_to_refs[0]"]);
}

#[test]
fn s127_messages() {
    taken("email-message", &json!({"is_multipart": false, "body": "x"}));
    refused("email-message", &json!({"body": "x"}), &["body"]);
    refused("email-message", &json!({"is_multipart": false, "body_multipart": [{"body": "x"}]}), &["body_multipart"]);
    refused("email-message", &json!({"body_multipart": [{"content_type": "text/plain"}]}), &["body_multipart[0]"]);
    refused("email-message", &json!({"body_multipart": [{"body_raw_ref": id("url")}]}), &["body_multipart[0].body_raw_ref"]);
    warned("email-message", &json!({"additional_header_fields": {"reply-to": "x"}}), &["additional_header_fields.reply-to"]);
    refused("email-message", &json!({"additional_header_fields": {"reply-to": [1]}}), &["additional_header_fields.reply-to[0]"]);
}

#[test]
fn s128_files() {
    refuses(&without("file", "name"), &[""]);
    refused("file", &json!({"size": -1}), &["size"]);
    let extension = |name: &str, value: Value| json!({"extensions": {name: value}});
    for name in ["archive-ext", "ntfs-ext", "pdf-ext", "raster-image-ext", "windows-pebinary-ext"] {
        refused("file", &extension(name, json!({})), &[&format!("extensions.{name}")]);
    }
    refused("file", &extension("archive-ext", json!({"comment": "x"})), &["extensions.archive-ext.contains_refs"]);
    refused(
        "file",
        &extension("ntfs-ext", json!({"alternate_data_streams": [{"size": 1}]})),
        &["extensions.ntfs-ext.alternate_data_streams[0].name"],
    );
    refused("file", &extension("windows-pebinary-ext", json!({"pe_type": "exe"})), &["extensions.windows-pebinary-ext"]);
    let portable = |name: &str, value: Value| extension("windows-pebinary-ext", json!({"pe_type": "exe", name: value}));
    refused("file", &portable("time_date_stamp", json!("2021-03-02T00:00:00.5Z")), &["extensions.windows-pebinary-ext.time_date_stamp"]);
    refused("file", &portable("number_of_sections", json!(-1)), &["extensions.windows-pebinary-ext.number_of_sections"]);
    let information = json!({"document_info_dict": {"title": 1}});
    refused("file", &extension("pdf-ext", information), &["extensions.pdf-ext.document_info_dict.title"]);
    let tags = json!({"exif_tags": {"model": "x", "orientation": 1, "make": ["x"]}});
    refused("file", &extension("raster-image-ext", tags), &["extensions.raster-image-ext.exif_tags.make"]);
    refused("file", &portable("optional_header", json!({})), &["extensions.windows-pebinary-ext.optional_header"]);
    refused("file", &portable("sections", json!([{"entropy": 1}])), &["extensions.windows-pebinary-ext.sections[0].name"]);
}

#[test]
fn s133_network_traffic() {
    refuses(&without("network-traffic", "src_ref"), &[""]);
    warns(&without("network-traffic", "dst_port"), &["dst_port"]);
    let times = |active: bool| json!({"start": "2021-03-02T00:00:00Z", "end": "2021-03-02T00:00:00Z", "is_active": active});
    taken("network-traffic", &times(false));
    refused("network-traffic", &times(true), &["end"]);
    refused("network-traffic", &json!({"start": "2021-03-02T00:00:01Z", "end": "2021-03-02T00:00:00Z"}), &["end"]);
    refused("network-traffic", &json!({"dst_port": 65536, "src_port": -1}), &["dst_port", "src_port"]);
    refused("network-traffic", &json!({"src_ref": id("url")}), &["src_ref"]);
    refused("network-traffic", &json!({"ipfix": {"a": 1.5, "b": [1]}}), &["ipfix.a", "ipfix.b"]);
    warned("network-traffic", &json!({"protocols": ["TCP"]}), &["protocols[0]"]);
    let extension = |name: &str, value: Value| json!({"extensions": {name: value}});
    let http = json!({"request_method": "get", "request_value": "/", "request_header": {"accept": "x"}});
    warned("network-traffic", &extension("http-request-ext", http), &["extensions.http-request-ext.request_header.accept"]);
    refused("network-traffic", &extension("icmp-ext", json!({"icmp_type_hex": "08"})), &["extensions.icmp-ext.icmp_code_hex"]);
    refused("network-traffic", &extension("socket-ext", json!({"address_family": "AF_ISO"})), &["extensions.socket-ext.address_family"]);
}

#[test]
fn s134_s137_s138_s139_at_least_one_own_property() {
    for (kind, own) in [("process", "pid"), ("user-account", "account_login"), ("windows-registry-key", "key"), ("x509-certificate", "serial_number")]
    {
        refuses(&without(kind, own), &[""]);
    }
    let mut process = with("process", &json!({"extensions": {"windows-process-ext": {"aslr_enabled": true}}}));
    process.as_object_mut().unwrap().remove("pid");
    takes(&process);
    refused("windows-registry-key", &json!({"values": [{}]}), &["values[0]"]);
    refused("windows-registry-key", &json!({"values": [{"data_type": "REG_FOO"}]}), &["values[0].data_type"]);
    refused("x509-certificate", &json!({"x509_v3_extensions": {}}), &["x509_v3_extensions"]);
    warned("process", &json!({"extensions": {"windows-process-ext": {"priority": "high"}}}), &["extensions.windows-process-ext.priority"]);
}

#[test]
fn s140_language_content() {
    refused("language-content", &json!({"contents": {}}), &["contents"]);
    refused("language-content", &json!({"contents": {"en_US": {"name": "x"}}}), &["contents.en_US"]);
    refused(
        "language-content",
        &json!({"contents": {"de": {}, "fr": "x", "it": {"name": null, "Name": "x"}}}),
        &["contents.de", "contents.fr", "contents.it.Name", "contents.it.name"],
    );
    refused("language-content", &json!({"object_ref": id("bundle")}), &["object_ref"]);
}

#[test]
fn s142_extension_definitions() {
    refused("extension-definition", &json!({"extension_types": ["new-thing"]}), &["extension_types[0]"]);
    refused("extension-definition", &json!({"extension_properties": ["toxicity"]}), &["extension_properties"]);
    warned("extension-definition", &json!({"extension_types": ["toplevel-property-extension"]}), &["extension_properties"]);
    warns(&without("extension-definition", "description"), &["description"]);
    warned("extension-definition", &json!({"version": "1"}), &["version"]);
    refused("extension-definition", &json!({"extensions": {id("extension-definition"): {"extension_type": "new-sdo"}}}), &["extensions"]);
}

#[test]
fn s143_a_bundle_is_no_object() {
    refuses(&json!({"type": "bundle", "id": id("bundle"), "objects": []}), &["type"]);
}

// Section 7.2: markings.

fn tlp_1(level: &str, name: &str, uuid: &str) -> Value {
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": format!("marking-definition--{uuid}"), "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp", "name": name, "definition": {"tlp": level}
    })
}

fn tlp_2(level: &str, name: &str, uuid: &str) -> Value {
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": format!("marking-definition--{uuid}"), "created": "2022-10-01T00:00:00.000Z",
        "name": name,
        "extensions": {
            "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": level}
        }
    })
}

#[test]
fn s090_tlp_is_as_it_was_published() {
    let objects = [
        tlp_1("white", "TLP:WHITE", "613f2e26-407d-48c7-9eca-b8e91df99dc9"),
        tlp_1("green", "TLP:GREEN", "34098fce-860f-48ae-8e50-ebd3cc5e41da"),
        tlp_1("amber", "TLP:AMBER", "f88d31f6-486f-44da-b317-01333bde0b82"),
        tlp_1("red", "TLP:RED", "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"),
        tlp_2("clear", "TLP:CLEAR", "94868c89-83c2-464b-929b-a1a8aa3c8487"),
        tlp_2("green", "TLP:GREEN", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
        tlp_2("amber", "TLP:AMBER", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
        tlp_2("amber+strict", "TLP:AMBER+STRICT", "939a9414-2ddd-4d32-a0cd-375ea402b003"),
        tlp_2("red", "TLP:RED", "e828b379-4e03-4974-9ac4-e53a884c97c1"),
    ];
    let altered = |object: &Value, name: &str, value: Value| {
        let mut object = object.clone();
        object[name] = value;
        object
    };
    for object in &objects {
        takes(object);
        refuses(&altered(object, "created", json!("2021-01-01T00:00:00.000Z")), &["created"]);
        refuses(&altered(object, "name", json!("TLP:PINK")), &["name"]);
        refuses(&altered(object, "id", json!(id("marking-definition"))), &["id"]);
        let mut nameless = object.clone();
        nameless.as_object_mut().unwrap().remove("name");
        takes(&nameless);
    }
    refuses(&altered(&objects[3], "definition", json!({"tlp": "white"})), &[""]);
    refuses(&altered(&objects[3], "definition", json!({"tlp": "red", "more": 1})), &[""]);
    refuses(&altered(&objects[3], "definition_type", json!("statement")), &["definition", ""]);
    refuses(&altered(&objects[8], "extensions", tlp_2("clear", "", "")["extensions"].clone()), &[""]);
}

#[test]
fn s091_s092_definitions() {
    refused("marking-definition", &json!({"definition": {"statement": 1}}), &["definition"]);
    refused("marking-definition", &json!({"definition": {"text": "x"}}), &["definition"]);
    warned("marking-definition", &json!({"definition_type": "iep", "definition": {"id": "x"}}), &["definition_type"]);
    refuses(&without("marking-definition", "definition"), &["definition"]);
    refuses(&without("marking-definition", "definition_type"), &["definition_type"]);
    let mut object = minimal("marking-definition");
    object.as_object_mut().unwrap().retain(|name, _| !name.starts_with("definition"));
    refuses(&object, &["definition_type", "definition"]);
    object["extensions"] = json!({id("extension-definition"): {"extension_type": "property-extension", "some_rule": "x"}});
    takes(&object);
}

#[test]
fn s093_a_marking_does_not_mark_itself() {
    refused("marking-definition", &json!({"object_marking_refs": [id("marking-definition")]}), &[""]);
    refused("marking-definition", &json!({"granular_markings": [{"selectors": ["type"], "marking_ref": id("marking-definition")}]}), &[""]);
}

#[test]
fn s094_granular_markings() {
    let marked = |marking: Value| json!({ "granular_markings": [marking] });
    taken("indicator", &marked(json!({"selectors": ["pattern"], "marking_ref": id("marking-definition")})));
    taken("indicator", &marked(json!({"selectors": ["pattern"], "lang": "de"})));
    refused("indicator", &marked(json!({"selectors": ["pattern"]})), &["granular_markings[0]"]);
    refused(
        "indicator",
        &marked(json!({"selectors": ["pattern"], "lang": "de", "marking_ref": id("marking-definition")})),
        &["granular_markings[0]"],
    );
    refused("indicator", &marked(json!({"lang": "de"})), &["granular_markings[0].selectors"]);
    refused("indicator", &marked(json!({"selectors": [], "lang": "de"})), &["granular_markings[0].selectors"]);
    refused("indicator", &marked(json!({"selectors": ["pattern"], "marking_ref": id("identity")})), &["granular_markings[0].marking_ref"]);
}

#[test]
fn s095_selectors_select_something() {
    let object = |selector: &str| {
        with(
            "indicator",
            &json!({
                "labels": ["a", "b"], "x_mine": {"Key-1": [{"deep": 1}]}, "description": "x",
                "granular_markings": [{"selectors": [selector], "lang": "de"}]
            }),
        )
    };
    for good in ["id", "labels", "labels.[0]", "labels.[1]", "x_mine.Key-1.[0].deep", "granular_markings.[0].lang"] {
        takes(&object(good));
    }
    for bad in [
        "",
        "name",
        "labels.[2]",
        "labels.[-1]",
        "labels.[+1]",
        "labels.[]",
        "labels.0",
        "labels[0]",
        "description.[0]",
        "x_mine.key-1",
        "x_mine.",
        ".id",
    ] {
        refuses(&object(bad), &["granular_markings[0].selectors[0]"]);
    }
    refuses(&object("labels.[99999999999999999999]"), &["granular_markings[0].selectors[0]"]);
}

// Section 7.3 and 11: extensions and custom content.

fn extended(kind: &str) -> Value {
    json!({"extensions": {id("extension-definition"): {"extension_type": kind, "toxicity": 8}}})
}

#[test]
fn s097_s152_extensions() {
    taken("indicator", &extended("property-extension"));
    refused("indicator", &json!({"extensions": {}}), &["extensions"]);
    refused("indicator", &json!({"extensions": {"mine": {"a": 1}}}), &["extensions.mine"]);
    refused("indicator", &json!({"extensions": {"x-mine-ext": {"abc": 1}}}), &["extensions.x-mine-ext"]);
    refused("process", &json!({"extensions": {"pdf-ext": {"version": "1"}}}), &["extensions.pdf-ext"]);
    refused("indicator", &json!({"extensions": {"extension-definition--1": {"extension_type": "new-sdo"}}}), &["extensions.extension-definition--1"]);
    let key = id("extension-definition");
    let at = format!("extensions.{key}");
    refused("indicator", &json!({"extensions": {key.clone(): {}}}), &[&at]);
    refused("indicator", &json!({"extensions": {key.clone(): "x"}}), &[&at]);
    refused(
        "indicator",
        &json!({"extensions": {key: {"extension_type": "property-extension", "a": null}}}),
        &[&format!("{at}.a"), &format!("{at}.a")],
    );
}

#[test]
fn s098_the_type_of_an_extension() {
    let key = id("extension-definition");
    let at = format!("extensions.{key}.extension_type");
    refused("indicator", &json!({"extensions": {key.clone(): {"toxicity": 8}}}), &[&at]);
    refused("indicator", &extended("new-thing"), &[&at]);
}

#[test]
fn s055_s099_s100_properties_at_the_top() {
    let mut object = extended("toplevel-property-extension");
    object["rating"] = json!(1);
    taken("indicator", &object);
    let mut object = extended("property-extension");
    object["rating"] = json!(1);
    warned("indicator", &object, &["rating"]);
}

#[test]
fn s150_custom_types() {
    let custom = |kind: &str| json!({"type": kind, "id": id(kind), "spec_version": "2.1", "created": "2021-03-02T12:00:00.000Z", "modified": "2021-03-02T12:00:00.000Z"});
    let with = |mut object: Value, members: &Value| {
        object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        object
    };
    takes(&with(custom("x-animal"), &json!({"x_legs": 4})));
    warns(&with(custom("animal"), &json!({"x_legs": 4})), &["type"]);
    refuses(&custom("x-animal"), &[""]);
    refuses(&with(custom("X-Animal"), &json!({"x_legs": 4})), &["type"]);
    refuses(&with(custom("x--animal"), &json!({"x_legs": 4})), &["type"]);
    refuses(&json!({"type": "x-animal", "id": id("x-animal"), "x_legs": 4}), &["spec_version", "created", "modified"]);
    for kind in ["new-sdo", "new-sro"] {
        takes(&with(with(custom("animal"), &extended(kind)), &json!({"legs": 4, "confidence": 5})));
    }
    let observable = with(json!({"type": "animal", "id": id("animal"), "legs": 4, "defanged": true}), &extended("new-sco"));
    takes(&observable);
    refuses(&with(observable, &json!({"labels": ["x"]})), &["labels"]);
}

#[test]
fn s151_custom_extensions_of_observables() {
    warned("file", &json!({"extensions": {"x-mine-ext": {"abc": 1}}}), &["extensions.x-mine-ext"]);
    refused(
        "file",
        &json!({"extensions": {"x-mine-ext": {}, "X-ext": {"abc": 1}, "x-mine": {"abc": 1}}}),
        &["extensions.X-ext", "extensions.x-mine", "extensions.x-mine-ext"],
    );
}

// What holds for anything.

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[a-z]{3,8}--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f".prop_map(Value::from),
        Just(json!("2021-03-02T12:00:00.000Z")),
    ];
    let name = prop_oneof!["[a-z_]{0,8}", ".{0,6}", Just("type".to_owned()), Just("extensions".to_owned()), Just("x-ext".to_owned())];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts a value in the place of one value inside another: which is chosen by walking `steps`.
fn put(into: &mut Value, steps: &[usize], value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *into = value;
        return;
    };
    let child = match into {
        Value::Object(members) if !members.is_empty() => {
            let at = step % members.len();
            members.values_mut().nth(at)
        }
        Value::Array(list) if !list.is_empty() => {
            let at = step % list.len();
            list.get_mut(at)
        }
        _ => None,
    };
    match child {
        Some(child) => put(child, rest, value),
        None => *into = value,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn judging_never_panics(value in any_json()) {
        let _ = judged(&value);
    }

    #[test]
    fn a_changed_object_is_taken_or_refused_for_a_reason(
        kind in proptest::sample::select(kinds()),
        steps in proptest::collection::vec(any::<usize>(), 1..5),
        value in any_json(),
    ) {
        let mut object = full(&kind);
        put(&mut object, &steps, value);
        if let Err(errors) = judged(&object) {
            prop_assert!(!errors.is_empty());
        }
    }

    #[test]
    fn s001_null_is_refused_wherever_it_stands(kind in proptest::sample::select(kinds()), steps in proptest::collection::vec(any::<usize>(), 1..5)) {
        let mut object = full(&kind);
        put(&mut object, &steps, Value::Null);
        prop_assert!(judged(&object).is_err(), "{object}");
    }
}
