# What is run in the container beside a node, in the node's network, whenever a fault of it comes or goes:
#
#     sh -c APPLY lab-net RULES SHAPING
#
# RULES are nft's and replace those of before at once, SHAPING is a batch for tc or nothing. Exit code 3: the node was started
# anew and has another network than this one, which has only the loopback left.
set -eu
if [ ! -e /sys/class/net/eth0 ]; then exit 3; fi
printf '%s' "$1" | nft -f -
tc qdisc del dev eth0 root 2>/dev/null || true
if [ -n "$2" ]; then printf '%s' "$2" | tc -batch -; fi
