//! Drafts: what an analyst has pasted and chosen, kept until it is published, thrown away, or forgotten after two weeks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::indicator::Terms;
use crate::feed::Feed;
use crate::feed::document::Document;
use crate::store::StoreError;
use crate::store::paper::{Kind, Paper};
use crate::taxii::stamp::{DAY, Stamp};

/// How long a draft is kept that nobody touches, in days.
const DAYS: u64 = 14;
/// The namespace of the ids of pads.
const PADS: Uuid = Uuid::from_u128(0x0b1f_7c52_5a0e_4f0c_8d55_3c1f_27a4_96ee);

/// What an analyst has in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// When it was last changed.
    pub changed: Stamp,
    /// The name of the file, or what the analyst calls it; may be empty.
    pub name: String,
    /// What was pasted, or what the file held.
    pub document: Document,
    /// How many values were found in it.
    pub found: usize,
    /// Where it is to be published: `root/name`.
    pub collection: String,
    /// What is said of everything that is published.
    pub terms: Terms,
    /// What each indicator is called; empty: by its value.
    pub title: String,
    /// What there is to say about each; may be empty.
    pub description: String,
    /// The values that were chosen, by the patterns that are suggested for them; none before the first choice, when what is suggested is chosen.
    pub chosen: Option<Vec<String>>,
    /// Patterns that the analyst has written, by the patterns that are suggested.
    pub patterns: BTreeMap<String, String>,
}

impl Draft {
    /// A draft of which nothing is said yet.
    pub fn new(id: Uuid, name: String, document: Document, changed: Stamp) -> Self {
        Self {
            id,
            changed,
            name,
            document,
            found: 0,
            collection: String::new(),
            terms: Terms::default(),
            title: String::new(),
            description: String::new(),
            chosen: None,
            patterns: BTreeMap::new(),
        }
    }
}

impl Feed {
    /// Keeps a draft of a user, in the place of the one with its id.
    pub async fn keep_draft(&self, owner: &str, draft: &Draft) -> Result<(), StoreError> {
        let text = serde_json::to_vec(draft).map_err(|error| StoreError::Engine(format!("the draft: {error}")))?;
        let expires = Stamp(draft.changed.0 + DAYS * DAY);
        self.store.keep(Paper { kind: Kind::Draft, id: draft.id, owner: owner.into(), expires, text: text.into() }).await
    }

    /// A draft of a user; other users' are none.
    pub async fn draft(&self, owner: &str, id: Uuid) -> Result<Option<Draft>, StoreError> {
        let paper = self.store.paper(Kind::Draft, id, self.clock.now()).await?;
        paper.filter(|paper| paper.owner == owner).map(|paper| read(&paper)).transpose()
    }

    /// All drafts of a user, the one changed last first.
    pub async fn drafts(&self, owner: &str) -> Result<Vec<Draft>, StoreError> {
        let papers = self.store.papers(Kind::Draft, self.clock.now()).await?;
        let own = papers.iter().filter(|paper| paper.owner == owner && paper.id != pad(owner));
        let mut drafts = own.map(read).collect::<Result<Vec<_>, _>>()?;
        drafts.sort_by_key(|draft| std::cmp::Reverse(draft.changed));
        Ok(drafts)
    }

    /// Throws a draft of a user away; whether there was one.
    pub async fn discard_draft(&self, owner: &str, id: Uuid) -> Result<bool, StoreError> {
        match self.draft(owner, id).await? {
            Some(draft) => self.store.discard(Kind::Draft, draft.id).await,
            None => Ok(false),
        }
    }

    /// The text that a user is writing and has not made a draft of; empty if there is none.
    pub async fn pad(&self, owner: &str) -> Result<String, StoreError> {
        Ok(self.draft(owner, pad(owner)).await?.map(|draft| draft.document.text).unwrap_or_default())
    }

    /// Keeps the text that a user is writing; an empty one is thrown away.
    pub async fn keep_pad(&self, owner: &str, text: String) -> Result<(), StoreError> {
        if text.is_empty() {
            return self.store.discard(Kind::Draft, pad(owner)).await.map(drop);
        }
        self.keep_draft(owner, &Draft::new(pad(owner), String::new(), Document::of_text(text), self.clock.now())).await
    }
}

/// Where the text is kept that a user is writing.
fn pad(owner: &str) -> Uuid {
    Uuid::new_v5(&PADS, owner.as_bytes())
}

fn read(paper: &Paper) -> Result<Draft, StoreError> {
    serde_json::from_slice(&paper.text).map_err(|error| StoreError::Damaged(format!("the draft {}: {error}", paper.id)))
}
