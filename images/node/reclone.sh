# Replaces a node's data directory by a base backup, and keeps the node's own configuration.
#
#   sh -c RECLONE lab-node COMMAND…, with the text of AUTO_CONF on standard input (auto_conf.sh)
#
# COMMAND is `pg_basebackup …` without its directory. AUTO_CONF becomes postgresql.auto.conf. Runs beside the node's own
# container, which is stopped meanwhile.
for programs in /usr/lib/postgresql/*/bin; do PATH=$programs:$PATH; done
umask 077

drop_unfinished
"$@" --pgdata="$home/lab-new" 2>&1
configure_new
: >"$home/lab-new/standby.signal"
new_tablespaces "$home/lab-new.tablespaces"
# Only now that the backup is complete: a node without data could not be inspected.
replace_data
