//! `/metrics`: how the server does, in the text that Prometheus reads.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Operation;
use crate::door::caller::{Caller, origin};
use crate::door::error::Failure;
use crate::door::respond;
use crate::feed::access;
use crate::feed::consumers::Standing;
use crate::links::state;
use crate::store::{Hits, StoreError};
use crate::taxii::stamp::Stamp;

/// Microseconds in a second.
const SECOND: u64 = 1_000_000;

/// `GET /metrics`, for administrators and for addresses that the operator has opened it to: it names who polls what.
pub async fn show(State(operation): State<Arc<Operation>>, mut parts: Parts) -> Result<Response, Failure> {
    let caller = Caller::from_request_parts(&mut parts, &operation.app).await?;
    let from_here = origin(&parts, &operation.app).is_some_and(|address| operation.options.metrics_from.contains(&address));
    access::measure(&caller.0, from_here)?;
    let text = operation.measures().await?;
    let mut response = respond::typed(StatusCode::OK, prometheus_text::CONTENT_TYPE, text);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Operation {
    async fn measures(self: &Arc<Self>) -> Result<String, StoreError> {
        let consumers = self.app.feed.consumers().await?;
        let mut links = Vec::new();
        for link in self.app.feed.directory().links.values() {
            links.push((link.name.clone(), state::State::of(&self.app.feed, link).await?));
        }
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Look { operation: self.clone(), consumers, links }));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry).map_err(|_| StoreError::Engine("the metrics could not be written".into()))?;
        Ok(text)
    }
}

/// One look at everything.
struct Look {
    operation: Arc<Operation>,
    consumers: Vec<Standing>,
    /// How each link stands, by its name.
    links: Vec<(String, state::State)>,
}

impl fmt::Debug for Look {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Look").finish_non_exhaustive()
    }
}

impl Collector for Look {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        self.server(&mut sheet)?;
        self.requests(&mut sheet)?;
        self.objects(&mut sheet)?;
        self.store(&mut sheet)?;
        self.directory(&mut sheet)?;
        self.consumers(&mut sheet)?;
        self.links(&mut sheet)
    }
}

impl Look {
    fn server(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let stage = &self.operation.stage;
        sheet.gauges("taxiway_build_info", "Which program this is", [([("version", env!("CARGO_PKG_VERSION"))], 1.0)])?;
        sheet.gauges("taxiway_loaded", "1 when everything to be served has been loaded", [(NONE, f64::from(u8::from(stage.is_loaded())))])?;
        sheet.gauges("taxiway_stopping", "1 when the server was told to stop", [(NONE, f64::from(u8::from(stage.is_stopping())))])?;
        self.operation.gauges().iter().try_for_each(|gauge| sheet.gauges(gauge.name, gauge.help, [(NONE, whole((gauge.read)()))]))
    }

    fn requests(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let traffic = &self.operation.traffic;
        let series = traffic.series();
        let in_flight = whole(traffic.in_flight());
        sheet.gauges("taxiway_http_requests_in_flight", "Requests whose answer has not begun, this one included", [(NONE, in_flight)])?;
        let statuses: Vec<_> = series.iter().map(|(route, method, series)| (*route, *method, series.statuses())).collect();
        let rows = statuses.iter().flat_map(|(route, method, statuses)| {
            statuses.iter().map(move |(status, count)| ([("route", *route), ("method", *method), ("status", status.as_str())], *count))
        });
        let help = "Requests by route, method and status; abandoned: the client did not wait for the answer";
        sheet.counters("taxiway_http_requests", help, rows)?;
        let rows = series.iter().map(|(route, method, series)| ([("route", *route), ("method", *method)], series.sent()));
        sheet.counters("taxiway_http_response_bytes", "Octets of the bodies of answers", rows)?;
        let mut metric = sheet.0.encode_descriptor(
            "taxiway_http_request_duration_seconds",
            "From the headers of a request to the beginning of its answer",
            None,
            MetricType::Histogram,
        )?;
        series.iter().try_for_each(|(route, method, series)| {
            let durations = series.durations();
            let labels = [("route", *route), ("method", *method)];
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(durations.seconds, durations.count, &durations.buckets, None)
        })
    }

