//! Publishing: each value becomes one indicator, new or known, whoever has reported it before and in what words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Value, json};

use super::indicator::{Proposal, first, time};
use super::merge::merge;
use super::revise::{Held, Plan, Revised, relationship};
use super::{Working, decay, identity};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::catalog::known::digest;
use crate::feed::error::FeedError;
use crate::feed::object::Properties;
use crate::stix::id::StixId;
use crate::store::audit::Act;
use crate::taxii::stamp::Stamp;

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

impl Feed {
    /// Publishes indicators: a verdict for each, in their order. All are one write; with `dry_run` nothing is written.
    ///
    /// An indicator is what its pattern means, never its name: two spellings of one pattern are one indicator, among the proposals and in
    /// the collection.
    pub async fn publish(&self, working: &Working, proposals: &[Proposal], dry_run: bool, act: Act) -> Result<Vec<Verdict>, FeedError> {
        let _turn = self.desk.lock().await;
        let (now, author) = (act.at, identity::author(&act.who));
        let normals: Vec<Result<String, Verdict>> = proposals.iter().map(|proposal| self.fit(proposal)).collect();
        let mut items = self.items(working, normals.iter().flatten().collect()).await?;
        let mut verdicts = Vec::with_capacity(proposals.len());
        for (proposal, normal) in proposals.iter().zip(normals) {
            let at = verdicts.len();
            verdicts.push(match normal {
                Err(verdict) => verdict,
                Ok(normal) => match items.get_mut(&normal) {
                    Some(item) => item.take(proposal, &author, now, at),
                    // Every normal form has an item.
                    None => Verdict::Refused { why: normal },
                },
            });
        }
        if !dry_run {
            self.store_items(working, items.into_values(), &mut verdicts, &author, act).await?;
        }
        Ok(verdicts)
    }

    /// The normal form of what may be published.
    fn fit(&self, proposal: &Proposal) -> Result<String, Verdict> {
        if let Some(why) = proposal.terms.fault() {
            return Err(Verdict::Refused { why });
        }
        let normal = identity::normal(&proposal.pattern).ok_or_else(|| Verdict::Refused { why: "it is no STIX pattern (STIX 2.1 §9)".into() })?;
        match self.guard.block(&proposal.pattern) {
            Some(why) if !proposal.terms.accept_warnings => Err(Verdict::Blocked { why }),
            _ => Ok(normal),
        }
    }

    /// What the collection holds of these normal forms.
    async fn items(&self, working: &Working, normals: BTreeSet<&String>) -> Result<HashMap<String, Item>, FeedError> {
        let mut same = self.same(&working.reading, &normals).await?;
        let mut items = HashMap::with_capacity(normals.len());
        for normal in normals {
            let known = canonical(same.remove(normal).unwrap_or_default());
            let successor = match &known {
                Some((_, held)) if held.revoked => Some(self.generation(&working.reading, normal).await?),
                _ => None,
            };
            let (id, held) = known.map_or_else(|| (identity::indicator(normal, 0), None), |(id, held)| (id, Some(held)));
            items.insert(normal.clone(), Item { id, held, properties: None, successor, related: BTreeSet::new(), told: Vec::new() });
        }
        Ok(items)
    }

    /// The indicators of a collection that say the same as these normal forms, whoever has written them.
    pub(super) async fn same(&self, reading: &Reading, normals: &BTreeSet<&String>) -> Result<HashMap<String, Vec<(StixId, Held)>>, FeedError> {
        let digests: Vec<_> = normals.iter().map(|normal| digest(normal)).collect();
        // Those that others have written have ids of their own.
        let matches = self.known(std::slice::from_ref(reading), &digests).await?.matches;
        let foreign = matches.iter().filter_map(|found| StixId::parse(&found.id).ok());
        let own = normals.iter().map(|normal| identity::indicator(normal, 0));
        let ids: BTreeSet<StixId> = own.chain(foreign).collect();
        let mut same: HashMap<String, Vec<(StixId, Held)>> = HashMap::new();
        for (id, held) in self.held(reading, &ids.into_iter().collect::<Vec<_>>()).await? {
            let normal = held.properties.get("pattern").and_then(Value::as_str).and_then(identity::normal);
            if let Some(normal) = normal.filter(|normal| normals.contains(normal)) {
                same.entry(normal).or_default().push((id, held));
            }
        }
        Ok(same)
    }

    /// Writes what has become of the items, and corrects the verdicts of those that did not pass the gate.
    async fn store_items(
        &self,
        working: &Working,
        items: impl Iterator<Item = Item>,
        verdicts: &mut [Verdict],
        author: &StixId,
        act: Act,
    ) -> Result<(), FeedError> {
        let now = act.at;
        let (mut plan, mut told, mut related) = (Plan::default(), Vec::new(), BTreeMap::new());
        for item in items {
            let Some(properties) = item.properties else { continue };
            let markings = properties.get("object_marking_refs").cloned();
            for target in item.related {
                let id = identity::relationship(&item.id, "indicates", &target);
                related.insert(id, relationship(&item.id, "indicates", &target, author, markings.clone(), now));
            }
            match item.held {
                Some(held) => plan.change(&item.id, &held, now, |_| Ok(properties)),
                None => plan.tell(Revised::Changed { id: item.id.to_string(), version: time(now) }, properties),
            }
            told.push(item.told);
        }
        if told.is_empty() {
            return Ok(());
        }
        let mut around: Vec<StixId> = related.keys().cloned().collect();
        around.push(author.clone());
        let there = self.held(&working.reading, &around).await?;
        if !there.contains_key(author) {
            plan.also(self.identity(author, &act.who, now));
        }
        related.into_iter().filter(|(id, _)| !there.contains_key(id)).for_each(|(_, properties)| plan.also(properties));
        let revised = self.carry_out(working, plan, act).await?;
        for (revised, places) in revised.into_iter().zip(told) {
            if let Revised::Refused { why, .. } = revised {
                for place in places {
                    if let Some(verdict) = verdicts.get_mut(place) {
                        *verdict = Verdict::Refused { why: why.clone() };
                    }
                }
            }
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

/// The one indicator that stands for several which say the same: one that is not revoked, and always the same of those.
pub(super) fn canonical(same: Vec<(StixId, Held)>) -> Option<(StixId, Held)> {
    same.into_iter().min_by(|(id, held), (other, its)| (held.revoked, id).cmp(&(its.revoked, other)))
}

impl Item {
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
        let level = self.held.as_ref().map_or(proposal.terms.tlp, |held| held.level);
        let known = self.properties.as_ref().or(self.held.as_ref().map(|held| &held.properties));
        let (verdict, next) = match known {
            None => (Verdict::New { id }, Some(first(proposal, &self.id, author, now))),
            Some(known) => match merge(known, level, &proposal.terms, now) {
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
