# What a node's container runs, as the user postgres: prepare the data directory once, then become PostgreSQL.
#
#   sh -c START lab-node NODE SHARERS CLUSTER COMMAND…
#
# COMMAND prepares the data directory at the first start: `initdb …` or `pg_basebackup …`. So many nodes begin with what
# a `pg_basebackup` brings, unless the node's files say otherwise: 1 where it is for this node alone, 0 where it is and this
# start is for its files alone, the next one for the server. CLUSTER counts the lab's primaries: each has an initialised
# directory of its own, as each has a system identifier of its own. The node's files come on standard input: a line with a
# number of bytes, then a tar of so many bytes. A later start (`docker start`, `docker restart`) finds the directory
# prepared and goes straight to the server.
#
# Each program that is started here costs some milliseconds of everybody's `lab up`: hence the tests before commands
# that would do nothing.
node=$1
sharers=$2
cluster=$3
shift 3
template=/lab/template
backup=/lab/backup

say() { printf 'lab: %s\n' "$*"; }

# Unpacks the initialised directory that all labs of this image share for their first primary, their second one, …
# (template.sh), or makes one where there is none.
initialise() {
    tar=$template/pgdata-$cluster.tar
    if [ ! -f "$tar" ]; then
        say "no template: running initdb"
        new_cluster "$pgdata" "$@"
        return
    fi
    mkdir "$pgdata"
    tar -x -f "$tar" -C "$pgdata"
}

# Unpacks the base backup that several standbys begin with. The first one here takes it while the others wait at the
# lock; the last one that has unpacked it removes it. Each backup of its own would cost the upstream a checkpoint and a
# segment of log, and every standby that streams already the sixteen megabytes of that segment.
unpack_shared() {
    if [ ! -d "$backup/taken" ]; then
        exec 9>"$backup/lock"
        flock 9
        if [ ! -d "$backup/taken" ]; then
            say "base backup begins"
            rm -rf "$backup/new"
            "$@" --pgdata="$backup/new" --format=tar 2>&1
            mv "$backup/new" "$backup/taken"
        fi
        exec 9>&-
    fi
    # The node's own files are there already.
    tar -x -f "$backup/taken/base.tar" -C "$pgdata" --exclude=postgresql.conf --exclude=pg_hba.conf
    tar -x -f "$backup/taken/pg_wal.tar" -C "$pgdata/pg_wal"
    : >"$backup/unpacked-$node"
    set -- "$backup/unpacked-"*
    [ $# -lt "$sharers" ] || rm -rf "$backup/taken"
}

# Takes a base backup for this node alone. The node's files are copied, for a start that fails here is tried again.
own_backup() {
    say "base backup begins"
    "$@" --pgdata="$pgdata" 2>&1
    cp "$home/conf/"* "$pgdata/"
}

# Gives the superuser its password while nobody can connect, where the lab has one. The statement has its hash, so no log
# shows it, and no standby is waited for.
own_password() {
    [ -f "$home/superuser.sql" ] || return 0
    postgres --single -F -D "$pgdata" -c exit_on_error=on -c logging_collector=off -c log_statement=none \
        -c log_min_duration_statement=-1 -c log_min_error_statement=panic -c synchronous_commit=local \
        postgres <"$home/superuser.sql" >/dev/null
    rm "$home/superuser.sql"
}

# Reads the node's files: its password file, and what goes into the data directory, in pgdata/ or, where that must be
# empty at first, in conf/. The archive's end is not the stream's end, so the length comes first.
receive() {
    read -r bytes || { say "this node was never configured: lab down removes it"; exit 75; }
    head -c "$bytes" | tar -x -f - -C "$home"
}

# Makes the slot that a node which starts later has on its upstream: not before somebody takes what it holds.
own_slot() {
    for word; do
        case $word in
            --dbname=*) conninfo=$word ;;
            --slot=*) slot=$word ;;
        esac
    done
    [ -z "${slot-}" ] || pg_receivewal "$conninfo" "$slot" --create-slot --if-not-exists --no-password 2>&1
}

# Removes what an earlier start that failed has left: the data directory, and the tablespaces that lie elsewhere. No link leads
# to those yet, for a base backup brings them first.
forget() {
    find /var/lib/postgresql -type d -name 'PG_[0-9]*_[0-9]*' -prune -exec rm -rf {} +
    rm -rf "$pgdata"
}

if [ ! -f "$home/prepared" ]; then
    umask 077
    [ -d "$home" ] || mkdir -p "$home"
    [ ! -e "$pgdata" ] || forget
    if [ "$1" = initdb ]; then
        initialise "$@"
        say initialised
        receive
        own_password
    elif [ "$sharers" -eq 0 ] && [ ! -e "$home/received" ]; then
        receive
        : >"$home/received"
        say "starts later"
        exit 0
    else
        if [ "$sharers" -gt 1 ]; then
            receive
            # Where the files do not lie in the data directory, the node is to have a backup of its own.
            if [ -d "$home/conf" ]; then own_backup "$@"; else unpack_shared "$@"; fi
        elif [ "$sharers" -eq 0 ]; then
            own_slot "$@"
            own_backup "$@"
        else
            # While it waits for its upstream: what is read from the image now is not read when somebody waits for it.
            { pg_basebackup --version; postgres --version; } >/dev/null 2>&1 &
            receive
            own_backup "$@"
        fi
        say "base backup taken"
    fi
    : >"$home/prepared"
fi
if [ -e "$home/lab-rewinding" ]; then
    say "pg_rewind was killed in this data directory, which may be neither the old nor the new: reclone this node"
    exit 65
fi
drop_unfinished

exec postgres -D "$pgdata" -c cluster_name="$node" </dev/null
