# Makes a stopped node a standby: appends AUTO_CONF to postgresql.auto.conf, where the last line wins.
set -eu
pgdata=/var/lib/postgresql/data/pgdata
umask 077
[ -e /var/lib/postgresql/data/prepared ] || { echo "this node has not begun yet: start it first"; exit 66; }
printf '%s' "$AUTO_CONF" >>"$pgdata/postgresql.auto.conf"
: >"$pgdata/standby.signal"
