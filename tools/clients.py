"""What `make clients` does: installs the clients that the tests drive but cannot import.

Python packages go into `.venv-clients`, from the exact versions of constraints-clients.txt; JavaScript
packages into tests/clients/node/node_modules, where Node.js is installed. What is there already and was
made from the same list is left alone. What cannot be installed is told; with CI set it is a failure.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints-clients.txt"
HOME = ROOT / ".venv-clients"
NODE = ROOT / "tests" / "clients" / "node"
OLDEST_NODE = 20
STAMP = "made"
# few tries: without a network it should be told in seconds, not in minutes
_PIP = ("--no-compile", "--retries", "2")
_NPM = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error",
        "--fetch-retries", "2", "--fetch-retry-mintimeout", "1000")  # fmt: skip


def main() -> int:
    """Install both kinds; 0 unless one could not be installed in CI."""
    good = [python_clients(), node_clients()]
    return 0 if all(good) or os.environ.get("CI", "") in ("", "0", "false") else 1


def python_clients() -> bool:
    """The environment of Python packages; whether it is there."""
    recipe = mark(PINS, sys.version)
    if fresh(HOME, recipe):
        return True
    shutil.rmtree(HOME, ignore_errors=True)
    interpreter = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter), "install", "--quiet", *_PIP]
    commands = [
        [sys.executable, "-m", "venv", "--without-pip", str(HOME)],
        [*pip, "--requirement", str(PINS)],
    ]
    return made(HOME, recipe, commands, ROOT, "tests of dashscope 1.x, LiteLLM and qwen-agent")


def node_clients() -> bool:
    """The JavaScript packages; True, with a word, where there is no Node.js to run them."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("clients: Node.js and npm are not installed; the tests of JavaScript clients will be skipped")
        return True
    version = version_of(node)
    major = re.match(r"v(\d+)\.", version)
    if major is None or int(major[1]) < OLDEST_NODE:
        print(f"clients: Node.js {version} is older than {OLDEST_NODE}; its tests will be skipped")
        return True
    modules = NODE / "node_modules"
    recipe = mark(NODE / "package.json", version)
    if fresh(modules, recipe):
        return True
    shutil.rmtree(modules, ignore_errors=True)
    return made(modules, recipe, [[npm, "install", *_NPM]], NODE, "tests of JavaScript clients")


def version_of(node: str) -> str:
    """What `node --version` prints, such as v22.1.0."""
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 # found in PATH


def mark(recipe: Path, version: str) -> str:
    """What a folder was made from: the list, and the version of what runs it."""
    return hashlib.sha256(recipe.read_bytes() + version.encode()).hexdigest()


def fresh(folder: Path, recipe: str) -> bool:
    """Whether a folder was made completely, from the same."""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text("utf-8") == recipe


def made(folder: Path, recipe: str, commands: list[list[str]], where: Path, tests: str) -> bool:
    """Run the commands that fill a folder; whether they all succeeded."""
    print(f"clients: making {folder.relative_to(ROOT)} (once) ...", flush=True)
    started = time.monotonic()
    variables = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    for command in commands:
        done = subprocess.run(command, cwd=where, env=variables, check=False)  # noqa: S603 # our own commands
        if done.returncode:
            print(f"clients: {folder.relative_to(ROOT)} could not be made: see above.")
            print(f"clients: a package index must be reachable. Without it the {tests} are skipped,")
            print("clients: with CI set they fail. Try again with: make clients")
            return False
    (folder / STAMP).write_text(recipe, "utf-8")
    print(f"clients: {folder.relative_to(ROOT)} is ready, {time.monotonic() - started:.0f} s")
    return True


if __name__ == "__main__":
    sys.exit(main())
