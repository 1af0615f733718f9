//! The program itself as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::Outcome;
use super::client::Client;
use super::stores::OBJECTS;
use super::system::{self, Memory};

/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_mins(10);

/// A running `taxiway serve`; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens on loopback.
    pub(crate) port: u16,
}

impl Server {
    /// Starts the program on a store, with its default settings but for the budgets of callers; `port` 0 takes a free one. Returns when it listens.
    pub(crate) fn start(dir: &Path, port: u16) -> Outcome<Self> {
        let dir = dir.canonicalize()?;
        Self::run(&format!("sled:{}", dir.display()), &dir, port)
    }

    /// Starts the program in a folder on a store that is not in it.
    pub(crate) fn on(store: &str, dir: &Path) -> Outcome<Self> {
        Self::run(store, &dir.canonicalize()?, 0)
    }

    fn run(store: &str, dir: &Path, port: u16) -> Outcome<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_taxiway"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--store", store])
            // No settings of the folder that the bench was started in.
            .current_dir(dir)
            .env("TAXIWAY_ADMIN_PASSWORD", "not used in a bench")
            // One caller asks for more here than any may by default.
            .env("TAXIWAY_LIMITS_REQUESTS_PER_MINUTE", "0")
            .env("TAXIWAY_LIMITS_OBJECTS_PER_MINUTE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stderr.take().ok_or("no standard error")?).lines();
        let (tell, told) = mpsc::channel();
        // Reads to the end, so that the server never waits for somebody to read what it says.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut server = Self { child, port };
        let (end, mut said) = (Instant::now() + PATIENCE, Vec::new());
        while let Ok(line) = told.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if let Some(port) = line.strip_prefix("listening on http://127.0.0.1:") {
                server.port = port.trim().parse()?;
                return Ok(server);
            }
            said.push(line);
        }
        Err(format!("the server did not start: {}", said.join("; ")).into())
    }

    pub(crate) fn client(&self) -> Outcome<Client> {
        Ok(Client::connect(self.port)?)
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The path of the newest end of the collection, where an empty poll asks.
    pub(crate) fn end_of_collection(&self, last_page: &str) -> Outcome<String> {
        let mut client = self.client()?;
        let reply = client.get(last_page)?;
        let last = reply.header("x-taxii-date-added-last").ok_or("the page says no date")?;
        Ok(format!("{OBJECTS}?added_after={last}"))
    }

    pub(crate) fn memory(&self) -> Outcome<Memory> {
        system::memory(self.child.id())
    }

    pub(crate) fn descriptors(&self) -> Outcome<u64> {
        system::descriptors(self.child.id())
    }

    /// Stops it as an operator would, and waits for its end.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it as a power cut would, as far as a process can.
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
