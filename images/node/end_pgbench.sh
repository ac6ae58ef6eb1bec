# Ends every pgbench in a node's container. Not by its connections: it may be about to make them.
for process in /proc/[0-9]*; do
    [ "$(head -c 7 "$process/cmdline" 2>/dev/null)" != pgbench ] || kill "${process##*/}" || true
done
