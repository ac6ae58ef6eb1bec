# Ends every pgbench in a node's container. By the processes, not by the connections: those may not be open yet.
for process in /proc/[0-9]*; do
    [ "$(head -c 7 "$process/cmdline" 2>/dev/null)" != pgbench ] || kill "${process##*/}" || true
done
