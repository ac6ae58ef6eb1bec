# Replaces a node's data directory in steps, each of which may be the last one before a kill: what is here then is the old data or
# the new, and the next start or work on the node goes on. Scripts on a node's data begin with this one.
#
#   lab-new              the new data directory, in the making
#   lab-new.tablespaces  its tablespaces, each at the path of its location (tablespaces.sh)
#   lab-whole            the new data is complete, and takes the place of the old
#   lab-old              the old data directory, meanwhile
#   lab-own              the node's own configuration, while pg_rewind may overwrite it
set -eu
home=/var/lib/postgresql/data
pgdata=$home/pgdata

# Copies the node's own configuration aside.
keep_own() {
    rm -rf "$home/lab-own.new"
    mkdir "$home/lab-own.new"
    cp "$pgdata/postgresql.conf" "$pgdata/pg_hba.conf" "$home/lab-own.new/"
    mv "$home/lab-own.new" "$home/lab-own"
}

# Puts it back where it was.
give_own_back() {
    [ -d "$home/lab-own" ] || return 0
    cp "$home/lab-own/"* "$pgdata/"
    mv "$home/lab-own" "$home/lab-own.new"
    rm -rf "$home/lab-own.new"
}

# Removes what a killed script left of new data. The old data has the node's own configuration again.
drop_unfinished() {
    give_own_back
    for left in "$home"/lab-new*; do
        [ ! -e "$left" ] || rm -rf "$left"
    done
}

# Gives the new data directory the node's own configuration, and takes its text for postgresql.auto.conf.
configure_new() {
    own=$pgdata
    # The files of a node that has not started yet lie beside its data directory.
    [ -e "$home/prepared" ] || own=$home/conf
    cp "$own/postgresql.conf" "$own/pg_hba.conf" "$home/lab-new/"
    printf '%s' "$AUTO_CONF" >"$home/lab-new/postgresql.auto.conf"
}

# Replaces the data directory and its tablespaces by the new ones, which are complete.
replace_data() {
    : >"$home/lab-whole"
    finish_replacement
}

finish_replacement() {
    [ -e "$home/lab-whole" ] || return 0
    if [ -d "$home/lab-new" ]; then
        [ ! -d "$pgdata" ] || mv "$pgdata" "$home/lab-old"
        mv "$home/lab-new" "$pgdata"
    fi
    for link in "$home"/lab-old/pg_tblspc/*; do
        [ ! -L "$link" ] || drop_tablespace "$(readlink "$link")"
    done
    for link in "$pgdata"/pg_tblspc/*; do
        [ ! -L "$link" ] || move_tablespace "$link"
    done
    rm -rf "$home/lab-old" "$home/lab-new.tablespaces"
    : >"$home/prepared"
    rm "$home/lab-whole"
}

# Empties the location of an old tablespace, unless a new one takes its place.
drop_tablespace() {
    for new in "$pgdata"/pg_tblspc/*; do
        [ -L "$new" ] || continue
        to=$(readlink "$new")
        [ "${to#"$home/lab-new.tablespaces"}" != "$1" ] || return 0
    done
    rm -rf "$1"/PG_*
}

# Moves a new tablespace to its location. The link tells it last: a tablespace that the link has at its location is there.
move_tablespace() {
    copy=$(readlink "$1")
    location=${copy#"$home/lab-new.tablespaces"}
    [ "$copy" != "$location" ] || return 0
    to=$location
    # The volume is at two places. A rename, which is one step, needs both ends at the same.
    twin=$home/${location#/var/lib/postgresql/}
    [ ! "$twin" -ef "$location" ] || to=$twin
    for part in "$copy"/PG_*; do
        # A part that has been moved is not here any more.
        [ -d "$part" ] || continue
        rm -rf "$to/${part##*/}"
        mv "$part" "$to/"
    done
    ln -sfn "$location" "$1"
}

finish_replacement
