# Makes a stopped standby a subscriber of its primary by pg_createsubscriber (PostgreSQL 17 and later).
#
#   sh -c CREATE_SUBSCRIBER lab-node CONNINFO DATABASE SUBSCRIPTION
set -eu
pgdata=/var/lib/postgresql/data/pgdata
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
command -v pg_createsubscriber >/dev/null || { echo "this PostgreSQL has no pg_createsubscriber: it came with 17"; exit 69; }
[ -e /var/lib/postgresql/data/prepared ] || { echo "this node has not begun yet: start it first"; exit 66; }
tablespaces_are_here
rm -f "$pgdata/postmaster.pid"
exec pg_createsubscriber --pgdata="$pgdata" --publisher-server="$1" --database="$2" --subscription="$3" \
    --subscriber-username=postgres --socketdir=/tmp 2>&1
