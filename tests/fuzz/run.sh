#!/usr/bin/env bash
# Builds the libFuzzer targets and runs each for a fixed number of inputs, from its seed corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<'END'
Usage: tests/fuzz/run.sh [INPUTS [TARGET ...]]

INPUTS (default 20000) is the number of inputs for each target: csv, idx, image, jsonl, kurfile, npy, packed,
path_resolver, pickle, safetensors, tar, template, yaml (default: all). What a target crashes on is left in build-fuzz/found.

Example: tests/fuzz/run.sh 1000000 yaml
END
  exit 0
fi
inputs=${1:-20000}
(($# == 0)) || shift
targets=("$@")
((${#targets[@]} > 0)) || targets=(csv idx image jsonl kurfile npy packed path_resolver pickle safetensors tar template yaml)

deploy/install-deps.sh
deploy/build.sh fuzz -DBUILD_TESTING=ON "${targets[@]/%/_fuzzer}"
mkdir -p build-fuzz/found
for target in "${targets[@]}"; do
  echo "fuzz: $target, $inputs inputs"
  found=build-fuzz/found/$target
  mkdir -p "$found"
  # New inputs go to the first folder, which is given up; the seeds stay as they are.
  scratch=$(mktemp -d)
  status=0
  build-fuzz/fuzz/"${target}_fuzzer" -runs="$inputs" -seed=1 -max_len=4096 -timeout=20 \
    -rss_limit_mb=2048 -artifact_prefix="$found/" -verbosity=0 \
    -print_final_stats=1 "$scratch" "tests/fuzz/corpus/$target" >"$found/log" 2>&1 || status=$?
  rm -rf "$scratch"
  if ((status != 0)); then
    tail -n 60 "$found/log" >&2
    echo "fuzz: $target failed; see $found" >&2
    exit 1
  fi
  grep -E 'number_of_executed_units|peak_rss' "$found/log"
done
