#!/bin/sh
# The proof, run inside the primary's container, where every standby is one short connection away: wait until all
# standbys stream, write one row, look for it on each. By TCP, since the socket answers during the set-up too.
set -eu
export PGHOST=127.0.0.1

until [ "$(psql -Atc "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name <> 'pg_basebackup'" 2>/dev/null)" = "$(echo "$STANDBYS" | wc -w)" ]; do
    sleep 0.1
done
psql --set=ON_ERROR_STOP=1 --quiet --command="INSERT INTO job_seeker (id, name, skill) VALUES (50, 'Ada Brown', 'Tester')"
for standby in $STANDBYS; do
    until [ "$(psql --host="$standby" -Atc "SELECT name FROM job_seeker WHERE id = 50" 2>/dev/null)" = "Ada Brown" ]; do
        sleep 0.1
    done
done
