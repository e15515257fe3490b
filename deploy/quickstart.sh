#!/usr/bin/env bash
# From a fresh clone to a trained model: installs, builds, starts kurd, trains and shows it live.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<'END'
Usage: deploy/quickstart.sh

Installs what is missing, builds kurd and its programs into build/bin, starts a kurd for
this user alone and trains deploy/examples/fashion-mnist.yml. Run it again to train on.
KUR_STATE_DIR says where kurd keeps its state.
END
  exit 0
fi

step=
trap '[[ $? -eq 0 ]] || echo "quickstart: failed while $step; see above." >&2' EXIT
begin() {
  step=$1
  printf '== %s\n' "$step"
}

begin "installing what is missing"
deploy/install-deps.sh --build

begin "building (some minutes the first time)"
deploy/build.sh release -DBUILD_TESTING=OFF kurd kurctl kurd-evaluator kurd-worker

begin "starting kurd"
build/bin/kurctl up

begin "training deploy/examples/fashion-mnist.yml"
build/bin/kurctl submit deploy/examples/fashion-mnist.yml --follow

cat <<'END'

It is trained. From here:

  export PATH="$PWD/build/bin:$PATH"
  kurctl list                                                         # what has run
  kurctl submit deploy/examples/fashion-mnist.yml --follow            # three more epochs, from `last`
  kurctl submit deploy/examples/fashion-mnist.yml --mode evaluate --follow --fetch results
                                                                      # predictions, as a pickle
  kurctl --help
  kurctl down                                                         # stop kurd; jobs train on
END
