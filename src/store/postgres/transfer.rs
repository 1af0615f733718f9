//! A database that is read whole or filled, for copies from and to stores of other kinds.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, query, query_as, query_scalar};
use uuid::Uuid;

use super::edit::{self, key};
use super::error::{Fault, patiently};
use super::excerpt::{COLUMNS, Excerpt, Row, bury, instant};
use super::{Options, PostgresStore, column, house, papers, stamp};
use crate::store::directory::{Collection, Directory};
use crate::store::paper::Kind;
use crate::store::transfer::{Grave, Rest, Vessel, Whole};
use crate::store::{Store, StoreError};
use crate::taxii::stamp::Stamp;

/// Objects that are read at once.
const OBJECTS: i64 = 1_000;

/// A database, while nobody else uses it.
pub(in crate::store) struct PostgresVessel(PostgresStore);

impl PostgresVessel {
    /// Opens a database.
    pub(in crate::store) async fn open(url: &str) -> Result<Self, StoreError> {
        PostgresStore::open(url, &Options::default()).await.map(Self)
    }
}

#[async_trait]
impl Vessel for PostgresVessel {
    async fn directory(&self) -> Result<Option<Directory>, StoreError> {
        self.0.inner.directory().await.map(Some)
    }

    async fn top(&self, number: u32) -> Result<Stamp, StoreError> {
        let sql = "SELECT last FROM collection WHERE number = $1";
        let last: Option<i64> = patiently!(Ok(query_scalar(sql).bind(key(number)?).fetch_optional(&self.0.inner.primary).await?))?;
        Ok(last.map(stamp).unwrap_or_default())
    }

    async fn objects(&self, number: u32, after: Option<&str>) -> Result<Vec<Whole>, StoreError> {
        let ids = format!("SELECT DISTINCT object FROM version_{number} WHERE object > $1 ORDER BY object LIMIT {OBJECTS}");
        let sql = format!("SELECT {COLUMNS}, body FROM version_{number} WHERE object IN ({ids})");
        let rows: Vec<Row> = patiently!({
            let asked = query_as(AssertSqlSafe(sql.clone())).bind(after.unwrap_or_default());
            Ok(asked.fetch_all(&self.0.inner.primary).await?)
        })?;
        let mut excerpt = Excerpt::of(number, Vec::new());
        excerpt.take(rows)?;
        Ok(excerpt.into_objects())
    }

    async fn last(&self, number: u32) -> Result<Option<String>, StoreError> {
        let sql = format!("SELECT max(object) FROM version_{number}");
        patiently!(Ok(query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&self.0.inner.primary).await?))
    }

    async fn graves(&self, number: u32) -> Result<Vec<Grave>, StoreError> {
        let sql = "SELECT object, instant, said, digest FROM grave WHERE collection = $1 ORDER BY object, instant";
        let rows: Vec<(String, Vec<u8>, String, Vec<u8>)> =
            patiently!(Ok(query_as(sql).bind(key(number)?).fetch_all(&self.0.inner.primary).await?))?;
        rows.into_iter().map(|(id, at, said, digest)| Ok(Grave { id, instant: instant(&at)?, said, digest: hex::encode(digest) })).collect()
    }

    async fn rest(&self) -> Result<Rest, StoreError> {
        let (mut rest, pool) = (Rest::default(), &self.0.inner.primary);
        let damaged = |error: serde_json::Error| StoreError::Damaged(format!("a record: {error}"));
        let statuses: Vec<(Uuid, String)> = patiently!(Ok(query_as("SELECT id, text FROM status ORDER BY id").fetch_all(pool).await?))?;
        for (id, text) in statuses {
            rest.statuses.push((id, serde_json::from_str(&text).map_err(damaged)?));
        }
        for kind in Kind::COPIED {
            rest.papers.extend(self.0.papers(kind, Stamp::ZERO).await?);
        }
        let entries: Vec<(String,)> = patiently!(Ok(query_as("SELECT text FROM audit ORDER BY at").fetch_all(pool).await?))?;
        for (text,) in entries {
            rest.entries.push(serde_json::from_str(&text).map_err(damaged)?);
        }
        Ok(rest)
    }

    async fn make(&self, number: u32, collection: &Collection) -> Result<(), StoreError> {
        patiently!({
            let mut change = self.0.inner.primary.begin().await?;
            let there: Option<Uuid> =
                query_scalar("SELECT id FROM collection WHERE number = $1").bind(key(number)?).fetch_optional(&mut *change).await?;
            match there {
                Some(id) if id == collection.id => {}
                Some(id) => return Err(StoreError::Engine(format!("there is another collection {number} in the database: {id}")).into()),
                None => edit::make(&mut change, number, collection).await?,
            }
            Ok(change.commit().await?)
        })
    }

    async fn put(&self, number: u32, objects: Vec<Whole>) -> Result<(), StoreError> {
        let excerpt = Excerpt::of(number, objects);
        patiently!({
            let mut change = self.0.inner.primary.begin().await?;
            excerpt.put(&mut change).await?;
            Ok(change.commit().await?)
        })
    }

    async fn bury(&self, number: u32, graves: Vec<Grave>) -> Result<(), StoreError> {
        patiently!({
            let mut change = self.0.inner.primary.begin().await?;
            for Grave { id, instant, said, digest } in &graves {
                let digest = hex::decode(digest).map_err(|error| StoreError::Damaged(format!("a deletion of {id}: {error}")))?;
                bury(&mut change, number, id, instant, said, &digest).await?;
            }
            Ok(change.commit().await?)
        })
    }

    async fn put_rest(&self, Rest { statuses, papers, entries }: Rest) -> Result<(), StoreError> {
        patiently!({
            let mut change = self.0.inner.primary.begin().await?;
            for status in &statuses {
                papers::put_status(&mut change, Some(status)).await?;
            }
            for entry in &entries {
                let text = serde_json::to_string(entry).map_err(|error| StoreError::Engine(format!("the audit log: {error}")))?;
                let sql = "INSERT INTO audit (at, text) VALUES ($1, $2) ON CONFLICT (at) DO UPDATE SET text = excluded.text";
                query(sql).bind(column(entry.act.at)).bind(text).execute(&mut *change).await?;
            }
            Ok(change.commit().await?)
        })?;
        for paper in papers {
            self.0.keep(paper).await?;
        }
        Ok(())
    }

    async fn finish(&self, tops: &[(u32, Stamp)], directory: &Directory) -> Result<(), StoreError> {
        patiently!({
            let mut change = self.0.inner.primary.begin().await?;
            for (number, last) in tops {
                let sql = "UPDATE collection SET last = $2, edition = 1, graves = EXISTS (SELECT FROM grave WHERE collection = $1) WHERE number = $1";
                query(sql).bind(key(*number)?).bind(column(*last)).execute(&mut *change).await?;
            }
            query("UPDATE audited SET last = coalesce((SELECT max(at) FROM audit), 0)").execute(&mut *change).await?;
            house::hold(&mut change).await?;
            house::put(&mut change, directory).await?;
            Ok::<(), Fault>(change.commit().await?)
        })
    }
}
