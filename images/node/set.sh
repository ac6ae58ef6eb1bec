# Changes settings of a stopped node, as ALTER SYSTEM does on a running one: removes each NAME from postgresql.auto.conf and
# appends AUTO_CONF.
#
#   sh -c SET lab-node NAME…, with the text of AUTO_CONF on standard input (auto_conf.sh)
set -eu
auto=/var/lib/postgresql/data/pgdata/postgresql.auto.conf
[ -e /var/lib/postgresql/data/prepared ] || { echo "this node has not begun yet: start it first"; exit 66; }
for name; do
    sed -i "/^$name *=/Id" "$auto"
done
printf '%s' "$AUTO_CONF" >>"$auto"
