# Changes settings of a stopped node, as ALTER SYSTEM does of one that runs: what postgresql.auto.conf says of each NAME goes,
# and AUTO_CONF comes.
#
#   AUTO_CONF=TEXT sh -c SET lab-node NAME…
set -eu
auto=/var/lib/postgresql/data/pgdata/postgresql.auto.conf
[ -e /var/lib/postgresql/data/prepared ] || { echo "this node has not begun yet: start it first"; exit 66; }
for name; do
    sed -i "/^$name *=/Id" "$auto"
done
printf '%s' "$AUTO_CONF" >>"$auto"
