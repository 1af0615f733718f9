//! Publishing: each value becomes one indicator, new or known, whoever has reported it before and in what words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;

use serde::Serialize;
use serde_json::{Value, json};

use super::indicator::{Proposal, Terms, first, time};
use super::merge::merge;
use super::revise::{Held, Plan, Revised, level, relationship};
use super::{Unfit, Working, beyond, decay, each, identity};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::catalog::known::digest;
use crate::feed::error::FeedError;
use crate::feed::guard::Guard;
use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::pattern::normal::normal_form;
use crate::stix::pattern::parse;
use crate::store::Versions;
use crate::store::audit::Act;
use crate::taxii::stamp::Stamp;

/// How often a collection is asked again that is being read for the first time; each time it has two seconds.
const PATIENCE: usize = 60;

/// What becomes of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// A new indicator.
    New {
        /// Its id.
        id: String,
    },
    /// A known one, to which the report adds something.
    Merged {
        /// Its id.
        id: String,
    },
    /// A known one, of which the report says nothing new.
    Known {
        /// Its id.
        id: String,
    },
    /// It was revoked here, and is not published again unless that is asked for.
    Revoked {
        /// The id of what was revoked.
        id: String,
    },
    /// A warning list says that it is nothing bad.
    Blocked {
        /// Which list, and why.
        why: String,
    },
    /// It cannot be an indicator.
    Refused {
        /// Why not.
        why: String,
    },
}

/// An indicator while proposals are decided about.
struct Item {
    id: StixId,
    /// As the collection holds it.
    held: Option<Held>,
    /// As it is to be, once there is something of it.
    properties: Option<Properties>,
    /// If it is revoked: the id of what may follow it.
    successor: Option<StixId>,
    /// Ids of what it indicates.
    related: BTreeSet<StixId>,
    /// The places of its proposals.
    told: Vec<usize>,
}

/// The normal form of what may be published, or why it may not be.
type Fit = Result<String, Verdict>;

impl Feed {
    /// Publishes indicators: a verdict for each, in their order. All are one write; with `dry_run` nothing is written.
    ///
    /// An indicator is what its pattern means, never its name: two spellings of one pattern are one indicator, among the proposals and in
    /// the collection.
    pub async fn publish(&self, working: &Working, proposals: &[Proposal], dry_run: bool, act: Act) -> Result<Vec<Verdict>, FeedError> {
        let fits = self.fits(proposals, working.reading.clearance).await?;
        let _turn = self.turn().await?;
        let (now, author) = (act.at, identity::author(&act.who));
        // What several say is at the level of the first.
        let mut levels = BTreeMap::new();
        for (proposal, normal) in proposals.iter().zip(&fits).filter_map(|(proposal, fit)| Some((proposal, fit.as_ref().ok()?))) {
            levels.entry(normal.as_str()).or_insert(proposal.terms.tlp);
        }
        let mut items = self.items(&working.reading, &levels).await?;
        let mut verdicts = Vec::with_capacity(proposals.len());
        for (proposal, fit) in proposals.iter().zip(fits) {
            let at = verdicts.len();
            verdicts.push(match fit {
                Err(verdict) => verdict,
                Ok(normal) => match items.get_mut(&normal) {
                    Some(item) => item.take(proposal, &author, now, at),
                    // Every normal form has an item.
                    None => Verdict::Refused { why: normal },
                },
            });
        }
        let (plan, told) = self.plan(&working.reading, items, &author, &act).await?;
        let revised = self.carry_out(working, plan, act, dry_run).await?;
        for (revised, places) in revised.into_iter().zip(told) {
            let Revised::Refused { why, .. } = revised else { continue };
            for place in places {
                if let Some(verdict) = verdicts.get_mut(place) {
                    *verdict = Verdict::Refused { why: why.clone() };
                }
            }
        }
        Ok(verdicts)
    }

    /// What may be published of these.
    async fn fits(&self, proposals: &[Proposal], clearance: Level) -> Result<Vec<Fit>, FeedError> {
        let guard = self.guard.clone();
        let asked: Vec<_> = proposals.iter().map(|proposal| (proposal.pattern.clone(), proposal.terms.clone())).collect();
        each(asked, move |(pattern, terms)| fit(&pattern, &terms, &guard, clearance)).await
    }

