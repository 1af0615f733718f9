//! New indicators: a text or a file becomes a draft, is chosen from, and is published at the end; nothing else is stored before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::{place, terms};
use crate::console::pages::add::{self, Chosen, Done, Found, Passed, Paste, Publish, Review, Warning};
use crate::console::parts::frame::{Place, Tone};
use crate::console::parts::kind;
use crate::console::parts::moment::Moment;
use crate::console::parts::reference::Reference;
use crate::console::parts::said::Said;
use crate::console::paths::{self, Href};
use crate::console::visit::form::{Form, Upload};
use crate::console::visit::{Answer, OrPage, Visit, see};
use crate::door::caller::Segments;
use crate::door::error::Failure;
use crate::feed::access;
use crate::feed::desk::drafts::Draft;
use crate::feed::desk::identity;
use crate::feed::desk::indicator::Proposal;
use crate::feed::desk::publish::Verdict;
use crate::feed::desk::review::Candidate;
use crate::feed::document::{Document, DocumentError, open};
use crate::feed::guard::lists::Policy;
use crate::stix::ioc::group::group;
use crate::stix::ioc::{Doubt, Kind};
use crate::store::audit::Verb;

/// Drafts that a user may have at a time.
const MOST_DRAFTS: usize = 20;
/// The longest text that is reviewed, in octets: it is searched anew at each step.
const LONGEST: usize = 2 << 20;
/// Values that can be reviewed on one page; a file with more is imported.
const MOST_FOUND: usize = 5_000;
/// Lines that are shown of those in which nothing was found.
const MOST_PASSED: usize = 200;
/// How much of such a line is shown, in columns.
const COLUMNS: usize = 160;

/// `GET /console/add/`
pub async fn paste(visit: Visit) -> Answer {
    place::workable(&visit)?;
    let (feed, now) = (&visit.app.feed, visit.app.feed.clock().now());
    let draft = |draft: Draft| add::Draft {
        href: paths::draft(&draft.id.to_string()),
        name: if draft.name.is_empty() { Said::from(draft.document.text.trim()).cut(60).into() } else { draft.name.into() },
        found: draft.found,
        touched: Moment::new(draft.changed.0, now.0),
    };
    let page = Paste {
        frame: visit.frame("Add indicators", Some(Place::Add)),
        text: feed.pad(visit.name()).await.or_page(&visit)?,
        most: place::size(visit.app.options.max_content_length.min(open::LARGEST as u64)),
        drafts: feed.drafts(visit.name()).await.or_page(&visit)?.into_iter().map(draft).collect(),
    };
    Ok(visit.page(&page))
}

