#!/usr/bin/env bash
# Builds the libFuzzer targets and runs each for a fixed number of inputs, from its seed corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The targets, and how many inputs each gets by default: fewer where one takes long.
declare -A default_inputs=(
  [audio]=4000 [checkpoint]=4000 [csv]=20000 [download]=2000 [evaluation]=4000 [event_log]=2000
  [idx]=20000 [image]=10000 [jsonl]=10000 [kur_log]=2000 [kurfile]=3000 [npy]=20000
  [overrides]=10000 [packed]=10000 [path_resolver]=10000 [pickle]=20000 [safetensors]=20000
  [shown]=2000 [speech]=4000 [statistics]=10000 [submission]=2000 [table]=10000 [tar]=10000
  [template]=10000 [texts]=20000
  [worker]=1000 [yaml]=10000)
mapfile -t all < <(printf '%s\n' "${!default_inputs[@]}" | sort)

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<END
Usage: tests/fuzz/run.sh [INPUTS [TARGET ...]]

INPUTS is the number of inputs for each target (default: what takes a few seconds).
TARGET is one of (default: all):
$(printf '%s ' "${all[@]}" | fmt -w 96 | sed 's/^/  /')
As many run at a time as there are processors. What a target fails on, and what it said, is left in
build-fuzz/found/TARGET.

Example: tests/fuzz/run.sh 1000000 yaml
END
  exit 0
fi
inputs=${1:-}
(($# == 0)) || shift
if [[ ! $inputs =~ ^[0-9]*$ ]]; then
  echo "run.sh: INPUTS is a number, not \"$inputs\"; see --help" >&2
  exit 2
fi
targets=("$@")
((${#targets[@]} > 0)) || targets=("${all[@]}")
for target in "${targets[@]}"; do
  if [[ ! -v "default_inputs[$target]" ]]; then
    echo "run.sh: no target \"$target\"; see --help" >&2
    exit 2
  fi
done

deploy/install-deps.sh
deploy/build.sh fuzz -DBUILD_TESTING=ON "${targets[@]/%/_fuzzer}"

# What the targets write need not survive, so it is kept in memory where that is possible.
[[ ! -w /dev/shm ]] || export TMPDIR=${TMPDIR:-/dev/shm}

# Runs one target. Leaks are looked for in the end, not after every input. New inputs go to the first
# folder, which is given up; the seeds stay as they are.
run_target() {
  local target=$1 count=$2 found=build-fuzz/found/$1 scratch status=0
  mkdir -p "$found"
  scratch=$(mktemp -d)
  mkdir "$scratch/corpus" "$scratch/tmp"
  TMPDIR=$scratch/tmp build-fuzz/fuzz/"${target}_fuzzer" -runs="$count" -seed=1 -max_len=4096 \
    -timeout=20 -rss_limit_mb=2048 -detect_leaks=0 -artifact_prefix="$found/" -verbosity=0 \
    -print_final_stats=1 "$scratch/corpus" "tests/fuzz/corpus/$target" >"$found/log" 2>&1 || status=$?
  rm -rf "$scratch"
  if ((status != 0)); then
    tail -n 60 "$found/log" >&2
    echo "fuzz: $target failed; see $found" >&2
    return 1
  fi
  echo "fuzz: $target, $count inputs, $(awk '/peak_rss/ {print $2}' "$found/log") MB"
}
export -f run_target

for target in "${targets[@]}"; do
  echo "$target ${inputs:-${default_inputs[$target]}}"
done | xargs -P "$(nproc)" -L 1 bash -c 'run_target "$0" "$1"'
