# Makes a stopped node a standby: appends AUTO_CONF to postgresql.auto.conf, where the last line wins.
#
#   sh -c FOLLOW lab-node TIMELINE FORK RECORDS, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# TIMELINE FORK RECORDS: see apart.sh.
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077
[ -e "$home/prepared" ] || { echo "this node has not begun yet: start it first"; exit 66; }
is_not_apart "$@"
# A standby would end, or be promoted, at the target of a recovery that is long over.
sed -i '/^recovery_target/d' "$pgdata/postgresql.auto.conf"
rm -f "$pgdata/recovery.signal"
printf '%s' "$AUTO_CONF" >>"$pgdata/postgresql.auto.conf"
: >"$pgdata/standby.signal"