/// `POST /console/add/text/`: the script saves what somebody types.
pub async fn keep_text(form: Form) -> Answer {
    let visit = &form.visit;
    place::workable(visit)?;
    let text = plain(&form);
    if text.len() > LONGEST {
        return Err(visit.failure(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, too_long())));
    }
    visit.app.feed.keep_pad(visit.name(), text).await.or_page(visit)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /console/add/`: a file goes before a text.
pub async fn begin(upload: Upload) -> Answer {
    let Upload { form, file } = upload;
    let visit = &form.visit;
    let clearance = place::workable(visit)?.into_iter().map(|(_, working)| working.reading.clearance).max().unwrap_or_default();
    let text = plain(&form);
    let back = |why: &str| Ok(visit.go(&paths::add(), Tone::Fault, why));
    if file.is_none() && text.trim().is_empty() {
        return back("There is neither a text nor a file.");
    }
    if text.len() > LONGEST {
        return back(&too_long());
    }
    if file.is_none() {
        visit.app.feed.keep_pad(visit.name(), text.clone()).await.or_page(visit)?;
    }
    let name = file.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
    let read = tokio::task::spawn_blocking(move || {
        let document = match file {
            Some((name, octets)) => open::open(&octets, Some(&name), None)?,
            None => Document::of_text(text),
        };
        let found = group(document.find()).len();
        Ok::<_, DocumentError>((document, found))
    });
    let (document, found) = match read.await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return back(&error.to_string()),
        Err(error) => return back(&format!("it could not be read: {error}")),
    };
    if document.text.len() > LONGEST {
        return back(&too_long());
    }
    if found > MOST_FOUND {
        return back(&format!("There are {found} values in it. More than {MOST_FOUND} are not reviewed one by one: import it instead."));
    }
    let drafts = visit.app.feed.drafts(visit.name()).await.or_page(visit)?;
    if let Some(same) = drafts.iter().find(|draft| draft.name == name && draft.document == document) {
        return Ok(see(&paths::draft(&same.id.to_string())));
    }
    if drafts.len() >= MOST_DRAFTS {
        return back(&format!("There are {MOST_DRAFTS} drafts already; publish or discard some of them."));
    }
    let new = Draft::new(Uuid::new_v4(), name, document, visit.app.feed.clock().now());
    let draft = Draft { found, terms: terms::usual(clearance), ..new };
    visit.app.feed.keep_draft(visit.name(), &draft).await.or_page(visit)?;
    Ok(see(&paths::draft(&draft.id.to_string())))
}

/// `GET /console/add/{draft}/`
pub async fn review(visit: Visit, path: Segments) -> Answer {
    let draft = find(&visit, &path).await?;
    let candidates = candidates(&visit, &draft).await?;
    let chosen: Option<HashSet<&String>> = draft.chosen.as_ref().map(|chosen| chosen.iter().collect());
    let found = usable(&candidates).map(|(number, candidate, pattern)| Found {
        number,
        line: candidate.line,
        written: candidate.written.as_str().into(),
        value: candidate.value.as_str().into(),
        kind: called(candidate.kind),
        pattern: draft.patterns.get(pattern).unwrap_or(pattern).clone(),
        known: known(&visit, candidate),
        warnings: warnings(candidate),
        chosen: chosen.as_ref().map_or(candidate.suggested, |chosen| chosen.contains(pattern)),
    });
    let page = Review {
        frame: visit.frame("What was found", Some(Place::Add)),
        href: paths::draft(&draft.id.to_string()),
        found: found.collect(),
        passed: passed(&candidates, &draft.document),
    };
    Ok(visit.page(&page))
}

/// `POST /console/add/{draft}/`: the choice, with the patterns as the analyst wants them.
pub async fn choose(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let mut draft = find(visit, &path).await?;
    let candidates = candidates(visit, &draft).await?;
    let numbers: HashSet<&str> = form.all("chosen").collect();
    let patterns: HashMap<&str, &str> = form.with_prefix("pattern-").collect();
    let (mut chosen, mut wrong) = (Vec::new(), Vec::new());
    for (number, candidate, pattern) in usable(&candidates) {
        let number = number.to_string();
        let written = patterns.get(number.as_str()).map_or("", |written| written.trim());
        if written.is_empty() || written == pattern {
            draft.patterns.remove(pattern);
        } else {
            draft.patterns.insert(pattern.clone(), written.to_owned());
        }
        if numbers.contains(number.as_str()) {
            chosen.push(pattern.clone());
            if draft.patterns.get(pattern).is_some_and(|written| identity::normal(written).is_none()) {
                wrong.push(candidate.value.clone());
            }
        }
    }
    let none = chosen.is_empty();
    draft.chosen = Some(chosen);
    keep(visit, &mut draft).await?;
    let here = paths::draft(&draft.id.to_string());
    if none {
        return Ok(visit.go(&here, Tone::Fault, "Nothing is chosen."));
    }
    if !wrong.is_empty() {
        return Ok(visit.go(&here, Tone::Fault, &format!("No STIX pattern (STIX 2.1 §9): what was written for {}", wrong.join(", "))));
    }
    Ok(see(&step(&draft, "defaults")))
}

/// `GET /console/add/{draft}/defaults/`
pub async fn defaults(visit: Visit, path: Segments) -> Answer {
    let draft = find(&visit, &path).await?;
    let picked = picked(&visit, &draft).await?;
    if picked.is_empty() {
        return Ok(visit.go(&paths::draft(&draft.id.to_string()), Tone::Fault, "Nothing is chosen."));
    }
    let workable = place::workable(&visit)?;
    let meant = workable.iter().find(|(seen, _)| seen.collection.address() == draft.collection).or(workable.first());
    let proposals: Vec<Proposal> = picked.iter().map(|(_, proposal)| proposal.clone()).collect();
    let verdicts = match meant {
        Some((_, working)) => visit.app.feed.publish(working, &proposals, true, visit.act(Verb::Publish, None)).await.or_page(&visit)?,
        None => Vec::new(),
    };
    let chosen = picked.iter().zip(verdicts).map(|((candidate, _), verdict)| Chosen {
        kind: called(candidate.kind),
        value: candidate.value.as_str().into(),
        revises: matches!(verdict, Verdict::Merged { .. }),
        fault: fault(&verdict).map(Said::from),
    });
    let page = Publish {
        frame: visit.frame("Publish", Some(Place::Add)),
        href: paths::draft(&draft.id.to_string()),
        chosen: chosen.collect(),
        defaults: add::Defaults {
            name: draft.title.clone(),
            description: draft.description.clone(),
            ..terms::choices(&visit, &draft.terms, &draft.collection).await?
        },
    };
    Ok(visit.page(&page))
}

/// `POST /console/add/{draft}/publish/`
pub async fn publish(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let mut draft = find(visit, &path).await?;
    let (collection, working) = place::working(visit, form.get("collection"))?;
    draft.collection = collection.address();
    form.get("name").clone_into(&mut draft.title);
    form.get("description").clone_into(&mut draft.description);
    let read = terms::read(&form, working.reading.clearance);
    if let Ok(terms) = &read {
        draft.terms = terms.clone();
    }
    keep(visit, &mut draft).await?;
    if let Err(why) = read {
        return Ok(visit.go(&step(&draft, "defaults"), Tone::Fault, &why));
    }
    let picked = picked(visit, &draft).await?;
    let proposals: Vec<Proposal> = picked.iter().map(|(_, proposal)| proposal.clone()).collect();
    let verdicts = visit.app.feed.publish(&working, &proposals, false, visit.act(Verb::Publish, None)).await.or_page(visit)?;
    let (mut published, mut refused, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for ((candidate, _), verdict) in picked.iter().zip(verdicts) {
        match &verdict {
            Verdict::New { id } | Verdict::Merged { id } => published.push(Reference {
                kind: kind::Kind::of("indicator"),
                name: candidate.value.as_str().into(),
                href: Some(place::object(&collection, id)),
            }),
            Verdict::Known { .. } => refused.push(not_published(candidate, &verdict)),
            Verdict::Revoked { .. } | Verdict::Blocked { .. } | Verdict::Refused { .. } => {
                refused.push(not_published(candidate, &verdict));
                left.extend(candidate.pattern.clone());
            }
        }
    }
    put_away(visit, draft, left).await?;
    Ok(visit.page(&Done { frame: visit.frame("Published", Some(Place::Add)), published, refused }))
}

/// `POST /console/add/{draft}/discard/`
pub async fn discard(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let draft = find(visit, &path).await?;
    put_away(visit, draft, Vec::new()).await?;
    Ok(visit.go(&paths::add(), Tone::Done, "The draft is discarded."))
}

/// The text of a form as it was typed, whatever a browser makes of the ends of lines.
fn plain(form: &Form) -> String {
    form.all("text").next().unwrap_or_default().replace("\r\n", "\n")
}

fn too_long() -> String {
    format!("A text of more than {} is not reviewed value by value: import it instead.", place::size(LONGEST as u64))
}

fn step(draft: &Draft, step: &str) -> Href {
    Href::within(&["add", &draft.id.to_string(), step])
}

/// The visitor's draft of the path.
async fn find(visit: &Visit, path: &Segments) -> Result<Draft, Response> {
    place::workable(visit)?;
    let Ok(id) = Uuid::parse_str(path.get("draft")) else { return Err(visit.missing()) };
    visit.app.feed.draft(visit.name(), id).await.or_page(visit)?.ok_or_else(|| visit.missing())
}

async fn keep(visit: &Visit, draft: &mut Draft) -> Result<(), Response> {
    draft.changed = visit.app.feed.clock().now();
    visit.app.feed.keep_draft(visit.name(), draft).await.or_page(visit)
}

/// What is left of a draft is kept; without anything left it goes, and the text that it was made of.
async fn put_away(visit: &Visit, mut draft: Draft, left: Vec<String>) -> Result<(), Response> {
    let (feed, owner) = (&visit.app.feed, visit.name());
    if !left.is_empty() {
        draft.chosen = Some(left);
        return keep(visit, &mut draft).await;
    }
    feed.discard_draft(owner, draft.id).await.or_page(visit)?;
    if feed.pad(owner).await.or_page(visit)? == draft.document.text {
        feed.keep_pad(owner, String::new()).await.or_page(visit)?;
    }
    Ok(())
}

async fn candidates(visit: &Visit, draft: &Draft) -> Result<Vec<Candidate>, Response> {
    let readings = access::readings(&visit.app.feed.directory(), visit.principal()).or_page(visit)?;
    visit.app.feed.review(&readings, &draft.document).await.or_page(visit)
}

/// Candidates that can become indicators, each with its number and the pattern that is suggested for it.
fn usable(candidates: &[Candidate]) -> impl Iterator<Item = (usize, &Candidate, &String)> {
    candidates.iter().enumerate().filter_map(|(number, candidate)| Some((number, candidate, candidate.pattern.as_ref()?)))
}

/// What is chosen of a draft, as it would be published.
async fn picked(visit: &Visit, draft: &Draft) -> Result<Vec<(Candidate, Proposal)>, Response> {
    let terms = Arc::new(draft.terms.clone());
    let chosen: Option<HashSet<&String>> = draft.chosen.as_ref().map(|chosen| chosen.iter().collect());
    let proposal = |candidate: Candidate| {
        let suggested = candidate.pattern.as_ref()?;
        if !chosen.as_ref().map_or(candidate.suggested, |chosen| chosen.contains(suggested)) {
            return None;
        }
        let mut proposal = Proposal::of(candidate.kind, &candidate.value, Some(draft.description.as_str()), &terms)?;
        if let Some(written) = draft.patterns.get(suggested) {
            proposal.pattern.clone_from(written);
        }
        if !draft.title.is_empty() {
            proposal.name.clone_from(&draft.title);
        }
        Some((candidate, proposal))
    };
    Ok(candidates(visit, draft).await?.into_iter().filter_map(proposal).collect())
}

/// What already says the same: an indicator in force before one that is revoked. It is called by its collection.
fn known(visit: &Visit, candidate: &Candidate) -> Option<Reference> {
    let first = candidate.known.iter().min_by_key(|known| known.revoked)?;
    let directory = visit.app.feed.directory();
    let (_, collection) = directory.collection(first.collection)?;
    let name = if first.revoked { format!("{}, revoked", collection.title) } else { collection.title.clone() };
    Some(Reference { kind: kind::Kind::of("indicator"), name: name.into(), href: Some(place::object(collection, &first.id)) })
}

/// What speaks against a candidate: doubts, and warning lists.
fn warnings(candidate: &Candidate) -> Vec<Warning> {
    let doubt = candidate.doubt.map(|doubt| Warning { list: doubtful(doubt).into(), entry: candidate.value.as_str().into(), blocks: false });
    let of_lists = candidate.warnings.iter().map(|hit| Warning {
        list: (&*hit.list).into(),
        entry: hit.entry.as_str().into(),
        blocks: hit.policy == Policy::Block,
    });
    doubt.into_iter().chain(of_lists).collect()
}

/// What was passed over: what is no observable, and lines in which nothing was found.
fn passed(candidates: &[Candidate], document: &Document) -> Vec<Passed> {
    let other = candidates.iter().filter(|candidate| candidate.pattern.is_none()).map(|candidate| Passed {
        line: candidate.line,
        text: candidate.value.as_str().into(),
        why: format!("{}: it is what indicators are related to, not one itself", called(candidate.kind)).into(),
    });
    let bare = document.bare(MOST_PASSED);
    let lines = bare.lines.iter().map(|(line, text)| Passed {
        line: *line,
        text: Said::from(*text).cut(COLUMNS).into(),
        why: "nothing in it looks like an indicator".into(),
    });
    let mut passed: Vec<Passed> = other.chain(lines).collect();
    passed.sort_by_key(|one| one.line);
    if bare.more > 0 {
        let why = format!("{} more lines in which nothing looks like an indicator", bare.more);
        passed.push(Passed { line: document.text.matches('\n').count() + 1, text: "…".into(), why: why.into() });
    }
    passed
}

/// Why a verdict is not that something is published.
fn fault(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::New { .. } | Verdict::Merged { .. } => None,
        Verdict::Known { .. } => Some("known already, and nothing new is said of it".to_owned()),
        Verdict::Revoked { .. } => Some("it was revoked in this collection before".to_owned()),
        Verdict::Blocked { why } | Verdict::Refused { why } => Some(why.clone()),
    }
}

fn not_published(candidate: &Candidate, verdict: &Verdict) -> Passed {
    Passed { line: candidate.line, text: candidate.value.as_str().into(), why: fault(verdict).unwrap_or_default().into() }
}

/// What people call a kind.
fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::Ipv4 => "IPv4 address",
        Kind::Ipv6 => "IPv6 address",
        Kind::Network => "network",
        Kind::Domain => "domain",
        Kind::Url => "URL",
        Kind::Email => "e-mail address",
        Kind::Md5 => "MD5",
        Kind::Sha1 => "SHA-1",
        Kind::Sha256 => "SHA-256",
        Kind::Sha512 => "SHA-512",
        Kind::Cve => "vulnerability",
        Kind::Technique => "technique of ATT&CK",
        Kind::Group => "group of ATT&CK",
        Kind::Software => "software of ATT&CK",
        Kind::FileName => "file name",
        Kind::FilePath => "file path",
        Kind::RegistryKey => "registry key",
        Kind::UserAgent => "user agent",
        Kind::Mutex => "mutex",
        Kind::Asn => "autonomous system",
        Kind::Pattern => "pattern",
    }
}

/// A doubt in a few words.
fn doubtful(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Version => "may be the number of a version",
        Doubt::Local => "local: means something else in each network",
        Doubt::FileOrHost => "may be a file or a host",
        Doubt::Code => "may come out of a program",
        Doubt::UnknownSuffix => "below no known suffix",
        Doubt::Alone => "means something in the right company only",
    }
}
