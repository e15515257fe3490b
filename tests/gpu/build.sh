#!/usr/bin/env bash
# Builds what tests/gpu/run.sh needs where there is a card, and no compiler: one archive.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<'END'
Usage: tests/gpu/build.sh [LIBTORCH]

Builds kurd-worker and the tests that can run on a card with the libtorch in the folder LIBTORCH
(default: what deploy/install-libtorch.sh --version 2.11 brings), and packs them and the libraries
that they need into build-gpu/kurd-gpu.tar.xz. The PyTorch on the machine with the card must be of
the same version.
END
  exit 0
fi
deploy/install-deps.sh
libtorch=${1:-}
if [[ -z $libtorch ]]; then
  deploy/install-libtorch.sh --version 2.11
  # The second time it only says where it is.
  libtorch=$(deploy/install-libtorch.sh --version 2.11)
  libtorch=${libtorch#-DLIBTORCH_ROOT=}
fi

tests=(layers_test losses_test metrics_test optimizers_test train_test)
deploy/build.sh gpu -DBUILD_TESTING=ON -DKUR_TEST_DATA_DIR=tests -DLIBTORCH_ROOT="$(realpath "$libtorch")" \
  kurd-worker "${tests[@]}"
exec /usr/bin/python3 -B tests/gpu/pack.py build-gpu/kurd-gpu.tar.xz build-gpu/bin/kurd-worker \
  "${tests[@]/#/build-gpu/tests/}"
