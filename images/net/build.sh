# Writes a root file system with the programs that cut and slow networks as a tar to standard output. `debian.sh` goes before
# it:
#
#     cat images/debian.sh images/net/build.sh | bash -s 1 | docker import - lab-net:1

case $family in
Ubuntu) suite=noble ;;
Debian) suite=trixie ;;
esac
open_apt 150 adduser debconf init-system-helpers libpam-modules libpam-runtime lsb-base passwd perl perl-base \
    sensible-utils sysvinit-utils ucf
unoffered="lacks a package of $suite that faults of networks need"

echo "step: 0 5 reading $suite's package list" >&2
fetch -o APT::Update::Error-Mode=any update
echo "step: 1 5 fetching packages" >&2
fetch --download-only install iproute2 nftables base-files base-passwd coreutils dash libc-bin

echo "step: 2 5 unpacking packages" >&2
unpack
echo "step: 3 5 completing the root file system" >&2
# Nobody runs as this account: changing a network takes root, with one capability.
complete net 999 /nonexistent
needs usr/bin/{sh,sleep} usr/sbin/{nft,tc}

echo "step: 4 5 importing" >&2
tar -C "$root" --format=gnu --numeric-owner --owner=0 --group=0 --sort=name -cf - .
echo "step: 5 5 importing" >&2
