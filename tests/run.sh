#!/usr/bin/env bash
# Installs, builds and runs every test and the linters.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<'END'
Usage: tests/run.sh [PRESET | --libtorch DIR] [CTEST ARGUMENT ...]

PRESET is dev (default), release, asan or tsan. --libtorch builds with the unpacked libtorch in DIR
(deploy/install-libtorch.sh brings one) in place of Debian's. What follows goes to ctest.

Example: tests/run.sh asan -R e2e
END
  exit 0
fi
preset=${1:-dev}
(($# == 0)) || shift
definitions=(-DBUILD_TESTING=ON)
case "$preset" in
  release) build=build ;;
  dev | asan | tsan) build=build-$preset ;;
  --libtorch)
    if (($# == 0)); then
      echo "run.sh: --libtorch wants the folder of an unpacked libtorch; see --help" >&2
      exit 2
    fi
    preset=libtorch
    build=build-libtorch
    definitions+=("-DLIBTORCH_ROOT=$(realpath "$1")")
    shift
    ;;
  *) echo "run.sh: no preset \"$preset\"; there are dev, release, asan and tsan" >&2; exit 2 ;;
esac

deploy/install-deps.sh
deploy/build.sh "$preset" "${definitions[@]}"

# Sanitizers: fail on the first finding, everywhere.
export ASAN_OPTIONS="abort_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
# Programs under a sanitizer take their time.
if [[ $preset == asan || $preset == tsan ]]; then export KUR_TEST_PATIENCE=4; fi
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}"

ctest --test-dir "$build" -j "${KUR_TEST_JOBS:-2}" --output-on-failure --no-tests=error "$@"
if [[ $preset == dev ]] && (($# == 0)); then
  tests/lint/lint.py --build "$build" --budget 300
fi
