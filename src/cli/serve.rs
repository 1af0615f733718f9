//! `taxiway serve`: settings, store, feed and doors become a server that runs until it is told to stop.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::exit::{Exit, Trouble};
use super::{doors, open, print, secret};
use crate::auth::accounts::{self, AccountError, NewUser};
use crate::config::{Config, Flag};
use crate::door::connection::Gate;
use crate::door::tls::Tls;
use crate::door::{self, App};
use crate::feed::Feed;
use crate::feed::curated::{self, files::Files};
use crate::feed::guard::Guard;
use crate::operation::{Gauge, Operation};
use crate::stix::marking::Level;
use crate::store::EditError;
use crate::store::audit::{Act, Verb};
use crate::store::directory::Conflict;
use crate::telemetry;

/// How often it is written down what consumers were handed.
const HANDED: Duration = Duration::from_secs(5);
/// How often expired statuses are forgotten, the use of tokens is recorded, and objects go whose time is over.
const TICK: Duration = Duration::from_mins(1);
/// What was stored within this time is read for lists together,
const GATHER: Duration = Duration::from_millis(200);
/// and kept when nothing has come for so long.
const CALM: Duration = Duration::from_secs(2);
/// How often it is looked which indicators decay.
const DECAY: Duration = Duration::from_hours(1);
/// Random octets of the first password.
const PASSWORD_OCTETS: usize = 18;
/// Who operates a new server.
const FIRST_USER: &str = "admin";

/// `taxiway serve`: each flag lies over the setting of that name.
#[derive(Debug, Args)]
pub struct Serve {
    /// The settings [default: ./taxiway.toml if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept, like sled:taxiway-data
    #[arg(long)]
    store: Option<String>,
    /// Address and port to listen on, like 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Scheme, host and port under which clients reach the server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate with its chain, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<OsString>,
    /// Private key of the certificate, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<OsString>,
    /// Do not load the curated feeds
    #[arg(long)]
    no_curated: bool,
    /// A folder of curated feeds, one folder for each, instead of those built in
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_curated")]
    indicators: Option<OsString>,
    /// Listen beyond loopback without TLS: passwords and tokens then travel in clear
    #[arg(long)]
    insecure: bool,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT; requests in flight are finished.
    pub async fn run(self) -> Result<(), Trouble> {
        let config = self.settings()?;
        telemetry::start(&config.log).map_err(unreadable)?;
        let tls = config.certificates().map(Tls::open).transpose().map_err(unreadable)?;
        let listener = bind(config.listen)?;
        let address = listener.local_addr().map_err(failed)?;
        let guard = Guard::open(&config.guard()).map_err(unreadable)?;
        let app = Arc::new(open::app(&config, guard, Some(address)).await?);
        let operation = watch(&app, &config)?;
        // From here on a signal ends the server in order; before, there is nothing to keep in order.
        let stop = stop_signal()?;
        let stop = drain(stop, operation.clone(), Duration::from_secs(config.operation.drain_seconds));
        reload_at_hangup(tls.clone())?;
        make_first_user(&app.feed).await?;
        let router = operation.around(doors::router(&app));
        // Served from now on, so that it can be asked whether it is ready; what else comes waits for the feeds.
        let limits = app.options.limits.clone();
        let gate = Gate::new(listener, &limits).map_err(failed)?;
        operation.watch(Gauge { name: "taxiway_connections", help: "Connections that are open", read: Box::new(gate.open()) });
        let ending = app.feed.clone();
        let stop = async move {
            stop.await;
            ending.bell().end();
        };
        let served = tokio::spawn(async move { door::serve::serve(router, gate, tls, &limits, stop).await });
        if config.curated {
            load_curated(&app.feed, config.indicators.as_deref()).await?;
        }
        operation.stage().set_loaded();
        announce(&app, address);
        tokio::spawn(app.links.clone().run(app.feed.clone()));
        let tickers = [
            tokio::spawn(keep_handed(app.clone())),
            tokio::spawn({
                let feed = app.feed.clone();
                async move { feed.follow_elsewhere().await }
            }),
            tokio::spawn(tick(app.clone())),
            tokio::spawn(decay(app.clone())),
            tokio::spawn({
                let feed = app.feed.clone();
                async move { look_after_values(feed).await }
            }),
        ];
        let served = served.await.map_err(failed)?;
        tickers.iter().for_each(JoinHandle::abort);
        app.auth.record_use().await.map_err(failed)?;
        app.feed.keep_handed().await.map_err(failed)?;
        served.map_err(failed)?;
        print::tell("stopped");
        Ok(())
    }