    fn objects(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let counts = self.operation.app.feed.counts();
        sheet.counters("taxiway_objects_served", "Objects on the pages that were handed out", [(NONE, counts.served.get())])?;
        sheet.counters("taxiway_objects_served_bytes", "Octets of these objects", [(NONE, counts.served_octets.get())])?;
        let outcomes = [("added", &counts.added), ("duplicate", &counts.duplicates), ("conflict", &counts.conflicts), ("refused", &counts.refused)];
        let rows = outcomes.map(|(outcome, count)| ([("outcome", outcome)], count.get()));
        sheet.counters("taxiway_objects_received", "Objects that were posted, by what became of them", rows)?;
        sheet.counters("taxiway_envelopes_received_bytes", "Octets of the envelopes that were posted", [(NONE, counts.received_octets.get())])?;
        let caches = counts.caches();
        let rows = |of: fn(&Hits) -> u64| caches.iter().map(move |(name, hits)| ([("cache", *name)], of(hits)));
        sheet.counters("taxiway_cache_hits", "What a cache was asked for and had", rows(|hits| hits.hits))?;
        sheet.counters("taxiway_cache_misses", "What a cache was asked for and had not", rows(|hits| hits.misses))
    }

    fn store(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let condition = self.operation.app.feed.condition();
        sheet.gauges("taxiway_store_waiting_writes", "Writes that wait for their turn", [(NONE, whole(condition.waiting))])?;
        sheet.gauges("taxiway_store_size_bytes", "Octets of the store on the disk; 0 if it has none", [(NONE, whole(condition.octets))])
    }

    fn directory(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let directory = self.operation.app.feed.directory();
        let counts = [
            ("roots", directory.roots.len()),
            ("collections", directory.collections.len()),
            ("users", directory.users.len()),
            ("tokens", directory.tokens.len()),
        ];
        sheet.gauges(
            "taxiway_directory_entries",
            "What the store holds besides objects",
            counts.map(|(kind, count)| ([("kind", kind)], whole(count as u64))),
        )
    }

    fn consumers(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let rows = |of: fn(&Standing) -> f64| self.consumers.iter().map(move |one| (labels(one), of(one)));
        sheet.gauges(
            "taxiway_consumer_last_poll_timestamp_seconds",
            "When a user last asked for a page of a collection",
            rows(|one| time(one.polled)),
        )?;
        let help = "The date_added that a user has reached in a collection";
        sheet.gauges("taxiway_consumer_position_timestamp_seconds", help, rows(|one| time(one.position)))?;
        let help = "Age of the first object of a collection that a user has not got; 0 if it has got everything that it asks for and may see";
        sheet.gauges("taxiway_consumer_lag_seconds", help, rows(|one| one.lag.as_secs_f64()))?;
        let help = "Objects of a collection that a user has not got, counted up to 10000";
        sheet.gauges("taxiway_consumer_lag_objects", help, rows(|one| whole(one.objects as u64)))?;
        let handed = self.consumers.iter().map(|one| (labels(one), one.handed));
        sheet.counters("taxiway_consumer_objects", "Objects of a collection that a user was handed", handed)?;
        let errors = self.consumers.iter().map(|one| (labels(one), one.errors));
        sheet.counters("taxiway_consumer_errors", "Requests of a user about a collection that failed", errors)
    }

    fn links(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let named = |name| [("link", name)];
        let counted = |of: fn(&state::State) -> u64| self.links.iter().map(move |(name, state)| (named(name.as_str()), of(state)));
        sheet.counters("taxiway_link_objects", "Objects that went over a link and were new", counted(|state| state.objects))?;
        sheet.counters("taxiway_link_refused", "Objects that were refused on their way over a link", counted(|state| state.refused))?;
        let rows = |of: fn(&state::State) -> f64| self.links.iter().map(move |(name, state)| (named(name.as_str()), of(state)));
        sheet.gauges("taxiway_link_failures", "How often in a row a link did not come to its end", rows(|state| state.failures.into()))?;
        sheet.gauges("taxiway_link_done_timestamp_seconds", "When a link last came to its end without an error", rows(|state| time(state.done)))
    }
}

/// The sheet that everything is written on.
struct Sheet<'a>(DescriptorEncoder<'a>);

impl Sheet<'_> {
    /// Numbers that only grow; `_total` is added to the name.
    fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = ([(&'l str, &'l str); N], u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        rows.into_iter().try_for_each(|(labels, value)| metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None))
    }

    /// Numbers that come and go.
    fn gauges<'l, const N: usize>(&mut self, name: &str, help: &str, rows: impl IntoIterator<Item = ([(&'l str, &'l str); N], f64)>) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        rows.into_iter().try_for_each(|(labels, value)| metric.encode_family(&labels)?.encode_gauge(&value))
    }
}

/// No labels.
const NONE: [(&str, &str); 0] = [];

fn labels(consumer: &Standing) -> [(&str, &str); 3] {
    [("user", &consumer.user), ("root", &consumer.root), ("collection", &consumer.collection)]
}

/// Seconds since 1970.
fn time(stamp: Stamp) -> f64 {
    whole(stamp.0 / SECOND) + whole(stamp.0 % SECOND) / whole(SECOND)
}

#[expect(clippy::cast_precision_loss, reason = "the text form of a gauge is a float, exact up to 2^53")]
fn whole(number: u64) -> f64 {
    number as f64
}
