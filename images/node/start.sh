# What a node's container runs, as the user postgres: prepare the data directory once, then become PostgreSQL.
#
#   sh -c START lab-node NODE COMMAND…
#
# COMMAND prepares the data directory at the first start: `initdb …` or `pg_basebackup …`. The node's files come on
# standard input: a line with a number of bytes, then a tar of so many bytes. A later start (`docker start`,
# `docker restart`) finds the directory prepared and goes straight to the server.
#
# Each program that is started here costs some milliseconds of everybody's `lab up`: hence the tests before commands
# that would do nothing.
set -eu
node=$1
shift
home=/var/lib/postgresql/data
pgdata=$home/pgdata
template=/lab/template

say() { printf 'lab: %s\n' "$*"; }

# Copies the initialised directory that all labs of this image share, making it where it is not there yet. The lock
# lets one make it and the others wait; the rename makes it appear whole or not at all.
initialise() {
    if [ ! -f "$template/pgdata/PG_VERSION" ]; then
        if [ ! -w "$template" ]; then
            "$@" --pgdata="$pgdata"
            return
        fi
        exec 9>"$template/lock"
        flock 9
        if [ ! -f "$template/pgdata/PG_VERSION" ]; then
            say "no template yet: running initdb"
            rm -rf "$template/new"
            "$@" --pgdata="$template/new"
            mv "$template/new" "$template/pgdata"
        fi
        exec 9>&-
    fi
    cp -a "$template/pgdata" "$pgdata"
}

# Reads the node's files: its password file, and in conf/ what goes into the data directory. The archive's end is not
# the stream's end, so the length comes first.
receive() {
    read -r bytes || { say "this node was never configured: lab down removes it"; exit 75; }
    head -c "$bytes" | tar -x -f - -C "$home"
}

if [ ! -f "$home/prepared" ]; then
    umask 077
    [ -d "$home" ] || mkdir -p "$home"
    [ ! -e "$pgdata" ] || rm -rf "$pgdata"
    if [ "$1" = initdb ]; then
        initialise "$@"
        say initialised
        receive
    else
        receive
        say "base backup begins"
        "$@" 2>&1
        say "base backup taken"
    fi
    mv "$home/conf/"* "$pgdata/"
    : >"$home/prepared"
fi

exec postgres -D "$pgdata" -c cluster_name="$node" </dev/null
