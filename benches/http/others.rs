//! Other TAXII 2.1 servers, from the Python package index into an environment of their own, with the same objects.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Scale;
use crate::support::Outcome;
use crate::support::objects;
use crate::support::server::Server;
use crate::support::stores::{self, PASSWORD, USER};
use crate::table::{Line, per_second};
use crate::turns;
use crate::wrk::Load;

/// Two pages of 100: both others read the whole collection for each page and would be slower with more.
const OBJECTS_HELD: u64 = 200;
/// Longer than a start takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// They answer a few requests a second: a turn must hold some.
const SECONDS: u64 = 20;

pub(crate) fn opentaxii(scale: &Scale) -> Outcome<Vec<Line>> {
    beside(scale, "opentaxii", "OpenTAXII (gunicorn, 2 workers, SQLite)", 500.0)
}

pub(crate) fn medallion(scale: &Scale) -> Outcome<Vec<Line>> {
    beside(scale, "medallion", "medallion (gunicorn, 2 workers, in memory)", 100.0)
}

/// Beside `OpenTAXII` on a database, with a server of ours on the store that `start` makes of a sled store.
pub(crate) fn beside_on(scale: &Scale, database: &str, start: impl FnOnce(&Path) -> Outcome<Server>) -> Outcome<Vec<Line>> {
    let other = Other::start(scale, "opentaxii", Some(database))?;
    compare(scale, &other, "OpenTAXII (gunicorn, 2 workers), both on PostgreSQL", 10.0, start)
}

fn beside(scale: &Scale, which: &str, name: &str, wanted: f64) -> Outcome<Vec<Line>> {
    let other = Other::start(scale, which, None)?;
    compare(scale, &other, name, wanted, |dir| Server::start(dir, 0))
}

fn compare(scale: &Scale, other: &Other, name: &str, wanted: f64, start: impl FnOnce(&Path) -> Outcome<Server>) -> Outcome<Vec<Line>> {
    let dir = scale.data.join("beside-others");
    stores::fresh(&dir)?;
    stores::write(&dir, (0..OBJECTS_HELD).map(|serial| (serial, 0)))?;
    let server = start(&dir)?;
    let load = Load { connections: 16, seconds: scale.seconds, gzip: false, paths: None };
    let long = Load { seconds: scale.seconds.max(SECONDS), ..load.clone() };
    let (ours, theirs) = (server.url(&crate::pages::limit(100)), format!("{}?limit=100", other.url));
    // Both have seen the password and the page before.
    Load { seconds: 1, ..load.clone() }.run(&ours)?;
    let turns = turns::take(scale.rounds, || Ok(load.run(&ours)?.requests), || Ok(long.run(&theirs)?.requests))?;
    Ok(vec![Line {
        what: format!("GET 100 objects, 16 connections, Basic on both; beside {name}"),
        ours: per_second(turns.our_median()),
        other: per_second(turns.other_median()),
        ratio: format!("{:.0}", turns.ratio()),
        wanted: format!("{wanted}"),
        met: Some(turns.ratio() >= wanted),
    }])
}

/// One of the others; it is ended when this is dropped.
struct Other {
    child: Child,
    /// Of its objects.
    url: String,
}

impl Other {
    fn start(scale: &Scale, which: &str, database: Option<&str>) -> Outcome<Self> {
        let (bin, dir) = (environment(&scale.data)?, scale.data.join(which));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        let path = prepare(&bin, which, &dir, database)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let app = match which {
            "opentaxii" => "opentaxii.http:app".to_owned(),
            _ => format!("medallion:load_app('{}')", dir.join("medallion.json").display()),
        };
        let log = fs::File::create(dir.join("log"))?;
        let child = Command::new(bin.join("gunicorn"))
            .args(["--workers", "2", "--log-level", "error", "--timeout", "120", "--bind", &format!("127.0.0.1:{port}"), &app])
            .env("OPENTAXII_CONFIG", dir.join("opentaxii.yml"))
            .current_dir(&dir)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let other = Self { child, url: format!("http://127.0.0.1:{port}{path}") };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if start.elapsed() > PATIENCE {
                return Err(format!("{which} does not start: {}", fs::read_to_string(dir.join("log"))?).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(other)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // Its workers end with it only if it is told, not if it is killed.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// The programs of the environment, which is made unless it is there.
fn environment(data: &Path) -> Outcome<PathBuf> {
    let (dir, requirements) = (data.join("venv"), here("requirements.txt"));
    let (bin, done) = (dir.join("bin"), dir.join("requirements.txt"));
    if fs::read(&done).ok() != Some(fs::read(&requirements)?) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
        run(Command::new(bin.join("python")).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements))?;
        fs::copy(&requirements, &done)?;
    }
    Ok(bin)
}

/// Gives the server its objects; returns the path of its collection.
fn prepare(bin: &Path, which: &str, dir: &Path, database: Option<&str>) -> Outcome<String> {
    let file = dir.join("objects.json");
    fs::write(&file, objects::envelope((0..OBJECTS_HELD).map(|serial| (serial, 0))))?;
    let script = here("others.py");
    let said = run(Command::new(bin.join("python")).arg(script).arg(which).arg(dir).arg(file).args([USER, PASSWORD]).args(database))?;
    Ok(said.lines().last().ok_or("the script told no path")?.to_owned())
}

fn run(command: &mut Command) -> Outcome<String> {
    let ended = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if ended.status.success() {
        return Ok(String::from_utf8(ended.stdout)?);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(format!("{}: {}", command.get_program().display(), said.lines().last().unwrap_or("failed")).into())
}

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/http").join(file)
}
