# Makes a stopped node a standby: appends AUTO_CONF to postgresql.auto.conf, where the last line wins.
set -eu
pgdata=/var/lib/postgresql/data/pgdata
umask 077
[ -e /var/lib/postgresql/data/prepared ] || { echo "this node has not begun yet: start it first"; exit 66; }
# A standby would end, or be promoted, at the target of a recovery that is long over.
sed -i '/^recovery_target/d' "$pgdata/postgresql.auto.conf"
rm -f "$pgdata/recovery.signal"
printf '%s' "$AUTO_CONF" >>"$pgdata/postgresql.auto.conf"
: >"$pgdata/standby.signal"
