# Replaces the data of a stopped node by a kept base backup, and keeps the node's own configuration.
#
#   sh -c RESTORE lab-node BACKUP SIGNAL, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# A server replays no log of one whose limits were higher: they are raised. SIGNAL is the empty file that tells the server
# what to be: standby.signal or recovery.signal.
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077

# Copies a directory's contents. A shell tells only how the last program of a pipe ended: the mark tells of the first.
copy_tree() {
    mkdir "$2"
    : >"$home/lab-incomplete"
    { tar -c -f - -C "$1" . && rm "$home/lab-incomplete"; } | tar -x -f - -C "$2"
    [ ! -e "$home/lab-incomplete" ] || { echo "the backup cannot be read"; exit 74; }
}

backup=/lab/archive/backups/$1
# pg_basebackup writes the manifest last.
[ -f "$backup/backup_manifest" ] || { echo "there is no backup $1: take it with a \`backup\` step"; exit 66; }
drop_unfinished
copy_tree "$backup" "$home/lab-new"
[ ! -d "$backup.tablespaces" ] || copy_tree "$backup.tablespaces" "$home/lab-new.tablespaces"
configure_new
: >"$home/lab-new/$2"
for name in max_connections max_worker_processes max_wal_senders max_prepared_transactions max_locks_per_transaction; do
    # The control file shortens `transaction` in the names (manual: "Hot Standby", "Administrator's Overview").
    shown=$(echo "$name" | sed 's/transaction/xact/')
    needed=$(pg_controldata "$home/lab-new" | sed -n "s/^$shown setting: *//p")
    if [ "${needed:-0}" -gt "$(postgres -D "$home/lab-new" -C "$name")" ]; then
        echo "$name = $needed" >>"$home/lab-new/postgresql.auto.conf"
    fi
done
new_tablespaces "$backup.tablespaces"
replace_data
