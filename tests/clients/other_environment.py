"""Where the clients of other environments are, and what happens to their tests when they are not there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from clients.client_process import HERE, ROOT

NODE = HERE / "node"
_OLDEST_NODE = 20
_HINT = "make clients"


def python() -> Path:
    """The interpreter of the clients' own environment; skips, in CI fails, when it was not made."""
    home = ROOT / ".venv-clients"
    place = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (home / "made").exists():
        missing(f"the environment of the other Python clients was not made or is not complete: {_HINT}")
    return place


def node() -> str:
    """The `node` command. Its tests are skipped where there is none; its packages must be there in CI."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node.js is not installed: its clients are not tried")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    major = re.match(r"v(\d+)\.", told)
    if major is None or int(major[1]) < _OLDEST_NODE:
        pytest.skip(f"Node.js {told.strip()} is older than {_OLDEST_NODE}: its clients are not tried")
    if not (NODE / "node_modules" / "made").exists():
        missing(f"the Node.js clients were not installed or not completely: {_HINT}")
    return found


def missing(words: str) -> NoReturn:
    """Skip, and say why; in CI that is a failure."""
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(words, pytrace=False)
    pytest.skip(words)
