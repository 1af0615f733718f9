//! As much of a collection as a write has to do with, as a shelf in memory, and what has become different on it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sqlx::{AssertSqlSafe, query, query_as};

use super::edit::key;
use super::error::Fault;
use super::{Conn, column, stamp};
use crate::stix::id::{StixId, type_of};
use crate::stix::marking::Level;
use crate::stix::time::Instant;
use crate::store::shelf::{Gone, Kept, Shelf};
use crate::store::transfer::Whole;
use crate::store::{NewObject, StoreError};
use crate::taxii::stamp::Stamp;
use uuid::Uuid;

/// What of a row a write wants to know. The body only of what may be compared: the latest version, one of the same instant, and SCOs.
pub(super) const COLUMNS: &str = "added, object, instant, version, level, origin, revoked, holds, over, under";

/// A version as its row holds it.
pub(super) type Row = (i64, String, Vec<u8>, String, i16, Option<Uuid>, bool, Option<Vec<String>>, i64, i64, Option<Vec<u8>>);

/// A part of a collection that nobody else changes meanwhile.
#[derive(Debug)]
pub(super) struct Excerpt {
    number: u32,
    pub(super) shelf: Shelf,
    /// The last stamp that was given before.
    before: Stamp,
    /// What the rows say of the order of versions, and how high they count.
    rows: BTreeMap<Stamp, (Place, Level)>,
    buried: usize,
}

/// Where a version stands among those of its object: the columns `over` and `under`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    over: Stamp,
    under: Stamp,
}

impl Excerpt {
    /// Holds a collection, and reads of it what the coming of these objects may touch. `None` if it is not there any more.
    pub(super) async fn hold(conn: &mut Conn, number: u32, objects: &[&NewObject]) -> Result<Option<Self>, Fault> {
        let sql = "SELECT last, graves FROM collection WHERE number = $1 FOR UPDATE";
        let row: Option<(i64, bool)> = query_as(sql).bind(key(number)?).fetch_optional(&mut *conn).await?;
        let Some((last, graves)) = row else { return Ok(None) };
        let last = stamp(last);
        let mut excerpt = Self { number, shelf: Shelf { last, ..Shelf::default() }, before: last, rows: BTreeMap::new(), buried: 0 };
        let ids: BTreeSet<&StixId> = objects.iter().map(|new| &new.id).collect();
        excerpt.read_objects(conn, objects, &ids).await?;
        if graves {
            excerpt.read_graves(conn, &ids).await?;
        }
        // As `holding::settle` begins.
        if objects.iter().any(|new| !new.holds.is_empty() || new.level > Level::Clear) {
            excerpt.read_holding(conn, objects, &ids).await?;
        }
        Ok(Some(excerpt))
    }

    /// Holds a collection, and reads all versions of one object. `None` if the collection is not there any more.
    pub(super) async fn hold_object(conn: &mut Conn, number: u32, id: &StixId) -> Result<Option<Self>, Fault> {
        let Some(mut excerpt) = Self::hold(conn, number, &[]).await? else { return Ok(None) };
        let sql = format!("SELECT {COLUMNS}, body FROM version_{number} WHERE object = $1");
        let rows = query_as(AssertSqlSafe(sql)).bind(id.as_str()).fetch_all(conn).await?;
        excerpt.take(rows)?;
        Ok(Some(excerpt))
    }

    async fn read_objects(&mut self, conn: &mut Conn, objects: &[&NewObject], ids: &BTreeSet<&StixId>) -> Result<(), Fault> {
        if ids.is_empty() {
            return Ok(());
        }
        let number = self.number;
        let instants: BTreeSet<Vec<u8>> = objects.iter().filter_map(|new| new.version.as_ref()).map(|(_, instant)| instant.to_key()).collect();
        let contents: BTreeSet<&str> = objects.iter().filter(|new| new.version.is_none()).map(|new| new.id.as_str()).collect();
        let sql = format!(
            "SELECT {COLUMNS}, CASE WHEN over = 0 OR instant = ANY($2) OR object = ANY($3) THEN body END FROM version_{number} \
             WHERE object = ANY($1)"
        );
        let asked = query_as(AssertSqlSafe(sql)).bind(texts(ids)).bind(instants.into_iter().collect::<Vec<_>>());
        let rows = asked.bind(contents.into_iter().map(str::to_owned).collect::<Vec<_>>()).fetch_all(conn).await?;
        self.take(rows)
    }

    async fn read_graves(&mut self, conn: &mut Conn, ids: &BTreeSet<&StixId>) -> Result<(), Fault> {
        let sql = "SELECT object, instant, said, digest FROM grave WHERE collection = $1 AND object = ANY($2)";
        let asked = query_as(sql).bind(key(self.number)?).bind(texts(ids));
        let rows: Vec<(String, Vec<u8>, String, Vec<u8>)> = asked.fetch_all(conn).await?;
        for (id, at, said, digest) in rows {
            let digest = digest.try_into().map_err(|_| StoreError::Damaged(format!("a deletion of {id}")))?;
            self.shelf.deleted.push(Gone { id: object_id(&id)?, instant: instant(&at)?, digest, said });
        }
        self.buried = self.shelf.deleted.len();
        Ok(())
    }

