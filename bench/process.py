"""A server as a subprocess: pinned to one core, with the CPU time and the memory of all its processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CPU_OF_A_PROCESS = 2
"""The kind of clock in the number that Linux gives the CPU clock of another process."""
PAGE = os.sysconf("SC_PAGE_SIZE")
STARTING = 60.0
HERE = Path(__file__).parent
MOCK = ("-m", "qwen_image_mock", "--port", "0", "--quiet", "--task-seconds", "0")
FLOORS = {
    "starlette": (str(HERE / "floors.py"), "starlette"),
    "bare": (str(HERE / "floors.py"), "bare"),
    "protocol": (str(HERE / "floors.py"), "protocol"),
}


@dataclass
class Server:
    """A running server. `started` is seconds from its start to its first answer."""

    process: subprocess.Popen[str]
    url: str
    started: float

    def cpu(self) -> float:
        """Seconds of CPU that it and its children have used."""
        used = 0.0
        for process in family(self.process.pid):
            with suppress(OSError):
                used += time.clock_gettime((~process << 3) | CPU_OF_A_PROCESS)
        return used

    def memory(self) -> float:
        """Resident megabytes, children included."""
        pages = 0
        for process in family(self.process.pid):
            with suppress(OSError):
                pages += int(Path(f"/proc/{process}/statm").read_text("utf-8").split()[1])
        return pages * PAGE / 2**20


def family(process: int) -> list[int]:
    """A process and all that come from it."""
    found = [process]
    for each in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{each}/task").iterdir():
                found += [int(word) for word in (thread / "children").read_text("utf-8").split()]
    return found


def pin(core: int) -> None:
    """Keep this process, and what it starts from now on, on one core, where there are several."""
    with suppress(OSError, AttributeError):
        if (os.cpu_count() or 1) > core:
            os.sched_setaffinity(0, {core})


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Start programs on a core, all their threads from the first on, and come back to one's own."""
    try:
        own = os.sched_getaffinity(0)
    except AttributeError:
        own = None
    pin(core)
    try:
        yield
    finally:
        if own is not None:
            os.sched_setaffinity(0, own)


@contextmanager
def python_server(*arguments: str) -> Iterator[Server]:
    """Start one of our servers with this Python; its first line is its address."""
    begin = time.perf_counter()
    with pinned(0):
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)  # noqa: S603 # ours
    try:
        assert process.stdout is not None  # noqa: S101 # piped above
        url = process.stdout.readline().strip()
        if not url:
            sys.exit(f"{' '.join(arguments)} did not start")
        wait(process, f"{url}/_mock/health", b"")
        yield Server(process, url, time.perf_counter() - begin)
    finally:
        end(process)


@contextmanager
def foreign_server(command: Sequence[str], url: str, path: str, body: bytes, log: Path) -> Iterator[Server]:
    """Start a server of others at a known address; it is there when it answers `body` with 200."""
    begin = time.perf_counter()
    with log.open("w", encoding="utf-8") as words:
        with pinned(0):
            process = subprocess.Popen(command, stdout=words, stderr=words, text=True, cwd=log.parent)  # noqa: S603 # from our table
        try:
            wait(process, url + path, body)
            yield Server(process, url, time.perf_counter() - begin)
        finally:
            end(process)


def wait(process: subprocess.Popen[str], url: str, body: bytes) -> None:
    """Ask until there is an answer of 200. Raises ConnectionError when the server ends or takes too long."""
    headers = {"content-type": "application/json", "authorization": "Bearer sk-bench"}
    give_up = time.perf_counter() + STARTING
    last = "no answer"
    while time.perf_counter() < give_up:
        if process.poll() is not None:
            raise ConnectionError(f"it ended with {process.returncode}")
        try:
            urlopen(Request(url, data=body or None, headers=headers), timeout=5).read()  # noqa: S310 # loopback
        except HTTPError as error:
            last = f"status {error.code}"
        except OSError as error:
            last = str(error)
        else:
            return
        time.sleep(0.01)
    raise ConnectionError(f"no 200 after {STARTING:.0f} s: {last}")


def end(process: subprocess.Popen[str]) -> None:
    """Stop it and what comes from it."""
    children = family(process.pid)[1:]
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    for child in children:
        with suppress(OSError):
            os.kill(child, 15)
