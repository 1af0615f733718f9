//! What is said of everything that is published together: the choices of the form, and what it sends.

use axum::response::Response;

use super::place;
use crate::console::draw::matrix::TACTICS;
use crate::console::pages::add::Defaults;
use crate::console::parts::list::Choice;
use crate::console::parts::tlp::Tlp;
use crate::console::visit::form::Form;
use crate::console::visit::{OrPage, Visit};
use crate::feed::access;
use crate::feed::catalog::browse::{Browse, Order};
use crate::feed::desk::indicator::{Source, Terms};
use crate::stix::marking::Level;

/// What indicators may indicate (STIX 2.1 §10.10).
const TYPES: [&str; 7] = ["malicious-activity", "anomalous-activity", "compromised", "anonymization", "attribution", "benign", "unknown"];
/// What the form offers as related (STIX 2.1 §4.7.2).
const RELATED: [&str; 6] = ["campaign", "intrusion-set", "malware", "threat-actor", "tool", "infrastructure"];
/// The most related objects that are offered.
const MOST_RELATED: usize = 500;
/// Days that an indicator is valid of which the analyst says nothing else.
const USUAL_DAYS: u32 = 90;

/// What is said before the analyst has said anything: for the organisation and its clients, as far as the visitor may see that itself.
pub(super) fn usual(clearance: Level) -> Terms {
    Terms { tlp: Level::Amber.min(clearance), valid_days: Some(USUAL_DAYS), ..Terms::default() }
}

/// The form, with what is said so far. Nothing is offered that the visitor may not see.
pub(super) async fn choices(visit: &Visit, terms: &Terms, collection: &str) -> Result<Defaults, Response> {
    let workable = place::workable(visit)?;
    let clearance = workable.iter().map(|(_, working)| working.reading.clearance).max().unwrap_or_default();
    let collections = workable.iter().map(|(seen, _)| {
        let address = seen.collection.address();
        let chosen = address == collection;
        Choice { label: format!("{} ({address})", seen.collection.title).into(), value: address, chosen }
    });
    let levels = Level::MARKED.into_iter().filter(|level| *level <= clearance);
    let (url, source) = terms.source.as_ref().map_or(("", ""), |source| (source.url.as_deref().unwrap_or_default(), source.name.as_str()));
    Ok(Defaults {
        collections: collections.collect(),
        levels: levels.map(|level| Choice { value: level.name().into(), label: Tlp(level).label().into(), chosen: level == terms.tlp }).collect(),
        confidence: terms.confidence.map(|confidence| confidence.to_string()).unwrap_or_default(),
        days: terms.valid_days.map(|days| days.to_string()).unwrap_or_default(),
        labels: terms.labels.join(", "),
        types: TYPES.iter().map(|one| Choice::new(one, terms.indicator_types.iter().any(|its| its == one))).collect(),
        phases: TACTICS
            .iter()
            .map(|(phase, label)| Choice {
                value: (*phase).to_owned(),
                label: (*label).into(),
                chosen: terms.kill_chain.iter().any(|its| its == phase),
            })
            .collect(),
        related: related(visit, &terms.related).await?,
        reference: if url.is_empty() { source } else { url }.to_owned(),
        accept_warnings: terms.accept_warnings,
        revive: terms.revive,
        ..Defaults::default()
    })
}

/// What indicators can be related to, by name; each object once, whatever the collections that hold it.
async fn related(visit: &Visit, chosen: &[String]) -> Result<Vec<Choice>, Response> {
    let readings = access::readings(&visit.app.feed.directory(), visit.principal()).or_page(visit)?;
    let browse = Browse {
        types: RELATED.map(str::to_owned).into(),
        revoked: Some(false),
        order: Order::Name,
        descending: false,
        limit: MOST_RELATED,
        ..Browse::default()
    };
    let mut choices: Vec<Choice> = Vec::new();
    for row in visit.app.feed.browse(&readings, &browse).await.or_page(visit)?.rows {
        if choices.iter().all(|choice| choice.value != row.id) {
            let label = format!("{} ({})", row.name.as_deref().unwrap_or(&row.id), row.type_name);
            choices.push(Choice { label: label.into(), chosen: chosen.contains(&row.id), value: row.id });
        }
    }
    Ok(choices)
}

/// What a form says, or what is wrong with it. Nobody publishes what it could not see then.
pub(super) fn read(form: &Form, clearance: Level) -> Result<Terms, String> {
    let several = |name| form.all(name).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let tlp = Level::named(form.get("tlp")).filter(|level| *level <= clearance);
    let terms = Terms {
        tlp: tlp.ok_or_else(|| format!("the TLP level is one of those up to {}, which you may see", Tlp(clearance).label()))?,
        confidence: number(form, "confidence", "the confidence is a number from 0 to 100")?,
        valid_days: number(form, "days", "the validity is a number of days")?,
        labels: form.get("labels").split(',').map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned).collect(),
        indicator_types: several("types"),
        kill_chain: several("phases"),
        related: several("related"),
        source: source(form.get("reference")),
        accept_warnings: !form.get("accept_warnings").is_empty(),
        revive: !form.get("revive").is_empty(),
    };
    terms.fault().map_or(Ok(terms), Err)
}

/// A number that may be left out.
fn number<N: std::str::FromStr>(form: &Form, name: &str, wanted: &str) -> Result<Option<N>, String> {
    match form.get(name) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("{wanted}; {text:?} is none")),
    }
}

/// Where a report was read: an address, which is called by its host; or who has told it.
fn source(text: &str) -> Option<Source> {
    let address = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match address.as_ref().and_then(url::Url::host_str) {
        Some(host) => Some(Source { name: host.to_owned(), url: Some(text.to_owned()) }),
        None => (!text.is_empty()).then(|| Source { name: text.to_owned(), url: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_web_is_an_address() {
        let read = |text: &str| source(text).map(|source| (source.name, source.url.is_some()));
        assert_eq!(read("https://www.example.org/a"), Some(("www.example.org".into(), true)));
        assert_eq!(read("javascript:alert(1)"), Some(("javascript:alert(1)".into(), false)));
        assert_eq!(read("a mail of ours"), Some(("a mail of ours".into(), false)));
        assert_eq!(read(""), None);
    }
}