    /// Reads what the objects hold, and whatever holds them, and what holds that.
    async fn read_holding(&mut self, conn: &mut Conn, objects: &[&NewObject], ids: &BTreeSet<&StixId>) -> Result<(), Fault> {
        let number = self.number;
        let held: BTreeSet<&StixId> = objects.iter().flat_map(|new| &new.holds).collect();
        let sql = format!("SELECT {COLUMNS}, NULL::bytea FROM version_{number} WHERE object = ANY($1)");
        let mut wanted: BTreeSet<StixId> = held.into_iter().filter(|id| !ids.contains(id)).cloned().collect();
        // One that is held by what comes may be on the way up too, and is passed like any other.
        let mut passed: BTreeSet<StixId> = ids.iter().map(|id| (*id).clone()).collect();
        let mut frontier: Vec<String> = texts(ids);
        // The index of what is held can be read in no other way.
        query("SET LOCAL enable_bitmapscan = on").execute(&mut *conn).await?;
        loop {
            let fresh: Vec<String> = wanted.iter().filter(|id| !self.shelf.versions.contains_key(*id)).map(ToString::to_string).collect();
            if !fresh.is_empty() {
                let rows = query_as(AssertSqlSafe(sql.clone())).bind(fresh).fetch_all(&mut *conn).await?;
                self.take(rows)?;
            }
            if frontier.is_empty() {
                return Ok(());
            }
            let holders = format!("SELECT DISTINCT object FROM version_{number} WHERE holds && $1");
            let found: Vec<(String,)> = query_as(AssertSqlSafe(holders)).bind(&frontier).fetch_all(&mut *conn).await?;
            wanted.clear();
            for (id,) in found {
                let id = object_id(&id)?;
                if passed.insert(id.clone()) {
                    wanted.insert(id);
                }
            }
            frontier = wanted.iter().map(ToString::to_string).collect();
        }
    }

    pub(super) fn take(&mut self, rows: Vec<Row>) -> Result<(), Fault> {
        for (added, id, at, version, level, origin, revoked, holds, over, under, body) in rows {
            let (added, id, level) = (stamp(added), object_id(&id)?, Level::from_byte(u8::try_from(level).unwrap_or(u8::MAX)));
            let holds = holds.unwrap_or_default().iter().map(|id| object_id(id)).collect::<Result<_, _>>()?;
            self.rows.insert(added, (Place { over: stamp(over), under: stamp(under) }, level));
            self.shelf.versions.entry(id.clone()).or_default().insert(instant(&at)?, added);
            let object = Bytes::from(body.unwrap_or_default());
            self.shelf.records.insert(added, Kept { id, version, level, holds, origin, revoked, object });
        }
        Ok(())
    }

    /// Writes down what has become different, and lets the collection know.
    pub(super) async fn write(&self, conn: &mut Conn) -> Result<i64, Fault> {
        let places = self.places();
        self.insert(conn, &places).await?;
        self.update(conn, &places).await?;
        self.remove(conn).await?;
        self.bury(conn).await?;
        let sql = "UPDATE collection SET last = $2, edition = edition + 1, graves = graves OR $3 WHERE number = $1 RETURNING edition";
        let buries = self.shelf.deleted.len() > self.buried;
        let told = query_as(sql).bind(key(self.number)?).bind(column(self.shelf.last)).bind(buries);
        let (edition,): (i64,) = told.fetch_one(conn).await?;
        Ok(edition)
    }

    /// Where each version stands now among those of its object.
    fn places(&self) -> BTreeMap<Stamp, Place> {
        let mut places = BTreeMap::new();
        for versions in self.shelf.versions.values() {
            let mut under = Stamp::ZERO;
            for added in versions.values() {
                places.insert(*added, Place { over: Stamp::ZERO, under });
                under = under.max(*added);
            }
            let mut over = Stamp::ZERO;
            for added in versions.values().rev() {
                if let Some(place) = places.get_mut(added) {
                    place.over = over;
                }
                over = over.max(*added);
            }
        }
        places
    }

