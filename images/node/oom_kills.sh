# Prints how many processes of this container the kernel has killed because memory ran out: memory.events has it in
# version 2 of control groups, memory.oom_control in version 1.
cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null | sed -n 's/^oom_kill //p'
