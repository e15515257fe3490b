#!/usr/bin/env bash
# Builds the programs as they are shipped and measures them beside PyTorch.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/install-deps.sh
deploy/build.sh release kurd kurctl kurd-evaluator kurd-worker
# Debian's own python3: it is the one that python3-torch belongs to.
exec /usr/bin/python3 -B tests/bench/bench.py --bin build/bin "$@"
