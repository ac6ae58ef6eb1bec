# What the script that follows knows of tablespaces outside the data directory. $pgdata/pg_tblspc has a link to each. A copy of
# one lies below a folder, at the path of its location: pg_basebackup leaves it there (--tablespace-mapping), because the
# location itself still has what is to be replaced.

# Ends the script where a tablespace of the node cannot be reached: its own container has a place that this one does not.
tablespaces_are_here() {
    for link in "$pgdata"/pg_tblspc/*; do
        if [ -L "$link" ] && [ ! -d "$link/" ]; then
            echo "a tablespace at $(readlink "$link") is not in the node's volume: it must be below /var/lib/postgresql"
            exit 65
        fi
    done
}

# Points the links of the new data directory $home/lab-new from below the folder $1 to below $home/lab-new.tablespaces, and makes the
# locations. Nothing is removed yet.
new_tablespaces() {
    for link in "$home"/lab-new/pg_tblspc/*; do
        [ -L "$link" ] || continue
        copy=$(readlink "$link")
        location=${copy#"$1"}
        if [ "$copy" = "$location" ]; then
            echo "the tablespace at $location was made while the backup was taken: repeat the step"
            exit 65
        fi
        mkdir -p "$location"
        ln -sfn "$home/lab-new.tablespaces$location" "$link"
    done
}
