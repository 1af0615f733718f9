//! The first page: what the feed holds, what came lately, who reads it and what ends soon.

use axum::extract::RawQuery;
use axum::response::Response;

use super::query::{Query, SOON_DAYS};
use super::scope::{Scope, called};
use crate::console::draw::chart::{Chart, Day, grouped};
use crate::console::pages::overview::{Consumer, Ending, Holding, Keeping, Overview};
use crate::console::parts::frame::Place;
use crate::console::parts::kind::Kind;
use crate::console::parts::list::Figure;
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::{self, Href};
use crate::console::visit::{Answer, OrPage, Visit};
use crate::feed::access;
use crate::feed::catalog::browse::{Browse, Order};
use crate::feed::catalog::listing::Row;
use crate::feed::catalog::overview::Overview as Counts;
use crate::feed::consumers::Standing;
use crate::stix::time::{Instant, format_micros};
use crate::taxii::stamp::{DAY, Stamp};

/// Kinds that are told; of more, the rarest are left out.
const KINDS: usize = 40;
/// Objects that end soon and are named.
const ENDING: usize = 10;
/// A consumer that has not asked for so long, in microseconds, is silent.
const SILENCE: u64 = DAY;
/// Consumers that are shown.
const CONSUMERS: usize = 100;

/// `GET /console/`
pub async fn show(visit: Visit, RawQuery(query): RawQuery) -> Answer {
    let asked = Query::read(&query.unwrap_or_default());
    let collection = asked.get("collection").to_owned();
    let chosen = if collection.is_empty() { None } else { Some(collection.split_once('/').ok_or_else(|| visit.missing())?) };
    let scope = Scope::of(&visit, chosen)?;
    let now = visit.app.feed.clock().now();
    let page = Page { visit: &visit, scope: &scope, collection: &collection, now };
    let all = page.count(&Browse::default()).await?;
    let in_force = page.count(&indicators_in_force()).await?;
    let days = page.days(&all);
    let mut frame = visit.frame("Overview", Some(Place::Overview));
    frame.flashes.extend(scope.told(&all.coverage));
    Ok(visit.page(&Overview {
        frame,
        collections: Scope::choices(&visit, &collection),
        figures: page.figures(&all, in_force.total),
        holdings: page.holdings(&all).await?,
        chart: Chart::new(&days),
        days,
        consumers: page.consumers().await?,
        ending: page.ending().await?,
        all_ending: page.list(&[("state", "ending"), ("sort", "valid_until")]),
    }))
}

fn indicators_in_force() -> Browse {
    Browse { types: vec!["indicator".into()], revoked: Some(false), expired: Some(false), ..Browse::default() }
}

/// What the parts of the page have in common.
struct Page<'a> {
    visit: &'a Visit,
    scope: &'a Scope,
    /// The collection that is looked at, as queries write it; empty for all.
    collection: &'a str,
    now: Stamp,
}

