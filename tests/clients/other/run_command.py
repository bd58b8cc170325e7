"""The `dashscope` command many times in one process, because starting it takes a second."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import dashscope
from dashscope.cli import main
from loop import serve

Json = Any


def command(words: list[str]) -> Json:
    """The exit code and the output of a command line."""
    out, errors = io.StringIO(), io.StringIO()
    sys.argv = ["dashscope", *words]
    dashscope.api_key = os.environ["DASHSCOPE_API_KEY"]
    with redirect_stdout(out), redirect_stderr(errors):
        try:
            code = main() or 0
        except SystemExit as stopped:
            code = stopped.code or 0
    return {"code": code, "out": out.getvalue(), "errors": errors.getvalue()}


if __name__ == "__main__":
    serve({"command": command})
