"""`make bench-peers`: the mock beside servers of others, on the same endpoint under the same load.

Installs them into `.peers/` and measures answers per second of server CPU at 1, 16 and 64 connections. One
server runs at a time, on a core of its own, started anew for every round; ratios are taken round by round.
Java becomes faster for a minute or two, so its servers are measured once more after a long load. Also told:
what each says to a wrong size and a wrong count, seconds to the first answer, memory.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from asked import GENERATE, KEY, direct, document, most
from figures import ratios, spread, table
from load import load
from measuring import CONNECTIONS, measure
from peers.installed import CONFIG, PLACE, install, peers
from peers.written import write
from process import FLOORS, MOCK, Server, foreign_server, pin, python_server

MINE = "this mock"
WARM_UP = {"java": 8.0}
"""Seconds of load before the first figure, by the program that runs the server."""
USUAL = 3.0


@dataclass
class Told:
    """What the rounds told of one server: answers per CPU second by connections, and so on."""

    version: str
    checks: str
    rates: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    starts: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    said: tuple[str, str] = ("", "")
    warm: list[float] = field(default_factory=list)
    absent: str = ""


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


def contenders() -> dict[str, Told]:
    """The mock, the floors of its server, and the peers; those that are not installed say why."""
    told = {MINE: Told("", "the spec's rules")}
    told |= {f"floor: {name}": Told("", "nothing") for name in FLOORS}
    for peer in peers(0):
        here = shutil.which(peer.needs) is not None and peer.file.exists()
        told[peer.name] = Told(peer.version, peer.checks, absent="" if here else "not installed")
    return told


@contextmanager
def started(name: str) -> Iterator[tuple[Server, float]]:
    """A server started anew, and for how long it warms up. Raises ConnectionError when it does not start."""
    if name == MINE or name.startswith("floor: "):
        arguments = MOCK if name == MINE else FLOORS[name.removeprefix("floor: ")]
        with python_server(*arguments) as server:
            yield server, USUAL
        return
    port = free_port()
    one = next(each for each in peers(port) if each.name == name)
    log, body = CONFIG / f"{name.split(maxsplit=1)[0]}.log", json.dumps(document()).encode()
    with foreign_server(one.command, f"http://127.0.0.1:{port}", GENERATE, body, log) as server:
        yield server, WARM_UP.get(one.needs, USUAL)


def round_of(told: dict[str, Told], seconds: float) -> None:
    """Every server once, one after the other."""
    asked = direct()["generate"]
    for name, one in told.items():
        if one.absent:
            continue
        try:
            with started(name) as (server, warm_up):
                load(server.url, asked, seconds=warm_up, connections=16)
                for connections in CONNECTIONS:
                    rate, _ = measure(server, asked, 200, seconds, connections)
                    one.rates[connections].append(rate)
                one.starts.append(server.started)
                one.memory.append(server.memory())
                if not name.startswith("floor: "):
                    one.said = said(server.url, size="1x1"), said(server.url, n=most() + 1)
        except ConnectionError as error:
            one.absent = f"did not start: {error}"
        print(f"{name}: {spread(one.rates[16], 0)}", file=sys.stderr, flush=True)


def after_long(told: dict[str, Told], seconds: float, long: float) -> None:
    """The servers that need the long warm-up, once after `long` seconds of load, each beside the mock."""
    asked = direct()["generate"]
    needing = [peer.name for peer in peers(0) if peer.needs in WARM_UP and not told[peer.name].absent]
    for name in needing:
        with started(name) as (server, _), python_server(*MOCK) as mock:
            load(server.url, asked, seconds=long, connections=16)
            load(mock.url, asked, seconds=USUAL, connections=16)
            for _ in range(5):
                theirs, _ = measure(server, asked, 200, seconds, 16)
                mine, _ = measure(mock, asked, 200, seconds, 16)
                told[name].warm.append(mine / theirs)


def tables(told: dict[str, Told], long: float) -> str:
    """The figures as Markdown."""
    mine = told[MINE].rates
    first, second = [], []
    for name, one in told.items():
        title = f"{name} {one.version}".strip()
        if one.absent:
            first.append((title, one.checks, *[one.absent] * len(CONNECTIONS)))
            continue
        first.append((title, one.checks, *(spread(one.rates[count], 0) for count in CONNECTIONS)))
        if name != MINE:
            shares = [spread(ratios(mine[count], one.rates[count]), 1) for count in CONNECTIONS]
            second.append((title, *shares, spread(one.warm, 1) if one.warm else "", *one.said,
                           spread(one.starts), f"{max(one.memory):.0f}"))  # fmt: skip
    row = told[MINE]
    second.insert(
        0, (MINE, *["1"] * len(CONNECTIONS), "", *row.said, spread(row.starts), f"{max(row.memory):.0f}")
    )
    heads = [f"c={count}" for count in CONNECTIONS]
    one = table(["server", "checks", *(f"per CPU s, {head}" for head in heads)], first)
    more = (f"c=16 after {long:.0f} s", "wrong size", "wrong n", "start s", "MB")
    return f"{one}\n\n{table(['server', *(f'mock / it, {head}' for head in heads), *more], second)}"


def main() -> None:
    """Install, measure, print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load for each figure")
    parser.add_argument(
        "--long", type=float, default=60.0, help="seconds of load before Java's second figure"
    )
    parser.add_argument("--no-install", action="store_true", help="use what is in .peers already")
    parser.add_argument("--only", nargs="*", help="names of servers, beside the mock")
    options = parser.parse_args()
    for sentence in [] if options.no_install else install():
        print(f"warning: {sentence}", file=sys.stderr)
    write(CONFIG)
    pin(1)
    told = contenders()
    if options.only is not None:
        told = {name: one for name, one in told.items() if name == MINE or name.split()[0] in options.only}
    for _ in range(options.rounds):
        round_of(told, options.seconds)
    if options.long > 0 and options.only is None:
        after_long(told, options.seconds, options.long)
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    print(f"{when}, {options.rounds} rounds of {options.seconds} s, median (min to max)\n")
    print(tables(told, options.long))
    print(f"\nInstalled in {PLACE.name}/.")


if __name__ == "__main__":
    main()
