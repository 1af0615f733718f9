//! Comma-separated values (RFC 4180) with everything that is known of an indicator.

use csv::{Terminator, WriterBuilder};

use super::{About, Carried, File, Format, Item, KINDS, LeftOut, one_line};

/// The format.
pub(super) struct Csv;

/// The names of the columns.
const HEADER: &str = "kind,value,confidence,tlp,labels,valid_from,valid_until,created,modified,source,name,id\n";

/// Its one file.
const FILES: &[File] =
    &[File { name: "indicators.csv", about: "everything, for spreadsheets and scripts", kinds: KINDS, media_type: "text/csv; charset=utf-8" }];

impl Format for Csv {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, _: &About<'_>, out: &mut String) {
        out.push_str(HEADER);
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        // Python's reader stops at a NUL before 3.11, and so do readers in C.
        if item.value.contains('\0') {
            return Err(LeftOut);
        }
        let confidence = item.confidence.map(|confidence| confidence.to_string()).unwrap_or_default();
        let until = item.valid_until.map(|until| until.to_string()).unwrap_or_default();
        record(
            &[
                item.kind.name(),
                &guarded(item.value),
                &confidence,
                item.level.name(),
                &guarded(&one_line(&item.labels.join(";"))),
                &item.valid_from.to_string(),
                &until,
                &item.created.to_string(),
                &item.modified.to_string(),
                &guarded(&one_line(item.source)),
                &guarded(&one_line(item.name)),
                &guarded(&one_line(item.id)),
            ],
            out,
        )
    }
}

/// Writes a line of cells, between quotation marks where they need them.
pub(super) fn record(cells: &[&str], out: &mut String) -> Carried {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).buffer_capacity(512).from_writer(Vec::new());
    writer.write_record(cells).map_err(|_| LeftOut)?;
    let line = writer.into_inner().map_err(|_| LeftOut)?;
    out.push_str(&String::from_utf8(line).map_err(|_| LeftOut)?);
    Ok(())
}

/// A cell that no spreadsheet takes for a formula: what begins like one, also after blanks, is led by an apostrophe.
pub(super) fn guarded(cell: &str) -> String {
    // Some spreadsheets take the wide forms for the narrow ones.
    const FORMULAS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    if cell.trim_start().starts_with(FORMULAS) || cell.starts_with(['\t', '\r', '\n']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;
    use crate::stix::ioc::Kind;

    #[test]
    fn a_line_says_everything() {
        let labels: Vec<Box<str>> = vec!["c2".into(), "apt, maybe".into()];
        let written = list(&Csv, "indicators.csv", &[Item { labels: &labels, ..item(Kind::Domain, "evil.example") }]);
        let time = "2021-03-02T12:00:01.000000Z";
        let expected = format!(
            "domain,evil.example,80,green,\"c2;apt, maybe\",{time},,{time},{time},identity--00000000-0000-4000-8000-000000000002,A name,\
             indicator--00000000-0000-4000-8000-000000000001\n"
        );
        assert_eq!(written, format!("{HEADER}{expected}"));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM", "  =1", "\t=1", "\rx", "\tx", "\u{a0}=1", "\u{ff1d}1"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        for cell in ["", "evil.example", "a=b", " a"] {
            assert_eq!(guarded(cell), cell);
        }
    }

    #[test]
    fn what_is_not_sound_is_carried_as_it_is() {
        let value = "=a\"b;c\nd,e\r'f";
        let hostile = Item { sound: false, name: HOSTILE, source: HOSTILE, id: HOSTILE, ..item(Kind::FileName, value) };
        let (written, sum) = list_of(&Csv, "indicators.csv", HOSTILE, &[hostile, item(Kind::FileName, "b")]);
        assert_eq!((sum.held, sum.left_out), (2, 0));
        let rows: Vec<_> = csv::Reader::from_reader(written.as_bytes()).records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].get(1), Some("'=a\"b;c\nd,e\r'f"));
        assert_eq!(rows[0].get(10).map(|name| name.starts_with("'=a\"b'c;d") && !name.contains(char::is_control)), Some(true));
    }

    #[test]
    fn a_nul_is_left_out() {
        let (written, sum) = list_of(&Csv, "indicators.csv", "", &[Item { sound: false, ..item(Kind::Mutex, "a\0b") }]);
        assert_eq!((written.as_str(), sum.left_out), (HEADER, 1));
    }
}
