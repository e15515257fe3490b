#!/usr/bin/env bash
# From a fresh clone to a trained model: installs, builds, starts kurd, trains and shows it live.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'END'
Usage: deploy/quickstart.sh [--cuda | --cpu]

Installs what is missing, builds kurd and its programs into build/bin, starts a kurd for
this user alone and trains deploy/examples/fashion-mnist.yml. Run it again to train on.
KUR_STATE_DIR says where kurd keeps its state.

Where there is an NVIDIA card, or with --cuda, kurd is built with the libtorch that
deploy/install-libtorch.sh brings; else, or with --cpu, with Debian's, which knows
processors only.
END
}

# The driver's library and a card's device file: as kurd finds cards.
has_card() { /sbin/ldconfig -p | grep -q 'libnvidia-ml\.so\.1' && compgen -G '/dev/nvidia[0-9]*' >/dev/null; }

case "${1:-}" in
  "") if has_card; then cuda=yes; else cuda=; fi ;;
  --cuda) cuda=yes ;;
  --cpu) cuda= ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

step=
trap '[[ $? -eq 0 ]] || echo "quickstart: failed while $step; see above." >&2' EXIT
begin() {
  step=$1
  printf '== %s\n' "$step"
}

begin "installing what is missing"
deploy/install-deps.sh --build

libtorch=-DLIBTORCH_ROOT=
if [[ -n $cuda ]]; then
  begin "bringing a libtorch for cards (2 to 3 GB, once)"
  deploy/install-libtorch.sh
  # The second time it only says where it is.
  libtorch=$(deploy/install-libtorch.sh)
fi

begin "building (some minutes the first time)"
deploy/build.sh release -DBUILD_TESTING=OFF "$libtorch" kurd kurctl kurd-evaluator kurd-worker

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
