#!/usr/bin/env bash
# Installs the Debian packages that kurd is made of and made with. Quick when nothing is missing.
set -euo pipefail

usage() {
  cat <<'END'
Usage: deploy/install-deps.sh [--build | --libtorch]

Installs what is missing of the Debian packages that are needed
  to build, run, test and develop kurd   (default)
  only to build and run it               (--build)
  only to bring PyPI's libtorch          (--libtorch)

Asks for nothing; uses sudo when it is not run by root.

Example: deploy/install-deps.sh --build
END
}

build=(
  g++ cmake ninja-build mold ccache pkg-config
  libtorch-dev libopenblas0-openmp
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  libyaml-cpp-dev nlohmann-json3-dev libsimdjson-dev libspdlog-dev libabsl-dev libcli11-dev
  prometheus-cpp-dev libmicrohttpd-dev
  libsqlite3-dev libarchive-dev libcurl4-openssl-dev libssl-dev zlib1g-dev libsndfile1-dev
  libsamplerate0-dev libjpeg-dev libpng-dev libwebp-dev libkissfft-dev libeigen3-dev libutf8proc-dev
  dataset-fashion-mnist
)
tests=(
  libgtest-dev libgmock-dev clang libclang-rt-dev clang-format clang-tidy
  python3 python3-grpcio python3-numpy python3-torch python3-jsonschema python3-yaml openssl
  espeak-ng
)

libtorch=(python3 python3-pip)

case "${1:-}" in
  "") wanted=("${build[@]}" "${tests[@]}") ;;
  --build) wanted=("${build[@]}") ;;
  --libtorch) wanted=("${libtorch[@]}") ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps: this needs Debian 12 or newer (no dpkg-query or apt-get here)." >&2
  echo "Elsewhere, install the counterparts of: ${wanted[*]}" >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

echo "install-deps: installing ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install-deps: run this as root, or install sudo." >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"
