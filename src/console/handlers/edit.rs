//! Changes of one object: its words and numbers, its whole JSON, an earlier version, a sighting.

use serde_json::{Value, json};

use super::act::{Tally, level, levels, tell};
use super::object::{self, Target, text};
use crate::console::pages::object::Edit;
use crate::console::parts::frame::{Flash, Tone};
use crate::console::paths;
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, OrPage};
use crate::door::caller::Segments;
use crate::feed::desk::Unfit;
use crate::feed::desk::change::Change;
use crate::feed::desk::indicator::Source;
use crate::feed::desk::revise::{Held, Revised};
use crate::feed::desk::sight::Sighted;
use crate::feed::error::FeedError;
use crate::feed::object::Properties;
use crate::stix::kind::{Class, class_of};
use crate::store::audit::Verb;
use crate::taxii::stamp::Stamp;

/// What an object has besides the properties that a form for all types can edit.
const NAMED: [&str; 2] = ["name", "description"];

/// The forms that change an object; `None` for one that has no versions.
pub fn form(target: &Target, held: &Held) -> Option<Edit> {
    let properties = &held.properties;
    let version = text(properties, "modified").filter(|_| !held.revoked)?.to_owned();
    let said = |name: &str| text(properties, name).unwrap_or_default().to_owned();
    let labels = properties.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let type_name = text(properties, "type").unwrap_or_default();
    Some(Edit {
        edit: target.below("edit"),
        restore: target.below("restore"),
        sight: target.below("sight"),
        version,
        name: (type_name == "indicator" || properties.contains_key("name")).then(|| said("name")),
        description: (class_of(type_name) != Some(Class::Meta)).then(|| said("description")),
        labels: labels.collect::<Vec<_>>().join("\n"),
        confidence: properties.get("confidence").map(ToString::to_string).unwrap_or_default(),
        days: (type_name == "indicator").then(String::new),
        levels: levels(held.level),
        comment: String::new(),
        json: serde_json::to_string_pretty(properties).unwrap_or_default(),
        open: false,
    })
}

/// `POST /console/objects/{root}/{collection}/{object}/edit/`
pub async fn edit(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let target = Target::of(visit, &path)?;
    let working = target.seen.to_work().or_page(visit)?;
    let held = Held::read(&target.newest(visit).await?).ok_or_else(|| visit.missing())?;
    let wanted = wanted(&form, &held, visit.app.feed.clock().now());
    let set = match wanted {
        Ok(set) if set.is_empty() => return Ok(visit.go(&target.href, Tone::Warning, "It says so already.")),
        Ok(set) => set,
        Err(why) => return again(&form, &target, &why).await,
    };
    let act = visit.act(Verb::Edit, Some(form.get("comment").to_owned()));
    let revised = visit.app.feed.revise(&working, std::slice::from_ref(&target.id), &Change::Set(set), act).await.or_page(visit)?;
    match revised.first() {
        Some(Revised::Refused { why, .. }) => again(&form, &target, why).await,
        _ => Ok(visit.go(&target.href, Tone::Done, "Saved as a new version.")),
    }
}

/// `POST /console/objects/{root}/{collection}/{object}/restore/`
pub async fn restore(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let target = Target::of(visit, &path)?;
    let working = target.seen.to_work().or_page(visit)?;
    let act = visit.act(Verb::Restore, Some(form.get("comment").to_owned()));
    let restored = visit.app.feed.restore(&working, &target.id, form.get("version"), act).await;
    Ok(match restored {
        Ok(Revised::Changed { id, .. }) if id != target.id.as_str() => {
            let successor = paths::object(path.get("root"), path.get("collection"), &id);
            visit.go(&successor, Tone::Done, "The revoked object stays revoked; this successor says what it said.")
        }
        Ok(Revised::Changed { .. }) => visit.go(&target.href, Tone::Done, "Restored as a new version."),
        Ok(Revised::Unchanged { .. }) => visit.go(&target.href, Tone::Warning, "It says so already."),
        Ok(Revised::Refused { why, .. }) => visit.go(&target.href, Tone::Fault, &format!("Not restored: {why}.")),
        Err(FeedError::Unfit(unfit)) if !matches!(unfit, Unfit::Missing(_)) => {
            visit.go(&target.href, Tone::Fault, &format!("Not restored: {unfit}."))
        }
        Err(error) => visit.failure(error.into()),
    })
}

