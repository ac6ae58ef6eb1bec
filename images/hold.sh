# Keeps a container until somebody stops or removes it. The first process of a container ignores every signal that it
# does not handle: without the trap `docker stop` waits half a minute, and so does a restart of the engine.
trap 'exit 0' INT TERM
sleep infinity &
wait
