//! The audit log, which is also how servers learn from each other what has changed.

use sqlx::{query, query_as, query_scalar};

use super::error::{Fault, patiently};
use super::{Conn, Inner, column, stamp};
use crate::store::StoreError;
use crate::store::audit::{Act, Entry, Trail};
use crate::taxii::stamp::Stamp;

/// Writes into the log what `tell` makes of an act. The last thing that a transaction does: all who write wait here for each other.
pub(super) async fn write(conn: &mut Conn, act: Option<Act>, tell: impl FnOnce(&mut Entry)) -> Result<(), Fault> {
    let Some(act) = act else { return Ok(()) };
    let mut entry = act.entry();
    tell(&mut entry);
    let next = "UPDATE audited SET last = greatest(last + 1, $1) RETURNING last";
    let at: i64 = query_scalar(next).bind(column(entry.act.at)).fetch_one(&mut *conn).await?;
    entry.act.at = stamp(at);
    let text = serde_json::to_string(&entry).map_err(|error| StoreError::Engine(format!("the audit log: {error}")))?;
    query("INSERT INTO audit (at, text) VALUES ($1, $2)").bind(at).bind(text).execute(conn).await?;
    Ok(())
}

impl Inner {
    /// [`Store::log`](crate::store::Store::log).
    pub(super) async fn log(&self, act: Act) -> Result<(), StoreError> {
        patiently!({
            let mut change = self.primary.begin().await?;
            write(&mut change, Some(act.clone()), |_| ()).await?;
            Ok(change.commit().await?)
        })
    }

    /// [`Store::trail`](crate::store::Store::trail).
    pub(super) async fn trail(&self, trail: &Trail) -> Result<Vec<Entry>, StoreError> {
        let sql = if trail.latest_first {
            "SELECT at, text FROM audit WHERE at > $1 AND at < $2 ORDER BY at DESC LIMIT $3"
        } else {
            "SELECT at, text FROM audit WHERE at > $1 AND at < $2 ORDER BY at LIMIT $3"
        };
        let limit = i64::try_from(trail.limit).unwrap_or(i64::MAX);
        let rows: Vec<(i64, String)> = patiently!({
            let asked = query_as(sql).bind(column(trail.after)).bind(column(trail.before)).bind(limit);
            Ok(asked.fetch_all(&self.primary).await?)
        })?;
        rows.iter().map(|(at, text)| read(stamp(*at), text)).collect()
    }
}

fn read(at: Stamp, text: &str) -> Result<Entry, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("the entry {at} of the audit log: {error}")))
}