    async fn insert(&self, conn: &mut Conn, places: &BTreeMap<Stamp, Place>) -> Result<(), Fault> {
        let number = self.number;
        let instants: BTreeMap<Stamp, Vec<u8>> =
            self.shelf.versions.values().flatten().filter(|(_, added)| **added > self.before).map(|(at, added)| (*added, at.to_key())).collect();
        let fresh: Vec<(&Stamp, &Kept)> = self.shelf.records.range(Stamp(self.before.0 + 1)..).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO version_{number} (collection, added, object, kind, instant, version, level, origin, revoked, holds, over, under, size, body) \
             SELECT {number}, added, object, kind, instant, version, level, origin, revoked, string_to_array(holds, ' '), over, under, \
                    octet_length(body), body \
             FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::smallint[], $7::uuid[], $8::boolean[], $9::text[], \
                         $10::bigint[], $11::bigint[], $12::bytea[]) \
                  AS new (added, object, kind, instant, version, level, origin, revoked, holds, over, under, body)"
        );
        let each = |stamp: &Stamp| places.get(stamp).copied().unwrap_or(Place { over: Stamp::ZERO, under: Stamp::ZERO });
        let holds = |kept: &Kept| (!kept.holds.is_empty()).then(|| kept.holds.iter().map(StixId::as_str).collect::<Vec<_>>().join(" "));
        query(AssertSqlSafe(sql))
            .bind(fresh.iter().map(|(added, _)| column(**added)).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| kept.id.as_str()).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| type_of(kept.id.as_str())).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(added, _)| instants.get(added).cloned().unwrap_or_default()).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| kept.version.as_str()).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| kept.level as i16).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| kept.origin).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| kept.revoked).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| holds(kept)).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(added, _)| column(each(added).over)).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(added, _)| column(each(added).under)).collect::<Vec<_>>())
            .bind(fresh.iter().map(|(_, kept)| &kept.object[..]).collect::<Vec<_>>())
            .execute(conn)
            .await?;
        Ok(())
    }

    /// What was there and is superseded now, the latest again, or higher than before.
    async fn update(&self, conn: &mut Conn, places: &BTreeMap<Stamp, Place>) -> Result<(), Fault> {
        let (mut added, mut over, mut under, mut levels) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (stamp, was) in &self.rows {
            let (Some(place), Some(kept)) = (places.get(stamp), self.shelf.records.get(stamp)) else { continue };
            if (*place, kept.level) != *was {
                added.push(column(*stamp));
                over.push(column(place.over));
                under.push(column(place.under));
                levels.push(kept.level as i16);
            }
        }
        if added.is_empty() {
            return Ok(());
        }
        let number = self.number;
        let sql = format!(
            "UPDATE version_{number} AS old SET over = new.over, under = new.under, level = new.level \
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[]) AS new (added, over, under, level) \
             WHERE old.added = new.added"
        );
        query(AssertSqlSafe(sql)).bind(added).bind(over).bind(under).bind(levels).execute(conn).await?;
        Ok(())
    }

    async fn remove(&self, conn: &mut Conn) -> Result<(), Fault> {
        let gone: Vec<i64> = self.rows.keys().filter(|added| !self.shelf.records.contains_key(added)).map(|added| column(*added)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let number = self.number;
        let sql = format!("DELETE FROM version_{number} WHERE added = ANY($1)");
        query(AssertSqlSafe(sql)).bind(gone).execute(conn).await?;
        Ok(())
    }

    async fn bury(&self, conn: &mut Conn) -> Result<(), Fault> {
        for Gone { id, instant, digest, said } in self.shelf.deleted.iter().skip(self.buried) {
            bury(conn, self.number, id.as_str(), instant, said, digest).await?;
        }
        Ok(())
    }

    /// Objects that are to be put into a collection in which there are none of their ids, as they are.
    pub(super) fn of(number: u32, objects: Vec<Whole>) -> Self {
        let mut shelf = Shelf::default();
        for (id, versions) in objects {
            for (instant, added, kept) in versions {
                shelf.versions.entry(id.clone()).or_default().insert(instant, added);
                shelf.records.insert(added, kept);
            }
        }
        Self { number, shelf, before: Stamp::ZERO, rows: BTreeMap::new(), buried: 0 }
    }

    /// Puts the objects of [`Excerpt::of`].
    pub(super) async fn put(&self, conn: &mut Conn) -> Result<(), Fault> {
        self.insert(conn, &self.places()).await
    }

    /// Everything that was read, by object.
    pub(super) fn into_objects(mut self) -> Vec<Whole> {
        let versions: BTreeMap<StixId, BTreeMap<Instant, Stamp>> = self.shelf.versions.drain().collect();
        let mut records = self.shelf.records;
        let whole = |(id, versions): (StixId, BTreeMap<Instant, Stamp>)| {
            let versions = versions.into_iter().filter_map(|(instant, added)| Some((instant, added, records.remove(&added)?)));
            (id, versions.collect())
        };
        versions.into_iter().map(whole).collect()
    }
}

/// Notes that a version was deleted for good.
pub(super) async fn bury(conn: &mut Conn, number: u32, id: &str, instant: &Instant, said: &str, digest: &[u8]) -> Result<(), Fault> {
    let sql = "INSERT INTO grave (collection, object, instant, said, digest) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    query(sql).bind(key(number)?).bind(id).bind(instant.to_key()).bind(said).bind(digest).execute(conn).await?;
    Ok(())
}

fn texts(ids: &BTreeSet<&StixId>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn object_id(text: &str) -> Result<StixId, StoreError> {
    StixId::parse(text).map_err(|error| StoreError::Damaged(format!("the id {text}: {error}")))
}

pub(super) fn instant(key: &[u8]) -> Result<Instant, StoreError> {
    Instant::from_key(key).ok_or_else(|| StoreError::Damaged("an instant that is none".into()))
}