/// `POST /console/objects/{root}/{collection}/{object}/sight/`
pub async fn sight(path: Segments, form: Form) -> Answer {
    let visit = &form.visit;
    let target = Target::of(visit, &path)?;
    let working = target.seen.to_work().or_page(visit)?;
    target.newest(visit).await?;
    let filled = |name: &str| Some(form.get(name).to_owned()).filter(|text| !text.is_empty());
    let Ok(count) = filled("count").map_or(Ok(1), |count| count.parse()) else {
        return Ok(visit.go(&target.href, Tone::Fault, "Say how often it was seen, as a number."));
    };
    let false_positive = form.get("verdict") == "false-positive";
    let source = filled("source").map(|name| Source { name, url: filled("url") });
    let sighted = Sighted { count, false_positive, source, comment: filled("comment"), ..Sighted::default() };
    let act = visit.act(Verb::Sight, filled("comment"));
    match visit.app.feed.sight(&working, std::slice::from_ref(&target.id), &sighted, act).await {
        Ok(revised) => {
            let mut tally = Tally::default();
            tally.take(&revised);
            Ok(tell(visit, &target.href, "Recorded the sighting:", &tally))
        }
        Err(FeedError::Unfit(unfit)) => Ok(visit.go(&target.href, Tone::Fault, &format!("Not recorded: {unfit}."))),
        Err(error) => Err(visit.failure(error.into())),
    }
}

/// The page once more, with what was typed and why it was not taken.
async fn again(form: &Form, target: &Target, why: &str) -> Answer {
    let visit = &form.visit;
    let mut page = object::page(visit, target).await?;
    page.frame.flashes.push(Flash { tone: Tone::Fault, text: format!("Not saved: {why}").into() });
    page.frame.here = target.href.clone();
    if let Some(edit) = &mut page.edit {
        let typed = |name: &str, into: &mut String| {
            if let Some(text) = form.all(name).next() {
                text.clone_into(into);
            }
        };
        let said = [edit.name.as_mut().map(|it| ("name", it)), edit.description.as_mut().map(|it| ("description", it))];
        let days = edit.days.as_mut().map(|it| ("days", it));
        let always = [("labels", &mut edit.labels), ("confidence", &mut edit.confidence), ("comment", &mut edit.comment), ("json", &mut edit.json)];
        said.into_iter().flatten().chain(days).chain(always).for_each(|(name, into)| typed(name, into));
        if let Some(level) = level(form.get("tlp")) {
            edit.levels = levels(level);
        }
        edit.open = true;
    }
    Ok(visit.page(&page))
}

/// The properties that are to be set, and those to be removed as null; what is wrong with the form, if something is.
fn wanted(form: &Form, held: &Held, now: Stamp) -> Result<Properties, String> {
    let before = &held.properties;
    if text(before, "modified") != Some(form.get("version")) {
        return Err("somebody has changed the object since this page was opened; below is what you typed, above what it says now".into());
    }
    let after = match form.all("json").next() {
        Some(typed) => serde_json::from_str(typed).map_err(|error| format!("this is no JSON object: {error}"))?,
        None => filled_in(form, held, now)?,
    };
    let set = after.iter().filter(|(name, value)| before.get(*name) != Some(value)).map(|(name, value)| (name.clone(), value.clone()));
    let removed = before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    Ok(set.chain(removed).collect())
}

/// The object with what the fields of the form say.
fn filled_in(form: &Form, held: &Held, now: Stamp) -> Result<Properties, String> {
    let mut after = held.properties.clone();
    let sent = |name: &str| form.all(name).next().map(|text| text.trim().replace("\r\n", "\n"));
    for name in NAMED {
        if let Some(text) = sent(name) {
            put(&mut after, name, (!text.is_empty()).then(|| json!(text)));
        }
    }
    if let Some(labels) = sent("labels") {
        let mut list: Vec<&str> = Vec::new();
        for label in labels.lines().map(str::trim).filter(|label| !label.is_empty()) {
            if !list.contains(&label) {
                list.push(label);
            }
        }
        put(&mut after, "labels", (!list.is_empty()).then(|| json!(list)));
    }
    if let Some(confidence) = sent("confidence") {
        let number = (!confidence.is_empty()).then(|| confidence.parse::<u8>()).transpose();
        let number = number.ok().filter(|number| number.is_none_or(|number| number <= 100)).ok_or("the confidence is a number from 0 to 100")?;
        put(&mut after, "confidence", number.map(|number| json!(number)));
    }
    if let Some(days) = sent("days").filter(|days| !days.is_empty()) {
        let days = days.parse().map_err(|_| "say for how many days it is valid, as a number")?;
        after = Change::Extend(days).apply(&after, now)?;
    }
    if let Some(level) = level(form.get("tlp")).filter(|level| *level != held.level) {
        after = Change::Tlp(level).apply(&after, now)?;
    }
    Ok(after)
}

fn put(properties: &mut Properties, name: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(properties.insert(name.to_owned(), value)),
        None => drop(properties.remove(name)),
    }
}
