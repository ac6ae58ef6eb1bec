# Whether a stopped node was promoted apart from another one. Two timelines of one number differ in where they began, or else
# in their records: the first one has the time. pg_rewind compares the numbers alone.

# A value that pg_controldata shows.
control() { pg_controldata "$pgdata" | sed -n "s/^$1: *//p"; }

# A position as a number.
position() { echo $(((0x${1%/*} << 32) + 0x${1#*/})); }

#   is_not_apart TIMELINE FORK RECORDS
#
# The other node's timeline, where it began, and records of it: POSITION:BYTES, with blanks between them. Ends the script if this
# node has another such timeline.
is_not_apart() {
    [ -n "$1" ] || return 0
    own=$(control "Latest checkpoint's TimeLineID") newer=$(control "Min recovery ending loc's timeline")
    [ "$newer" -le "$own" ] || own=$newer
    [ "$own" -eq "$1" ] || return 0
    history=$pgdata/pg_wal/$(printf '%08X' "$own").history
    [ -f "$history" ] || return 0
    fork=
    while read -r number at rest; do
        case $number in '' | '#'*) ;; *) fork=$at ;; esac
    done <"$history"
    [ -n "$fork" ] || return 0
    [ "$(position "$fork")" -eq "$(position "$2")" ] || apart "$own" "$fork and at $2"
    size=$(control 'Bytes per WAL segment')
    for record in $3; do
        is_same_record "${record%:*}" "${record#*:}" || apart "$own" "$fork"
    done
}

# Whether this node has that record there, or nothing that can be compared.
is_same_record() {
    at=$(position "$1")
    log=$pgdata/pg_wal/$(printf '%08X%08X%08X' "$own" $((at >> 32)) $(((at & 0xFFFFFFFF) / size)))
    # A file from the archive is not kept here, and one that waits to be used again has another address.
    address=$(od -An -v -tu8 -j $((at % size / 8192 * 8192 + 8)) -N 8 "$log" 2>/dev/null) || return 0
    [ "${address:-0}" -eq $((at / 8192 * 8192)) ] || return 0
    ours=$(od -An -v -tx1 -j $((at % size)) -N $((${#2} / 2)) "$log" | tr -d ' \n')
    # This node has not come so far.
    case $ours in 00000000* | '') return 0 ;; esac
    [ "$ours" = "$2" ]
}

apart() {
    echo "both have a timeline $1, which began at $2: they were promoted apart"
    exit 65
}
