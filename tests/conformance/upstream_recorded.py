"""One two-ended run at the right gateway, and ways to change what it recorded."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import orjson

from qwen_image_conformance.campaign import Options, Run, run
from qwen_image_conformance.checks import CHECKS, RELATIONS
from qwen_image_conformance.exchange import Arrived, Exchange
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.target import make_target
from qwen_image_conformance.upstream.both import Both
from qwen_image_conformance.verdict import Verdict
from qwen_image_spec import load
from qwen_image_spec.loader import load_provider
from servers.right_gateway import PROVIDER_FILE
from servers.right_gateway.running import running

SPEC = load()
PROVIDER = load_provider(PROVIDER_FILE)
DIRECT, TASKS = "qwen-image-2.0", "wan2.2-t2i-flash"
Json = Any
Change = Callable[[Exchange], Exchange]


def recorded(mock_url: str) -> Run:
    """A run of the two-ended clauses at a model served at once and at one served through tasks."""
    plan = make_plan(SPEC, PROVIDER, [DIRECT, TASKS], select=["gateway"], both_ends=True)
    with running(mock_url) as url:
        return run(
            SPEC,
            PROVIDER,
            make_target(PROVIDER, url),
            plan,
            Path(mkdtemp()) / "run",
            Options(journal=mock_url),
        )


def seen(exchange: Exchange) -> Seen:
    return Seen(SPEC, PROVIDER, exchange, lambda _digest: b"")


def verdict(clause: str, exchange: Exchange) -> Verdict | None:
    """What a clause says of one exchange."""
    one = seen(exchange)
    return RELATIONS[clause]([one]) if clause in RELATIONS else CHECKS[clause](one)


def first(done: Run, model: str, operation: str, probe: str) -> Exchange:
    """The first exchange of a probe, by the beginning of its name."""
    return next(
        exchange
        for exchange in done.exchanges
        if exchange.probe.startswith(probe) and (exchange.model, exchange.operation) == (model, operation)
    )


def call(**changes: Any) -> Change:
    """Other fields in the first request for pictures that arrived."""
    return arrived(lambda both: both.calls[0], lambda _one: changes)


def query(**changes: Any) -> Change:
    """Other fields in the last query that arrived."""
    return arrived(lambda both: both.queries[-1], lambda _one: changes)


def decoded(change: Callable[[dict[str, Json]], None]) -> Change:
    """Another canonical request at the upstream, its body and effective values with it."""

    def changes(one: Arrived) -> dict[str, Json]:
        data = copy.deepcopy(dict(one.decoded or {}))
        change(data)
        return {"decoded": data}

    return arrived(lambda both: both.calls[0], changes)


def arrived(which: Callable[[Both], Arrived], changes: Callable[[Arrived], dict[str, Any]]) -> Change:
    """Change one of the requests that arrived."""

    def changed(exchange: Exchange) -> Exchange:
        one = which(Both(seen(exchange)))
        other = replace(one, **changes(one))
        return replace(
            exchange, upstream=tuple(other if each is one else each for each in exchange.upstream or ())
        )

    return changed


def twice(exchange: Exchange) -> Exchange:
    """The first request for pictures arrived two times."""
    one = Both(seen(exchange)).calls[0]
    return replace(exchange, upstream=(one, *(exchange.upstream or ())))


def answer(status: int | None = None, headers: dict[str, str] | None = None, body: Json = None) -> Change:
    """Another answer for the client."""

    def changed(exchange: Exchange) -> Exchange:
        received = exchange.received
        content = received.body if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        return replace(
            exchange,
            received=replace(
                received,
                status=received.status if status is None else status,
                headers=received.headers if headers is None else headers,
                body=content,
            ),
        )

    return changed


@cache
def picture_answer() -> Json:
    """An answer with one picture."""
    return {"created": 1, "data": [{"url": "http://127.0.0.1:1/a.png"}]}
