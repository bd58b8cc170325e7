"""`make bench`: the mock beside the floors of its server, and the suite's own speed, in one run.

Wall time depends on the neighbours of this machine; the CPU time of the server does so much less. Figures are
therefore requests per second of server CPU, from interleaved rounds, and ratios are taken round by round.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from contextlib import ExitStack

import files
import orjson
import suite
from asked import KEY, direct, submission, traced
from figures import ratios, spread, table
from load import Requests, load, message
from measuring import CONNECTIONS, measure
from process import FLOORS, MOCK, Server, pin, python_server

Key = tuple[str, str, int]


class Bench:
    """The figures of all rounds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.rates: dict[Key, list[float]] = defaultdict(list)
        self.wall: dict[Key, list[tuple[float, float]]] = defaultdict(list)
        self.starts: dict[str, list[float]] = defaultdict(list)
        self.start_cpu: dict[str, list[float]] = defaultdict(list)
        self.downloads: dict[str, list[float]] = {}
        self.asked = direct()

    def round(self, number: int) -> None:
        """Everything once. The servers stand side by side, and take turns so that they share good and bad times."""
        with ExitStack() as stack:
            servers = {
                name: stack.enter_context(python_server(*command))
                for name, command in {"mock": MOCK, **FLOORS}.items()
            }
            for name, running in servers.items():
                self.starts[name].append(running.started)
                self.start_cpu[name].append(running.cpu())
            for connections in CONNECTIONS:
                for name, running in servers.items():
                    self._note(name, "generate", running, self.asked["generate"], 200, connections)
                    self._note(name, "generate, trace ids", running, traced(), 200, connections)
            mock = servers["mock"]
            for what, asked in self.asked.items():
                if what != "generate":
                    self._each("mock", what, mock, asked, asked.status)
            self._tasks(mock)
            files.downloads(mock, self.seconds / 3, number, self.downloads)

    def _each(self, name: str, what: str, running: Server, asked: Requests | bytes, status: int) -> None:
        for connections in CONNECTIONS:
            self._note(name, what, running, asked, status, connections)

    def _note(
        self, name: str, what: str, running: Server, asked: Requests | bytes, status: int, connections: int
    ) -> None:
        rate, figures = measure(running, asked, status, self.seconds, connections)
        self.rates[name, what, connections].append(rate)
        self.wall[name, what, connections].append(
            (figures.answers / figures.seconds, figures.percentile(0.99))
        )

    def _tasks(self, running: Server) -> None:
        path, body, headers = submission()
        self._each("mock", "submit a task", running, message("POST", path, body, headers), 200)
        task = orjson.loads(files.post(running.url, path, orjson.loads(body), headers))
        poll = f"/{path.split('/')[1]}/api/v1/tasks/{task['output']['task_id']}"
        self._each("mock", "poll a task", running, message("GET", poll, headers=KEY), 200)

    def told(self) -> str:
        """All figures of requests, and the ratios to the floors."""
        rows = []
        for (name, what, connections), rates in self.rates.items():
            wall, slow = (
                statistics.median(row) for row in zip(*self.wall[name, what, connections], strict=True)
            )
            shares = [
                spread(ratios(rates, self.rates[floor, what, connections]))
                if name == "mock" and what.startswith("generate")
                else ""
                for floor in ("protocol", "bare", "starlette")
            ]
            rows.append(
                (name, what, str(connections), spread(rates, 0), f"{wall:,.0f}", f"{slow:.2f}", *shares)
            )
        head = ("server", "request", "connections", "per CPU second", "per second", "p99 ms")
        return table((*head, "share of protocol", "share of bare", "share of Starlette"), rows)


def memory(count: int) -> str:
    """Resident memory before, in the middle of and after many requests."""
    asked = direct()["generate"]
    with python_server(*MOCK) as running:
        seen, sent = [running.memory()], 0
        for goal in (count // 2, count):
            while sent < goal:
                sent += load(running.url, asked, seconds=1, connections=16).answers
            seen.append(running.memory())
    return f"{seen[0]:.0f} MB at start, {seen[1]:.0f} MB after half, {seen[2]:.0f} MB after {sent:,} requests"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of load for each figure")
    parser.add_argument("--requests", type=int, default=100_000, help="for the memory figure")
    parser.add_argument("--only", choices=("mock", "suite", "memory"))
    options = parser.parse_args()
    if options.only in (None, "suite"):
        print(suite.figures(options.rounds), flush=True)
    pin(1)
    if options.only in (None, "mock"):
        bench = Bench(options.seconds)
        for number in range(options.rounds):
            bench.round(number)
        print(f"\n{bench.told()}\n\n{files.told(bench.downloads)}\n")
        for name, starts in bench.starts.items():
            used = spread(bench.start_cpu[name])
            print(f"start to first answer, {name}: {spread(starts)} s, {used} s of CPU")
    if options.only in (None, "memory"):
        print(f"memory: {memory(options.requests)}")


if __name__ == "__main__":
    main()
