//! What is done with a selection: changes of all its objects, collection by collection, and a word about what came of it.

use std::collections::BTreeMap;

use axum::response::Response;

use super::export;
use super::selection::{Group, Selection};
use crate::console::pages::browse::Acts;
use crate::console::parts::frame::Tone;
use crate::console::parts::list::Choice;
use crate::console::parts::tlp::Tlp;
use crate::console::paths::{self, Href};
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, Visit};
use crate::door::error::Failure;
use crate::feed::access::Denied;
use crate::feed::desk::change::Change;
use crate::feed::desk::revise::Revised;
use crate::stix::marking::Level;
use crate::store::audit::Verb;

/// The most objects that are changed at once.
const MOST: usize = 10_000;
/// Objects that are changed in one write.
const CHUNK: usize = 500;
/// Reasons of refusals that are told.
const REASONS: usize = 3;
/// The longest reason that is told whole, in characters.
const LONGEST_REASON: usize = 240;

/// What became of objects that were to be changed.
#[derive(Debug, Default)]
pub struct Tally {
    changed: usize,
    unchanged: usize,
    unknown: usize,
    refused: BTreeMap<String, usize>,
}

/// `POST /console/browse/act/`
pub async fn act(form: Form) -> Answer {
    let back = back(&form, paths::browse());
    match form.get("act") {
        "export" => export::send(&form, &back).await,
        name => match change(name, &form) {
            Ok((done, change)) => carry_out(&form, &back, done, &change).await,
            Err(why) => Ok(form.visit.go(&back, Tone::Fault, &why)),
        },
    }
}

/// What can be done with a selection.
pub fn acts(writes: bool, labels: Vec<String>, query: String, all: Option<usize>) -> Acts {
    let all = all.and_then(|all| u64::try_from(all).ok());
    Acts { single: false, writes, labels, levels: levels(Level::Clear), formats: export::formats(), query, all }
}

/// The levels to choose from.
pub fn levels(chosen: Level) -> Vec<Choice> {
    let choice = |level: Level| Choice { value: level.name().to_owned(), label: Tlp(level).label().into(), chosen: level == chosen };
    offered().map(choice).collect()
}

/// The level of this name.
pub fn level(name: &str) -> Option<Level> {
    offered().find(|level| level.name() == name)
}

/// Every level, and none.
fn offered() -> impl Iterator<Item = Level> {
    Level::MARKED.into_iter().chain([Level::Unmarked])
}

/// Where a form goes back to.
pub fn back(form: &Form, otherwise: Href) -> Href {
    Some(form.get("next")).filter(|next| !next.is_empty()).map_or(otherwise, Href::back_to)
}

/// What a form asks for, with the word for what is done then.
fn change(name: &str, form: &Form) -> Result<(&'static str, Change), String> {
    let label = || Some(form.get("label").to_owned()).filter(|label| !label.is_empty()).ok_or("Say which label.");
    Ok(match name {
        "revoke" => ("Revoked", Change::Revoke),
        "extend" => ("Extended", Change::Extend(form.get("days").parse().map_err(|_| "Say for how many days.")?)),
        "label" => ("Labelled", Change::Label { add: vec![label()?], remove: Vec::new() }),
        "unlabel" => ("Took the label off", Change::Label { add: Vec::new(), remove: vec![label()?] }),
        "tlp" => ("Marked", Change::Tlp(level(form.get("tlp")).ok_or("Choose a TLP level.")?)),
        "confidence" => {
            ("Set the confidence of", Change::Confidence(form.get("confidence").parse().map_err(|_| "The confidence is a number from 0 to 100.")?))
        }
        _ => return Err("Choose what to do with the selection.".into()),
    })
}

async fn carry_out(form: &Form, back: &Href, done: &str, change: &Change) -> Answer {
    let visit = &form.visit;
    let selection = Selection::of(form, MOST).await?;
    if selection.is_empty() {
        return Ok(visit.go(back, Tone::Fault, "Nothing was selected."));
    }
    if selection.groups.is_empty() {
        return Err(visit.missing());
    }
    // Who may change none of it is told so; who may change some of it does.
    if let Some(denied) = denied_everywhere(&selection) {
        return Err(visit.failure(denied.into()));
    }
    let mut tally = Tally { unknown: selection.unknown, ..Tally::default() };
    for group in &selection.groups {
        if let Err(failure) = revise(form, group, change, &mut tally).await {
            let (_, why) = failure.told();
            let text = format!("It broke off: {why}. Until then: {}", tally.text(done));
            return Ok(visit.go(back, Tone::Fault, &text));
        }
    }
    Ok(tell(visit, back, done, &tally))
}

