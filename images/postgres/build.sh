# Writes a root file system with one major version of PostgreSQL as a tar to standard output. `debian.sh` goes before it:
#
#     cat images/debian.sh images/postgres/build.sh | bash -s 17 | docker import --change 'USER postgres' - lab-postgres:17

major=$1

# --- which suite has this version ----------------------------------------------------------------------------------------

case $family in
Ubuntu) suites='14:jammy 16:noble 17:questing 18:resolute' ;;
Debian) suites='13:bullseye 15:bookworm 17:trixie 18:forky' ;;
esac
suite= majors=
for pair in $suites; do
    majors="$majors${majors:+, }${pair%%:*}"
    if [ "${pair%%:*}" = "$major" ]; then suite=${pair#*:}; fi
done
if [ -z "$suite" ]; then
    refuse 11 "no release of $family has PostgreSQL $major; from its packages can be built: $majors"
fi

# --- fetch ---------------------------------------------------------------------------------------------------------------

# What packages ask for and a container with one server in it does not. They are Perl and what needs it (Debian's wrappers
# around several clusters), accounts, and LLVM, which is 120 MB and only speeds up long queries: PostgreSQL goes without where
# `llvmjit.so` is missing.
open_apt 400 adduser debconf init-system-helpers libpam-modules libpam-runtime locales lsb-base passwd perl perl-base \
    postgresql-client-common postgresql-common sensible-utils ssl-cert sysvinit-utils ucf libllvm{9..30}{,t64}
unoffered="offers no PostgreSQL $major in $suite; from $family's packages can be built: $majors"

echo "step: 0 5 reading $suite's package list" >&2
fetch -o APT::Update::Error-Mode=any update
echo "step: 1 5 fetching packages" >&2
fetch --download-only install "postgresql-$major" "postgresql-client-$major" \
    base-files base-passwd bash coreutils dash findutils grep gzip hostname less libc-bin procps sed tar util-linux

# --- unpack, and a place for data ----------------------------------------------------------------------------------------

echo "step: 2 5 unpacking packages" >&2
unpack '*/lib/bitcode/*' '*/llvmjit*'
echo "step: 3 5 completing the root file system" >&2
# The same numbers as in the official image, so that one can read the volumes of the other.
complete postgres 999 /var/lib/postgresql
rm -rf "$root"/usr/share/postgresql/*/man
needs usr/lib/postgresql/"$major"/bin/{postgres,initdb,psql,pg_basebackup,pg_rewind} \
    usr/bin/{sh,cp,tar,head,mkdir,flock}

echo "step: 4 5 importing" >&2
own=$work/postgres
mkdir -p "$own/var/lib/postgresql/data" "$own/run/postgresql"
chmod 0755 "$own/var/lib/postgresql"
chmod 0700 "$own/var/lib/postgresql/data"
chmod 3775 "$own/run/postgresql"
write "$own" 999 ./var/lib/postgresql ./run/postgresql
echo "step: 5 5 importing" >&2
