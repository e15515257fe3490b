#!/usr/bin/env bash
# Configures one CMake preset and builds it, with as many compilers at a time as the memory allows.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'END'
Usage: deploy/build.sh PRESET [-DNAME=VALUE ...] [TARGET ...]

Builds the targets (default: everything) of a preset from CMakePresets.json.
KUR_JOBS sets the number of compilers at a time.

Example: deploy/build.sh release -DBUILD_TESTING=OFF kurd kurctl kurd-evaluator kurd-worker
END
}

if (($# == 0)) || [[ $1 == -h || $1 == --help ]]; then
  usage
  exit $(($# == 0 ? 2 : 0))
fi
preset=$1
shift
definitions=()
targets=()
for argument in "$@"; do
  if [[ $argument == -D* ]]; then definitions+=("$argument"); else targets+=("$argument"); fi
done

# A file that includes libtorch takes about 1.5 GB to compile.
jobs() {
  local processors memory_kb by_memory
  processors=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((memory_kb / 1500000))
  ((by_memory >= 1)) || by_memory=1
  echo $((by_memory < processors ? by_memory : processors))
}

cmake --preset "$preset" "${definitions[@]}" >/dev/null
exec cmake --build --preset "$preset" -j "${KUR_JOBS:-$(jobs)}" \
  ${targets[@]:+--target "${targets[@]}"}
