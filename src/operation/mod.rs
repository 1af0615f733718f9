//! The door of those who keep the server running: whether it lives, whether it is ready, and how it does; and the eye on all doors.

pub mod health;
pub mod log;
pub mod metrics;
pub mod observe;
pub mod stage;
pub mod traffic;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{MethodRouter, get};
use tower::layer::layer_fn;

use crate::door::request::Ids;
use crate::door::{App, error};
use observe::Observed;
use stage::Stage;
use traffic::Traffic;

/// What this door knows about the server.
pub struct Operation {
    app: Arc<App>,
    /// What went over the doors.
    traffic: Traffic,
    /// Whether the server starts, serves or stops.
    stage: Stage,
    ids: Ids,
    /// What others count and this door shows.
    gauges: Mutex<Vec<Gauge>>,
    options: Options,
}

/// A number that somebody else knows, like how many connections are open.
pub struct Gauge {
    /// Its name, as Prometheus wants names.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Tells it; asked whenever the metrics are read.
    pub read: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// What an operator may set about being watched.
#[derive(Debug, Clone)]
pub struct Options {
    /// Addresses that may read the metrics without credentials.
    pub metrics_from: Vec<IpAddr>,
    /// Whether a line is logged for every request.
    pub log_requests: bool,
}

/// Every path of this door with its methods.
pub fn table() -> Vec<(&'static str, MethodRouter<Arc<Operation>>)> {
    vec![("/healthz/", get(health::alive)), (health::READY, get(health::ready)), ("/metrics/", get(metrics::show))]
}

impl Operation {
    /// Watches the doors of `app`; `paths` are the routes that they have, as they are written in their tables.
    pub fn new(app: Arc<App>, paths: impl IntoIterator<Item = &'static str>, options: Options) -> Result<Arc<Self>, getrandom::Error> {
        let own = table().into_iter().map(|(path, _)| path);
        let traffic = Traffic::new(paths.into_iter().chain(own));
        Ok(Arc::new(Self { app, traffic, stage: Stage::default(), ids: Ids::new()?, gauges: Mutex::default(), options }))
    }

    /// The doors together with this one, all of them observed.
    pub fn around(self: &Arc<Self>, doors: Router) -> Router {
        let own = table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
        let own = own.method_not_allowed_fallback(error::no_such_method).with_state(self.clone());
        let operation = self.clone();
        doors.merge(own).layer(layer_fn(move |route| Observed { route, operation: operation.clone() }))
    }

    /// Shows a number among the metrics from now on.
    pub fn watch(&self, gauge: Gauge) {
        self.gauges().push(gauge);
    }

    fn gauges(&self) -> MutexGuard<'_, Vec<Gauge>> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server starts, serves or stops; who composes it says so here.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }
}
