# Begins a stopped node again with a base backup that was kept; the node's own configuration stays.
#
#   AUTO_CONF=TEXT sh -c RESTORE lab-node BACKUP SIGNAL
#
# SIGNAL is the empty file that tells the server what to be: standby.signal or recovery.signal.
set -eu
home=/var/lib/postgresql/data
pgdata=$home/pgdata
umask 077

[ -f "/lab/archive/backups/$1/backup_label" ] || { echo "there is no backup $1: take it with a \`backup\` step"; exit 66; }
rm -rf "$home/own" "$home/new"
mkdir "$home/own" "$home/new"
own=$pgdata
# Those of a node that has not begun yet lie beside it.
[ -e "$home/prepared" ] || own=$home/conf
cp "$own/postgresql.conf" "$own/pg_hba.conf" "$home/own/"
tar -c -f - -C "/lab/archive/backups/$1" . | tar -x -f - -C "$home/new"
cp "$home/own/"* "$home/new/"
printf '%s' "$AUTO_CONF" >"$home/new/postgresql.auto.conf"
: >"$home/new/$2"
rm -rf "$pgdata" "$home/own"
mv "$home/new" "$pgdata"
: >"$home/prepared"