impl Page<'_> {
    async fn count(&self, browse: &Browse) -> Result<Counts, Response> {
        self.visit.app.feed.overview(&self.scope.readings, browse, SOON_DAYS).await.or_page(self.visit)
    }

    /// The list under these conditions, in the collection that is looked at.
    fn list(&self, conditions: &[(&str, &str)]) -> Href {
        let collection = (!self.collection.is_empty()).then_some(("collection", self.collection));
        paths::browse().with_query(collection.into_iter().chain(conditions.iter().copied()))
    }

    fn figures(&self, all: &Counts, in_force: usize) -> Vec<Figure> {
        let figure = |count: usize, label, note: Option<String>, conditions: &[(&str, &str)]| Figure {
            value: grouped(number(count)),
            label,
            note: note.map(Into::into),
            href: Some(self.list(conditions)),
        };
        let (collections, today) = (self.scope.readings.len(), day(self.now.0));
        let places = if collections == 1 { "in 1 collection".to_owned() } else { format!("in {collections} collections") };
        vec![
            figure(all.total, "objects", Some(places), &[]),
            figure(
                in_force,
                "indicators in force",
                Some(format!("{} objects revoked", all.revoked)),
                &[("kind", "indicator"), ("state", "in-force")],
            ),
            figure(all.per_day.last().copied().unwrap_or(0), "added today", None, &[("from", today.as_str())]),
            figure(all.expiring, "end within 14 days", Some(format!("{} have ended", all.expired)), &[("state", "ending"), ("sort", "valid_until")]),
        ]
    }

    /// What there is of each kind, by age.
    async fn holdings(&self, all: &Counts) -> Result<Vec<Holding>, Response> {
        let of_type = |name: &str| Browse { types: vec![name.to_owned()], ..Browse::default() };
        let mut holdings = Vec::new();
        for kind in all.by_type.iter().take(KINDS) {
            let counts = self.count(&of_type(&kind.value)).await?;
            let [day, week, month, quarter, year, older] = counts.by_age.map(number);
            holdings.push(Holding {
                kind: Kind::of(&kind.value),
                total: number(counts.total),
                ages: [day, week, month, quarter + year, older],
                href: self.list(&[("kind", kind.value.as_str())]),
            });
        }
        Ok(holdings)
    }

    /// Additions of the last days, today last.
    fn days(&self, all: &Counts) -> Vec<Day> {
        let last = all.per_day.len().saturating_sub(1);
        let of_day = |(at, count): (usize, &usize)| {
            let date = day(self.now.0.saturating_sub(number(last - at) * DAY));
            let href = (*count > 0).then(|| self.list(&[("from", date.as_str()), ("to", date.as_str())]));
            Day { href, count: number(*count), date }
        };
        all.per_day.iter().enumerate().map(of_day).collect()
    }

    /// Who reads, those furthest behind first. That is for administrators to see; others see themselves.
    async fn consumers(&self) -> Result<Vec<Consumer>, Response> {
        let whose = access::own_acts(self.visit.principal()).or_page(self.visit)?;
        let mut standings = self.visit.app.feed.consumers().await.or_page(self.visit)?;
        standings.retain(|standing| whose.as_ref().is_none_or(|own| *own == standing.user) && self.title(standing).is_some());
        standings.sort_by_key(|standing| std::cmp::Reverse((standing.objects, standing.lag)));
        standings.truncate(CONSUMERS);
        Ok(standings.iter().map(|standing| self.consumer(standing)).collect())
    }

    /// The title of the collection that is read, if the page is about it.
    fn title(&self, standing: &Standing) -> Option<String> {
        let here = |collection| self.scope.place(collection).is_some_and(|(root, name)| root == standing.root && name == standing.collection);
        let reading = self.scope.readings.iter().find(|reading| here(reading.collection))?;
        Some(self.scope.title(reading.collection))
    }

    fn consumer(&self, standing: &Standing) -> Consumer {
        let moment = |stamp: Stamp| Moment::new(stamp.0, self.now.0);
        let silent = standing.polled.0 + SILENCE <= self.now.0;
        Consumer {
            user: Some(standing.user.as_str().into()),
            collection: self.title(standing).unwrap_or_default().into(),
            asked: moment(standing.polled),
            position: (standing.position > Stamp::ZERO).then(|| moment(standing.position)),
            behind: number(standing.objects),
            state: match standing.objects {
                _ if silent => Keeping::Silent,
                0 => Keeping::Current,
                _ => Keeping::Behind,
            },
        }
    }

    async fn ending(&self) -> Result<Vec<Ending>, Response> {
        let soon = Browse {
            revoked: Some(false),
            expired: Some(false),
            expires_before: Some(Stamp(self.now.0 + SOON_DAYS * DAY)),
            order: Order::ValidUntil,
            descending: false,
            limit: ENDING,
            ..Browse::default()
        };
        let listing = self.visit.app.feed.browse(&self.scope.readings, &soon).await.or_page(self.visit)?;
        Ok(listing.rows.into_iter().filter_map(|row| self.one_ending(&row)).collect())
    }

    fn one_ending(&self, row: &Row) -> Option<Ending> {
        let until = Instant::parse(row.valid_until.as_deref()?).ok()?;
        let name = serde_json::from_slice(&row.object).map(|properties| called(&properties)).unwrap_or_default();
        Some(Ending {
            object: Reference { kind: Kind::of(&row.type_name), name: name.into(), href: self.scope.href(row.collection, &row.id) },
            tlp: Tlp(row.level),
            until: Moment::new(until.micros(), self.now.0),
            address: self.scope.address(row.collection, &row.id),
        })
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The day of a point in time: `2021-03-02`.
fn day(micros: u64) -> String {
    let mut text = format_micros(micros, 3);
    text.truncate(10);
    text
}
