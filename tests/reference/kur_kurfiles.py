"""Writes what the original Kur makes of the Kurfiles of tests/engine/kurfile/golden: its dump
(NAME.dump.json) and its expanded model (NAME.layers.json).

    KUR_HOME=... KURREF=.../kurref.py python3 tests/reference/kur_kurfiles.py

KUR_HOME is a checkout of deepgram/kur, KURREF a program that runs it under a current Python: `dump
FILE`, and `--layers FILE` for the layers with shapes and parameters.
"""

import json
import os
import pathlib
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "engine" / "kurfile" / "golden"
NAMES = ["images", "sequence", "templates"]


def run(*arguments):
    command = [sys.executable, os.environ["KURREF"], *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


for name in NAMES:
    kurfile = str(GOLDEN / f"{name}.yml")
    for kind, arguments in (("dump", ("dump", kurfile)), ("layers", ("--layers", kurfile))):
        text = json.dumps(run(*arguments), indent=1, sort_keys=True)
        (GOLDEN / f"{name}.{kind}.json").write_text(text + "\n")
