//! Rules for YARA: each finds the file with one hash.

use super::{About, Carried, File, Format, Item, LeftOut, Sum, TEXT, brief, put, quoted_title, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Yara;

/// Its one file. The hash module knows no SHA-512.
const FILES: &[File] =
    &[File { name: "yara.yar", about: "hashes of files for YARA", kinds: &[Kind::Md5, Kind::Sha1, Kind::Sha256], media_type: TEXT }];

impl Format for Yara {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        put(out, format_args!("// YARA rules for files of the collection {}", quoted_title(about)));
        put(out, format_args!("// Scan with: yara -r yara.yar directory; YARA must have its hash module."));
        put(out, format_args!("import \"hash\""));
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let value = sound(item)?;
        let function = match item.kind {
            Kind::Md5 => "md5",
            Kind::Sha1 => "sha1",
            Kind::Sha256 => "sha256",
            _ => return Err(LeftOut),
        };
        put(out, format_args!("\nrule taxiway_{function}_{value}\n{{\n    meta:"));
        put(out, format_args!("        id = \"{}\"", text(item.id)));
        put(out, format_args!("        name = \"{}\"", text(item.name)));
        if let Some(confidence) = item.confidence {
            put(out, format_args!("        confidence = {confidence}"));
        }
        put(out, format_args!("    condition:\n        hash.{function}(0, filesize) == \"{value}\"\n}}"));
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("//", sum, out);
    }
}

/// A text as it stands between quotation marks. YARA's reader has room for 8,192 octets, so it is cut.
fn text(text: &str) -> String {
    brief(text, 200).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    #[test]
    fn a_hash_has_a_rule_of_its_own() {
        let hash = "d41d8cd98f00b204e9800998ecf8427e";
        let written = list(&Yara, "yara.yar", &[item(Kind::Md5, hash)]);
        let expected = format!(
            "import \"hash\"\n\nrule taxiway_md5_{hash}\n{{\n    meta:\n        id = \"indicator--00000000-0000-4000-8000-000000000001\"\n        \
             name = \"A name\"\n        confidence = 80\n    condition:\n        hash.md5(0, filesize) == \"{hash}\"\n}}\n"
        );
        assert!(written.ends_with(&expected), "{written}");
    }

    #[test]
    fn hostile_texts_stay_between_their_quotation_marks() {
        assert_eq!(text("a\"\\\n\0\u{2028}b"), "a\\\"\\\\   b");
        assert_eq!(text(&"é".repeat(10_000)).chars().count(), 200);
        let items = [
            Item { sound: false, ..item(Kind::Sha256, HOSTILE) },
            Item { name: HOSTILE, id: HOSTILE, confidence: None, ..item(Kind::Sha256, "ab") },
        ];
        let (written, sum) = list_of(&Yara, "yara.yar", HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out), (1, 1));
        assert!(written.ends_with("}\n// 1 left out: this format cannot carry them\n"), "{written}");
        assert!(written.lines().all(|line| line.starts_with(' ') || !line.contains("b'c") || line.starts_with("//")), "{written}");
    }
}
