"""The command `qwen-image-mock`, started as a user starts it."""

# the command and the addresses are our own
from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("spec", "mock_server", "conformance")),
}


@contextmanager
def started(*options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "qwen_image_mock", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, **environment},
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().rstrip("\n")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qwen_image_mock", *options],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=30,
        check=False,
    )


def test_the_first_line_is_the_address_of_a_server_that_listens() -> None:
    before = time.monotonic()
    with started() as (process, line):
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", line)
        with urllib.request.urlopen(f"{line}/_mock/health") as answer:
            assert answer.status == 200
        assert time.monotonic() - before < 5
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 0
        assert errors == ""


def test_quiet_prints_the_address_only() -> None:
    with started("--quiet") as (process, line):
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
        assert line.startswith("http://")
        assert rest == ""


def test_keys_come_from_the_environment() -> None:
    def status(url: str, key: str) -> int:
        request = urllib.request.Request(f"{url}/api/v1/tasks/x", headers={"Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    with started(QWEN_IMAGE_MOCK_KEYS="sk-one, sk-two") as (_, url):
        assert [status(url, key) for key in ("sk-one", "sk-two", "sk-three")] == [200, 200, 401]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--openai-provider", "dieyuyn"), "did you mean 'dieyuyun'?"),
        (("--provider-file", "/no/such/file.yaml"), "cannot be read"),
        (("--port", "70000"), "70000"),
        (("--no-such-option",), "No such option"),
        (("--usage", "x"), "error: --usage: unknown usage 'x'"),
        (("--openai-provider", "dashscope"), "those that do: dashscope-compatible, dieyuyun"),
        (("--public-url", "mock.example.com"), "is no http(s) address"),
        (("--public-url", "http://[::1"), "is no http(s) address"),
        (("--public-url", "http://mock.example.com:port"), "is no http(s) address"),
        (("--task-seconds", "nan"), "no number of seconds"),
        (("--header-seconds", "inf"), "no number of seconds"),
        (("--body-seconds", "0.5"), "--body-seconds"),
        (("--host", "256.1.1.1"), "--host is an address of this machine"),
        (("--host", "192.0.2.1"), "--host is an address of this machine"),
    ],
)
def test_mistakes_are_explained_and_exit_2(options: tuple[str, ...], words: str) -> None:
    done = run(*options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port 0" in done.stderr


def test_help_and_version() -> None:
    assert "[[mock:throttle" in run("-h").stdout
    assert "QWEN_IMAGE_MOCK_KEYS" in run("--help").stdout
    assert run("--version").stdout.startswith("qwen-image-mock ")


def test_a_provider_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("provider: my-gateway\nextends: dieyuyun\ntitle: My gateway\n", "utf-8")
    with (
        started("--provider-file", str(file), "--openai-provider", "my-gateway") as (_, url),
        urllib.request.urlopen(f"{url}/_mock/health") as answer,
    ):
        assert b"my-gateway" in answer.read()


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        (
            "qwen_image_mock.app",
            [
                "click",
                "rich",
                "jsonschema",
                "pytest",
                "hypothesis",
                "schemathesis",
                "PIL",
                "httpx",
                "uvicorn",
            ],
        ),
        (
            "qwen_image_mock.server",
            ["rich", "jsonschema", "pytest", "hypothesis", "schemathesis", "PIL", "httpx"],
        ),
        (
            "qwen_image_mock.cli",
            ["rich", "jsonschema", "pytest", "hypothesis", "PIL", "httpx", "starlette", "uvicorn"],
        ),
        (
            "qwen_image_mock.pytest_plugin",
            ["click", "jsonschema", "hypothesis", "starlette", "uvicorn", "yaml", "orjson"],
        ),
    ],
)
def test_imports_stay_light(module: str, heavy: list[str]) -> None:
    code = f"import sys, {module}; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert done.stdout.strip() == ""
