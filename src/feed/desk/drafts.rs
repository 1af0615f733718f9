//! Drafts: what an analyst has pasted and chosen, kept until it is published, thrown away, or forgotten after two weeks.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::indicator::{DAY, Terms};
use crate::feed::Feed;
use crate::store::StoreError;
use crate::store::paper::{Kind, Paper};
use crate::taxii::stamp::Stamp;

/// How long a draft is kept that nobody touches, in days.
const DAYS: u64 = 14;

/// What an analyst has in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// When it was last changed.
    pub changed: Stamp,
    /// The name of the file, or what the analyst calls it.
    pub name: String,
    /// The text that was pasted, or that the file held.
    pub text: String,
    /// Where it is to be published: `root/name`.
    pub collection: String,
    /// What is said of everything that is published.
    pub terms: Terms,
    /// The values that were chosen; none before the first choice, when what is suggested is chosen.
    pub chosen: Option<Vec<String>>,
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
        let mut drafts = papers.iter().filter(|paper| paper.owner == owner).map(read).collect::<Result<Vec<_>, _>>()?;
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
}

fn read(paper: &Paper) -> Result<Draft, StoreError> {
    serde_json::from_slice(&paper.text).map_err(|error| StoreError::Damaged(format!("the draft {}: {error}", paper.id)))
}
