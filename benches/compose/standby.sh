#!/bin/sh
# A standby's entrypoint: try until the primary gives a base backup, then stream.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    until pg_basebackup --host=primary --username=replication_user --pgdata="$PGDATA" --checkpoint=fast \
        --wal-method=stream --write-recovery-conf --slot="${NAME}_slot" $NO_SYNC; do
        sleep 1
    done
fi

# A standby calls itself by its cluster's name where primary_conninfo says nothing else.
exec postgres -c cluster_name="$NAME"
