//! Tables of separated values: which columns hold indicators, and of what kind.

use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};
use serde::{Deserialize, Serialize};

use super::{Document, DocumentError, Format};
use crate::stix::ioc::find::find;
use crate::stix::ioc::read::read;
use crate::stix::ioc::{Found, Kind};

/// A cell that is to be searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cell {
    span: Range<usize>,
    /// What the table says that it holds.
    kind: Option<Kind>,
}

impl Cell {
    /// The indicators in the cell. If the table says what it holds and that is so, nothing speaks against it any more.
    pub(super) fn find(&self, text: &str) -> Vec<Found> {
        let written = text.get(self.span.clone()).unwrap_or_default();
        let told = self.kind.and_then(|kind| told(written, kind));
        let mut found = told.map_or_else(|| find(written), |told| vec![told]);
        for one in &mut found {
            one.span = self.span.start + one.span.start..self.span.start + one.span.end;
        }
        found
    }
}

/// A cell whose kind is known. Names have no form by which they could be told, so the whole cell is one.
fn told(written: &str, kind: Kind) -> Option<Found> {
    let value = written.trim();
    if matches!(kind, Kind::Mutex | Kind::UserAgent | Kind::FileName) && !value.is_empty() {
        let start = written.len() - written.trim_start().len();
        return Some(Found { kind, value: value.to_owned(), shown: None, span: start..start + value.len(), doubt: None });
    }
    read(written).filter(|found| found.kind == kind).map(|found| Found { doubt: None, ..found })
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Indicators of any kind.
    Value,
    /// The kind of the indicator in the same row.
    Type,
    /// Indicators of one kind.
    Of(Kind),
    /// Something else.
    Other,
}

/// The column or the kind that a word names.
fn named(word: &str) -> Column {
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "ioc"
        | "iocs"
        | "indicator"
        | "indicators"
        | "value"
        | "observable"
        | "iocvalue"
        | "indicatorvalue"
        | "observablevalue"
        | "artifact"
        | "hash"
        | "filehash"
        | "ip"
        | "ipaddress"
        | "ipaddr"
        | "address"
        | "srcip"
        | "dstip"
        | "dstipaddress"
        | "srcipaddress"
        | "host"
        | "indicatorofcompromise" => Column::Value,
        "type" | "ioctype" | "indicatortype" | "kind" | "datatype" | "observabletype" | "category" => Column::Type,
        "ipv4" | "ipv4addr" | "ipv4address" | "ip4" | "ipdst" | "ipsrc" => Column::Of(Kind::Ipv4),
        "ipv6" | "ipv6addr" | "ipv6address" | "ip6" => Column::Of(Kind::Ipv6),
        "cidr" | "network" | "subnet" | "netblock" | "iprange" => Column::Of(Kind::Network),
        "domain" | "domainname" | "hostname" | "fqdn" | "domains" => Column::Of(Kind::Domain),
        "url" | "uri" | "urls" | "link" => Column::Of(Kind::Url),
        "email" | "emailaddress" | "mail" | "emailaddr" | "emailsrc" | "sender" => Column::Of(Kind::Email),
        "md5" | "md5hash" | "filehashmd5" | "hashmd5" => Column::Of(Kind::Md5),
        "sha1" | "sha1hash" | "filehashsha1" | "hashsha1" => Column::Of(Kind::Sha1),
        "sha256" | "sha256hash" | "filehashsha256" | "hashsha256" => Column::Of(Kind::Sha256),
        "sha512" | "sha512hash" | "filehashsha512" | "hashsha512" => Column::Of(Kind::Sha512),
        "cve" | "vulnerability" | "cveid" => Column::Of(Kind::Cve),
        "technique" | "attack" | "mitreattack" | "ttp" | "techniqueid" => Column::Of(Kind::Technique),
        "filename" | "file" => Column::Of(Kind::FileName),
        "filepath" | "path" | "fullpath" => Column::Of(Kind::FilePath),
        "registry" | "registrykey" | "regkey" => Column::Of(Kind::RegistryKey),
        "useragent" => Column::Of(Kind::UserAgent),
        "mutex" | "mutant" => Column::Of(Kind::Mutex),
        "asn" | "as" => Column::Of(Kind::Asn),
        _ => Column::Other,
    }
}

