#!/usr/bin/env python3
"""Writes the lock file of one version of PyPI's torch: the wheels that its libraries need, by hash.

Usage: deploy/libtorch/lock.py VERSION > deploy/libtorch/VERSION.txt

pip resolves the dependencies, those behind the extras of cuda-toolkit too, from metadata alone.
What only Python needs is left out. No address is kept: pip finds the wheels in whatever index it is
set up with.
"""

import json
import subprocess
import sys

# The libraries are the same for each Python; any will do that all the versions have wheels for.
PYTHON = "3.12"


def platform_options():
    """pip takes wheels of exactly the platforms that it is given."""
    tags = [f"manylinux_2_{minor}_x86_64" for minor in range(5, 35)]
    tags += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "any"]
    options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
    options += [f"--abi=cp{PYTHON.replace('.', '')}", "--abi=abi3", "--abi=none"]
    return options + [f"--platform={tag}" for tag in tags]


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    if sys.argv[1] == "--pip-options":  # for install-libtorch.sh, so that both ask for the same
        print("\n".join(platform_options()))
        return
    report = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
         "--report=-", "--target=/nonexistent", *platform_options(), f"torch=={sys.argv[1]}"],
        check=True, stdout=subprocess.PIPE)
    print(f"# The libraries of torch {sys.argv[1]}; written by lock.py.")
    for item in json.loads(report.stdout)["install"]:
        name = item["metadata"]["name"]
        if name == "torch" or name.startswith("nvidia-"):
            sha256 = item["download_info"]["archive_info"]["hash"].replace("=", ":", 1)
            print(f"{name}=={item['metadata']['version']} --hash={sha256}")


if __name__ == "__main__":
    main()
