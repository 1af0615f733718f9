#!/bin/bash
# Runs once, when a fresh primary is made: the owner of the database, which is no superuser, and the role that replicas connect with.
psql -v ON_ERROR_STOP=1 --username postgres --dbname taxiway <<'SQL'
\getenv taxiway TAXIWAY_DATABASE_PASSWORD
\getenv replicator REPLICATION_PASSWORD
CREATE ROLE taxiway LOGIN PASSWORD :'taxiway';
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replicator';
ALTER DATABASE taxiway OWNER TO taxiway;
SQL
# "all" as the database, which the image has written there, does not mean replication.
echo 'host replication replicator all scram-sha-256' >> "$PGDATA/pg_hba.conf"
