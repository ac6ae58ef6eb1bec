# Replaces the data of a stopped node by a kept base backup, and keeps the node's own configuration.
#
#   sh -c RESTORE lab-node BACKUP SIGNAL, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# SIGNAL is the empty file that tells the server what to be: standby.signal or recovery.signal.
set -eu
home=/var/lib/postgresql/data
pgdata=$home/pgdata
umask 077

backup=/lab/archive/backups/$1
[ -f "$backup/backup_label" ] || { echo "there is no backup $1: take it with a \`backup\` step"; exit 66; }
rm -rf "$home/own" "$home/new" "$home/new.tablespaces"
mkdir "$home/own" "$home/new"
own=$pgdata
# The files of a node that has not started yet lie beside its data directory.
[ -e "$home/prepared" ] || own=$home/conf
cp "$own/postgresql.conf" "$own/pg_hba.conf" "$home/own/"
tar -c -f - -C "$backup" . | tar -x -f - -C "$home/new"
if [ -d "$backup.tablespaces" ]; then
    mkdir "$home/new.tablespaces"
    tar -c -f - -C "$backup.tablespaces" . | tar -x -f - -C "$home/new.tablespaces"
fi
cp "$home/own/"* "$home/new/"
printf '%s' "$AUTO_CONF" >"$home/new/postgresql.auto.conf"
: >"$home/new/$2"
new_tablespaces "$backup.tablespaces"
replace_data
