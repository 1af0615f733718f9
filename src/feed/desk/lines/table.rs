//! Tables whose first line names their columns.

use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Line, What, value};
use crate::feed::desk::Unfit;
use crate::feed::desk::indicator::{Source, Terms};
use crate::stix::marking::Level;

/// What columns may be called, and what they hold.
const NAMES: [(&str, Column); 27] = [
    ("value", Column::Value),
    ("indicator", Column::Value),
    ("ioc", Column::Value),
    ("observable", Column::Value),
    ("type", Column::Kind),
    ("kind", Column::Kind),
    ("indicator type", Column::Kind),
    ("ioc type", Column::Kind),
    ("description", Column::Description),
    ("comment", Column::Description),
    ("notes", Column::Description),
    ("context", Column::Description),
    ("confidence", Column::Confidence),
    ("score", Column::Confidence),
    ("tlp", Column::Tlp),
    ("labels", Column::Labels),
    ("tags", Column::Labels),
    ("source", Column::Source),
    ("reporter", Column::Source),
    ("provider", Column::Source),
    ("url", Column::Reference),
    ("reference", Column::Reference),
    ("link", Column::Reference),
    ("source url", Column::Reference),
    ("days", Column::Days),
    ("valid days", Column::Days),
    ("valid for", Column::Days),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Value,
    Kind,
    Description,
    Confidence,
    Tlp,
    Labels,
    Source,
    Reference,
    Days,
}

/// The lines of a table; `None` if its first line does not say which column holds the values.
pub(super) fn read(name: &str, text: &str, terms: &Arc<Terms>) -> Option<Result<Vec<Line>, Unfit>> {
    let head = text.lines().next()?.trim_start_matches('\u{feff}');
    let separator = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|separator| head.bytes().filter(|byte| byte == separator).count())?;
    let mut reader =
        ReaderBuilder::new().delimiter(separator).flexible(true).trim(Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let columns: Vec<Option<Column>> = reader.headers().ok()?.iter().map(column).collect();
    columns.contains(&Some(Column::Value)).then(|| {
        let mut lines = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| Unfit::Asked(format!("{name}: {error}")))?;
            lines.push(line(&record, &columns, terms));
        }
        Ok(lines)
    })
}

fn column(head: &str) -> Option<Column> {
    let head = head.to_ascii_lowercase().replace(['_', '-'], " ");
    NAMES.iter().find(|(name, _)| *name == head).map(|(_, column)| *column)
}

fn line(record: &StringRecord, columns: &[Option<Column>], terms: &Arc<Terms>) -> Line {
    let cell = |wanted| columns.iter().zip(record).find(|(column, cell)| **column == Some(wanted) && !cell.is_empty()).map(|(_, cell)| cell);
    let number = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or_default());
    let Some(text) = cell(Column::Value) else {
        return Line { number, text: String::new(), what: What::Nothing("no value".into()) };
    };
    let what = match own(terms, &cell) {
        Err(why) => What::Refused(why),
        Ok(terms) => value::of(text, cell(Column::Kind).unwrap_or_default(), cell(Column::Description), &terms),
    };
    Line { number, text: text.to_owned(), what }
}

/// The terms of a line, which are shared where it says nothing of its own.
fn own<'c>(terms: &Arc<Terms>, cell: &impl Fn(Column) -> Option<&'c str>) -> Result<Arc<Terms>, String> {
    let said = [Column::Confidence, Column::Tlp, Column::Labels, Column::Source, Column::Reference, Column::Days].map(cell);
    let [confidence, tlp, labels, source, reference, days] = said;
    if said.iter().all(Option::is_none) {
        return Ok(terms.clone());
    }
    let mut own = Terms::clone(terms);
    if let Some(text) = confidence {
        let number = text.trim_end_matches('%').trim().parse::<u8>().ok().filter(|number| *number <= 100);
        own.confidence = Some(number.ok_or_else(|| format!("confidence: {text:?} is no number from 0 to 100"))?);
    }
    if let Some(text) = tlp {
        let name = text.to_ascii_lowercase();
        let name = name.strip_prefix("tlp:").unwrap_or(&name);
        let level = if name == "white" { Some(Level::Clear) } else { Level::named(name) };
        own.tlp = level.ok_or_else(|| format!("tlp: {text:?} is none of clear, green, amber, amber+strict and red"))?;
    }
    if let Some(text) = labels {
        let more = text.split([';', ',', '|']).map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned);
        own.labels.extend(more);
    }
    if let Some(text) = days {
        own.valid_days = Some(text.parse().map_err(|_| format!("days: {text:?} is no number of days"))?);
    }
    if source.is_some() || reference.is_some() {
        let name = source.map(str::to_owned).or_else(|| own.source.as_ref().map(|source| source.name.clone()));
        let url = reference.map(str::to_owned).or_else(|| own.source.take().and_then(|source| source.url));
        own.source = name.or_else(|| url.clone()).map(|name| Source { name, url });
    }
    Ok(Arc::new(own))
}