    /// What the collection holds of these normal forms, or what is to be there.
    async fn items(&self, reading: &Reading, levels: &BTreeMap<&str, Level>) -> Result<HashMap<String, Item>, FeedError> {
        let own = levels.iter().map(|(normal, level)| identity::indicator(normal, *level, 0)).collect();
        let normals = levels.keys().copied().collect();
        let mut same = self.same(reading, &normals, own).await?;
        let mut items = HashMap::with_capacity(levels.len());
        for (normal, level) in levels {
            let known = canonical(same.remove(*normal).unwrap_or_default());
            let successor = match &known {
                Some((_, held)) if held.revoked => Some(self.free(reading, normal, *level).await?),
                _ => None,
            };
            let (id, held) = known.map_or_else(|| (identity::indicator(normal, *level, 0), None), |(id, held)| (id, Some(held)));
            items.insert((*normal).to_owned(), Item { id, held, properties: None, successor, related: BTreeSet::new(), told: Vec::new() });
        }
        self.keep_away(reading, levels, &mut items).await?;
        Ok(items)
    }

    /// What is new must not take the place of what the reader may not see: then it gets an id that nothing has.
    async fn keep_away(&self, reading: &Reading, levels: &BTreeMap<&str, Level>, items: &mut HashMap<String, Item>) -> Result<(), FeedError> {
        if reading.clearance == Level::Red {
            return Ok(());
        }
        let new: Vec<StixId> = items.values().filter(|item| item.held.is_none()).map(|item| item.id.clone()).collect();
        let taken = self.held(&everything(reading), &new).await?;
        for (normal, item) in items {
            if item.held.is_none() && taken.contains_key(&item.id) {
                let level = levels.get(normal.as_str()).copied().unwrap_or_default();
                item.id = self.free(reading, normal, level).await?;
            }
        }
        Ok(())
    }

    /// The first id for a pattern at a level that nothing in the collection has, whoever may see it.
    pub(super) async fn free(&self, reading: &Reading, normal: &str, level: Level) -> Result<StixId, FeedError> {
        for generation in 0.. {
            let id = identity::indicator(normal, level, generation);
            if self.records(&everything(reading), vec![id.clone()], Versions::LAST).await?.is_empty() {
                return Ok(id);
            }
        }
        Err(Unfit::Raced.into())
    }

    /// The indicators of a collection that say the same as these normal forms, whoever has written them. `own` are the ids that they would
    /// have here: what has one is found even while the index is not complete.
    pub(super) async fn same(
        &self,
        reading: &Reading,
        normals: &BTreeSet<&str>,
        own: BTreeSet<StixId>,
    ) -> Result<HashMap<String, Vec<(StixId, Held)>>, FeedError> {
        let mut ids = own;
        let digests: Vec<_> = normals.iter().map(|normal| digest(normal)).collect();
        ids.extend(self.foreign(reading, &digests).await?);
        let mut same: HashMap<String, Vec<(StixId, Held)>> = HashMap::new();
        for (id, held) in self.held(reading, &ids.into_iter().collect::<Vec<_>>()).await? {
            let normal = held.properties.get("pattern").and_then(Value::as_str).and_then(identity::normal);
            if let Some(normal) = normal.filter(|normal| normals.contains(normal.as_str())) {
                same.entry(normal).or_default().push((id, held));
            }
        }
        Ok(same)
    }

    /// Indicators that others have written, which have ids of their own.
    async fn foreign(&self, reading: &Reading, digests: &[NonZeroU64]) -> Result<Vec<StixId>, FeedError> {
        let mut known = self.known(std::slice::from_ref(reading), digests).await?;
        for _ in 0..PATIENCE {
            if known.coverage.being_read.is_empty() {
                break;
            }
            // It is read for the first time, and each question waits for it a while: what is not found now would be there twice for good.
            known = self.known(std::slice::from_ref(reading), digests).await?;
        }
        Ok(known.matches.iter().filter_map(|found| StixId::parse(&found.id).ok()).collect())
    }

