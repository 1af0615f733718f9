//! Files taken in: begun, watched line by line, and taken back.

use axum::extract::Query;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{place, terms};
use crate::console::pages::import::{self, Outcome, Progress, Verdict};
use crate::console::parts::frame::{Flash, Place, Tone};
use crate::console::parts::kind::Kind;
use crate::console::parts::list::{Choice, Pager};
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::paths;
use crate::console::visit::form::{Form, Upload};
use crate::console::visit::{Answer, OrPage, Visit, see};
use crate::door::caller::Segments;
use crate::feed::access;
use crate::feed::desk::Working;
use crate::feed::desk::import::{self as feed, Import, State, Tally, Told};
use crate::feed::desk::lines::Format;
use crate::feed::desk::undo::Undone;
use crate::feed::error::FeedError;
use crate::stix::id::{StixId, type_of};
use crate::store::audit::Verb;
use crate::store::directory::Collection;

/// Imports on a page.
const ROWS: usize = 50;
/// Lines on a page.
const LINES: usize = 200;
/// Reasons that are told of what could not be taken back.
const REASONS: usize = 5;
/// Outcomes to look at.
const OUTCOMES: [Outcome; 5] = [Outcome::Added, Outcome::Revised, Outcome::Known, Outcome::Skipped, Outcome::Refused];

/// Which part of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// How many to pass over.
    skip: usize,
    /// Only lines of which this became; empty: all.
    outcome: String,
}

/// `GET /console/imports/`
pub async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let workable = place::workable(&visit)?;
    let clearance = workable.iter().map(|(_, working)| working.reading.clearance).max().unwrap_or_default();
    let now = visit.app.feed.clock().now();
    let mut imports = visit.app.feed.all_imports().await.or_page(&visit)?;
    let directory = visit.app.feed.directory();
    imports.retain(|import| access::import(&directory, visit.principal(), import).is_ok());
    let row = |import: &Import| import::Row {
        href: paths::import(&import.id.to_string()),
        name: import.name.as_str().into(),
        by: import.owner.as_str().into(),
        at: Moment::new(import.started.0, now.0),
        state: state(&import.state),
        added: import.tally.new as u64,
        refused: import.tally.refused as u64,
    };
    let rows: Vec<_> = imports.iter().skip(asked.skip).take(ROWS).map(row).collect();
    let page = import::Imports {
        frame: visit.frame("Import", Some(Place::Imports)),
        defaults: terms::choices(&visit, &terms::usual(clearance), "").await?,
        formats: Format::ALL.map(|format| Choice { value: format.name().into(), label: called(format).into(), chosen: false }).into(),
        most: place::size(visit.app.options.max_content_length),
        pager: pager(&asked, rows.len(), imports.len(), ROWS, &paths::imports()),
        rows,
    };
    Ok(visit.page(&page))
}

/// `POST /console/imports/`: a file goes before a text.
pub async fn begin(upload: Upload) -> Answer {
    let Upload { form, file } = upload;
    let visit = &form.visit;
    let (_, working) = place::working(visit, form.get("collection"))?;
    let back = |why: &str| Ok(visit.go(&paths::imports(), Tone::Fault, why));
    let text = form.all("text").next().unwrap_or_default();
    let (name, octets) = match file {
        Some(file) => file,
        None if text.trim().is_empty() => return back("There is neither a file nor a text."),
        None => ("pasted text".to_owned(), text.to_owned().into()),
    };
    let terms = match terms::read(&form, working.reading.clearance) {
        Ok(terms) => terms,
        Err(why) => return back(&why),
    };
    let format = Format::ALL.into_iter().find(|format| format.name() == form.get("format")).unwrap_or_default();
    let upload = feed::Upload { name, octets, format };
    let dry_run = !form.get("dry").is_empty();
    match visit.app.feed.import(working, upload, terms, dry_run, visit.act(Verb::Import, None)).await {
        Ok(import) => Ok(see(&paths::import(&import.id.to_string()))),
        Err(FeedError::Unfit(unfit)) => back(&unfit.to_string()),
        Err(error) => Err(visit.failure(error.into())),
    }
}

/// `GET /console/imports/{import}/`
pub async fn one(visit: Visit, path: Segments, Query(asked): Query<Asked>) -> Answer {
    let (import, collection, _) = find(&visit, &path).await?;
    let only = OUTCOMES.into_iter().find(|outcome| outcome.word() == asked.outcome);
    let told = visit.app.feed.import_lines(import.id).await.or_page(&visit)?;
    let lines: Vec<&Told> = told.iter().filter(|told| only.is_none_or(|only| outcome(told) == only)).collect();
    let verdicts: Vec<Verdict> = lines.iter().skip(asked.skip).take(LINES).map(|told| verdict(told, &import, &collection)).collect();
    let href = paths::import(&import.id.to_string());
    let mut frame = visit.frame("Import", Some(Place::Imports));
    if let State::Stopped(why) = &import.state {
        frame.flashes.push(Flash { tone: Tone::Fault, text: format!("It has stopped: {why}. What was written until then stays.").into() });
    }
    let choice = |word: &str| Choice::new(word, only.is_some_and(|only| only.word() == word));
    let everything = Choice { value: String::new(), label: "everything".into(), chosen: only.is_none() };
    let page = import::Import {
        frame,
        name: import.name.as_str().into(),
        by: import.owner.as_str().into(),
        at: Moment::new(import.started.0, visit.app.feed.clock().now().0),
        state: state(&import.state),
        dry: import.dry_run,
        progress: progress(&import),
        outcomes: [everything].into_iter().chain(OUTCOMES.map(|outcome| choice(outcome.word()))).collect(),
        pager: pager(&asked, verdicts.len(), lines.len(), LINES, &href),
        verdicts,
        undoable: !import.dry_run && matches!(import.state, State::Done | State::Stopped(_)),
        href,
    };
    Ok(visit.page(&page))
}

