#!/usr/bin/env bash
# Brings the libtorch of PyPI's wheels, which can use NVIDIA cards, for those who build kurd with it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
locks=$here/libtorch

versions() { (cd "$locks" && printf '%s\n' *.txt | sed 's/\.txt$//' | sort -V); }

usage() {
  cat <<END
Usage: deploy/install-libtorch.sh [--version VERSION] [--into DIR]

Downloads PyTorch's libraries and those of CUDA (2 to 3 GB) from the index that pip is set up with,
checks them against deploy/libtorch/VERSION.txt and unpacks them side by side. Run it again to go
on where it was interrupted; a wheel that is there is not downloaded again. The last line printed
is what to build with: -DLIBTORCH_ROOT=DIR/torch

  --version VERSION  one of: $(versions | tr '\n' ' ')(default: the last)
  --into DIR         default: \$XDG_DATA_HOME/kurd/libtorch-VERSION, in ~/.local/share without it

Python is needed here, not to build or to run kurd. A kurd that other users run wants a folder that
they can read: --into /opt/kurd/libtorch
END
}

fail() {
  echo "install-libtorch: $*" >&2
  exit 1
}

version=
into=
while (($# > 0)); do
  case "$1" in
    --version | --into)
      (($# > 1)) || fail "$1 wants a value; see --help"
      if [[ $1 == --version ]]; then version=$2; else into=$2; fi
      shift 2
      ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
if [[ -z $version ]]; then version=$(versions | tail -n 1); fi
[[ -f $locks/$version.txt ]] || version=$(versions | grep -F -x -e "$version.0" || echo "$version")
[[ -f $locks/$version.txt ]] ||
  fail "no lock file for version $version; there are: $(versions | tr '\n' ' ')"
[[ $(uname -m) == x86_64 ]] || fail "the wheels are for x86_64, and this is $(uname -m)"
: "${into:=${XDG_DATA_HOME:-$HOME/.local/share}/kurd/libtorch-$version}"

"$here/install-deps.sh" --libtorch
mkdir -p "$(dirname "$into")"
into=$(cd "$(dirname "$into")" && pwd)/$(basename "$into")
done_with() { echo "-DLIBTORCH_ROOT=$into/torch"; }

# One at a time: a second would unpack into the same folder.
exec 9>"$into.lock"
flock --nonblock 9 || fail "another one is at work on $into"
if [[ -e $into ]]; then
  cmp --silent "$locks/$version.txt" "$into/lock.txt" ||
    fail "$into is there already, and is not libtorch $version; move it away, or say --into"
  done_with
  exit 0
fi

partial=$into.partial
mkdir -p "$partial"
if [[ ! -e $partial/lock.txt ]]; then
  # Downloads and what they become lie side by side for a while.
  free_gb=$(df --output=avail --block-size=1G "$partial" | tail -n 1)
  ((free_gb >= 8)) || fail "$partial has ${free_gb} GB free; 8 GB are needed"
  cp "$locks/$version.txt" "$partial/lock.txt"
fi
cmp --silent "$locks/$version.txt" "$partial/lock.txt" ||
  fail "$partial is of another version; remove it"

mapfile -t options < <(/usr/bin/python3 "$locks/lock.py" --pip-options)
mapfile -t wheels < <(grep -v '^#' "$partial/lock.txt")
download=$partial/download
number=0
for wheel in "${wheels[@]}"; do
  number=$((number + 1))
  name=${wheel%% *}
  if [[ -e $partial/unpacked/$name ]]; then continue; fi
  echo "install-libtorch: $number of ${#wheels[@]}: $name"
  rm -rf "$download"
  mkdir -p "$download" "$partial/unpacked"
  echo "$wheel" >"$download/requirement.txt"
  /usr/bin/python3 -m pip download --quiet --no-deps --require-hashes --no-cache-dir \
    --disable-pip-version-check "${options[@]}" --dest "$download" \
    --requirement "$download/requirement.txt" ||
    fail "could not download $name; run this again to go on from here"
  # Of torch, only what C++ compiles and links with: torch/ also holds its Python.
  /usr/bin/python3 - "$partial" "$download"/*.whl <<'PYTHON'
import sys, zipfile
folder, wheel = sys.argv[1:]
kept = ("torch/lib/", "torch/include/", "torch/share/", "nvidia/")
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(folder, [name for name in archive.namelist()
                                if name.startswith(kept) or "/licenses/" in name.lower()
                                or name.lower().endswith(("license.txt", "/license", "/notice"))])
PYTHON
  touch "$partial/unpacked/$name"
done
rm -rf "$download"
sync --file-system "$partial"
mv "$partial" "$into"
rm -rf "$into/unpacked"
done_with
