# Makes a stopped node a standby of another by pg_rewind, and keeps the node's own configuration.
#
#   sh -c REWIND lab-node CONNINFO TIMELINE FORK RECORDS LOCATION…, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# pg_rewind brings the other node's files, its configuration with them. LOCATION… are the tablespaces of the other node outside
# its data directory. TIMELINE FORK RECORDS: see apart.sh.
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077

[ -e "$home/prepared" ] || { echo "this node has not begun yet: start it first"; exit 66; }

source=$1
is_not_apart "$2" "$3" "$4"
shift 4
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
killed=
if [ -e "$home/lab-rewinding" ]; then
    killed=yes
    echo "an earlier pg_rewind was killed in this data directory"
fi
: >"$home/lab-rewinding"
pg_rewind --target-pgdata="$pgdata" --source-server="$source" --no-sync 2>&1 || {
    code=$?
    [ -n "$killed" ] || rm "$home/lab-rewinding"
    give_own_back
    exit "$code"
}
give_own_back
printf '%s' "$AUTO_CONF" >"$pgdata/postgresql.auto.conf"
: >"$pgdata/standby.signal"
rm "$home/lab-rewinding"
