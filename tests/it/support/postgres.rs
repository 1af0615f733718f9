//! A real PostgreSQL: the one that `TAXIWAY_POSTGRES` names, an account on it that may make databases.

use sqlx::{AssertSqlSafe, Connection, PgConnection, query};
use uuid::Uuid;

/// Where databases can be made; says it if that is nowhere.
pub(crate) fn server() -> Option<String> {
    let server = std::env::var("TAXIWAY_POSTGRES").ok();
    assert!(server.is_some() || std::env::var_os("CI").is_none(), "TAXIWAY_POSTGRES names no PostgreSQL");
    if server.is_none() {
        eprintln!("skipped: TAXIWAY_POSTGRES names no PostgreSQL");
    }
    server
}

/// Makes a database, and gives its address.
pub(crate) async fn database(server: &str) -> String {
    let name = format!("taxiway_{}", Uuid::new_v4().simple());
    let mut connection = PgConnection::connect(server).await.unwrap();
    query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(&name);
    url.into()
}
