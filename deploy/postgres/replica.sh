#!/bin/bash
# The entrypoint of both databases. What has data goes on with it, as the primary or the replica that it was. What has none begins as a copy
# of the database named in FOLLOW, or as a fresh primary if FOLLOW is empty. So a primary that has failed comes back as a replica.
set -eu

# Volumes belong to root at first.
install -d -o postgres -g postgres -m 0700 /archive /backup

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${FOLLOW:-}" ]; then
        # While the database and its roles are made, no replica can connect: whoever waits for one waits for ever.
        export PGOPTIONS='-c synchronous_commit=local'
    else
        # -R writes standby.signal and primary_conninfo; the name in it is the one that the primary waits for.
        # The copy gets its place when it is complete: half a copy would be started as if it were one.
        rm -rf "$PGDATA.part"
        until PGPASSWORD="$REPLICATION_PASSWORD" gosu postgres pg_basebackup \
            -d "host=$FOLLOW user=replicator application_name=replica connect_timeout=5" -D "$PGDATA.part" -R -X stream -c fast; do
            rm -rf "$PGDATA.part"
            sleep 2
        done
        # After it is promoted there is nobody to wait for, until README.md says so. The last line of this file counts.
        echo "synchronous_standby_names = ''" >> "$PGDATA.part/postgresql.auto.conf"
        mv -T "$PGDATA.part" "$PGDATA"
    fi
fi

exec docker-entrypoint.sh "$@"
