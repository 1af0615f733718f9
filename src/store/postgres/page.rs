//! Pages: one statement each, which walks along one index from the reader's position and stops when the page is full.
//!
//! | asked for | index | rows that are passed over |
//! | --- | --- | --- |
//! | the latest versions, from the beginning | `latest` | none |
//! | the same of one type | `latest_of_kind` | none |
//! | the latest among those added after a time | `latest` and `late`, merged | old versions that came late, which are few |
//! | all versions, or some other choice | the primary key | what is not chosen |
//! | objects by their ids | the unique key | versions that are not chosen |

use std::collections::BTreeSet;
use std::fmt::Write;

use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{AssertSqlSafe, PgPool, Postgres, query_as};
use uuid::Uuid;

use super::error::{Fault, patiently};
use super::{Inner, column, stamp};
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::only::Header;
use crate::store::{Behind, Page, Record, Select, StoreError, Versions, rules};
use crate::taxii::stamp::Stamp;

/// Of so many types each has a piece of an index of its own read; of more, what is of none of them is passed over.
const MOST_TYPES: usize = 4;
/// Rows that are read at once.
const MOST_ROWS: usize = 10_000;

/// A version as its row holds it.
type Row = (i64, String, String, i16, Option<Uuid>, bool, Vec<u8>);

/// What is asked of a partition.
pub(super) struct Asked<'a> {
    pub(super) number: u32,
    pub(super) select: &'a Select,
    /// Behind this.
    pub(super) from: Stamp,
}

impl Inner {
    /// [`Store::page`](crate::store::Store::page).
    pub(super) async fn page(&self, collection: Uuid, select: &Select) -> Result<Page, StoreError> {
        let number = self.number(collection).await?;
        let from = select.from.max(select.after);
        if let Some(replica) = self.replica_for(number, from).await {
            match fill(replica, number, select).await {
                Ok(page) => return Ok(page),
                Err(error) => tracing::warn!(?error, "the replica could not be asked for a page"),
            }
        }
        patiently!(fill(&self.primary, number, select).await.map_err(|fault| fault.about(collection)))
    }

    /// [`Store::behind`](crate::store::Store::behind).
    pub(super) async fn behind(&self, collection: Uuid, select: &Select) -> Result<Behind, StoreError> {
        let select = Select { octets: usize::MAX, limit: select.limit.max(1), ..select.clone() };
        if select.only.as_ref().is_some_and(|only| !only.labels.is_empty() || only.min_confidence.is_some()) {
            let page = self.page(collection, &select).await?;
            return Ok(Behind { count: page.records.len(), oldest: page.records.first().map(|record| record.added) });
        }
        let asked = Asked { number: self.number(collection).await?, select: &select, from: select.from.max(select.after) };
        let sql = format!("SELECT count(*), min(added) FROM ({}) AS found", asked.sql("added", select.limit));
        let counted: Option<(i64, Option<i64>)> = patiently!({
            let counted = asked.bind(query_as(AssertSqlSafe(sql.clone()))).fetch_optional(&self.primary).await;
            counted.map_err(|error| Fault::from(error).about(collection))
        })?;
        let (count, oldest) = counted.unwrap_or_default();
        Ok(Behind { count: usize::try_from(count).unwrap_or_default(), oldest: oldest.map(stamp) })
    }
}

/// Fills a page. One statement does, unless what is asked of the texts leaves room on it.
async fn fill(pool: &PgPool, number: u32, select: &Select) -> Result<Page, Fault> {
    let mut filling = rules::Filling::new(select);
    let mut from = select.from.max(select.after);
    loop {
        let asked = Asked { number, select, from };
        let most = select.limit.saturating_add(1).min(MOST_ROWS);
        let rows = asked.rows(pool, most).await?;
        let (found, last) = (rows.len(), rows.last().map(|row| row.0));
        for row in rows {
            if let Some(record) = record(row, select)
                && !filling.take(record)
            {
                return Ok(filling.done());
            }
        }
        match last {
            // Where the octets end the statement, the page is full, or something on it was passed over.
            Some(last) if found == most || select.only.is_some() => from = stamp(last),
            _ => return Ok(filling.done()),
        }
    }
}

fn record((added, id, version, level, origin, revoked, object): Row, select: &Select) -> Option<Record> {
    let level = Level::from_byte(u8::try_from(level).unwrap_or(u8::MAX));
    let admits = select.only.as_ref().is_none_or(|only| only.admits(Header { level, origin, revoked }, &object));
    admits.then(|| Record { added: stamp(added), id, version, level, origin, object: object.into() })
}

