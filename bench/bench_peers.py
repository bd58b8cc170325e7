"""`make bench-peers`: the mock beside servers of others, on the same endpoint under the same load.

Installs them into `.peers/`, starts them side by side, and lets them take turns: requests per second of server
CPU at 1, 16 and 64 connections, ratios round by round, and what each says to a wrong size and a wrong count.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import sys
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from asked import GENERATE, KEY, Asked, direct, document, most
from figures import ratios, spread, table
from load import load
from measuring import CONNECTIONS, measure
from peers.installed import CONFIG, PLACE, Peer, install, peers
from peers.written import write
from process import MOCK, Server, foreign_server, pin, python_server

WARM_UP = 8.0
"""Seconds of load before the first figure: Java compiles what runs often."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def said(url: str, **changes: object) -> str:
    """What a server says to a wrong request: its status."""
    body = json.dumps({**document(), **changes}).encode()
    try:
        with urlopen(Request(url + GENERATE, body, KEY), timeout=10) as answer:  # noqa: S310 # loopback
            return f"**{answer.status}**"
    except HTTPError as error:
        return str(error.code)


def started(stack: ExitStack, absent: dict[str, str]) -> dict[str, tuple[str, str, Server]]:
    """The servers that could be had: name -> version, what it checks, server. `absent` gets the others."""
    running = {"this mock": ("", "the spec's rules", stack.enter_context(python_server(*MOCK)))}
    for peer in peers(0):
        port = free_port()
        one: Peer = next(each for each in peers(port) if each.name == peer.name)
        if shutil.which(one.needs) is None or not one.file.exists():
            absent[one.name] = f"{Path(one.needs).name} or {one.file.name} is not here"
            continue
        url, log = f"http://127.0.0.1:{port}", CONFIG / f"{one.name.split()[0]}.log"
        body = json.dumps(document()).encode()
        try:
            server = stack.enter_context(foreign_server(one.command, url, GENERATE, body, log))
        except ConnectionError as error:
            absent[one.name] = f"did not start: {error}"
            continue
        running[one.name] = (one.version, one.checks, server)
    return running


def main() -> None:
    """Install, measure, print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--no-install", action="store_true", help="use what is in .peers already")
    options = parser.parse_args()
    wrong = [] if options.no_install else install()
    for sentence in wrong:
        print(f"warning: {sentence}", file=sys.stderr)
    write(CONFIG)
    pin(1)
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        running = started(stack, absent)
        print(measured(running, absent, options.rounds, options.seconds))
    print(f"\nInstalled in {PLACE.name}/.")


def measured(
    running: dict[str, tuple[str, str, Server]], absent: dict[str, str], rounds: int, seconds: float
) -> str:
    """The figures as text."""
    asked: Asked = direct()["generate"]
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _, _, server in running.values():
        load(server.url, asked, seconds=WARM_UP, connections=16)
    for _ in range(rounds):
        for connections in CONNECTIONS:
            for name, (_, _, server) in running.items():
                rate, _ = measure(server, asked, 200, seconds, connections)
                rates[name, connections].append(rate)
    ours = {connections: rates["this mock", connections] for connections in CONNECTIONS}
    rows = []
    for name, (version, checks, server) in running.items():
        row = [f"{name} {version}".strip(), checks]
        row += [spread(rates[name, connections], 0) for connections in CONNECTIONS]
        row += [
            "1" if name == "this mock" else spread(ratios(ours[connections], rates[name, connections]), 1)
            for connections in CONNECTIONS
        ]
        row += [said(server.url, size="1x1"), said(server.url, n=most() + 1)]
        rows.append((*row, f"{server.started:.2f}", f"{server.memory():.0f}"))
    rows += [(name, why, *["not measured"] * 6, "-", "-", "-", "-") for name, why in absent.items()]
    head = ["server", "checks", *(f"per CPU s, c={one}" for one in CONNECTIONS)]
    head += [*(f"this mock / it, c={one}" for one in CONNECTIONS), "wrong size", "wrong n", "start s", "MB"]
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{when}, {rounds} rounds of {seconds} s, median (min to max)\n\n{table(head, rows)}"


if __name__ == "__main__":
    main()
