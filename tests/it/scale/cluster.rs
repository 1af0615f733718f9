//! A PostgreSQL of the test's own, which can be killed, copied and promoted, and an address that moves with whichever is the primary.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, PgConnection, query};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Where the programs of PostgreSQL are; says it if they are nowhere.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
    if found.is_none() {
        eprintln!("skipped: PostgreSQL is not installed");
    }
    found
}

/// The address of a database, by a port of this machine that leads there.
pub(super) fn url(database: &str, port: u16) -> String {
    format!("postgres://taxiway@127.0.0.1:{port}/{database}")
}

/// A server of PostgreSQL; it ends when this is dropped.
pub(super) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    pub(super) port: u16,
}

impl Cluster {
    /// A fresh one; `None` where there is no PostgreSQL.
    pub(super) fn fresh() -> Option<Self> {
        let cluster = Self::new(programs()?);
        cluster.call("initdb", &["-D", &cluster.data(), "-A", "trust", "-U", "taxiway", "-E", "UTF8", "--no-sync"]);
        cluster.start();
        Some(cluster)
    }

    /// A replica of this one, which from now on waits for it before anything counts as written.
    pub(super) async fn replica(&self) -> Self {
        let replica = Self::new(self.programs.clone());
        let port = self.port.to_string();
        replica.call("pg_basebackup", &["-D", &replica.data(), "-h", "127.0.0.1", "-p", &port, "-U", "taxiway", "-R", "-X", "stream", "-c", "fast"]);
        replica.start();
        self.tell("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        self.tell("SELECT pg_reload_conf()").await;
        replica
    }

    fn new(programs: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("taxiway-postgres-").tempdir().unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { programs, folder, port }
    }

    /// Starts it, and waits until it can be asked.
    pub(super) fn start(&self) {
        let socket = self.folder.path().display();
        let settings = format!("-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={socket} -c max_connections=200", self.port);
        let log = self.folder.path().join("log").display().to_string();
        self.call("pg_ctl", &["-D", &self.data(), "-w", "-l", &log, "-o", &settings, "start"]);
    }

    /// Ends it as a crash does.
    pub(super) fn kill(&self) {
        self.call("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
    }

    /// Makes the replica a primary, which waits for nobody.
    pub(super) fn promote(&self) {
        self.call("pg_ctl", &["-D", &self.data(), "-w", "promote"]);
    }

    /// Has a statement done, in a database that is always there.
    pub(super) async fn tell(&self, sql: &str) {
        let mut connection = PgConnection::connect(&url("postgres", self.port)).await.unwrap();
        query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs a program of PostgreSQL, which does not run as root.
    fn call(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() { as_postgres(&program) } else { Command::new(&program) };
        let ended = command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
        assert!(ended.success(), "{} {arguments:?}", program.display());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut command = if is_root() { as_postgres(&self.programs.join("pg_ctl")) } else { Command::new(self.programs.join("pg_ctl")) };
        let _ = command.args(["-D", &self.data(), "-m", "immediate", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// An address that leads to one server after another, as a fail-over moves a name.
pub(super) struct Line {
    pub(super) port: u16,
    target: Arc<watch::Sender<u16>>,
}

impl Line {
    /// A line to a port of this machine.
    pub(super) async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self { port: listener.local_addr().unwrap().port(), target: Arc::new(watch::Sender::new(port)) };
        let target = line.target.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut moved = target.subscribe();
                tokio::spawn(async move {
                    let there = SocketAddr::from(([127, 0, 0, 1], *moved.borrow_and_update()));
                    let Ok(mut server) = TcpStream::connect(there).await else { return };
                    // A line that is moved ends what goes through it.
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = moved.changed() => {}
                    }
                });
            }
        });
        line
    }

    /// Leads to another port from now on.
    pub(super) fn lead_to(&self, port: u16) {
        self.target.send_replace(port);
    }
}
