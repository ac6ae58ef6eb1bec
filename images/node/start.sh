# What a node's container runs, as the user postgres: prepare the data directory once, then become PostgreSQL.
#
#   sh -c START lab-node NODE COMMAND…
#
# COMMAND prepares the data directory at the first start: `initdb …` or `pg_basebackup …`. The node's files come on
# standard input: a line with a number of bytes, then a tar of so many bytes. A later start (`docker start`,
# `docker restart`) finds the directory prepared and goes straight to the server.
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
    flock -u 9
    exec 9>&-
    cp -a "$template/pgdata" "$pgdata"
}

# Reads the node's files and puts them where they belong. The archive's end is not the stream's end, so the length
# comes first.
receive() {
    read -r bytes || { say "this node was never configured: lab down removes it"; exit 75; }
    rm -rf "$home/incoming"
    mkdir "$home/incoming"
    head -c "$bytes" | tar -x -f - -C "$home/incoming"
    mv "$home/incoming/pgpass" "$home/pgpass"
}

if [ ! -f "$home/prepared" ]; then
    umask 077
    mkdir -p "$home"
    rm -rf "$pgdata"
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
    mv "$home/incoming/"* "$pgdata/"
    rmdir "$home/incoming"
    : >"$home/prepared"
fi

exec postgres -D "$pgdata" -c cluster_name="$node" </dev/null
