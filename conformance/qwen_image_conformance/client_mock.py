"""A mock as a subprocess, spoken to over HTTP only, and the environment that leads a client to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from qwen_image_conformance.problems import UsageProblem
from qwen_image_spec.model import Provider

Json = Any
_STARTING = 30.0
_HINT = "\n    hint: "  # as the mock's command tells it
_OPENAI, _NATIVE = "/v1", "/api/v1"
_TIMEOUT = 30.0


class Mock:
    """A running mock's admin API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False)
        self._last = ""

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def fault(self, words: str) -> None:
        """Ask for a condition, written as `throttle times=2 retry_after=1`. Raises UsageProblem."""
        if not words.strip():
            raise UsageProblem("--fault is empty", "write it like 'throttle times=2'")
        name, *pairs = words.split()
        options = dict(pair.partition("=")[::2] for pair in pairs)
        wrong = next((pair for pair in pairs if "=" not in pair), None)
        if wrong is not None:
            raise UsageProblem(
                f"--fault {words!r}: {wrong!r} is no option", "write it like 'throttle times=2'"
            )
        answer = self._http.post("/_mock/faults", json={"name": name, **_typed(options)})
        if answer.status_code >= 400:
            cause, _, hint = str(answer.json().get("error", answer.text)).partition(": ")
            raise UsageProblem(f"--fault: {cause}", hint or "qwen-image-mock --list-faults tells them all")

    def fetches(self) -> list[Json]:
        """The journal's entries of pictures fetched from the mock's own address, oldest first."""
        entries: list[Json] = self._http.get("/_mock/requests", params={"operation": "picture"}).json()[
            "requests"
        ]
        return entries

    def news(self) -> list[Json]:
        """The journal's entries since the last call, oldest first."""
        filters = {"since": self._last} if self._last else {}
        entries: list[Json] = self._http.get("/_mock/requests", params=filters).json()["requests"]
        if entries:
            self._last = str(entries[-1]["id"])
        return entries


@contextmanager
def started(arguments: Sequence[str]) -> Iterator[Mock]:
    """A mock for the length of a block. Raises UsageProblem, with what it says, when it does not start."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("QWEN_IMAGE_MOCK_")}
    command = [sys.executable, "-m", "qwen_image_mock", "--port", "0", "--quiet", "--warn", *arguments]
    process = subprocess.Popen(  # noqa: S603 # our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=own
    )
    try:
        url = process.stdout.readline().strip() if process.stdout is not None else ""
        if not url.startswith("http"):
            _, said = process.communicate(timeout=_STARTING)
            said = said.strip().removeprefix("error: ")
            cause, _, hint = said.partition(_HINT if _HINT in said else ": ")
            raise UsageProblem(f"the mock does not start: {cause or 'it says nothing'}", hint)
        mock = Mock(url)
        try:
            yield mock
        finally:
            mock.close()
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def environment(provider: Provider, mock: str, key: str) -> dict[str, str]:
    """The variables that lead the SDKs to a provider of the mock.

    The key stands in the provider's own variable as well.
    """
    openai, native = bases(provider)
    root = f"{mock}/{provider.id}"
    return {
        "OPENAI_BASE_URL": root + openai,
        "OPENAI_API_KEY": key,
        "DASHSCOPE_HTTP_BASE_URL": root + native,
        "DASHSCOPE_BASE_URL": root + native,
        "DASHSCOPE_API_KEY": key,
        "QWEN_IMAGE_API_KEY": key,
        provider.key_env: key,
        "QWEN_IMAGE_MOCK_URL": mock,
        "NO_PROXY": _joined("NO_PROXY"),
        "no_proxy": _joined("no_proxy"),
    }


def bases(provider: Provider) -> tuple[str, str]:
    """What stands before `/images/...` and before `/services/...` in the provider's paths."""
    paths = [endpoint.path for endpoint in provider.endpoints.values()]
    openai = next((path.partition("/images/")[0] for path in paths if "/images/" in path), _OPENAI)
    native = next((path.partition("/services/")[0] for path in paths if "/services/" in path), _NATIVE)
    return openai, native


def _joined(name: str) -> str:
    return ",".join(filter(None, (os.environ.get(name, ""), "127.0.0.1,localhost")))


def _typed(options: Mapping[str, str]) -> dict[str, Json]:
    """Whole numbers as numbers: the admin API wants them so."""
    return {name: int(value) if value.isdecimal() else value for name, value in options.items()}
