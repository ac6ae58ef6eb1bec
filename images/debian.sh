# What recipes share that make a root file system of the packages of Debian or Ubuntu. It goes before a recipe:
#
#     cat images/debian.sh images/postgres/build.sh | bash -s 17 | docker import …
#
# The packages are fetched by the host's apt from the mirror, and checked with the keys, that the host already uses. Nothing is
# installed on the host, no root is needed and no script of a package is run: packages are unpacked side by side, and the few
# files that their scripts would have made are made here.
#
# Standard error carries one line at a time: `from: WHERE`, `step: DONE OF WHAT`, apt's own `dlstatus:…`, else words for people.
# With LIFELINE=1 the script ends, and cleans up, as soon as its standard input is closed; it must lead its process group then.
#
# Exit codes: 10 this host cannot build, 11 it cannot build this version, 12 the mirror did not answer, 13 no space left,
# 14 the mirror's answer could not be used.
set -euo pipefail
export LC_ALL=C

work=
lifeline=

refuse() {
    local code=$1
    shift
    printf '%s\n' "$@" >&2
    exit "$code"
}

clean() {
    trap '' TERM INT HUP PIPE
    if [ -n "$lifeline" ]; then kill "$lifeline" 2>/dev/null || true; fi
    # Programs that were stopped a moment ago may still be writing.
    for _ in 1 2 3 4 5; do
        if [ -z "$work" ] || rm -rf -- "$work" 2>/dev/null; then break; fi
        sleep 0.2
    done
}
trap clean EXIT
trap 'exit 143' TERM INT HUP PIPE

if [ "${LIFELINE:-}" = 1 ]; then
    exec 3<&0
    { while read -r _; do :; done; kill -TERM 0; } <&3 >/dev/null 2>&1 &
    lifeline=$!
    exec 3<&- </dev/null
fi

for tool in apt-get apt-cache dpkg dpkg-deb awk tar xargs df; do
    command -v "$tool" >/dev/null || refuse 10 "\`$tool\` is not on this host"
done

os_release=${OS_RELEASE:-/etc/os-release}
if [ -r "$os_release" ]; then . "$os_release"; fi
case " ${ID:-} ${ID_LIKE:-} " in
*" ubuntu "*) family=Ubuntu keyring=ubuntu-archive-keyring updates=yes ;;
*" debian "*) family=Debian keyring=debian-archive-keyring updates= ;;
*) refuse 10 "this host is neither Debian nor Ubuntu" ;;
esac

# An apt of our own for the release `$suite`: the host's mirror, proxies and credentials, and none of its state. It takes the
# packages that are named for installed. `$work` is its folder, with room for so many megabytes.
#
#     open_apt MEGABYTES PACKAGE…
open_apt() {
    local need_mb=$1 codename file temp free_mb name package keys=
    shift
    echo "from: $family $suite" >&2
    # The host's sources may name other archives too. The distribution's own is the one that has the host's release and its
    # updates, or else the release alone.
    codename=${UBUNTU_CODENAME:-${VERSION_CODENAME:-}}
    site=$(
        apt-get update --print-uris 2>/dev/null | tr -d "'" | awk -v codename="$codename" '
            $1 ~ "/dists/[^/]+/InRelease$" {
                site = suite = $1
                sub("/dists/[^/]+/InRelease$", "", site)
                sub("/InRelease$", "", suite)
                sub(".*/", "", suite)
                if (suite == codename "-updates") updated[site] = 1
                if (suite == codename) released[++releases] = site
                if (suite ~ /^(oldstable|stable|testing|unstable|sid)$/) other = other ? other : site
            }
            END {
                for (i = 1; i <= releases; i++) if (released[i] in updated) { print released[i]; exit }
                print releases ? released[1] : other
            }'
    )
    if [ -z "$site" ]; then refuse 10 "apt's sources on this host name no mirror of $family"; fi
    for file in "/usr/share/keyrings/$keyring".{pgp,gpg}; do
        if [ -r "$file" ]; then keys=" signed-by=$file"; fi
    done

    temp=${TMPDIR:-/tmp}
    free_mb=$(df -Pm -- "$temp" | awk 'NR == 2 { print $4 }')
    if [ "$free_mb" -lt "$need_mb" ]; then
        refuse 13 "$temp has $free_mb MB free, building needs $need_mb MB"
    fi
    work=$(mktemp -d -- "$temp/lab-image.XXXXXX") || refuse 13 "no temporary folder can be made in $temp"
    root=$work/root
    mkdir -p "$work"/{lists,archives}/partial "$root"

    # A file rather than options: only a file can clear a list, and hosts have hooks that empty caches or wake other programs.
    cat >"$work/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Post-Invoke-Stats;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
Dir::State "$work";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work";
Dir::Cache::archives "$work/archives";
Dir::Cache::pkgcache "$work/pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "$work";
APT::Architecture "$(dpkg --print-architecture)";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Keep-Downloaded-Packages "true";
APT::Sandbox::User "root";
APT::Status-Fd "2";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
// Mirrors may be snapshots of a day, and an old testing is as good for a lab.
Acquire::Check-Valid-Until "false";
CONF
    # Debian's point releases bring new minor versions into the suite itself, Ubuntu has them beside it.
    for name in "$suite" ${updates:+"$suite-updates"}; do
        echo "deb [target=Packages$keys] $site $name main ${components:-}"
    done >"$work/sources.list"
    for package; do
        printf 'Package: %s\nStatus: install ok installed\nArchitecture: all\nMulti-Arch: foreign\nVersion: 999:0\n\n' "$package"
    done >"$work/status"
}

