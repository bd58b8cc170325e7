"""The mock behind a gateway for the length of a run, and the gateway itself where the run starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from qwen_image_conformance.client_mock import bases, started
from qwen_image_conformance.client_process import stop
from qwen_image_conformance.problems import Unreachable, UsageProblem
from qwen_image_conformance.upstream.secrets import KEY, upstream_key
from qwen_image_spec.model import Spec

_PATIENCE = 120.0
_TICK = 0.2


@contextmanager
def standing(
    spec: Spec, target: str, *, with_upstream: bool, port: int | None, command: Sequence[str]
) -> Iterator[str | None]:
    """The address of a mock that this run starts, with the gateway of `command` in front; None without `with_upstream`.

    Raises UsageProblem for options that do not go together, Unreachable when the gateway does not come up.
    """
    if not with_upstream:
        if command or port is not None:
            raise UsageProblem(
                "a command after -- and --upstream-port are for runs that start the mock",
                "add --with-upstream",
            )
        yield None
        return
    if not command and port is None:
        raise UsageProblem(
            "--with-upstream needs to lead the gateway to the mock",
            "give the gateway's command after --, or its configured upstream's port with --upstream-port",
        )
    with started(("--port", str(port or 0))) as mock:
        if not command:
            yield mock.url
            return
        with _gateway(command, {**os.environ, **variables(spec, mock.url)}, target):
            yield mock.url


def variables(spec: Spec, mock: str) -> dict[str, str]:
    """What a gateway's command learns of the mock: its address, the base addresses of both styles, and a key.

    `UPSTREAM_NATIVE` and `UPSTREAM_OPENAI` are the mock's own choice for each style; every provider also has a variable,
    such as `UPSTREAM_DASHSCOPE_COMPATIBLE`.
    """
    found = {
        "UPSTREAM_URL": mock,
        "UPSTREAM_NATIVE": f"{mock}/api/v1",
        "UPSTREAM_OPENAI": f"{mock}/v1",
        KEY: upstream_key(),
    }
    for provider in spec.providers.values():
        openai, native = bases(provider)
        base = openai if provider.style == "openai" else native
        found[f"UPSTREAM_{provider.id.upper().replace('-', '_')}"] = f"{mock}/{provider.id}{base}"
    return found


@contextmanager
def _gateway(command: Sequence[str], environment: dict[str, str], target: str) -> Iterator[None]:
    if _answers(target):
        raise UsageProblem(
            f"something already answers at {target}", "stop it, or leave the command after -- out"
        )
    try:
        process = subprocess.Popen(  # noqa: S603 # the user's own gateway
            command, env=environment, start_new_session=True
        )
    except OSError as error:
        raise UsageProblem(
            f"the command does not start: {command[0]}: {error.strerror or error}",
            "give the program and its arguments after --",
        ) from error
    try:
        _wait(process, target)
        yield
    finally:
        stop(process)


def _wait(process: subprocess.Popen[bytes], target: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not _answers(target):
        if process.poll() is not None:
            raise UsageProblem(
                f"the gateway's command ended with {process.returncode} before {target} answered",
                "see what it printed above",
            )
        if time.monotonic() > end:
            raise Unreachable(
                f"{target} does not answer {_PATIENCE:g} s after the gateway's command was started",
                "does it listen where --url says?",
            )
        time.sleep(_TICK)


def _answers(target: str) -> bool:
    """Whether somebody listens at an address."""
    parts = urlsplit(target)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=1.0):
            return True
    except OSError:
        return False
