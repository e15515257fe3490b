#!/usr/bin/env bash
# Builds kurd on Debian 13 and runs its tests there, in a folder of its own. By hand: CI has Debian 12.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

usage() {
  cat <<'END'
Usage: tests/debian13.sh DIR [CTEST ARGUMENT ...]

As root. Makes a Debian 13 in DIR with debootstrap, unless one is there already, copies the files
that git knows of into it (committed or not), builds everything there and runs the tests. Needs
8 GB. KUR_MIRROR says where the packages come from; without it, where debootstrap takes them from.

Example: tests/debian13.sh /var/tmp/debian13 -R train_test
END
}

if (($# == 0)) || [[ $1 == -h || $1 == --help ]]; then
  usage
  exit $(($# == 0 ? 2 : 0))
fi
if ((EUID != 0)); then
  echo "debian13.sh: only root can make a system in a folder" >&2
  exit 1
fi
command -v debootstrap >/dev/null || {
  echo "debian13.sh: apt-get install debootstrap" >&2
  exit 1
}
directory=$1
shift
if [[ ! -e $directory/.made ]]; then
  debootstrap --variant=minbase --include=ca-certificates,git trixie "$directory" \
    ${KUR_MIRROR:+"$KUR_MIRROR"}
  touch "$directory/.made"
fi
cp -L /etc/resolv.conf "$directory/etc/resolv.conf"
mkdir -p "$directory/kurd"
# What is not in the tree any more goes; what was built stays.
find "$directory/kurd" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read) |
  tar -x -C "$directory/kurd"

# In name spaces of its own: what is mounted and started is gone with the script.
exec unshare --mount --pid --fork --kill-child bash -s "$directory" "$@" <<'END'
set -euo pipefail
directory=$1
shift
mount --types proc proc "$directory/proc"
mount --rbind /sys "$directory/sys"
mount --rbind /dev "$directory/dev"
exec chroot "$directory" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  KUR_JOBS="${KUR_JOBS:-}" bash -c '
    cd /kurd
    git config --global --add safe.directory /kurd
    (($# > 0)) || set -- -R .  # the linters are those of Debian 12
    exec tests/run.sh dev "$@"' run "$@"
END
