# Overwrites one page of a stopped node's data directory:
#
#     sh -c CORRUPT lab-node FILE PAGE
#
# FILE is relative to the data directory. The whole page is overwritten, header included, so the server finds it invalid with
# or without checksums.
set -eu
file=/var/lib/postgresql/data/pgdata/$1
[ -e "$file" ] || { echo "there is no file $file in the node's volume"; exit 66; }
head -c 8192 /dev/zero | tr '\000' '\377' | dd of="$file" bs=8192 seek="$2" iflag=fullblock conv=notrunc,fsync status=none
