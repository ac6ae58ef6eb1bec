# Fetches Compose 2 from Debian's packages, without installing anything: `cat images/debian.sh THIS | bash -s WHERE`.
# WHERE is the program's file. Compose 2 is one static program, so that any suite's does.
suite=trixie
unoffered="lacks docker-compose"
open_apt 200
fetch -o APT::Update::Error-Mode=any update
cd "$work"
fetch download docker-compose
dpkg-deb --fsys-tarfile docker-compose_*.deb | tar -xO ./usr/libexec/docker/cli-plugins/docker-compose >"$work/program"
chmod +x "$work/program"
mv "$work/program" "$1"
