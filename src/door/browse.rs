//! A selection of what collections hold, as the query of a URL says it.

use std::str::FromStr;

use axum::http::StatusCode;

use super::error::Failure;
use crate::feed::catalog::browse::{Browse, Order};
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// What a query asks for, and of which collection, `root/name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// What is selected.
    pub browse: Browse,
    /// In one collection only.
    pub collection: Option<(String, String)>,
}

impl Asked {
    /// Reads a query; a parameter that may have several values comes several times or with commas. Empty ones ask for nothing, as forms send
    /// them, and names that are not known here are passed over.
    pub fn read(query: &str) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if !value.is_empty() {
                asked.take(&name, value)?;
            }
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let browse = &mut self.browse;
        let list = || value.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned);
        match name {
            "collection" => self.collection = Some(value.split_once('/').map(owned).ok_or_else(|| unfit(name, value, "root/collection"))?),
            "type" => browse.types.extend(list()),
            "kind" => browse.kinds.extend(list()),
            "text" => value.clone_into(&mut browse.text),
            "label" => browse.labels.extend(list()),
            "source" => browse.sources.extend(list()),
            "tlp" => {
                for one in list() {
                    browse.levels.push(level(&one).ok_or_else(|| unfit(name, value, "clear, green, amber, amber+strict, red or unmarked"))?);
                }
            }
            "confidence_from" => browse.confidence_from = Some(number(name, value)?),
            "confidence_to" => browse.confidence_to = Some(number(name, value)?),
            "added_from" => browse.added.from = Some(time(name, value)?),
            "added_to" => browse.added.to = Some(time(name, value)?),
            "modified_from" => browse.modified.from = Some(time(name, value)?),
            "modified_to" => browse.modified.to = Some(time(name, value)?),
            "expires_before" => browse.expires_before = Some(time(name, value)?),
            "revoked" => browse.revoked = Some(yes(name, value)?),
            "expired" => browse.expired = Some(yes(name, value)?),
            "order" => {
                browse.order = order(value).ok_or_else(|| unfit(name, value, "added, modified, name, confidence or valid_until"))?;
                browse.descending = false;
            }
            "descending" => browse.descending = yes(name, value)?,
            "offset" => browse.offset = number(name, value)?,
            "limit" => browse.limit = number(name, value)?,
            _ => {}
        }
        Ok(())
    }
}

fn owned((root, name): (&str, &str)) -> (String, String) {
    (root.to_owned(), name.to_owned())
}

fn level(name: &str) -> Option<Level> {
    // A plus sign in a query is a blank.
    let name = name.to_ascii_lowercase().replace(' ', "+");
    if name == "unmarked" { Some(Level::Unmarked) } else { Level::named(&name) }
}

fn order(name: &str) -> Option<Order> {
    Order::ALL.into_iter().find(|order| order.name() == name)
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Failure> {
    value.parse().map_err(|_| unfit(name, value, "a number"))
}

/// A time; a day counts from its beginning.
fn time(name: &str, value: &str) -> Result<Stamp, Failure> {
    let text = if value.len() == 10 { format!("{value}T00:00:00Z") } else { value.to_owned() };
    Stamp::parse(&text).map_err(|_| unfit(name, value, "a day such as 2021-03-02, or a timestamp"))
}

fn yes(name: &str, value: &str) -> Result<bool, Failure> {
    match value {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(unfit(name, value, "true or false")),
    }
}

fn unfit(name: &str, value: &str, wanted: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, format!("{name}: {value:?} is not {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read() {
        let asked =
            Asked::read("type=indicator&type=malware,tool&text=a+b&tlp=amber%2Bstrict&tlp=red&added_from=2021-03-02&revoked=false&kind=").unwrap();
        assert_eq!(asked.browse.types, ["indicator", "malware", "tool"]);
        assert_eq!((asked.browse.text.as_str(), &asked.browse.levels[..]), ("a b", &[Level::AmberStrict, Level::Red][..]));
        assert_eq!(asked.browse.added.from, Some(Stamp::parse("2021-03-02T00:00:00Z").unwrap()));
        assert_eq!((asked.browse.revoked, asked.browse.kinds.len()), (Some(false), 0));
        assert_eq!(Asked::read("").unwrap(), Asked::default());
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for query in ["limit=x", "tlp=blue", "added_from=yesterday", "revoked=maybe", "order=size", "collection=x", "confidence_from=300"] {
            assert!(Asked::read(query).is_err(), "{query}");
        }
    }
}
