# Makes a stopped node a standby of another by pg_rewind, and keeps the node's own configuration.
#
#   sh -c REWIND lab-node CONNINFO LOCATION…, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# pg_rewind brings the other node's files, its configuration with them. LOCATION… are the tablespaces of the other node outside
# its data directory.
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077

# A value that pg_controldata shows.
control() { pg_controldata "$pgdata" | sed -n "s/^$1: *//p"; }

# Ends the script where this node has log of its own, though pg_rewind found nothing to do: it compares the numbers of the
# timelines, and two servers that were promoted apart give theirs the same one. Compares the last segment, as far as this node
# has replayed it and the source has it.
is_same_log() {
    end=$(control 'Minimum recovery ending location') timeline=$(control "Min recovery ending loc's timeline")
    if [ "$end" = 0/0 ]; then
        end=$(control "Latest checkpoint location") timeline=$(control "Latest checkpoint's TimeLineID")
    fi
    size=$(control 'Bytes per WAL segment')
    low=$((0x${end#*/}))
    file=$(printf '%08X%08X%08X' "$timeline" "$((0x${end%/*}))" "$((low / size))")
    start=$((low / size * size))
    # A file from the archive is not kept here, and one that waits to be used again has another address.
    at=$(od -An -tu8 -j8 -N8 "$pgdata/pg_wal/$file" 2>/dev/null) || return 0
    [ "$at" -eq $(((0x${end%/*} << 32) + start)) ] || return 0
    start=$(printf '%s/%X' "${end%/*}" "$start")
    theirs=$(psql "$source" -XAtq -v ON_ERROR_STOP=1 -c "
        SELECT length(log), md5(log) FROM (SELECT CASE WHEN here > 0 THEN
                pg_read_binary_file('pg_wal/$file', 0, least(here, $((low % size))), true) END AS log
            FROM (SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                ELSE pg_current_wal_lsn() END, '$start')::bigint AS here) AS source) AS segment") || return 0
    [ "$theirs" != "|" ] || return 0
    ours=$(head -c "${theirs%|*}" "$pgdata/pg_wal/$file" | md5sum)
    [ "${ours%% *}" != "${theirs#*|}" ] || return 0
    echo "both have timeline $timeline, and each has log of its own on it: they were promoted apart"
    exit 65
}

[ -e "$home/prepared" ] || { echo "this node has not begun yet: start it first"; exit 66; }

source=$1
shift
tablespaces_are_here
# pg_rewind makes the links to them, and fails half-way where one leads nowhere.
for location; do mkdir -p "$location"; done

give_own_back
keep_own
# Left by a killed server. It names process 1, which is this shell here.
rm -f "$pgdata/postmaster.pid"
# pg_rewind needs the last checkpoint before the divergence, in WAL that crash recovery would remove.
if pg_controldata "$pgdata" | grep -q '^Database cluster state: *shut down'; then
    :
elif [ -e "$pgdata/standby.signal" ]; then
    # A standby recovers as a standby: its own checkpoint at the end would be one that its upstream does not have.
    pg_ctl start --pgdata="$pgdata" --wait --timeout=3600 --silent --log="$home/lab-own.log" --options="-F -c wal_keep_size=1TB -c archive_mode=off \
        -c primary_conninfo= -c restore_command= -c listen_addresses= -c unix_socket_directories=/tmp" || { cat "$home/lab-own.log"; exit 1; }
    pg_ctl stop --pgdata="$pgdata" --wait --timeout=3600 --silent --mode=fast
    rm -f "$home/lab-own.log"
else
    postgres --single -F -D "$pgdata" -c wal_keep_size=1TB -c archive_mode=off template1 </dev/null 2>&1
fi
said=$(pg_rewind --target-pgdata="$pgdata" --source-server="$source" --no-sync 2>&1) || {
    code=$?
    echo "$said"
    give_own_back
    exit "$code"
}
echo "$said"
give_own_back
case $said in *"no rewind required"*) is_same_log ;; esac
printf '%s' "$AUTO_CONF" >"$pgdata/postgresql.auto.conf"
: >"$pgdata/standby.signal"
