"""From what passed to evidence: decoded, put together with its task's queries, redacted, bounded, written."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import orjson

from qwen_image_conformance.evidence import Recorder
from qwen_image_conformance.exchange import Delivered, Exchange, Received, Sent
from qwen_image_conformance.proxy_bounds import (
    by_name,
    clean_headers,
    keys_of,
    outline,
    plain,
    shortened,
    without,
)
from qwen_image_conformance.proxy_decode import Decoded, Decoder
from qwen_image_conformance.proxy_excuse import FINAL, TOO_LARGE, excused, output_of, state_of, unfinished
from qwen_image_conformance.proxy_forward import Passed
from qwen_image_conformance.proxy_pictures import Fetch, pictures
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check

Json = Any
_MOST_TASKS = 10_000
_MOST_POLLS = 20
_IMAGES = ("generate", "edit", "submit")


@dataclass(slots=True)
class _Taken:
    """A request: its number, its exchange as it came, secrets to take out, and whether it breaks a rule."""

    number: int
    exchange: Exchange
    keys: tuple[str, ...]
    violated: bool
    polls: list[Received] = field(default_factory=list)


@dataclass
class Scribe:
    """Writes the evidence of traffic. Not for several threads.

    `limit` is the most bytes of a body that are kept; `fetch` gets a picture by its address, or is None when
    pictures are not to be fetched. `unmatched` counts requests to paths the contract does not know.
    """

    provider: Provider
    upstream: str
    recorder: Recorder
    limit: int
    fetch: Fetch | None = None
    passed: int = 0
    unmatched: int = 0
    pictures: int = 0
    _tasks: OrderedDict[str, _Taken] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._decoder = Decoder(self.provider)

    def take(self, passed: Passed) -> Iterator[Exchange]:
        """Record a request; gives the exchanges that are complete with it, as they stand in the evidence."""
        self.passed += 1
        headers = by_name(passed.headers)
        body = plain(passed.sent, passed.headers)
        decoded = self._decoder.decode(passed.method, passed.target.partition("?")[0], headers, body)
        if decoded is None:
            self.unmatched += 1
            return
        taken = self._taken(passed, decoded, headers, body)
        if decoded.operation == "query" and self._polled(decoded.variable, taken.exchange.received):
            yield from self._ended(decoded.variable)
            return
        task = _task_of(taken.exchange.received) if decoded.operation == "submit" else ""
        if not task:
            yield self._finish(taken)
            return
        self._tasks[task] = taken
        if len(self._tasks) > _MOST_TASKS:
            yield self._finish(self._tasks.popitem(last=False)[1], whole=False)

    def rest(self) -> Iterator[Exchange]:
        """Record the tasks whose end was not seen."""
        while self._tasks:
            yield self._finish(self._tasks.popitem(last=False)[1], whole=False)

    def _taken(self, passed: Passed, decoded: Decoded, headers: dict[str, str], body: bytes) -> _Taken:
        keys = keys_of(headers)
        asked, breaks = decoded.asked, decoded.breaks
        violated = asked is not None and _violated(asked, self.provider.models[decoded.model])
        kept = without(shortened(body), keys)
        if not passed.sent.whole or len(body) > self.limit or not passed.received.whole:
            asked, breaks = None, (TOO_LARGE,)
        if not passed.sent.whole or len(body) > self.limit:
            kept = outline(passed.sent.size, passed.sent.digest)
        variable = self.provider.key_env
        url = without((self.upstream + passed.target).encode("latin-1"), keys).decode("latin-1")
        sent = Sent(passed.method, url, clean_headers(headers, keys, variable), kept)
        answer_headers = clean_headers(by_name(passed.answer_headers), keys, variable)
        answer = plain(passed.received, passed.answer_headers)
        if not passed.received.whole:
            answer = outline(passed.received.size, passed.received.digest)
        received = Received(passed.status, answer_headers, answer, passed.seconds, passed.error)
        exchange = Exchange(
            id=f"x{self.passed:05d}",
            probe=f"traffic:{self.passed}",
            provider=self.provider.id,
            model=decoded.model,
            operation=decoded.operation,
            endpoint=decoded.endpoint.id,
            sent=sent,
            received=received,
            asked=_asked(asked, keys),
            breaks=breaks,
            time=passed.time,
        )
        return _Taken(self.passed, exchange, keys, violated)

    def _polled(self, task: str, received: Received) -> bool:
        """Add a query to its task; False when it is none of ours. What tells no state is let go."""
        taken = self._tasks.get(task)
        if taken is None:
            return False
        if received.status == 200 and state_of(received):
            taken.polls = [*taken.polls[-_MOST_POLLS + 1 :], received]
        return True

    def _ended(self, task: str) -> Iterator[Exchange]:
        taken = self._tasks[task]
        if taken.polls and state_of(taken.polls[-1]) in FINAL:
            yield self._finish(self._tasks.pop(task))

    def _finish(self, taken: _Taken, *, whole: bool = True) -> Exchange:
        exchange = replace(taken.exchange, polls=tuple(taken.polls))
        if exchange.operation in _IMAGES and whole:
            exchange = excused(exchange, self.provider, violated=taken.violated)
            if 200 <= exchange.received.status < 300:
                exchange = replace(exchange, pictures=tuple(self._pictures(exchange.final)))
        elif exchange.operation in _IMAGES:
            exchange = unfinished(exchange)
        exchange = _bounded(exchange, taken.keys, self.limit)
        return self.recorder.exchange(taken.number, exchange)

    def _pictures(self, answer: Received) -> Iterator[Delivered]:
        for picture, data in pictures(answer, self.upstream, self.fetch):
            self.pictures += 1
            self.recorder.picture(picture, data)
            yield picture


def _bounded(exchange: Exchange, keys: tuple[str, ...], limit: int) -> Exchange:
    """The exchange with answers that are clean and short enough; one that is not cannot be judged."""
    made: list[Received] = []
    large = False
    for answer in (exchange.received, *exchange.polls):
        body = without(shortened(answer.body), keys)
        if len(body) > limit:
            large = True
            body = outline(len(answer.body), sha256(answer.body).hexdigest())
        made.append(replace(answer, body=body))
    breaks = (*exchange.breaks, TOO_LARGE) if large else exchange.breaks
    return replace(exchange, received=made[0], polls=tuple(made[1:]), breaks=breaks)


def _violated(asked: ImageRequest, model: Model) -> bool:
    """Whether the rules of the model refuse the request."""
    return any(violation.refused for violation in check(replace(asked, flaws=()), model))


def _asked(asked: ImageRequest | None, keys: tuple[str, ...]) -> dict[str, Json] | None:
    """The canonical request, without the secrets that addresses of input images may hold."""
    if asked is None:
        return None
    data = {
        "model": asked.model,
        "prompt": asked.prompt,
        "images": list(asked.images),
        "parameters": dict(asked.parameters),
        "texts": asked.texts,
    }
    clean: dict[str, Json] = orjson.loads(without(orjson.dumps(data), keys))
    return clean


def _task_of(answer: Received) -> str:
    """The id of a task that has just begun."""
    task = output_of(answer).get("task_id") if 200 <= answer.status < 300 else None
    return task if isinstance(task, str) and state_of(answer) not in FINAL else ""