/// Reads a table. If its first row names columns that hold indicators, only those are searched; otherwise every cell is.
pub(super) fn document(text: &str) -> Result<Document, DocumentError> {
    let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).delimiter(delimiter(text)).from_reader(text.as_bytes());
    let mut columns = None;
    let mut out = Table::default();
    let mut row = StringRecord::new();
    while rows.read_record(&mut row).map_err(|error| broken(&error))? {
        match &columns {
            None => {
                let names: Vec<Column> = row.iter().map(named).collect();
                if names.iter().any(|column| matches!(column, Column::Value | Column::Of(_))) {
                    columns = Some(names);
                } else {
                    out.every_cell(&row);
                    columns = Some(Vec::new());
                }
            }
            Some(names) if names.is_empty() => out.every_cell(&row),
            Some(names) => out.named_cells(&row, names),
        }
    }
    Ok(Document { format: Format::Table, text: out.text, cells: out.cells })
}

/// The separator that stands most often in the first line that is no comment.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let count = |delimiter: &u8| line.bytes().filter(|byte| byte == delimiter).count();
    // The last of several that are equally frequent is taken, so the usual one stands last.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

fn broken(error: &csv::Error) -> DocumentError {
    let row = error.position().map_or(0, |position| position.record() + 1);
    DocumentError::Table { row, why: error.to_string() }
}

#[derive(Default)]
struct Table {
    text: String,
    cells: Vec<Cell>,
}

impl Table {
    fn cell(&mut self, written: &str, kind: Option<Kind>) {
        let start = self.text.len();
        self.text.push_str(written);
        self.cells.push(Cell { span: start..self.text.len(), kind });
        self.text.push('\t');
    }

    fn line(&mut self) {
        self.text.pop();
        self.text.push('\n');
    }

    fn every_cell(&mut self, row: &StringRecord) {
        row.iter().for_each(|written| self.cell(written, None));
        self.line();
    }

    fn named_cells(&mut self, row: &StringRecord, names: &[Column]) {
        let typed = names.iter().zip(row).find(|(column, _)| **column == Column::Type).map(|(_, word)| named(word));
        let typed = match typed {
            Some(Column::Of(kind)) => Some(kind),
            _ => None,
        };
        for (column, written) in names.iter().zip(row) {
            match column {
                Column::Value => self.cell(written, typed),
                Column::Of(kind) => self.cell(written, Some(*kind)),
                Column::Type | Column::Other => {}
            }
        }
        self.line();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, String)> {
        let document = table(text);
        document.find().into_iter().inspect(|one| assert!(document.text.get(one.span.clone()).is_some())).map(|one| (one.kind, one.value)).collect()
    }

    fn table(text: &str) -> Document {
        document(text).unwrap()
    }

    #[test]
    fn only_the_columns_that_hold_indicators_are_searched() {
        let rows = "first_seen,ioc,type,reference\n2021-03-02,evil[.]com,domain,https://blog.example.com/x\n2021-03-03,1.2.3.4,ip,\n";
        assert_eq!(found(rows), [(Kind::Domain, "evil.com".to_owned()), (Kind::Ipv4, "1.2.3.4".to_owned())]);
    }

    #[test]
    fn what_the_type_says_is_believed() {
        let rows = "value;type\ninstall.sh;domain\ninstall.sh;filename\n15.1.2.3;ipv4\nx y;mutex\n";
        let expected = [(Kind::Domain, "install.sh"), (Kind::FileName, "install.sh"), (Kind::Ipv4, "15.1.2.3"), (Kind::Mutex, "x y")];
        assert_eq!(found(rows), expected.map(|(kind, value)| (kind, value.to_owned())));
        assert!(table(rows).find().iter().all(|found| found.doubt.is_none()));
    }

    #[test]
    fn columns_may_be_named_after_kinds() {
        let rows = "File Name\tMD5\tNote\nweb.aspx\t0fd9bffa49c76ee12e51e3b8ae0609ac\tsee evil.com\n";
        assert_eq!(found(rows), [(Kind::FileName, "web.aspx".to_owned()), (Kind::Md5, "0fd9bffa49c76ee12e51e3b8ae0609ac".to_owned())]);
    }

    #[test]
    fn a_table_without_names_is_searched_whole() {
        assert_eq!(found("evil.com,2021\n\"a, b\",1.2.3.4\n"), [(Kind::Domain, "evil.com".to_owned()), (Kind::Ipv4, "1.2.3.4".to_owned())]);
        assert_eq!(found("# a comment\nevil.com\n"), [(Kind::Domain, "evil.com".to_owned())]);
    }
}