    /// What has become of the items as a plan, and for each thing that it tells of the places of the proposals.
    async fn plan(&self, reading: &Reading, items: HashMap<String, Item>, author: &StixId, act: &Act) -> Result<(Plan, Vec<Vec<usize>>), FeedError> {
        let now = act.at;
        let mut items: Vec<(Item, Properties)> = items.into_values().filter_map(Item::changed).collect();
        // They are stored in the order in which they were proposed.
        items.sort_by_key(|(item, _)| item.told.first().copied());
        let of_item =
            |(item, _): &(Item, Properties)| item.related.iter().map(|target| identity::relationship(&item.id, "indicates", target)).collect();
        let related: Vec<Vec<StixId>> = items.iter().map(of_item).collect();
        let there = self.held(reading, &related.concat()).await?;
        let (mut plan, mut told) = (Plan::default(), Vec::with_capacity(items.len()));
        self.introduce(&mut plan, reading, act).await?;
        for (item, properties) in items {
            let markings = properties.get("object_marking_refs").cloned();
            match item.held {
                Some(held) => plan.change(&item.id, &held, now, |_| Ok(properties)),
                None => plan.tell(Revised::Changed { id: item.id.to_string(), version: time(now) }, properties),
            }
            for target in item.related {
                let relationship = relationship(&item.id, "indicates", &target, author, markings.clone(), now);
                if !there.contains_key(&identity::relationship(&item.id, "indicates", &target)) {
                    plan.also(relationship);
                }
            }
            told.push(item.told);
        }
        Ok((plan, told))
    }

    /// Plans the identity of who acts, unless the collection holds it.
    pub(super) async fn introduce(&self, plan: &mut Plan, reading: &Reading, act: &Act) -> Result<(), FeedError> {
        let author = identity::author(&act.who);
        if self.records(reading, vec![author.clone()], Versions::LAST).await?.is_empty() {
            plan.introduce(self.identity(&author, &act.who, act.at));
        }
        Ok(())
    }

    /// The identity that a user is as an author.
    fn identity(&self, id: &StixId, user: &str, now: Stamp) -> Properties {
        let at = time(self.directory().users.get(user).map_or(now, |user| user.created.min(now)));
        let members = [
            ("type", json!("identity")),
            ("spec_version", json!("2.1")),
            ("id", json!(id.as_str())),
            ("created", json!(at)),
            ("modified", json!(at)),
            ("name", json!(user)),
            ("identity_class", json!("individual")),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The normal form of what may be published under these terms.
fn fit(pattern: &str, terms: &Terms, guard: &Guard, clearance: Level) -> Fit {
    if let Some(why) = terms.fault() {
        return Err(Verdict::Refused { why });
    }
    if terms.tlp > clearance {
        return Err(Verdict::Refused { why: beyond(clearance) });
    }
    let parsed = parse::parse(pattern).map_err(|error| Verdict::Refused { why: format!("it is no STIX pattern (STIX 2.1 §9): {error}") })?;
    match guard.block(pattern) {
        Some(why) if !terms.accept_warnings => Err(Verdict::Blocked { why }),
        _ => Ok(normal_form(&parsed)),
    }
}

/// The same collection without a bound: for questions whose answers the reader is not told.
fn everything(reading: &Reading) -> Reading {
    Reading { clearance: Level::Red, ..reading.clone() }
}

/// The one indicator that stands for several which say the same: one that is not revoked, and always the same of those.
pub(super) fn canonical(same: Vec<(StixId, Held)>) -> Option<(StixId, Held)> {
    same.into_iter().min_by(|(id, held), (other, its)| (held.revoked, id).cmp(&(its.revoked, other)))
}

impl Item {
    /// With what it is to be, if there is something of it.
    fn changed(mut self) -> Option<(Self, Properties)> {
        self.properties.take().map(|properties| (self, properties))
    }

    /// Takes another proposal of this indicator in.
    fn take(&mut self, proposal: &Proposal, author: &StixId, now: Stamp, at: usize) -> Verdict {
        if let Some(successor) = self.successor.clone() {
            if !proposal.terms.revive {
                return Verdict::Revoked { id: self.id.to_string() };
            }
            (self.id, self.held, self.successor) = (successor, None, None);
        }
        let id = self.id.to_string();
        self.told.push(at);
        let known = self.properties.as_ref().or(self.held.as_ref().map(|held| &held.properties));
        let (verdict, next) = match known {
            None => (Verdict::New { id }, Some(first(proposal, &self.id, author, now))),
            Some(known) => match merge(known, level(known), &proposal.terms, now) {
                None => (Verdict::Known { id }, None),
                Some(mut merged) => {
                    decay::forget(&mut merged);
                    (Verdict::Merged { id }, Some(merged))
                }
            },
        };
        if let Some(next) = next {
            self.properties = Some(next);
        }
        let related = proposal.terms.related.iter().filter_map(|id| StixId::parse(id).ok());
        self.related.extend(related);
        if !self.related.is_empty() && self.properties.is_none() {
            // A relationship is something new as well, though not about the indicator itself.
            self.properties = self.held.as_ref().map(|held| held.properties.clone());
        }
        verdict
    }
}
