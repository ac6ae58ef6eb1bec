# Makes the initialised directories that all labs of this image copy for their first primary, their second one, …
#
#   sh -c TEMPLATE lab-template FOLDER NUMBER… -- COMMAND…, with new_cluster (cluster.sh) before it
#
# COMMAND is `initdb …`. It runs in a container of its own: those of nodes can only read what it makes. The lock lets one make a
# directory and the others wait; the rename makes it appear whole or not at all. It is one file, because reading a thousand
# small ones takes four times as long (cp -a: 0.45 s, tar: 0.12 s).
set -eu
folder=$1
shift
numbers=
while [ "$1" != -- ]; do
    numbers="$numbers $1"
    shift
done
shift
umask 077
for number in $numbers; do
    tar=$folder/pgdata-$number.tar new=$folder/new-$number
    exec 9>"$folder/lock-$number"
    flock 9
    if [ ! -f "$tar" ]; then
        rm -rf "$new"
        new_cluster "$new" "$@"
        # The log's first segment is mostly zeros, which need not be written sixteen megabytes at a time.
        tar -c -S --hole-detection=raw -f "$new.tar" -C "$new" . 2>/dev/null || tar -c -f "$new.tar" -C "$new" .
        mv "$new.tar" "$tar"
        rm -rf "$new"
    fi
    exec 9>&-
done
