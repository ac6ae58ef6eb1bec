# What pgAdmin's container runs, in the official image and in ours:
#
#     sh -c START lab-pgadmin PORT SERVERS SERVE
#
# SERVERS is the document with the lab's servers, SERVE the program that serves where the image is ours. pgAdmin runs as it
# does on a desktop: for one user, who does not log in. It is reached from this host alone.
#
# What is said here to the official image follows its entrypoint as it is since version 9.16, which also does without the
# capability that an older one needs to start at all. It was read for this, and not run.
set -eu
port=$1
servers=$2
serve=$3
data=/var/lib/pgadmin

printf '%s\n' "$servers" >"$data/lab-servers.json"
export HOME="$data" PGADMIN_SERVER_JSON_FILE="$data/lab-servers.json"
# Values are Python's.
export PGADMIN_CONFIG_SERVER_MODE=False \
    PGADMIN_CONFIG_DATA_DIR="'$data'" \
    PGADMIN_CONFIG_MASTER_PASSWORD_REQUIRED=False \
    PGADMIN_CONFIG_USE_OS_SECRET_STORAGE=False \
    PGADMIN_CONFIG_UPGRADE_CHECK_ENABLED=False \
    PGADMIN_CONFIG_AUTO_DISCOVER_SERVERS=False \
    PGADMIN_CONFIG_LLM_ENABLED=False

if [ -x /entrypoint.sh ]; then
    # It asks for an account although there is none on a desktop, and binds to IPv6 where it is told nothing.
    export PGADMIN_DEFAULT_EMAIL=nobody@example.com PGADMIN_DEFAULT_PASSWORD="unused-$$" \
        PGADMIN_LISTEN_ADDRESS=0.0.0.0 PGADMIN_LISTEN_PORT="$port" PGADMIN_DISABLE_POSTFIX=1
    exec /entrypoint.sh
fi
exec python3 -c "$serve" "$port"