    fn settings(self) -> Result<Config, Trouble> {
        let path = |flag, path: Option<OsString>| match path.map(OsString::into_string).transpose() {
            Ok(path) => Ok(path),
            Err(_) => Err(Trouble::new(Exit::Unreadable, format!("{flag}: the path is not UTF-8"))),
        };
        let texts = [
            ("--store", "store", self.store),
            ("--listen", "listen", self.listen),
            ("--public-url", "public_url", self.public_url),
            ("--tls-cert", "tls.cert", path("--tls-cert", self.tls_cert)?),
            ("--tls-key", "tls.key", path("--tls-key", self.tls_key)?),
            ("--indicators", "indicators", path("--indicators", self.indicators)?),
        ];
        let texts = texts.into_iter().filter_map(|(name, key, text)| Some(Flag { name, key, value: text?.into() }));
        let switches = [("--no-curated", "curated", self.no_curated, false), ("--insecure", "insecure", self.insecure, true)];
        let switches = switches.into_iter().filter(|(_, _, given, _)| *given).map(|(name, key, _, value)| Flag { name, key, value: value.into() });
        let config = Config::load(self.config.as_deref(), |name| std::env::var_os(name), texts.chain(switches).collect());
        let config = config.map_err(unreadable)?;
        config.check_exposure().map_err(unreadable)?;
        Ok(config)
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, Trouble> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Trouble::new(Exit::Unavailable, format!("{address} is in use by another program; --listen takes another address")),
        _ => Trouble::new(Exit::Unavailable, format!("cannot listen on {address}: {error}")),
    })
}

/// A server without an administrator gets one, whose password is that of the environment, or is told this once.
async fn make_first_user(feed: &Feed) -> Result<(), Trouble> {
    let directory = feed.directory();
    if directory.users.values().any(|user| user.admin) || directory.users.contains_key(FIRST_USER) {
        return Ok(());
    }
    let given = secret::variable(secret::ADMIN)?;
    let password = given.clone().map_or_else(random_password, Ok)?;
    let new = NewUser { name: FIRST_USER.into(), password: password.clone(), admin: true, clearance: Level::Red, partner: None };
    let act = Act::of_program(Verb::Administer, feed.clock().now());
    let made = accounts::add_user(feed, new, act).await;
    if matches!(made, Err(AccountError::Edit(EditError::Refused(Conflict::Exists(_))))) {
        // By another server that started in the same moment.
        return Ok(());
    }
    made.map_err(|error| match error {
        AccountError::Unfit(why) => unreadable(format!("{}: {why}", secret::ADMIN)),
        other => failed(other),
    })?;
    match given {
        Some(_) => print::tell(&format!("made the user {FIRST_USER} with the password in {}", secret::ADMIN)),
        None => print::tell(&format!("made the user {FIRST_USER}; its password is told this once: {password}")),
    }
    Ok(())
}

fn random_password() -> Result<String, Trouble> {
    let mut octets = [0; PASSWORD_OCTETS];
    getrandom::fill(&mut octets).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}

/// Makes the collections of the curated feeds follow their files: those of `folder`, else those built in.
async fn load_curated(feed: &Feed, folder: Option<&Path>) -> Result<(), Trouble> {
    let files = match folder {
        Some(folder) => Files::in_folder(folder).map_err(|error| unreadable(format!("cannot read {}: {error}", folder.display())))?,
        None => Files::embedded(),
    };
    let feeds = curated::read(&files).map_err(unreadable)?;
    let loaded = feed.load_curated(&feeds).await.map_err(failed)?;
    if loaded.written > 0 {
        print::tell(&format!("loaded the curated feeds: {} objects are new or have changed", loaded.written));
    }
    if loaded.stays_revoked > 0 {
        print::tell(&format!("{} curated entries were revoked earlier and stay so: see generation in their files", loaded.stays_revoked));
    }
    Ok(())
}

/// Tells where the server is and what it serves.
fn announce(app: &App, address: SocketAddr) {
    let scheme = if app.options.tls { "https" } else { "http" };
    let base = app.options.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
    print::tell(&format!("listening on {scheme}://{address}"));
    print::tell(&format!("discovery: {base}/taxii2/"));
    let directory = app.feed.directory();
    if directory.collections.is_empty() {
        print::tell("no collections yet: `taxiway root add` and `taxiway collection add` make them");
    }
    for collection in directory.collections.values() {
        print::tell(&format!("  {}: {base}/{}/collections/{}/", collection.title, collection.root, collection.name()));
    }
}

