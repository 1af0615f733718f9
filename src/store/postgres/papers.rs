//! What is kept for a time: statuses, papers, and the leave to do what only one server may do at once.

use sqlx::{query, query_as, query_scalar};
use uuid::Uuid;

use super::error::{Fault, patiently};
use super::{Conn, Inner, column, stamp};
use crate::store::paper::{Kind, Paper};
use crate::store::{StatusRecord, StoreError};
use crate::taxii::stamp::Stamp;

/// A paper as its row holds it.
type Row = (Uuid, String, i64, Vec<u8>);

impl Inner {
    /// [`Store::status`](crate::store::Store::status).
    pub(super) async fn status(&self, id: Uuid, now: Stamp) -> Result<Option<StatusRecord>, StoreError> {
        let text: Option<String> = patiently!({
            let asked = query_scalar("SELECT text FROM status WHERE id = $1 AND expires > $2").bind(id).bind(column(now));
            Ok(asked.fetch_optional(&self.primary).await?)
        })?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("status {id}: {error}")))).transpose()
    }

    /// [`Store::keep`](crate::store::Store::keep).
    pub(super) async fn keep(&self, paper: &Paper) -> Result<(), StoreError> {
        let sql = "INSERT INTO paper (kind, id, owner, expires, text) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (kind, id) DO UPDATE SET owner = excluded.owner, expires = excluded.expires, text = excluded.text";
        patiently!({
            let put = query(sql).bind(paper.kind as i16).bind(paper.id).bind(&paper.owner).bind(column(paper.expires)).bind(&paper.text[..]);
            put.execute(&self.primary).await?;
            Ok(())
        })
    }

    /// [`Store::paper`](crate::store::Store::paper).
    pub(super) async fn paper(&self, kind: Kind, id: Uuid, now: Stamp) -> Result<Option<Paper>, StoreError> {
        let sql = "SELECT id, owner, expires, text FROM paper WHERE kind = $1 AND id = $2 AND expires > $3";
        let row: Option<Row> = patiently!(Ok(query_as(sql).bind(kind as i16).bind(id).bind(column(now)).fetch_optional(&self.primary).await?))?;
        Ok(row.map(|row| read(kind, row)))
    }

    /// [`Store::papers`](crate::store::Store::papers).
    pub(super) async fn papers(&self, kind: Kind, now: Stamp) -> Result<Vec<Paper>, StoreError> {
        let sql = "SELECT id, owner, expires, text FROM paper WHERE kind = $1 AND expires > $2 ORDER BY id";
        let rows: Vec<Row> = patiently!(Ok(query_as(sql).bind(kind as i16).bind(column(now)).fetch_all(&self.primary).await?))?;
        Ok(rows.into_iter().map(|row| read(kind, row)).collect())
    }

    /// [`Store::discard`](crate::store::Store::discard).
    pub(super) async fn discard(&self, kind: Kind, id: Uuid) -> Result<bool, StoreError> {
        let sql = "DELETE FROM paper WHERE kind = $1 AND id = $2";
        let gone = patiently!(Ok(query(sql).bind(kind as i16).bind(id).execute(&self.primary).await?.rows_affected()))?;
        Ok(gone > 0)
    }

    /// [`Store::sweep`](crate::store::Store::sweep).
    pub(super) async fn sweep(&self, now: Stamp) -> Result<usize, StoreError> {
        let gone = patiently!({
            let mut gone = 0;
            for sql in ["DELETE FROM status WHERE expires <= $1", "DELETE FROM paper WHERE expires <= $1"] {
                gone += query(sql).bind(column(now)).execute(&self.primary).await?.rows_affected();
            }
            Ok(gone)
        })?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }

    /// [`Store::lease`](crate::store::Store::lease). By the clock of the database, which all servers share.
    pub(super) async fn lease(&self, what: &str, who: Uuid, seconds: u32) -> Result<bool, StoreError> {
        let sql = "INSERT INTO lease (what, who, until) VALUES ($1, $2, now() + make_interval(secs => $3)) \
                   ON CONFLICT (what) DO UPDATE SET who = excluded.who, until = excluded.until \
                   WHERE lease.who = excluded.who OR lease.until < now()";
        let given = patiently!({
            let put = query(sql).bind(what).bind(who).bind(f64::from(seconds));
            Ok(put.execute(&self.primary).await?.rows_affected())
        })?;
        Ok(given > 0)
    }
}

/// Keeps a status with the objects that it tells of.
pub(super) async fn put_status(conn: &mut Conn, status: Option<&(Uuid, StatusRecord)>) -> Result<(), Fault> {
    let Some((id, record)) = status else { return Ok(()) };
    let text = serde_json::to_string(record).map_err(|error| StoreError::Engine(format!("status {id}: {error}")))?;
    let sql = "INSERT INTO status (id, expires, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET text = excluded.text";
    query(sql).bind(id).bind(column(record.expires)).bind(text).execute(conn).await?;
    Ok(())
}

fn read(kind: Kind, (id, owner, expires, text): Row) -> Paper {
    Paper { kind, id, owner, expires: stamp(expires), text: text.into() }
}
