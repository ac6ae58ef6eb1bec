# Runs in the container that holds a node's data disk:
#
#     sh -c FILL lab-disk fill|free|look
#
# One file takes all the free space. It lies beside the data directory, outside of base backups.
set -eu
home=/var/lib/postgresql/data
file=$home/lab-full
case $1 in
fill)
    # The program fails when the disk is full, as intended.
    cat /dev/zero >>"$file" 2>/dev/null || true
    ;;
free) rm -f "$file" ;;
esac
if [ "$1" != look ]; then
    df -Pk "$home" | awk 'NR == 2 { print $4 " kB of " $2 " kB are free" }'
elif [ -e "$file" ]; then
    echo full
fi
