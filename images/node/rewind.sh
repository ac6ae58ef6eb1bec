# Makes a stopped node a standby of another by pg_rewind, and keeps the node's own configuration.
#
#   sh -c REWIND lab-node CONNINFO LOCATION…, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# pg_rewind brings the other node's files, its configuration with them. LOCATION… are the tablespaces of the other node outside
# its data directory.
set -eu
home=/var/lib/postgresql/data
pgdata=$home/pgdata
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077
[ -e "$home/prepared" ] || { echo "this node has not begun yet: start it first"; exit 66; }

source=$1
shift
tablespaces_are_here
# pg_rewind makes the links to them, and fails half-way where one leads nowhere.
for location; do mkdir -p "$location"; done

rm -rf "$home/own"
mkdir "$home/own"
cp "$pgdata/postgresql.conf" "$pgdata/pg_hba.conf" "$home/own/"
# Left by a killed server. It names process 1, which is this shell here.
rm -f "$pgdata/postmaster.pid"
# pg_rewind needs the last checkpoint before the divergence, in WAL that crash recovery would remove.
if pg_controldata "$pgdata" | grep -q '^Database cluster state: *shut down'; then
    :
elif [ -e "$pgdata/standby.signal" ]; then
    # A standby recovers as a standby: its own checkpoint at the end would be one that its upstream does not have.
    pg_ctl start --pgdata="$pgdata" --wait --timeout=3600 --silent --log="$home/own.log" --options="-F -c wal_keep_size=1TB -c archive_mode=off \
        -c primary_conninfo= -c restore_command= -c listen_addresses= -c unix_socket_directories=/tmp" || { cat "$home/own.log"; exit 1; }
    pg_ctl stop --pgdata="$pgdata" --wait --timeout=3600 --silent --mode=fast
    rm -f "$home/own.log"
else
    postgres --single -F -D "$pgdata" -c wal_keep_size=1TB -c archive_mode=off template1 </dev/null 2>&1
fi
pg_rewind --target-pgdata="$pgdata" --source-server="$source" --no-sync 2>&1
cp "$home/own/"* "$pgdata/"
rm -rf "$home/own"
printf '%s' "$AUTO_CONF" >"$pgdata/postgresql.auto.conf"
: >"$pgdata/standby.signal"
