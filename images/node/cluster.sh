# Makes an initialised directory, with a database that the primary only has to rename: CREATE DATABASE copies three
# hundred files, and that while somebody waits. What is made without a postmaster would count among the system's own objects
# (an OID below 16384), which pgAdmin, for one, does not show: hence the first OID that a user's object has.
new_cluster() {
    dir=$1
    shift
    "$@" --pgdata="$dir"
    pg_resetwal -o 16384 -D "$dir" >/dev/null
    echo 'CREATE DATABASE lab_spare' | postgres --single -F -c exit_on_error=on -D "$dir" postgres >/dev/null
}