/// `GET /console/imports/{import}/progress/`: for the script.
pub async fn watch(visit: Visit, path: Segments) -> Answer {
    let (import, ..) = find(&visit, &path).await?;
    let text = serde_json::to_vec(&progress(&import)).unwrap_or_default();
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// `POST /console/imports/{import}/undo/`
pub async fn undo(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let (import, _, working) = find(visit, &path).await?;
    let here = paths::import(&import.id.to_string());
    if import.dry_run {
        return Ok(visit.go(&here, Tone::Fault, "It was only tried; there is nothing to take back."));
    }
    let act = visit.act(Verb::Undo, Some(format!("the import {} of {}", import.id, import.name)));
    match visit.app.feed.undo_import(&working, import, act).await {
        Ok(undone) => Ok(visit.go(&here, if undone.left.is_empty() { Tone::Done } else { Tone::Warning }, &told(&undone))),
        Err(FeedError::Unfit(unfit)) => Ok(visit.go(&here, Tone::Fault, &unfit.to_string())),
        Err(error) => Err(visit.failure(error.into())),
    }
}

/// The import of the path with its collection. Who may work on a collection may see what others have imported into it.
async fn find(visit: &Visit, path: &Segments) -> Result<(Import, Collection, Working), Response> {
    let Ok(id) = Uuid::parse_str(path.get("import")) else { return Err(visit.missing()) };
    let Some(import) = visit.app.feed.import_state(id).await.or_page(visit)? else { return Err(visit.missing()) };
    let directory = visit.app.feed.directory();
    access::import(&directory, visit.principal(), &import).map_err(|_| visit.missing())?;
    let seen = access::by_id(&directory, visit.principal(), import.collection).ok();
    let worked = seen.and_then(|seen| Some((seen.to_work().ok()?, seen.collection)));
    worked.map(|(working, collection)| (import, collection, working)).ok_or_else(|| visit.missing())
}

fn state(state: &State) -> import::State {
    match state {
        State::Running => import::State::Running,
        State::Done => import::State::Done,
        State::Stopped(_) => import::State::Failed,
        State::Undone => import::State::Undone,
    }
}

fn progress(import: &Import) -> Progress {
    let Tally { new, merged, known, refused, .. } = import.tally;
    Progress {
        ended: import.state != State::Running,
        done: import.done as u64,
        total: import.total as u64,
        added: new as u64,
        known: known as u64,
        revised: merged as u64,
        refused: refused as u64,
    }
}

fn outcome(told: &Told) -> Outcome {
    match told.verdict.as_str() {
        "new" => Outcome::Added,
        "merged" => Outcome::Revised,
        "known" => Outcome::Known,
        "refused" => Outcome::Refused,
        // Revoked here before, blocked by a warning list, or nothing in it.
        _ => Outcome::Skipped,
    }
}

fn verdict(told: &Told, import: &Import, collection: &Collection) -> Verdict {
    let outcome = outcome(told);
    // What was only tried has become nothing that could be shown.
    let there = !import.dry_run || !matches!(outcome, Outcome::Added);
    let object = StixId::parse(&told.detail).is_ok().then(|| Reference {
        kind: Kind::of(type_of(&told.detail)),
        name: Said::from(told.what.as_str()).cut(80).into(),
        href: there.then(|| place::object(collection, &told.detail)),
    });
    let message = match told.verdict.as_str() {
        "revoked" => Some("it was revoked in this collection before".into()),
        _ if object.is_some() || told.detail.is_empty() => None,
        _ => Some(told.detail.as_str().into()),
    };
    Verdict { line: told.line as u64, outcome, text: told.what.as_str().into(), object, message }
}

fn pager(asked: &Asked, shown: usize, total: usize, most: usize, href: &paths::Href) -> Pager {
    let at = |skip: usize| {
        let skip = skip.to_string();
        let pairs = [("outcome", asked.outcome.as_str()), ("skip", skip.as_str())];
        href.with_query(pairs.into_iter().filter(|(_, value)| !value.is_empty()))
    };
    let next = asked.skip.saturating_add(most);
    Pager { shown, total: Some(total as u64), first: (asked.skip > 0).then(|| at(0)), next: (next < total).then(|| at(next)) }
}

fn called(format: Format) -> &'static str {
    match format {
        Format::Any => "find out",
        Format::Stix => "STIX: bundle, envelope, JSON lines",
        Format::Misp => "event of MISP",
        Format::Table => "CSV",
        Format::Document => "text, HTML, Markdown or PDF",
    }
}

/// What an undoing came to, in words.
fn told(undone: &Undone) -> String {
    let mut text = format!("Taken back: {} revoked, {} as before.", undone.revoked, undone.restored);
    if !undone.left.is_empty() {
        let reasons: Vec<String> = undone.left.iter().take(REASONS).map(|(id, why)| format!("{id}: {why}")).collect();
        text = format!("{text} {} left as they are: {}", undone.left.len(), reasons.join("; "));
        if undone.left.len() > REASONS {
            text.push_str("; …");
        }
    }
    text
}
