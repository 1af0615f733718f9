//! How far consumers have got, as the doors tell it: operators of all, everybody of itself.

use serde::{Deserialize, Serialize};

use crate::feed::consumers::Standing;

/// All consumers that are told of, by collection and user.
#[derive(Debug, Serialize, Deserialize)]
pub struct Consumers {
    /// Each as it stands.
    pub consumers: Vec<Consumer>,
}

/// A consumer as it stands; times are TAXII timestamps.
#[derive(Debug, Serialize, Deserialize)]
pub struct Consumer {
    /// The user.
    pub user: String,
    /// The slug of the collection's root.
    pub root: String,
    /// The collection's alias, or its id if it has none.
    pub collection: String,
    /// When it last asked for a page.
    pub polled: String,
    /// The date added of the last object that it was handed, or from which it asked on in vain.
    pub position: String,
    /// How many objects it has not got, up to 10,000.
    pub objects_behind: usize,
    /// For how many seconds the first of these has been there.
    pub seconds_behind: f64,
    /// How often it asked.
    pub polls: u64,
    /// How many objects it was handed.
    pub objects: u64,
    /// How many of its requests failed since the start.
    pub errors: u64,
    /// The status of the last of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<u16>,
    /// Why its last question found nothing, if there is something new that it is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<String>,
}

impl Consumers {
    /// What there is to tell.
    pub fn of(standings: Vec<Standing>) -> Self {
        let consumer = |standing: Standing| Consumer {
            user: standing.user,
            root: standing.root,
            collection: standing.collection,
            polled: standing.polled.to_string(),
            position: standing.position.to_string(),
            objects_behind: standing.objects,
            seconds_behind: standing.lag.as_secs_f64(),
            polls: standing.polls,
            objects: standing.handed,
            errors: standing.errors,
            last_error: standing.last_error,
            hidden: standing.hidden.map(str::to_owned),
        };
        Self { consumers: standings.into_iter().map(consumer).collect() }
    }
}
