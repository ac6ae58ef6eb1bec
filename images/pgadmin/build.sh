# Writes a root file system with pgAdmin as a tar to standard output. `debian.sh` goes before it:
#
#     cat images/debian.sh images/pgadmin/build.sh | bash -s 9.18 | docker import --change 'USER pgadmin' - lab-pgadmin:9.18
#
# pgAdmin is in no release of Debian or Ubuntu, so Python comes from there and pgAdmin from the Python package index that the
# host's pip is set to: its `pip.conf`, its `PIP_…` variables. pip itself is the image's own, run from the unpacked tree, so
# the host needs no Python, and what is fetched fits the image.

version=$1

case $family in
Ubuntu) suite=noble ;;
Debian) suite=trixie ;;
esac
components=universe
if [ "$family" = Debian ]; then components=; fi
open_apt 1500 adduser debconf init-system-helpers libpam-modules libpam-runtime lsb-base passwd perl perl-base \
    sensible-utils sysvinit-utils ucf
unoffered="lacks a package of $suite that pgAdmin needs"

echo "step: 0 8 reading $suite's package list" >&2
fetch -o APT::Update::Error-Mode=any update
echo "step: 1 8 fetching packages" >&2
fetch --download-only install python3 python3-pip \
    base-files base-passwd bash coreutils dash findutils grep libc-bin mawk sed tar tzdata

echo "step: 2 8 unpacking packages" >&2
unpack
echo "step: 3 8 completing the root file system" >&2
# The same number as in the official image.
complete pgadmin 5050 /var/lib/pgadmin
needs usr/bin/{sh,python3,cat} usr/lib/python3/dist-packages/pip

# --- the image's Python, run on this host --------------------------------------------------------------------------------

loader=$(find "$root"/usr/lib*/ -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)
libraries=$(find "$root/usr/lib" -maxdepth 2 -name libc.so.6 -printf '%h\n' | head -n 1)
if [ -z "$loader" ] || [ -z "$libraries" ]; then refuse 14 "the packages of $suite lack a C library"; fi
# A program that Python starts again by its own name has to come here too.
mkdir "$work/bin"
cat >"$work/bin/python3" <<PYTHON
#!/bin/bash
export PYTHONHOME="$root/usr" PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
exec "$loader" --library-path "$libraries" --argv0 "$work/bin/python3" "$(readlink -f "$root/usr/bin/python3")" "\$@"
PYTHON
chmod 755 "$work/bin/python3"

# --- pgAdmin -------------------------------------------------------------------------------------------------------------

# Some of what it needs is there as source alone, all of it pure Python: pip makes it what it needs. The newest pip may say
# that there is a newer one, on standard error too, so only its own errors are passed on.
echo "step: 4 8 fetching Python packages" >&2
site=$root/opt/pgadmin
if ! said=$("$work/bin/python3" -m pip install --quiet --prefer-binary --no-compile --no-cache-dir --no-input \
    --root-user-action=ignore --disable-pip-version-check --target "$site" "pgadmin4==$version" 2>&1); then
    words=$(grep -E '^ *(ERROR|WARNING)' <<<"$said" | tail -n 4) || words=$(tail -n 4 <<<"$said")
    case "${said,,}" in
    *"no space left"*) refuse 13 "$words" ;;
    *"failed to establish a new connection"* | *"timed out"* | *"name resolution"* | *"connection refused"* | \
            *"cannot connect to proxy"* | *"certificate verify failed"* | *"from versions: none"*)
        refuse 12 "the index that pip is set to did not give pgAdmin" "$words"
        ;;
    *"no matching distribution"*) refuse 11 "$words" ;;
    esac
    refuse 14 "$words"
fi

# What no lab does takes half the room: reading the manual in a container that reaches no network, and putting servers into
# clouds, whose libraries are loaded when that is asked for.
echo "step: 5 8 compiling" >&2
rm -rf "$site"/{pgadmin4/docs,googleapiclient,google,boto3,botocore,s3transfer,azure} "$site/bin" \
    "$root"/usr/lib/python3/dist-packages/{pip,wheel,setuptools,pkg_resources,_distutils_hack}* "$root"/usr/share/python-wheels \
    "$root"/usr/lib/python3*/{ensurepip,idlelib,tkinter,test,lib2to3}
find "$site" -type d -name tests -prune -exec rm -rf {} +
cat >"$site/pgadmin4/config_distro.py" <<'PYTHON'
# Settings are taken from the environment, by the names that the official image has for them.
import ast as _ast
import os as _os

for _name, _value in _os.environ.items():
    if _name.startswith("PGADMIN_CONFIG_"):
        globals()[_name.removeprefix("PGADMIN_CONFIG_")] = _ast.literal_eval(_value)
PYTHON
# The image's files belong to root, so that what is not compiled now is compiled at each start.
"$work/bin/python3" -m compileall -q -j 2 -s "$root" --invalidation-mode unchecked-hash "$root"/usr/lib/python3* "$site" >/dev/null || true

# Making the configuration database takes seconds, and every lab's begins the same.
echo "step: 6 8 making pgAdmin's database" >&2
own=$work/own
data=$own/var/lib/pgadmin
mkdir -p "$data"
chmod 0700 "$data"
if ! said=$(cd / && PGADMIN_CONFIG_SERVER_MODE=False PGADMIN_CONFIG_DATA_DIR="'$data'" PYTHONPATH="$site:$site/pgadmin4" \
    "$work/bin/python3" -c 'import pgAdmin4' 2>&1) || [ ! -s "$data/pgadmin4.db" ]; then
    refuse 14 "pgAdmin $version does not start" "$(tail -n 3 <<<"$said")"
fi
rm -rf "$data"/{sessions,pgadmin4.log}

echo "step: 7 8 importing" >&2
write "$own" 5050 ./var/lib/pgadmin
echo "step: 8 8 importing" >&2
