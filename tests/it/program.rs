//! The real program: runs verbs, and servers that live as long as a test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

/// The password of `admin` on the servers of the tests.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";

/// A command of the program in a folder of its own, with nothing of our environment that it would go by.
pub(crate) fn taxiway(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taxiway"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TAXIWAY_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a verb to its end: exit code, standard output, standard error.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    finish(&mut taxiway(folder, arguments))
}

/// Runs a command to its end: exit code, standard output, standard error.
pub(crate) fn finish(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    messages: BufReader<ChildStderr>,
    /// What it said until it listened.
    pub(crate) greeting: String,
    /// Where it listens, without a slash at the end.
    pub(crate) url: String,
}

impl Server {
    /// Starts a server on a free port over the store in `folder`; `admin` gets [`ADMIN_PASSWORD`].
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[], Some(ADMIN_PASSWORD))
    }

    /// Starts a server with more flags; without curated feeds, unless the flags name a folder of them.
    pub(crate) fn start_with(folder: &Path, flags: &[&str], password: Option<&str>) -> Self {
        let mut command = taxiway(folder, &["serve", "--listen", "127.0.0.1:0"]);
        command.args((!flags.contains(&"--indicators")).then_some("--no-curated"));
        command.args(flags).envs(password.map(|password| ("TAXIWAY_ADMIN_PASSWORD", password)));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let messages = BufReader::new(child.stderr.take().unwrap());
        let mut server = Self { child, messages, greeting: String::new(), url: String::new() };
        server.greeting = server.wait_for("discovery: ");
        let listening = server.greeting.lines().find_map(|line| line.strip_prefix("listening on "));
        server.url = listening.unwrap().to_owned();
        server
    }

    /// Everything that the server says until the line with `text`, that line included.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut said = String::new();
        loop {
            let before = said.len();
            assert_ne!(self.messages.read_line(&mut said).unwrap(), 0, "the server ended without saying {text:?}; it said:\n{said}");
            if said[before..].contains(text) {
                return said;
            }
        }
    }

    /// Tells the server to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Tells the server to read its certificates anew.
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let told = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// How the server ends, once it was told to.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Runs a verb on this server as its administrator.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
        let mut command = taxiway(folder, arguments);
        finish(command.args(["--url", &self.url]).env("TAXIWAY_ADMIN_PASSWORD", ADMIN_PASSWORD).env("TAXIWAY_PASSWORD", ADMIN_PASSWORD))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `sled:` and a folder in a folder.
pub(crate) fn store_in(folder: &Path) -> String {
    format!("sled:{}", folder.join(OsStr::new("taxiway-data")).display())
}
