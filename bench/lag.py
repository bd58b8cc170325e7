"""How long the mock keeps other clients waiting while one makes it do its heaviest work.

    python bench/lag.py [--repeats 5] [--only WORD]

Prints, for each kind of work, the longest turn of the event loop in milliseconds of CPU time, how long the loop
waited for the interpreter at most, and the longest wait of a second client that polled a task all the while.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from asked import KEY, NATIVE
from figures import table
from lag_client import Client, beside
from lag_stories import Story, stories
from load import message
from process import python_server

SERVER = str(Path(__file__).parent / "lag_server.py")
LIMIT = 5.0
"""Milliseconds of CPU that a turn may take."""


def measured(url: str, story: Story, repeats: int) -> tuple[str, ...]:
    """A row of the table."""
    rows = []
    for number in range(repeats):
        told = _once(url, story, number == 0 or story.again, watched=True)
        waited = _once(url, story, story.again, watched=False)
        rows.append((told["busy"], told["collected"], told["held"], waited["waited"]))
    columns = zip(*rows, strict=True)
    return story.name, *(f"{statistics.median(column):.1f} ({max(column):.1f})" for column in columns)


def _once(url: str, story: Story, prepare: bool, *, watched: bool) -> dict[str, float]:
    """Milliseconds seen while the heavy requests were answered, by the watch or by the second client."""
    if story.before is not None and prepare:
        with closing(Client(url)) as client:
            story.before(client)
    heavy = story.requests(url)  # before the clients come: connections that idle are closed
    with closing(Client(url)) as other:
        poll = message("GET", f"/{NATIVE}/api/v1/tasks/nobodys", headers=KEY)
        if watched:
            other.json("POST", "/lag/begin")
        statuses, waited = beside(heavy, url, story.at_once, other, poll)
        told: Any = other.json("POST", "/lag/end") if watched else {}
    if len(statuses) != len(heavy) or (story.status and set(statuses) != {story.status}):
        raise SystemExit(f"{story.name}: {statuses} instead of {story.status}")
    return {**told, "waited": waited}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="stories with this in their name")
    options = parser.parse_args()
    rows = []
    gc.disable()
    sys.setswitchinterval(0.0005)  # the two clients are threads: neither shall wait for the other
    with python_server(SERVER) as running:
        with suppress(OSError, AttributeError):
            os.sched_setaffinity(running.process.pid, range(os.cpu_count() or 1))
        for story in stories():
            if options.only in story.name:
                rows.append(measured(running.url, story, options.repeats))
                print(" | ".join(rows[-1]), flush=True)
    head = (
        "asked",
        "longest turn, CPU ms",
        "of that garbage",
        "waited for the interpreter, ms",
        "second client, ms",
    )
    print(table(head, rows))


if __name__ == "__main__":
    main()
