//! Which collections there are, by their ids, as this server saw them last.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use super::error::{Fault, patiently};
use super::{Conn, Inner};
use crate::store::StoreError;
use crate::store::directory::Directory;

/// The numbers of collections. One that is missing here may be there since a moment; one that is here may be gone.
#[derive(Debug, Default)]
pub(super) struct House(ArcSwap<HashMap<Uuid, u32>>);

impl House {
    /// What a directory says.
    pub(super) fn learn(&self, directory: &Directory) {
        let numbers = directory.collections.iter().map(|(number, collection)| (collection.id, *number));
        self.0.store(Arc::new(numbers.collect()));
    }

    fn number(&self, collection: Uuid) -> Option<u32> {
        self.0.load().get(&collection).copied()
    }
}

impl Inner {
    /// The directory as it stands.
    pub(super) async fn directory(&self) -> Result<Directory, StoreError> {
        let directory = patiently!({
            let text: Option<String> = query_scalar("SELECT text FROM directory").fetch_optional(&self.primary).await?;
            read(text).map_err(Fault::from)
        });
        let directory = directory?;
        self.house.learn(&directory);
        Ok(directory)
    }

    /// The number of a collection; one that is not known here is looked up, since another server may have made it.
    pub(super) async fn number(&self, collection: Uuid) -> Result<u32, StoreError> {
        if let Some(number) = self.house.number(collection) {
            return Ok(number);
        }
        self.directory().await?;
        self.house.number(collection).ok_or(StoreError::NoCollection(collection))
    }
}

fn read(text: Option<String>) -> Result<Directory, StoreError> {
    let Some(text) = text else { return Ok(Directory::default()) };
    serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("the directory: {error}")))
}

/// The directory, held against everybody else who wants to change it.
pub(super) async fn hold(conn: &mut Conn) -> Result<Directory, Fault> {
    query("INSERT INTO directory (text) VALUES ($1) ON CONFLICT DO NOTHING").bind(write(&Directory::default())?).execute(&mut *conn).await?;
    let text: Option<String> = query_scalar("SELECT text FROM directory FOR UPDATE").fetch_optional(&mut *conn).await?;
    Ok(read(text)?)
}

/// Puts a directory in the place of the one that is held.
pub(super) async fn put(conn: &mut Conn, directory: &Directory) -> Result<(), Fault> {
    query("UPDATE directory SET text = $1").bind(write(directory)?).execute(conn).await?;
    Ok(())
}

fn write(directory: &Directory) -> Result<String, StoreError> {
    serde_json::to_string(directory).map_err(|error| StoreError::Engine(format!("the directory: {error}")))
}
