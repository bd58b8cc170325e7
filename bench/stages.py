"""Where the microseconds of a call go: each stage on its own, in this process, the best of several repetitions.

Those in brackets are left out for most calls. What the others add up to is less than a call takes in a server:
there the kernel and the event loop come on top, and memory that other requests have used meanwhile is not in
the processor's cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from timeit import repeat
from typing import Any

import orjson
from asked import GENERATE, KEY, direct, traced
from figures import table
from load import message

from qwen_image_mock import Settings, create_app
from qwen_image_mock.again import AgainProtocol
from qwen_image_mock.bodies import json_object
from qwen_image_mock.encode import Delivery, encode_success
from qwen_image_mock.outcome import Outcome, made
from qwen_image_mock.sending import PLAIN
from qwen_image_mock.server import config
from qwen_image_spec.rules import check

END = b"\r\n\r\n"
TIMES, REPEATS = 200, 150


class _Sink(asyncio.Transport):
    """A connection to nobody."""

    def write(self, data: Any) -> None:
        """Forget it."""

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        """Do nothing."""


def best(work: Callable[[], object]) -> float:
    """Microseconds of one call of `work`."""
    return min(repeat(work, number=TIMES, repeat=REPEATS)) / TIMES * 1e6


def stages() -> dict[str, Callable[[], object]]:
    """The stages of a generation answered with an address, in their order."""
    app = create_app(Settings(task_seconds=0, seed=1))
    state, beaten = app.state, app._handler.beaten  # noqa: SLF001 # measured from outside
    bodies = direct()["generate"].bodies
    body = bodies[7]
    packet = message("POST", GENERATE, body, KEY)
    headers = [(name.encode(), value.encode()) for name, value in KEY.items()] + [
        (b"host", b"127.0.0.1:8000")
    ]
    scope = {"method": "POST", "path": GENERATE, "query_string": b"", "root_path": "", "headers": headers,
             "scheme": "http", "server": ("127.0.0.1", 8000)}  # fmt: skip
    head = app.head(scope)
    assert head is not None  # noqa: S101 # the default provider has it
    assert head.lane is not None  # noqa: S101 # a plain call
    asked = json_object(body)
    served = head.lane.served[asked["model"]]
    plans, model = beaten._plans, served.model  # noqa: SLF001 # same
    form = plans.form(model, tuple(name for name in asked if name not in ("model", "prompt")))
    settled = plans.settled(form, asked["prompt"], asked)
    assert settled is not None  # noqa: S101 # a plain call
    request = served.dialect.decode(asked)
    known = {packet[: packet.find(END) + 4]: head}

    def outcome() -> Outcome:
        return made(settled.plan, asked["prompt"], None, asked["seed"], "tag", state.randomness)

    one = outcome()
    delivery = Delivery(one, ["http://127.0.0.1:8000/" + "x" * 300], False, "id", 1, "")
    answer = encode_success(delivery, served.shape)
    content = orjson.dumps(answer)
    date = b"date: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
    return {
        "head known by its bytes": lambda: known.get(packet[: packet.find(END) + 4]),
        "(head found out anew, without its parser)": lambda: app.head(scope),
        "JSON read strictly": lambda: json_object(body),
        "of that, the parser": lambda: orjson.loads(body),
        "plan found": lambda: plans.settled(form, asked["prompt"], asked),
        "(decoded to an image request)": lambda: served.dialect.decode(asked),
        "(judged by the rules)": lambda: check(request, model),
        "request id, time": lambda: (state.randomness.uuid(), state.clock.now()),
        "what the picture shows": outcome,
        "signed address": lambda: state.addresses.make("http://127.0.0.1:8000", one.drawing, 1, 86_400),
        "answer as a document": lambda: encode_success(delivery, served.shape),
        "answer as bytes": lambda: orjson.dumps(answer),
        "journal": lambda: state.journal.brief("id", 1.0, head, body, content, settled, 7),
        "headers and content joined": lambda: PLAIN % (date, len(content), b"x" * 36, content),
    }


async def whole(*, same: bool) -> float:
    """Microseconds from a packet to the written answer, without a kernel in between.

    `same`: every call has the head of the one before; else each has a trace id of its own.
    """
    app = create_app(Settings(task_seconds=0, seed=1))
    served = config(app)
    served.load()
    from uvicorn.server import ServerState

    protocol = AgainProtocol(config=served, server_state=ServerState(), app_state={})
    protocol.connection_made(_Sink({"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 9)}))
    following = direct()["generate"] if same else traced()
    asked = iter([following() for _ in range(TIMES * REPEATS)])
    return best(lambda: protocol.data_received(next(asked)))


def main() -> None:
    """Print the table."""
    rows = [(name, f"{best(work):.2f}") for name, work in stages().items()]
    rows.append(("**packet in, answer out, head known**", f"{asyncio.run(whole(same=True)):.2f}"))
    rows.append(("**the same, with a trace id of its own**", f"{asyncio.run(whole(same=False)):.2f}"))
    print(table(("stage", "microseconds"), rows))


if __name__ == "__main__":
    main()
