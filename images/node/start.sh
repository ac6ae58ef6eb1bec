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

# Unpacks the initialised directory that all labs of this image share, making it where it is not there yet. The lock
# lets one make it and the others wait; the rename makes it appear whole or not at all. It is one file, because reading
# a thousand small ones takes four times as long (cp -a: 0.45 s, tar: 0.12 s).
initialise() {
    if [ ! -f "$template/pgdata.tar" ]; then
        if [ ! -w "$template" ]; then
            "$@" --pgdata="$pgdata"
            return
        fi
        exec 9>"$template/lock"
        flock 9
        if [ ! -f "$template/pgdata.tar" ]; then
            say "no template yet: running initdb"
            rm -rf "$template/new"
            "$@" --pgdata="$template/new"
            # The log's first segment is mostly zeros, which need not be written sixteen megabytes at a time.
            tar -c -S --hole-detection=raw -f "$template/new.tar" -C "$template/new" . 2>/dev/null ||
                tar -c -f "$template/new.tar" -C "$template/new" .
            mv "$template/new.tar" "$template/pgdata.tar"
            rm -rf "$template/new"
        fi
        exec 9>&-
    fi
    mkdir "$pgdata"
    tar -x -f "$template/pgdata.tar" -C "$pgdata"
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
        # While it waits for its upstream: what is read from the image now need not be read when somebody waits for it.
        { pg_basebackup --version; postgres --version; } >/dev/null 2>&1 &
        receive
        say "base backup begins"
        "$@" 2>&1
        say "base backup taken"
    fi
    mv "$home/conf/"* "$pgdata/"
    : >"$home/prepared"
fi

exec postgres -D "$pgdata" -c cluster_name="$node" </dev/null
