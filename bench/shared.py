"""`make bench`: the mock with a store in Redis, beside the same mock alone: answers per second of its CPU.

Redis runs as a program of its own, on whatever core is free, and its CPU time is not counted. Without a
redis-server on the machine nothing is measured, and that is said.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec

from asked import direct
from figures import ratios, spread, table
from measuring import CONNECTIONS, measure
from process import MOCK, pin, python_server

ALONE, ONE, TWO = "alone", "1 worker with a store", "2 workers with a store"
STARTING = 10.0


@contextmanager
def redis_server(program: str) -> Iterator[str]:
    """Start a Redis that writes down all it is told, and give its address. Raises TimeoutError."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            program,
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--dir",
            folder,
            "--appendonly",
            "yes",
        ]
        process = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)  # noqa: S603 # found below
        try:
            until = time.monotonic() + STARTING
            while not _answers(port):
                if time.monotonic() > until:
                    raise TimeoutError("redis-server does not answer")
                time.sleep(0.05)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(STARTING)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as asked:
        asked.sendall(b"PING\r\n")
        return asked.recv(16).startswith(b"+PONG")
    return False


def measured(store: str, rounds: int, seconds: float) -> dict[tuple[str, int], list[float]]:
    """Answers per second of CPU, by who answers and over how many connections, a figure a round."""
    commands = {
        ALONE: MOCK,
        ONE: (*MOCK, "--store", f"{store}/0"),
        TWO: (*MOCK, "--store", f"{store}/1", "--workers", "2"),
    }
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    asked = direct()["generate"]
    for _ in range(rounds):
        with ExitStack() as stack:
            servers = {
                name: stack.enter_context(python_server(*command)) for name, command in commands.items()
            }
            for connections in CONNECTIONS:
                for name, running in servers.items():
                    rates[name, connections].append(measure(running, asked, 200, seconds, connections)[0])
    return rates


def main() -> None:
    """Print the table, or why there is none."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--seconds", type=float, default=1.5, help="how long each figure is measured")
    chosen = words.parse_args()
    program = shutil.which("redis-server")
    if program is None:
        print("The mock with a store is left out: there is no redis-server on this machine.")
        return
    if find_spec("redis") is None:
        print("The mock with a store is left out: the package redis is not installed.")
        return
    pin(1)
    with redis_server(program) as store:
        rates = measured(store, chosen.rounds, chosen.seconds)
    rows = []
    for (name, connections), found in rates.items():
        ratio = "1" if name == ALONE else spread(ratios(found, rates[ALONE, connections]))
        rows.append((name, str(connections), spread(found, 0), ratio))
    rows.sort(key=lambda row: [ALONE, ONE, TWO].index(row[0]))
    print(table(("mock", "connections", "answers per second of CPU", "times the mock alone"), rows))


if __name__ == "__main__":
    main()