/// Everything that is known about how the server does.
fn watch(app: &Arc<App>, config: &Config) -> Result<Arc<Operation>, Trouble> {
    Operation::new(app.clone(), doors::paths(), config.operation()).map_err(failed)
}

/// Ends some time after `stop`: until then the server says that it is not ready any more, and serves whoever comes all the same.
async fn drain(stop: impl Future<Output = ()>, operation: Arc<Operation>, time: Duration) {
    stop.await;
    operation.stage().set_stopping();
    print::tell("stopping: requests in flight are finished");
    sleep(time).await;
}

/// Ends when the program is told to stop. The signals are caught from the return on, not from the first poll.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Trouble> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when the program is told to stop.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Trouble> {
    Ok(async {
        // Without the signal there is nobody who could tell it to stop.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Reads the certificates anew whenever the program is told to; without any, the signal ends nothing.
#[cfg(unix)]
fn reload_at_hangup(tls: Option<Tls>) -> Result<(), Trouble> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup()).map_err(failed)?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match tls.as_ref().map(Tls::reload) {
                None => tracing::info!("there are no certificates to be read anew"),
                Some(Ok(())) => tracing::info!("the certificates were read anew"),
                Some(Err(error)) => tracing::error!(%error, "the certificates were not read anew, those in use stay"),
            }
        }
    });
    Ok(())
}

/// There is no such signal elsewhere.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "elsewhere it can fail, and keeps what it is given")]
fn reload_at_hangup(_: Option<Tls>) -> Result<(), Trouble> {
    Ok(())
}

async fn tick(app: Arc<App>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.feed.sweep().await {
            tracing::error!(%error, "expired statuses could not be forgotten");
        }
        if let Err(error) = app.auth.record_use().await {
            tracing::error!(%error, "the use of tokens could not be recorded");
        }
        if !app.feed.leads("retire").await {
            continue;
        }
        match app.feed.retire().await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "objects went whose time was over"),
            Err(error) => tracing::error!(%error, "objects whose time is over could not go"),
        }
    }
}

/// Writes down what consumers were handed, so that a kill loses a few seconds of it at most.
async fn keep_handed(app: Arc<App>) {
    let mut ticks = interval(HANDED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.feed.keep_handed().await {
            tracing::error!(%error, "what consumers were handed could not be written down");
        }
    }
}

/// Has the values ready that lists are made of: reads what comes, and keeps it when nothing comes for a while, when there is much of it, and each minute.
async fn look_after_values(feed: Arc<Feed>) {
    feed.warm_values().await;
    let mut ear = feed.bell().listen();
    // At most one, which ends with this.
    let mut keeping = JoinSet::new();
    // What was stored before may not have been kept.
    let (mut kept, mut pending) = (Instant::now(), true);
    loop {
        let comes = timeout(CALM, ear.heard()).await.is_ok();
        pending |= comes;
        sleep(GATHER).await;
        let much = feed.hear_values().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what came could not be read for lists");
            false
        });
        // Deletions do not ring, and are looked for each minute.
        let due = much || pending && !comes || kept.elapsed() > TICK;
        while keeping.try_join_next().is_some() {}
        if due && keeping.is_empty() {
            (kept, pending) = (Instant::now(), comes);
            keeping.spawn(keep_values(feed.clone()));
        }
    }
}

async fn keep_values(feed: Arc<Feed>) {
    if let Err(error) = feed.keep_values().await {
        tracing::warn!(%error, "what was read for lists could not be kept: the first list after a start will be slow");
    }
}

async fn decay(app: Arc<App>) {
    let mut ticks = interval(DECAY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !app.feed.leads("decay").await {
            continue;
        }
        match app.feed.decay().await {
            Ok(0) => {}
            Ok(fallen) => tracing::info!(fallen, "indicators that nobody has touched were believed less"),
            Err(error) => tracing::error!(%error, "indicators could not decay"),
        }
    }
}

fn unreadable(why: impl ToString) -> Trouble {
    Trouble::new(Exit::Unreadable, why)
}

fn failed(why: impl ToString) -> Trouble {
    Trouble::new(Exit::Failed, why)
}
