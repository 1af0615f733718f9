//! Changes of the directory, and the partitions that come and go with collections.

use sqlx::{AssertSqlSafe, query};

use super::error::{Fault, patiently};
use super::house::{hold, put};
use super::{Conn, Inner, log};
use crate::store::audit::{Act, changes};
use crate::store::directory::{Collection, Conflict, Directory, Edit};
use crate::store::{EditError, StoreError};

/// What became of edits: a conflict is an answer, not a failure.
type Edited = Result<Directory, Conflict>;

impl Inner {
    /// [`Store::edit`](crate::store::Store::edit).
    pub(super) async fn edit(&self, edits: Vec<Edit>, act: Option<Act>) -> Result<Directory, EditError> {
        let directory = patiently!(self.try_edit(&edits, act.clone()).await)??;
        self.house.learn(&directory);
        self.notices.tell();
        Ok(directory)
    }

    async fn try_edit(&self, edits: &[Edit], act: Option<Act>) -> Result<Edited, Fault> {
        let mut change = self.primary.begin().await?;
        let before = hold(&mut change).await?;
        let mut after = before.clone();
        for edit in edits {
            if let Err(conflict) = after.apply(edit.clone()) {
                return Ok(Err(conflict));
            }
        }
        for number in before.collections.keys().filter(|number| !after.collections.contains_key(number)) {
            remove(&mut change, *number).await?;
        }
        for (number, collection) in after.collections.iter().filter(|(number, _)| !before.collections.contains_key(number)) {
            make(&mut change, *number, collection).await?;
        }
        put(&mut change, &after).await?;
        let changed = changes(&before, &after);
        log::write(&mut change, act.filter(|_| !changed.is_empty()), |entry| entry.changed = changed).await?;
        change.commit().await?;
        Ok(Ok(after))
    }
}

/// Makes the partition of a collection. It is attached, not made as one, so that nobody who reads has to wait.
pub(super) async fn make(conn: &mut Conn, number: u32, collection: &Collection) -> Result<(), Fault> {
    query("INSERT INTO collection (number, id) VALUES ($1, $2)").bind(key(number)?).bind(collection.id).execute(&mut *conn).await?;
    for sql in [
        format!("CREATE TABLE version_{number} (LIKE version INCLUDING DEFAULTS)"),
        format!("ALTER TABLE version ATTACH PARTITION version_{number} FOR VALUES IN ({number})"),
    ] {
        query(AssertSqlSafe(sql)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Drops a collection with its partition.
async fn remove(conn: &mut Conn, number: u32) -> Result<(), Fault> {
    // Writers hold this row: the last of them ends before the objects go.
    query("DELETE FROM collection WHERE number = $1").bind(key(number)?).execute(&mut *conn).await?;
    query("DELETE FROM grave WHERE collection = $1").bind(key(number)?).execute(&mut *conn).await?;
    query(AssertSqlSafe(format!("DROP TABLE IF EXISTS version_{number}"))).execute(&mut *conn).await?;
    Ok(())
}

/// The number of a collection as a column holds it.
pub(super) fn key(number: u32) -> Result<i32, StoreError> {
    i32::try_from(number).map_err(|_| StoreError::Engine(format!("there can be no collection {number}")))
}
