#!/usr/bin/env bash
# Shows on a card what only a card can show: right values, then the speed beside PyTorch.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${KUR_PYTHON:-python3}
"$python" -c 'import numpy, torch' || {
  echo "run.sh: $python cannot import numpy and torch; KUR_PYTHON names one that can" >&2
  exit 2
}
exec "$python" -B tests/gpu/check.py "$@"
