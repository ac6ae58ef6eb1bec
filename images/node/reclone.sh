# Replaces a node's data directory by a base backup, and keeps the node's own configuration.
#
#   sh -c RECLONE lab-node COMMAND…, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# COMMAND is `pg_basebackup …` without its directory. AUTO_CONF becomes postgresql.auto.conf. Runs beside the node's own
# container, which is stopped meanwhile.
set -eu
home=/var/lib/postgresql/data
pgdata=$home/pgdata
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077

rm -rf "$home/own" "$home/new" "$home/new.tablespaces"
mkdir "$home/own"
own=$pgdata
# The files of a node that has not started yet lie beside its data directory.
[ -e "$home/prepared" ] || own=$home/conf
cp "$own/postgresql.conf" "$own/pg_hba.conf" "$home/own/"
"$@" --pgdata="$home/new" 2>&1
cp "$home/own/"* "$home/new/"
printf '%s' "$AUTO_CONF" >"$home/new/postgresql.auto.conf"
: >"$home/new/standby.signal"
new_tablespaces "$home/new.tablespaces"
# Only now that the backup is complete: a node without data could not be inspected.
replace_data
