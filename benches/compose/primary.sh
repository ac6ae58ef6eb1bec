#!/bin/sh
# The primary's entrypoint. What is to be set up is set up on a server that nobody else can reach, as the entrypoints of
# official images do it; after that the real one starts.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb $NO_SYNC --auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8

    cat >>"$PGDATA/postgresql.conf" <<EOF
listen_addresses = '*'
password_encryption = '$AUTH'
wal_level = replica
wal_log_hints = on
hot_standby = on
max_wal_senders = $WAL_SENDERS
max_replication_slots = $SLOTS
wal_keep_size = 64MB
EOF
    cat >>"$PGDATA/pg_hba.conf" <<EOF
host all all samenet trust
host replication replication_user samenet $AUTH
EOF

    pg_ctl --wait --options="-c listen_addresses=''" start
    psql --set=ON_ERROR_STOP=1 --quiet <<EOF
CREATE ROLE replication_user REPLICATION LOGIN PASSWORD '$PGPASSWORD' CONNECTION LIMIT $CONNECTION_LIMIT;
EOF
    for standby in $STANDBYS; do
        psql --quiet --output=/dev/null --command="SELECT pg_create_physical_replication_slot('${standby}_slot')"
    done
    load() {
        psql --set=ON_ERROR_STOP=1 --quiet --output=/dev/null --single-transaction \
            --command="SET LOCAL lab.rows = $2" --command="SET LOCAL lab.seed = 1" \
            --file="/datasets/$1/schema.sql" --file="/datasets/$1/data.sql"
    }
    load shopping 1000
    load jobs 10
    # From here on a commit waits for a standby, so this is the last thing to be set.
    echo "synchronous_standby_names = '$SYNCHRONOUS'" >>"$PGDATA/postgresql.conf"
    pg_ctl --wait --mode=fast stop
fi

exec postgres
