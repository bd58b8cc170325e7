"""`make bench`: the mock beside the floors, interleaved, as requests per second of server CPU and as ratios.

Wall time depends on the neighbours of this machine; the CPU time of the server does not. So the ratios are of CPU time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import orjson
from load import Figures, load, message

from qwen_image_spec import load as load_spec

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
HEADERS = {"authorization": "Bearer sk-bench", "content-type": "application/json"}


@dataclass
class Server:
    """A server as a subprocess, pinned to one core where the machine has two."""

    process: subprocess.Popen[str]
    url: str
    started: float

    def cpu(self) -> float:
        """Seconds of CPU it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Resident megabytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def server(*command: str) -> Iterator[Server]:
    """Start a server; its first line is its address."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)  # noqa: S603 # ours
    with suppress(OSError):
        os.sched_setaffinity(process.pid, {0})
    try:
        assert process.stdout is not None  # noqa: S101 # piped above
        url = process.stdout.readline().strip()
        urlopen(Request(f"{url}/_mock/health"), timeout=10).read()  # noqa: S310 # ours
        yield Server(process, url, time.perf_counter() - begin)
    finally:
        process.terminate()
        process.wait(10)


MOCK = ("-m", "qwen_image_mock", "--port", "0", "--quiet", "--task-seconds", "0")
SERVERS = {
    "mock": MOCK,
    "starlette": (str(HERE / "floors.py"), "starlette"),
    "bare": (str(HERE / "floors.py"), "bare"),
}


def requests() -> dict[str, tuple[bytes, int]]:
    """What is asked: name -> (request, expected status)."""
    provider = load_spec().providers["dieyuyun"]
    model = provider.models[next(iter(provider.models))]
    size = next(iter(sorted(model.params["size"].base.grants[0].presets))).spell("x")
    path = f"/{provider.id}{provider.endpoints['generations'].path}"
    asked = {"model": model.id, "prompt": "一幅中国山水画,烟雨朦胧,远山如黛", "size": size, "n": 1}
    most = model.params["n"].base.range
    wrong = {**asked, "n": (most.value[1] if most else 1) + 1}
    inline = {**asked, "size": "2048x2048", "n": most.value[1] if most else 1, "response_format": "b64_json"}
    return {
        "generate, url": (message("POST", path, orjson.dumps(asked), HEADERS), 200),
        "generate, b64, n=6": (message("POST", path, orjson.dumps(inline), HEADERS), 200),
        "refusal": (message("POST", path, orjson.dumps(wrong), HEADERS), 400),
    }


def measure(
    running: Server, request: bytes, status: int, seconds: float, connections: int
) -> tuple[float, Figures]:
    """Requests per second of server CPU, and the wall figures."""
    before = running.cpu()
    figures = load(running.url, request, seconds=seconds, connections=connections, status=status)
    used = max(running.cpu() - before, 1 / TICKS)
    return figures.answers / used, figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--requests", type=int, default=100_000, help="for the memory figure")
    options = parser.parse_args()
    with suppress(OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    asked = requests()
    found: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    wall: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    starts: list[float] = []
    for _ in range(options.rounds):
        for name, command in SERVERS.items():
            with server(*command) as running:
                if name == "mock":
                    starts.append(running.started)
                for what, (request, status) in asked.items():
                    if name != "mock" and what != "generate, url":
                        continue
                    for connections in (1, 16, 64):
                        measure(running, request, status if name == "mock" else 200, 0.3, connections)
                        rate, figures = measure(
                            running, request, status if name == "mock" else 200, options.seconds, connections
                        )
                        if figures.wrong:
                            sys.exit(f"{figures.wrong} wrong answers of {figures.answers}: {name}, {what}")
                        found[name, what, connections].append(rate)
                        wall[name, what, connections].append(
                            (figures.answers / figures.seconds, figures.percentile(0.99))
                        )
    _print(found, wall)
    print(f"\nstart to first answer: {_spread(starts)} s")
    memory(asked["generate, url"][0], options.requests)


def _print(
    found: dict[tuple[str, str, int], list[float]],
    wall: dict[tuple[str, str, int], list[tuple[float, float]]],
) -> None:
    print(
        f"{'server':<10} {'request':<20} {'conn':>4}  {'per CPU second min median max':<34} {'wall /s':>10} {'p99':>7}  of bare, starlette"
    )
    for (name, what, connections), rates in found.items():
        rate, slow = (
            statistics.median(column) for column in zip(*wall[name, what, connections], strict=True)
        )
        ratios = ""
        if name == "mock" and what == "generate, url":
            ratios = ", ".join(
                _spread(
                    [
                        mine / theirs
                        for mine, theirs in zip(rates, found[floor, what, connections], strict=True)
                    ],
                    2,
                )
                for floor in ("bare", "starlette")
            )
        print(
            f"{name:<10} {what:<20} {connections:>4}  {_spread(rates, 0):<34} {rate:>10,.0f} {slow:>7.2f}  {ratios}"
        )


def memory(request: bytes, count: int) -> None:
    """Resident memory after many requests."""
    with server(*MOCK) as running:
        before, sent = running.memory(), 0
        while sent < count:
            sent += load(running.url, request, seconds=2, connections=16).answers
        print(f"memory: {before:.0f} MB at start, {running.memory():.0f} MB after {sent:,} requests")


def _spread(values: list[float], digits: int = 3) -> str:
    return " ".join(f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values)))


if __name__ == "__main__":
    main()
