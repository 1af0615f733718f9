//! Resolvers that really run: what is on the list does not exist for them, with all below it, and the rest of the world does.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{fetched, program, values};

/// Longer than a resolver takes to load its zone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names that are on the list, names below them, and how the name of another alphabet is asked for.
const LISTED: [&str; 5] = ["evil.example", "www.evil.example", "a.b.evil.example", "xn--bcher-kva.example", "x.xn--bcher-kva.example"];

/// A resolver on a port of its own; it ends with this.
struct Resolver {
    child: Child,
    port: u16,
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of which both halves are free, below those that the system gives to whoever asks for any.
fn free_port() -> u16 {
    let mut ports = (10_000..32_000).cycle().skip(std::process::id() as usize % 22_000).take(22_000);
    ports.find(|port| UdpSocket::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

impl Resolver {
    /// Starts a program in a folder; `settings` are written for the port that it is to use.
    fn start(program: &Path, arguments: &[&str], folder: &Path, settings: impl Fn(u16) -> String) -> Self {
        let port = free_port();
        fs::write(folder.join("settings"), settings(port)).unwrap();
        let log = fs::File::create(folder.join("log")).unwrap();
        let errors = log.try_clone().unwrap();
        let child = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(errors).spawn().unwrap();
        Self { child, port }
    }

    /// The status of the answer to a question, `NOERROR` or `NXDOMAIN`; asks until there is one.
    fn status(&mut self, name: &str, folder: &Path) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let port = self.port.to_string();
            let asked = Command::new("dig").args(["@127.0.0.1", "-p", &port, "+time=1", "+tries=1", "+noedns", name, "A"]).output().unwrap();
            let said = super::said(&asked);
            if let Some((_, rest)) = said.split_once("status: ") {
                return rest.split(',').next().unwrap_or_default().to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < end, "{ended:?} {}", log());
        }
    }

    fn judge(&mut self, folder: &Path) {
        assert_eq!(self.status("good.example", folder), "NOERROR");
        for name in LISTED {
            assert_eq!(self.status(name, folder), "NXDOMAIN", "{name}");
        }
    }
}

/// The folder with a list of the fixed values.
async fn folder(list: &str) -> tempfile::TempDir {
    fetched(&values::fixed(), &[list]).await
}

#[tokio::test]
async fn q_bind_says_that_listed_names_do_not_exist() {
    let (Some(named), Some(_)) = (program("named"), program("dig")) else { return };
    let folder = folder("rpz.zone").await;
    let good = "$TTL 60\n@ SOA localhost. nobody.invalid. 1 60 60 60 60\n@ NS localhost.\n@ A 192.0.2.1\n";
    fs::write(folder.path().join("good.zone"), good).unwrap();
    let settings = |port| {
        format!(
            "options {{ directory \".\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none; lock-file none;
                dnssec-validation no; response-policy {{ zone \"rpz.example\"; }} qname-wait-recurse no; }};
            controls {{ }};
            zone \"rpz.example\" {{ type primary; file \"rpz.zone\"; }};
            zone \"good.example\" {{ type primary; file \"good.zone\"; }};"
        )
    };
    Resolver::start(&named, &["-g", "-n", "1", "-c", "settings"], folder.path(), settings).judge(folder.path());
}

#[tokio::test]
async fn q_unbound_says_that_listed_names_do_not_exist() {
    let (Some(unbound), Some(_)) = (program("unbound"), program("dig")) else { return };
    let folder = folder("rpz.zone").await;
    let settings = |port| {
        format!(
            "server:\n  interface: 127.0.0.1@{port}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
             module-config: \"respip iterator\"\n  local-zone: \"good.example.\" static\n  local-data: \"good.example. A 192.0.2.1\"\n\
             remote-control:\n  control-enable: no\nrpz:\n  name: rpz.example\n  zonefile: \"{}/rpz.zone\"\n",
            folder.path().display()
        )
    };
    Resolver::start(&unbound, &["-d", "-c", "settings"], folder.path(), settings).judge(folder.path());
}

#[tokio::test]
async fn q_dnsmasq_says_that_listed_names_do_not_exist() {
    let (Some(dnsmasq), Some(_)) = (program("dnsmasq"), program("dig")) else { return };
    let folder = folder("dnsmasq.conf").await;
    let settings = |port| {
        format!(
            "port={port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nhost-record=good.example,192.0.2.1\nconf-file=dnsmasq.conf\n"
        )
    };
    let arguments = ["--keep-in-foreground", "--conf-file=settings", "--pid-file", "--user=", "--group=", "--log-facility=-"];
    Resolver::start(&dnsmasq, &arguments, folder.path(), settings).judge(folder.path());
}
