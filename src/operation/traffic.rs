//! Counts requests by route, method and status, and times them. Every counter is there before the first request comes, so that
//! counting one is a look-up by the route's pattern and a few additions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};

use crate::feed::counts::Counter;

/// The methods that are told apart.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "other"];
/// The statuses that are told apart; the name of the one after them is `other`.
const STATUSES: [u16; 20] = [200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 500, 503, 507];
/// The upper bounds of the buckets that durations are counted in, in microseconds.
const BOUNDS: [u64; 16] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000];

/// What came in over all doors.
#[derive(Debug)]
pub struct Traffic {
    routes: HashMap<&'static str, Route>,
    /// What no route takes.
    elsewhere: Route,
    in_flight: AtomicU64,
}

/// One route, by the places of [`METHODS`].
#[derive(Debug)]
struct Route([Series; METHODS.len()]);

/// What is counted of one method of one route.
#[derive(Debug, Default)]
pub struct Series {
    /// By the places of [`STATUSES`], and one for all others.
    statuses: [Counter; STATUSES.len() + 1],
    /// Requests whose client was gone before there was an answer.
    abandoned: Counter,
    /// By the places of [`BOUNDS`], and one for what took longer.
    buckets: [Counter; BOUNDS.len() + 1],
    nanoseconds: Counter,
    /// Shared with bodies that are still being sent.
    sent: Arc<Counter>,
}

/// A request that is being answered. One that is dropped without an answer counts as abandoned.
#[derive(Debug)]
pub struct Underway<'a> {
    traffic: &'a Traffic,
    series: &'a Series,
    began: Instant,
    answered: bool,
}

/// The times that requests took.
#[derive(Debug)]
pub struct Durations {
    /// How many took up to so many seconds, and longer than the bound before.
    pub buckets: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// How many seconds they took together.
    pub seconds: f64,
}

impl Traffic {
    /// Counters for the routes of these patterns.
    pub fn new(paths: impl Iterator<Item = &'static str>) -> Self {
        Self { routes: paths.map(|path| (path, Route::new())).collect(), elsewhere: Route::new(), in_flight: AtomicU64::new(0) }
    }

    /// A request has come for the route of this pattern.
    pub fn begin(&self, pattern: Option<&str>, method: &Method) -> Underway<'_> {
        let route = pattern.and_then(|pattern| self.routes.get(pattern)).unwrap_or(&self.elsewhere);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Underway { traffic: self, series: route.of(method), began: Instant::now(), answered: false }
    }

    /// Requests that have no answer yet.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Everything that was ever asked for, by the route's pattern and the method, in the order of the patterns.
    pub fn series(&self) -> Vec<(&'static str, &'static str, &Series)> {
        let routes = self.routes.iter().map(|(pattern, route)| (*pattern, route)).chain([("none", &self.elsewhere)]);
        let all = routes.flat_map(|(pattern, route)| METHODS.into_iter().zip(&route.0).map(move |(method, series)| (pattern, method, series)));
        let mut used: Vec<_> = all.filter(|(.., series)| series.is_used()).collect();
        used.sort_by_key(|(pattern, method, _)| (*pattern, *method));
        used
    }
}

impl Route {
    fn new() -> Self {
        Self(std::array::from_fn(|_| Series::default()))
    }

    fn of(&self, method: &Method) -> &Series {
        let at = match *method {
            Method::GET | Method::HEAD => 0,
            Method::POST => 1,
            Method::PUT => 2,
            Method::DELETE => 3,
            _ => 4,
        };
        &self.0[at]
    }
}

impl Underway<'_> {
    /// The request has got its answer, whose body may still be to be sent.
    pub fn end(mut self, status: StatusCode) -> Duration {
        let took = self.began.elapsed();
        self.answered = true;
        self.series.count(status.as_u16(), took);
        took
    }

    /// What counts the octets of the answer's body.
    pub fn sent(&self) -> &Arc<Counter> {
        &self.series.sent
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.traffic.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.answered {
            self.series.abandoned.add(1);
        }
    }
}

impl Series {
    fn count(&self, status: u16, took: Duration) {
        let at = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        self.statuses[at].add(1);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[BOUNDS.partition_point(|bound| bound * 1_000 < nanoseconds)].add(1);
        self.nanoseconds.add(nanoseconds);
    }

    fn is_used(&self) -> bool {
        self.abandoned.get() > 0 || self.statuses.iter().any(|count| count.get() > 0)
    }

    /// The statuses that were answered, each with how often; `abandoned` for those that nobody waited for.
    pub fn statuses(&self) -> Vec<(String, u64)> {
        let names = STATUSES.iter().map(u16::to_string).chain(["other".into(), "abandoned".into()]);
        let counts = self.statuses.iter().chain([&self.abandoned]).map(Counter::get);
        names.zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// The times that answers took.
    pub fn durations(&self) -> Durations {
        let seconds = |microseconds: u64| Duration::from_micros(microseconds).as_secs_f64();
        let counts: Vec<u64> = self.buckets.iter().map(Counter::get).collect();
        Durations {
            buckets: BOUNDS.iter().map(|bound| seconds(*bound)).zip(counts.iter().copied()).collect(),
            count: counts.iter().sum(),
            seconds: Duration::from_nanos(self.nanoseconds.get()).as_secs_f64(),
        }
    }

    /// Octets of the bodies that were sent.
    pub fn sent(&self) -> u64 {
        self.sent.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_where_they_belong() {
        let traffic = Traffic::new(["/taxii2/"].into_iter());
        traffic.begin(Some("/taxii2/"), &Method::GET).end(StatusCode::OK);
        traffic.begin(Some("/taxii2/"), &Method::HEAD).end(StatusCode::NOT_FOUND);
        traffic.begin(None, &Method::PATCH).end(StatusCode::IM_A_TEAPOT);
        let waiting = traffic.begin(Some("/unknown/"), &Method::PATCH);
        assert_eq!(traffic.in_flight(), 1);
        drop(waiting);
        assert_eq!(traffic.in_flight(), 0);
        let told = |(pattern, method, series): &(&'static str, &'static str, &Series)| (*pattern, *method, series.statuses());
        let counted: Vec<_> = traffic.series().iter().map(told).collect();
        let pairs = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<Vec<_>>();
        assert_eq!(counted, [("/taxii2/", "GET", pairs(&[("200", 1), ("404", 1)])), ("none", "other", pairs(&[("other", 1), ("abandoned", 1)]))]);
    }

    #[test]
    fn a_duration_is_counted_under_the_first_bound_that_it_does_not_pass() {
        let series = Series::default();
        for microseconds in [0, 50, 51, 10_000_000, 10_000_001] {
            series.count(200, Duration::from_micros(microseconds));
        }
        let Durations { buckets, count, seconds } = series.durations();
        let filled: Vec<_> = buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!((filled, count), (vec![(0.000_05, 2), (0.000_1, 1), (10.0, 1)], 5));
        assert!((seconds - 20.000_102).abs() < 1e-9);
    }
}
