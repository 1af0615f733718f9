//! The query of the list of objects, as its form writes it.

use form_urlencoded::Serializer;

use crate::console::paths::{self, Href};
use crate::door::browse::Asked;
use crate::door::error::Failure;
use crate::taxii::stamp::{DAY, Stamp};

/// How many days ahead an end is soon.
pub const SOON_DAYS: u64 = 14;
/// What is asked for by each state, with its words.
pub const STATES: [(&str, &str); 4] = [("in-force", "in force"), ("ending", "ends within 14 days"), ("ended", "ended"), ("revoked", "revoked")];
/// How the list is sorted when nobody says.
pub const NEWEST: &str = "-added";
/// The fields of the form.
const FIELDS: [&str; 12] = ["q", "collection", "kind", "tlp", "label", "source", "confidence_from", "confidence_to", "from", "to", "state", "sort"];
/// Where the page begins.
const OFFSET: &str = "offset";

/// A query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The fields that say something.
    fields: Vec<(&'static str, String)>,
    /// How many objects are passed over.
    pub offset: usize,
}

impl Query {
    /// Reads a query; what the form does not have is passed over.
    pub fn read(text: &str) -> Self {
        let mut query = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = value.trim();
            if let Some(field) = FIELDS.iter().find(|field| **field == name).filter(|_| !value.is_empty()) {
                query.set(field, value);
            } else if name == OFFSET {
                query.offset = value.parse().unwrap_or(0);
            }
        }
        query
    }

    /// The value of a field; empty if it says nothing.
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(its, _)| *its == name).map_or("", |(_, value)| value)
    }

    /// How the list is sorted: a field, with `-` before it if the greatest comes first.
    pub fn sort(&self) -> &str {
        Some(self.get("sort")).filter(|sort| !sort.is_empty()).unwrap_or(NEWEST)
    }

    /// The first page of this list, with another value of a field; with none of it if the value is empty.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = Self { offset: 0, ..self.clone() };
        other.fields.retain(|(its, _)| *its != name);
        if !value.is_empty() {
            other.fields.push((name, value.to_owned()));
        }
        other
    }

    /// The page of this list that begins there.
    #[must_use]
    pub fn at(&self, offset: usize) -> Self {
        Self { offset, ..self.clone() }
    }

    /// The fields that say something but for the sorting.
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().filter(|(name, _)| *name != "sort").map(|(name, value)| (*name, value.as_str()))
    }

    /// The query as text, whatever the page.
    pub fn text(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }

    /// Where the list is.
    pub fn href(&self) -> Href {
        let offset = self.offset.to_string();
        let place = (self.offset > 0).then_some((OFFSET, offset.as_str()));
        paths::browse().with_query(self.fields.iter().map(|(name, value)| (*name, value.as_str())).chain(place))
    }

    /// What is asked of the index.
    pub fn asked(&self, now: Stamp) -> Result<Asked, Failure> {
        let mut query = Serializer::new(String::new());
        for (name, value) in &self.fields {
            match *name {
                "q" => query.append_pair("text", value),
                "kind" => query.extend_pairs(["type", "kind"].into_iter().zip(value.split(':'))),
                "from" => query.append_pair("added_from", value),
                "to" => query.append_pair("added_to", &day_after(value)),
                "state" => query.extend_pairs(state(value, now)),
                "sort" => {
                    let order = value.strip_prefix('-');
                    query.append_pair("order", order.unwrap_or(value)).append_pair("descending", if order.is_some() { "true" } else { "false" })
                }
                // These may hold what separates values elsewhere.
                "label" | "source" => continue,
                other => query.append_pair(other, value),
            };
        }
        let mut asked = Asked::read(&query.finish())?;
        let one = |name: &str| Some(self.get(name).to_owned()).filter(|value| !value.is_empty()).into_iter().collect();
        (asked.browse.labels, asked.browse.sources) = (one("label"), one("source"));
        Ok(asked)
    }

    fn set(&mut self, name: &'static str, value: &str) {
        if self.get(name).is_empty() {
            self.fields.push((name, value.to_owned()));
        }
    }
}

/// The end of a day; what is none is left for the index to complain of.
fn day_after(day: &str) -> String {
    Stamp::parse(&format!("{day}T00:00:00Z")).map_or_else(|_| day.to_owned(), |stamp| Stamp(stamp.0 + DAY).to_string())
}

fn state(name: &str, now: Stamp) -> Vec<(&'static str, String)> {
    let (yes, no) = (|| "true".to_owned(), || "false".to_owned());
    match name {
        "in-force" => vec![("revoked", no()), ("expired", no())],
        "ending" => vec![("revoked", no()), ("expired", no()), ("expires_before", Stamp(now.0 + SOON_DAYS * DAY).to_string())],
        "ended" => vec![("revoked", no()), ("expired", yes())],
        "revoked" => vec![("revoked", yes())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::catalog::browse::Order;
    use proptest::prelude::*;

    const NOW: Stamp = Stamp(1_714_564_800_000_000);

    #[test]
    fn a_form_is_read() {
        let query = Query::read("q=a+b&kind=indicator%3Aurl&label=x%2Cy&from=2021-03-02&to=2021-03-02&state=ended&sort=-name&tlp=&other=1&offset=50");
        let asked = query.asked(NOW).unwrap();
        assert_eq!((asked.browse.text.as_str(), query.offset), ("a b", 50));
        assert_eq!((asked.browse.types, asked.browse.kinds, asked.browse.labels), (vec!["indicator".into()], vec!["url".into()], vec!["x,y".into()]));
        let day = Stamp::parse("2021-03-02T00:00:00Z").unwrap();
        assert_eq!((asked.browse.added.from, asked.browse.added.to), (Some(day), Some(Stamp(day.0 + DAY))));
        assert_eq!((asked.browse.revoked, asked.browse.expired), (Some(false), Some(true)));
        assert_eq!((asked.browse.order, asked.browse.descending), (Order::Name, true));
    }

    #[test]
    fn without_a_word_the_newest_come_first() {
        let query = Query::read("");
        let asked = query.asked(NOW).unwrap();
        assert_eq!((query.sort(), asked.browse.order, asked.browse.descending), (NEWEST, Order::Added, true));
        assert!(Query::read("sort=size").asked(NOW).is_err() && Query::read("to=soon").asked(NOW).is_err());
    }

    proptest! {
        #[test]
        fn a_query_is_read_as_it_was_written(text in "\\PC{0,12}", label in "\\PC{0,12}", offset in 0usize..1000) {
            let query = Query::default().with("q", text.trim()).with("label", label.trim()).at(offset);
            let href = query.href();
            prop_assert_eq!(&Query::read(href.as_str().split_once('?').map_or("", |(_, query)| query)), &query);
            prop_assert_eq!(Query::read(&query.text()), query.at(0));
        }
    }
}
