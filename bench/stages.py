"""Where the microseconds of a call go: each stage on its own, in this process, the best of several repetitions.

What the stages add up to is less than a call takes in a server: there the kernel, the event loop and the HTTP
parser come on top, and memory that other requests have used meanwhile is not in the processor's cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from timeit import repeat
from typing import Any

import orjson
from asked import GENERATE, KEY, document
from figures import table

from qwen_image_mock import Settings, create_app
from qwen_image_mock.bodies import json_object
from qwen_image_mock.encode import Delivery, documented, encode_success
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.outcome import outcome_of
from qwen_image_mock.quick import QuickProtocol
from qwen_image_mock.server import config
from qwen_image_spec.answers import direct_shape
from qwen_image_spec.rules import check

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
    state = app.state
    body = orjson.dumps({**document(), "seed": 7})
    headers = [(name.encode(), value.encode()) for name, value in KEY.items()] + [
        (b"host", b"127.0.0.1:8000")
    ]
    route, _ = state.router.find(GENERATE)
    assert route is not None  # noqa: S101 # the default provider has it
    provider, endpoint = route.provider, route.endpoints["POST"]
    asked = json_object(body)
    handler = app._handler  # noqa: SLF001 # measured from outside
    model = handler._admission.model(asked["model"], provider, endpoint)  # noqa: SLF001 # same
    dialect = handler._admission.dialect(model, endpoint)  # noqa: SLF001 # same
    request = dialect.decode(asked)
    settled = handler._plans.find(request, model)  # noqa: SLF001 # same

    def exchange() -> Exchange:
        return Exchange(state.randomness.uuid(), state.clock.now(), provider, "POST", GENERATE, headers,
                        "http://127.0.0.1:8000", body=body)  # fmt: skip

    one = exchange()
    outcome = outcome_of(request, model, [], "tag", state.randomness, (), settled)
    delivery = Delivery(outcome, ["http://127.0.0.1:8000/" + "x" * 300], False, one.id, 1, "")
    shape = documented(direct_shape(provider, endpoint, model))
    answer = encode_success(delivery, shape)
    content = orjson.dumps(answer)
    one.effective, one.model, one.endpoint, one.decoded = outcome.effective, model, endpoint, request
    return {
        "route": lambda: state.router.find(GENERATE),
        "request id, time, record of the exchange": exchange,
        "credentials": lambda: state.credentials.caller(b"Bearer sk-bench"),
        "JSON read strictly": lambda: json_object(body),
        "of that, the parser": lambda: orjson.loads(body),
        "decoded to an image request": lambda: dialect.decode(asked),
        "judged: plan found": lambda: handler._plans.find(request, model),  # noqa: SLF001 # same
        "judged: by the rules, when there is no plan": lambda: check(request, model),
        "outcome": lambda: outcome_of(request, model, [], "tag", state.randomness, (), settled),
        "signed address": lambda: state.addresses.make("http://127.0.0.1:8000", outcome.drawing, 1, 86_400),
        "answer as a document": lambda: encode_success(delivery, shape),
        "answer as bytes": lambda: orjson.dumps(answer),
        "headers": lambda: app._headers(one, 700),  # noqa: SLF001 # same
        "journal": lambda: state.journal.add(one, 1000, content),
    }


async def whole() -> float:
    """Microseconds from a packet to the written answer, without a kernel in between."""
    app = create_app(Settings(task_seconds=0, seed=1))
    served = config(app)
    served.load()
    from uvicorn.server import ServerState

    protocol = QuickProtocol(config=served, server_state=ServerState(), app_state={})
    protocol.connection_made(_Sink({"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 9)}))
    from asked import direct

    asked = direct()["generate"]
    return best(lambda: protocol.data_received(asked()))


def main() -> None:
    """Print the table."""
    rows = [(name, f"{best(work):.2f}") for name, work in stages().items()]
    rows.append(("**packet in, answer out, all of it**", f"{asyncio.run(whole()):.2f}"))
    print(table(("stage", "microseconds"), rows))


if __name__ == "__main__":
    main()