fn denied_everywhere(selection: &Selection) -> Option<Denied> {
    let denials: Vec<Denied> = selection.groups.iter().map_while(|group| group.seen.to_work().err()).collect();
    denials.first().copied().filter(|_| denials.len() == selection.groups.len())
}

async fn revise(form: &Form, group: &Group, change: &Change, tally: &mut Tally) -> Result<(), Failure> {
    let verb = if *change == Change::Revoke { Verb::Revoke } else { Verb::Edit };
    let working = match group.seen.to_work() {
        Ok(working) => working,
        Err(denied) => {
            tally.refuse(&format!("in {:?} {denied}", group.seen.collection.title), group.ids.len());
            return Ok(());
        }
    };
    for ids in group.ids.chunks(CHUNK) {
        let act = form.visit.act(verb, Some(form.get("comment").to_owned()));
        tally.take(&form.visit.app.feed.revise(&working, ids, change, act).await?);
    }
    Ok(())
}

/// Sends the visitor on with a word about what came of it.
pub fn tell(visit: &Visit, back: &Href, done: &str, tally: &Tally) -> Response {
    visit.go(back, tally.tone(), &tally.text(done))
}

impl Tally {
    /// Counts what became of some objects.
    pub fn take(&mut self, revised: &[Revised]) {
        for one in revised {
            match one {
                Revised::Changed { .. } => self.changed += 1,
                Revised::Unchanged { .. } => self.unchanged += 1,
                Revised::Refused { why, .. } => self.refuse(why, 1),
            }
        }
    }

    fn refuse(&mut self, why: &str, count: usize) {
        let why: String = why.chars().take(LONGEST_REASON).collect();
        *self.refused.entry(why).or_default() += count;
    }

    fn tone(&self) -> Tone {
        let refused = !self.refused.is_empty() || self.unknown > 0;
        match self.changed {
            0 if refused => Tone::Fault,
            1.. if !refused => Tone::Done,
            _ => Tone::Warning,
        }
    }

    /// In words, beginning with `done`.
    fn text(&self, done: &str) -> String {
        let mut parts = vec![format!("{done} {}.", objects(self.changed))];
        if self.unchanged > 0 {
            parts.push(format!("{} so already.", were(self.unchanged)));
        }
        if self.unknown > 0 {
            parts.push(format!("{} not there.", were(self.unknown)));
        }
        let refused: usize = self.refused.values().sum();
        if refused > 0 {
            let mut reasons: Vec<(&String, &usize)> = self.refused.iter().collect();
            reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let more = if reasons.len() > REASONS { "; and for other reasons" } else { "" };
            let told: Vec<String> = reasons.into_iter().take(REASONS).map(|(why, count)| format!("{count} × {why}")).collect();
            parts.push(format!("{} refused: {}{more}.", were(refused), told.join("; ")));
        }
        parts.join(" ")
    }
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

fn were(count: usize) -> String {
    if count == 1 { "1 was".to_owned() } else { format!("{count} were") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_it_is_told_with_numbers_and_reasons() {
        let refused = |why: &str| Revised::Refused { id: "x".into(), why: why.into() };
        let mut tally = Tally::default();
        tally.take(&[Revised::Changed { id: "x".into(), version: "y".into() }]);
        assert_eq!((tally.text("Revoked"), tally.tone()), ("Revoked 1 object.".into(), Tone::Done));
        tally.take(&[refused("a"), refused("b"), refused("b"), Revised::Unchanged { id: "x".into() }]);
        assert_eq!(tally.text("Revoked"), "Revoked 1 object. 1 was so already. 3 were refused: 2 × b; 1 × a.");
        assert_eq!(tally.tone(), Tone::Warning);
        let mut nothing = Tally::default();
        nothing.take(&[refused("a")]);
        assert_eq!(nothing.tone(), Tone::Fault);
    }
}
