//! The objects themselves: as a STIX bundle (STIX 2.1 §8), or one a line.

use uuid::Uuid;

use super::{About, File, Format, KINDS, Shape, put};

/// STIX.
pub(super) struct Stix;

const BUNDLE: &str = "bundle.json";

const FILES: &[File] = &[
    File {
        name: BUNDLE,
        about: "a STIX 2.1 bundle: indicators, and everything else that was not revoked",
        kinds: KINDS,
        media_type: "application/stix+json;version=2.1",
    },
    File { name: "objects.jsonl", about: "the same objects, one a line", kinds: KINDS, media_type: "application/jsonl" },
];

impl Format for Stix {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn shape(&self) -> Shape {
        Shape::Objects
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        if about.file.name == BUNDLE {
            // A bundle has no identity of its own (§8); this one is that of its collection.
            let id = Uuid::new_v5(&about.collection, b"bundle");
            out.extend(["{\"type\":\"bundle\",\"id\":\"bundle--", &id.to_string(), "\""]);
        }
    }

    fn object(&self, about: &About<'_>, first: bool, object: &[u8], out: &mut Vec<u8>) {
        if about.file.name == BUNDLE {
            out.extend_from_slice(if first { b",\"objects\":[\n" } else { b",\n" });
            out.extend_from_slice(object);
        } else {
            // Within strings JSON writes line ends otherwise, so these stand between its parts.
            out.extend(object.iter().map(|octet| if matches!(octet, b'\n' | b'\r') { b' ' } else { *octet }));
            out.push(b'\n');
        }
    }

    fn end(&self, about: &About<'_>, empty: bool, out: &mut Vec<u8>) {
        if about.file.name == BUNDLE {
            let mut end = String::new();
            put(&mut end, format_args!("{}", if empty { "}" } else { "\n]}" }));
            out.extend_from_slice(end.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxii::stamp::Stamp;

    fn written(file: &'static File, objects: &[&str]) -> String {
        let about = About { file, collection: Uuid::nil(), title: "t", name: file.name, changed: Stamp(1) };
        let mut head = String::new();
        Stix.head(&about, &mut head);
        let mut out = head.into_bytes();
        for (at, object) in objects.iter().enumerate() {
            Stix.object(&about, at == 0, object.as_bytes(), &mut out);
        }
        Stix.end(&about, objects.is_empty(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn s_a_bundle_has_objects_only_if_there_are_any() {
        let bundle: serde_json::Value = serde_json::from_str(&written(&FILES[0], &["{\"a\":1}", "{\"b\":2}"])).unwrap();
        assert_eq!(bundle["objects"], serde_json::json!([{"a": 1}, {"b": 2}]));
        let empty: serde_json::Value = serde_json::from_str(&written(&FILES[0], &[])).unwrap();
        assert!(empty.get("objects").is_none() && empty["id"].as_str().unwrap().starts_with("bundle--"));
    }

    #[test]
    fn an_object_on_several_lines_is_put_on_one() {
        assert_eq!(written(&FILES[1], &["{\n \"a\": \"x\\n\"\r\n}", "{}"]), "{  \"a\": \"x\\n\"  }\n{}\n");
    }
}
