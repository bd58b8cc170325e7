"""The heaviest work the mock can be asked for, story by story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import lag_requests as made
from asked import most
from lag_client import Client

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Story:
    """Some heavy requests: what they are, how to make them, the status that must come (0: any).

    `before` prepares the mock, once or, with `again`, before each repeat. `at_once` clients send them.
    """

    name: str
    requests: Callable[[str], list[bytes]]
    status: int = 200
    before: Callable[[Client], None] | None = None
    again: bool = False
    at_once: int = 1


def stories() -> Iterator[Story]:
    """All of them."""
    yield Story("nothing heavy: 500 generations", lambda _: [made.generate() for _ in range(500)])
    yield from pictures()
    yield from bodies()
    yield from journal()
    yield from tasks()


def pictures() -> Iterator[Story]:
    """Pictures drawn, and pictures sent."""
    inline = {"size": "2048x2048", "n": most(), "response_format": "b64_json", "watermark": True}
    filters = (0, 1, 2)
    yield Story(
        f"b64_json, {most()} pictures of 2048x2048", lambda _: [made.generate(**inline) for _ in range(8)]
    )
    yield Story(
        "edit, b64_json, n=6, an image of 3 MB",
        lambda _: [made.edit(made.uri(made.png(1000, 1000)), n=6, response_format="b64_json")],
    )
    yield Story("4 pictures of new sizes near 4096x4096", made.cold)
    yield Story(
        "edit, b64_json, n=6, 3 images of 3 MB",
        lambda _: [
            made.edit(
                [made.uri(made.png(1000, 1000, kind)) for kind in filters], n=6, response_format="b64_json"
            )
        ],
    )
    yield Story(
        "edit, 3 images of 3 MB, slowest PNG filter",
        lambda _: [made.edit([made.uri(made.png(1000, 1000, 4)) for _ in filters])],
    )
    yield Story(
        "6 of these at once, images of 0.5 MB",
        lambda _: [made.edit([made.uri(made.png(408, 408, 4)) for _ in filters]) for _ in range(6)],
        at_once=6,
    )
    yield Story("edit as a form, 3 files of 3 MB", lambda _: [made.edit_form()])
    yield Story("upload of a file of 9 MB", made.upload)


def bodies() -> Iterator[Story]:
    """Large bodies."""
    values = [[number, "text", None] for number in range(1_500_000)]
    yield Story(
        "body of 31 MB: three images", lambda _: [made.edit([made.uri(made.png(1632, 1632))] * 3)], status=0
    )
    yield Story("body of 31 MB: a field nobody reads", lambda _: [made.generate(extra="a" * 31 * MEBIBYTE)])
    yield Story("body of 31 MB: a prompt", lambda _: [made.generate(prompt="山" * (10 * MEBIBYTE))])
    yield Story("body of 31 MB: 6,000,000 values", lambda _: [made.generate(extra=values)])
    yield Story("body of 250 kB: 80,000 values", lambda _: [made.generate(extra=[[] for _ in range(80_000)])])
    yield Story("body of 33 MB: refused", lambda _: [made.generate(extra="a" * 33 * MEBIBYTE)], status=413)
    yield Story("prompt of 2 MB", lambda _: [made.generate(prompt="山水 " * 300_000)])
    yield Story("prompt of 5 MB, cut to the longest", lambda _: [made.long_prompt(5)])
    yield Story(
        "prompt of 5,000 characters",
        lambda _: [made.generate(prompt="山水 " * 1600 + str(n)) for n in range(8)],
    )


def journal() -> Iterator[Story]:
    """A full journal."""
    name = f"journal of {made.EXCHANGES:,} entries"
    yield Story(name, lambda _: [made.admin("GET", "requests")], before=made.fill_journal)
    yield Story(f"{name}, contains=", lambda _: [made.admin("GET", "requests?contains=nothing")])
    yield Story(f"{name}, limit=1", lambda _: [made.admin("GET", "requests?limit=1")])
    yield Story(
        f"{name}, cleared", lambda _: [made.admin("DELETE", "requests")], before=made.fill_journal, again=True
    )


def tasks() -> Iterator[Story]:
    """As many tasks as are kept."""
    kept = f"{made.TASKS:,} tasks"
    yield Story(
        f"{kept} submitted one after the other",
        lambda _: [made.task()] * made.TASKS,
        before=reset,
        again=True,
    )
    yield Story(f"a page of {kept}", lambda _: [made.listing("page_size=100")])
    yield Story(f"a page of {kept}, by status", lambda _: [made.listing("page_size=100&status=SUCCEEDED")])
    yield Story(f"one more with limits on, {kept} kept", lambda _: [made.task()], status=0, before=limits)
    yield Story(f"one more a day after {kept}", lambda _: [made.task()], before=a_day_later, again=True)
    yield Story(
        f"reset of {kept} and a full journal",
        lambda _: [made.admin("POST", "reset")],
        before=full,
        again=True,
    )


def reset(client: Client) -> None:
    """Begin anew."""
    client.json("POST", "/_mock/reset")
    client.json("POST", "/_mock/limits", {"on": False})


def limits(client: Client) -> None:
    """Switch the limits on."""
    client.json("POST", "/_mock/limits", {"on": True})


def a_day_later(client: Client) -> None:
    """Tasks, and a day later."""
    reset(client)
    made.fill_tasks(client)
    client.json("POST", "/_mock/clock", {"step": 86_400})


def full(client: Client) -> None:
    """Everything full."""
    reset(client)
    made.fill_tasks(client)
    made.fill_journal(client)
