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

# Points the links of the new data directory $home/new from below the folder $1 to below $home/new.tablespaces, and makes the
# locations. Nothing is removed yet.
new_tablespaces() {
    for link in "$home"/new/pg_tblspc/*; do
        [ -L "$link" ] || continue
        location=$(readlink "$link")
        location=${location#"$1"}
        mkdir -p "$location"
        ln -sfn "$home/new.tablespaces$location" "$link"
    done
}

# Replaces the data directory and its tablespaces by the new ones.
replace_data() {
    for link in "$pgdata"/pg_tblspc/*; do
        [ ! -L "$link" ] || rm -rf "$link"/PG_*
    done
    rm -rf "$pgdata"
    mv "$home/new" "$pgdata"
    for link in "$pgdata"/pg_tblspc/*; do
        [ -L "$link" ] || continue
        copy=$(readlink "$link")
        location=${copy#"$home/new.tablespaces"}
        rm -rf "$location"/PG_*
        mv "$copy"/PG_* "$location/"
        ln -sfn "$location" "$link"
    done
    rm -rf "$home/own" "$home/new.tablespaces"
    : >"$home/prepared"
}
