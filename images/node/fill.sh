# What is run in the container that holds a node's data disk:
#
#     sh -c FILL lab-disk fill|free|look
#
# A file takes all the room that is left. It lies beside the data directory, where no base backup finds it.
set -eu
home=/var/lib/postgresql/data
file=$home/lab-full
case $1 in
fill)
    # It ends when no room is left, which is what is wanted of it.
    cat /dev/zero >>"$file" 2>/dev/null || true
    ;;
free) rm -f "$file" ;;
esac
if [ "$1" != look ]; then
    df -Pk "$home" | awk 'NR == 2 { print $4 " kB of " $2 " kB are free" }'
elif [ -e "$file" ]; then
    echo full
fi
