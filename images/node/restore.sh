# Replaces the data of a stopped node by a kept base backup, and keeps the node's own configuration.
#
#   sh -c RESTORE lab-node BACKUP SIGNAL, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# A server replays no log of one whose limits were higher: they are raised. SIGNAL is the empty file that tells the server what to be: standby.signal or recovery.signal.
set -eu
home=/var/lib/postgresql/data
pgdata=$home/pgdata
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
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
for name in max_connections max_worker_processes max_wal_senders max_prepared_transactions max_locks_per_transaction; do
    # The control file shortens `transaction` in the names (manual: "Hot Standby", "Administrator's Overview").
    shown=$(echo "$name" | sed 's/transaction/xact/')
    needed=$(pg_controldata "$home/new" | sed -n "s/^$shown setting: *//p")
    if [ "${needed:-0}" -gt "$(postgres -D "$home/new" -C "$name")" ]; then
        echo "$name = $needed" >>"$home/new/postgresql.auto.conf"
    fi
done
new_tablespaces "$backup.tablespaces"
replace_data
