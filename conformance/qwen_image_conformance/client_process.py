"""Running the command that is to be tried, and stopping it with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from qwen_image_conformance.problems import UsageProblem

_TICK = 0.5
_GRACE = 5.0


def finish(
    command: Sequence[str],
    variables: Mapping[str, str],
    seconds: float,
    meanwhile: Callable[[], None],
    *,
    shown: bool,
) -> int | None:
    """Run a command to its end, or stop it after some seconds; gives its exit code, None when stopped.

    `meanwhile` is called every now and then, and once at the end. Raises UsageProblem when the command does
    not start.
    """
    stream = None if shown else subprocess.DEVNULL
    try:
        process = subprocess.Popen(  # noqa: S603 # the command that is to be tried
            command, env=variables, start_new_session=True, stdout=stream, stderr=stream
        )
    except OSError as error:
        raise UsageProblem(
            f"the command does not start: {command[0]}: {error.strerror or error}",
            "give the program and its arguments after --, as in: -- python app.py",
        ) from error
    end = time.monotonic() + seconds
    code: int | None = None
    try:
        while code is None and time.monotonic() < end:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(min(_TICK, max(end - time.monotonic(), 0.01)))
            meanwhile()
    finally:
        stop(process)
    meanwhile()
    return code


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a command with all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return
