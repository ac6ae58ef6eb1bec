# Prints the title of each process of a node's container, a line each.
for file in /proc/[0-9]*/cmdline; do
    tr '\000' ' ' <"$file" 2>/dev/null
    echo
done