# Runs apt, passes its progress on, and says by the exit code what kind of failure it was. What it says is not kept in a
# file: a full disk would lose the reason. `$unoffered` is said of a package that there is not.
fetch() {
    local said words
    if said=$(
        apt-get -c "$work/apt.conf" -q -q -y "$@" 2>&1 >/dev/null |
            while IFS= read -r line; do
                case "$line" in
                dlstatus:*) echo "$line" >&2 ;;
                *) echo "$line" ;;
                esac
            done
    ); then
        return
    fi
    words=$(grep -E '^(E|Err|W):' <<<"$said" | tail -n 5) || words=$(tail -n 5 <<<"$said")
    case "${said,,}" in
    *"no space left"* | *"enough free space"*) refuse 13 "$words" ;;
    *"unable to locate package"* | *"no installation candidate"*) refuse 11 "$words" "$site $unoffered" ;;
    *"does not have a release file"* | *"404 "*"not found"* | *no_pubkey* | *"not signed"* | *"couldn't be verified"*)
        refuse 14 "$words"
        ;;
    *"could not resolve"* | *"could not connect"* | *"unable to connect"* | *"cannot initiate"* | *"timed out"* | \
        *"connection failed"* | *"connection refused"* | *"failure resolving"* | *" 50"[0-9]" "*)
        refuse 12 "$words"
        ;;
    esac
    refuse 14 "$words"
}

# Unpacks what was fetched into `$root`. The arguments are more patterns of what is left out.
unpack() {
    local dir said words
    for dir in bin sbin lib lib64; do
        mkdir -p "$root/usr/$dir"
        ln -s "usr/$dir" "$root/$dir"
    done
    if ! said=$(find "$work/archives" -name '*.deb' -print0 |
        # Not `dpkg-deb -x`: packages from before the merge of /bin and /usr/bin would make folders of the links above.
        EXCLUDE="$*" xargs -0 -P 2 -n 4 bash -o pipefail -f -c '
            for deb; do
                dpkg-deb --fsys-tarfile "$deb" | tar -C "$0" -xp --keep-directory-symlink --warning=no-timestamp \
                    --exclude="./usr/share/doc/*" --exclude="./usr/share/man/*" --exclude="./usr/share/info/*" \
                    --exclude="./usr/share/locale/*" --exclude="./usr/share/lintian/*" --exclude="./usr/share/bug/*" \
                    ${EXCLUDE:+$(printf " --exclude=%s" $EXCLUDE)} -f - || exit 255
            done' "$root" 2>&1); then
        words=$(tail -n 3 <<<"$said")
        case "${said,,}" in *"no space left"*) refuse 13 "$words" ;; esac
        refuse 14 "$words"
    fi
}

# Makes what the packages' scripts would have made, with one more account.
#
#     complete NAME NUMBER HOME
complete() {
    rm -rf "$root"/var/{run,lock}
    ln -s /run "$root/var/run"
    ln -s /run/lock "$root/var/lock"
    mkdir -p -m 1777 "$root/run/lock"
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    echo "$1:x:$2:$2::$3:/bin/bash" >>"$root/etc/passwd"
    echo "$1:x:$2:" >>"$root/etc/group"
    cp "$root/usr/share/base-files/profile" "$root/etc/profile"
    cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
    ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
    ln -sf dash "$root/usr/bin/sh"
    ln -sf mawk "$root/usr/bin/awk"
    # Nothing in a lab changes its user.
    find "$root" -type f -perm /6000 -exec chmod ug-s {} +
}

# Refuses a file system that lacks one of these.
needs() {
    local needed
    for needed; do
        if [ ! -e "$root/$needed" ]; then refuse 14 "the packages of $suite lack /$needed"; fi
    done
}

# Writes the tar. Some folders below `$1` come first, as an archive of their own without its end, and belong to the account of
# that number; all else belongs to root whoever runs this.
#
#     write FOLDER NUMBER PATH…
write() {
    local folder=$1 number=$2
    shift 2
    tar -C "$folder" -b 1 --format=gnu --numeric-owner --owner="$number" --group="$number" --sort=name -cf - "$@" | head -c -1024
    tar -C "$root" --format=gnu --numeric-owner --owner=0 --group=0 --sort=name -cf - .
}