impl Asked<'_> {
    /// The next rows, as many as the page has room for and one more.
    async fn rows(&self, pool: &PgPool, most: usize) -> Result<Vec<Row>, Fault> {
        const COLUMNS: &str = "added, object, version, level, origin, revoked, body";
        let inner = self.sql(&format!("{COLUMNS}, size"), most);
        let octets = i64::try_from(self.select.octets).unwrap_or(i64::MAX);
        let sql = if octets == i64::MAX {
            format!("SELECT {COLUMNS} FROM ({inner}) AS found ORDER BY added")
        } else {
            // The first that does not fit comes too, to tell that there is more.
            format!(
                "SELECT {COLUMNS} FROM (SELECT *, sum(size) OVER filled - size AS before, row_number() OVER filled AS place FROM ({inner}) AS found \
                 WINDOW filled AS (ORDER BY added ROWS UNBOUNDED PRECEDING)) AS summed WHERE before <= {octets} OR place <= 2 ORDER BY added"
            )
        };
        Ok(self.bind(query_as(AssertSqlSafe(sql))).fetch_all(pool).await?)
    }

    /// The statement for the next rows in their order. Nothing of what a client says stands in it.
    pub(super) fn sql(&self, columns: &str, most: usize) -> String {
        let ordered = |piece: &String| format!("({} ORDER BY added LIMIT {most})", self.piece(columns, piece));
        let pieces: Vec<String> = self.pieces().iter().map(ordered).collect();
        match &pieces[..] {
            [one] => one.clone(),
            // Each is ordered by itself, so that they are merged and each is read only as far as needed.
            several => format!("SELECT * FROM ({}) AS merged ORDER BY added LIMIT {most}", several.join(" UNION ALL ")),
        }
    }

    /// The conditions under which rows are found in one piece of one index each.
    fn pieces(&self) -> Vec<String> {
        let late = self.select.after > Stamp::ZERO;
        let kinds = self.select.types.as_ref().map(|_| self.kinds().len()).filter(|_| self.select.ids.is_none());
        let mut pieces: Vec<String> = match &self.select.versions {
            Versions::All => vec![String::new()],
            Versions::Some { first: false, last: true, at } if at.is_empty() && self.select.ids.is_none() => {
                let latest = match kinds {
                    Some(kinds @ 1..=MOST_TYPES) => (1..=kinds).map(|at| format!(" AND over = 0 AND kind = ($2)[{at}]")).collect(),
                    _ => vec![" AND over = 0".to_owned()],
                };
                let late = late.then(|| " AND over > 0 AND over < added AND over <= $5".to_owned());
                latest.into_iter().chain(late).collect()
            }
            Versions::Some { first, last, at } => {
                let mut any = vec!["false"];
                any.extend(last.then_some("over <= $5"));
                any.extend(first.then_some("under <= $5"));
                any.extend((!at.is_empty()).then_some("instant = ANY($4)"));
                vec![format!(" AND ({})", any.join(" OR "))]
            }
        };
        if kinds == Some(0) {
            pieces = vec![" AND false".to_owned()];
        }
        pieces
    }

    fn piece(&self, columns: &str, condition: &str) -> String {
        let Self { number, select, .. } = self;
        let level = select.clearance as u8;
        // Where rows are found by something else than their position, no index of positions is to be taken: an expression is in none but that of types.
        let found_otherwise = select.ids.is_some() || condition.contains("kind");
        let (position, columns) =
            if found_otherwise { ("added + 0", columns.replacen("added", "added + 0 AS added", 1)) } else { ("added", columns.into()) };
        let mut sql = format!("SELECT {columns} FROM version_{number} WHERE {position} > $1{condition} AND level <= {level}");
        let asks = [
            (select.types.is_some() && !condition.contains("kind"), "kind = ANY($2)"),
            (select.ids.is_some(), "object = ANY($3)"),
            (select.only.as_ref().is_some_and(|only| only.from.is_some()), "origin = $6"),
            (select.only.as_ref().is_some_and(|only| only.not_from.is_some()), "origin IS DISTINCT FROM $7"),
        ];
        for (_, ask) in asks.iter().filter(|(asked, _)| *asked) {
            // Writing into a string cannot fail.
            let _ = write!(sql, " AND {ask}");
        }
        sql
    }

    /// The types that are asked for, each once; without those that no text in the database can have, and so no object.
    fn kinds(&self) -> Vec<String> {
        let possible = self.select.types.iter().flatten().filter(|name| !name.contains('\0'));
        possible.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Binds what the statement may name, by number.
    pub(super) fn bind<'q, O>(&self, query: QueryAs<'q, Postgres, O, PgArguments>) -> QueryAs<'q, Postgres, O, PgArguments> {
        let Self { select, .. } = self;
        let at: Vec<Vec<u8>> = match &select.versions {
            Versions::Some { at, .. } => at.iter().map(Instant::to_key).collect(),
            Versions::All => Vec::new(),
        };
        let ids: Vec<String> = select.ids.iter().flatten().map(ToString::to_string).collect();
        let only = select.only.as_deref();
        query
            .bind(column(self.from))
            .bind(self.kinds())
            .bind(ids)
            .bind(at)
            .bind(column(select.after))
            .bind(only.and_then(|only| only.from))
            .bind(only.and_then(|only| only.not_from))
    }
}
