"""Sending the probes of a plan: each becomes an exchange, with its polls and its pictures."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from qwen_image_conformance.client import Client
from qwen_image_conformance.evidence import Recorder
from qwen_image_conformance.exchange import Delivered, Exchange, Received
from qwen_image_conformance.found import Item, items
from qwen_image_conformance.measure import measure
from qwen_image_conformance.probe import Probe, worst_of
from qwen_image_conformance.problems import Interrupted, Unreachable
from qwen_image_conformance.tasks import task_path
from qwen_image_conformance.upstream.addresses import needs_picture, with_picture
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.upstream.journal import Watch
from qwen_image_conformance.upstream.large import ready
from qwen_image_conformance.upstream.secrets import guarded
from qwen_image_conformance.upstream.tokens import only_two_ended
from qwen_image_conformance.upstream.trials import trials
from qwen_image_spec.model import Provider

_FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")


@dataclass
class Before:
    """What an interrupted run left: finished exchanges, bare answers, and paid requests whose answer was lost."""

    done: dict[str, Exchange] = field(default_factory=dict)
    inflight: dict[str, Exchange] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The highest number given to a request."""
        return max(
            (int(exchange.id[1:]) for exchange in (*self.done.values(), *self.inflight.values())), default=0
        )


@dataclass
class Executor:
    """Sends probes and records them. `patience` is how long a task may take, in seconds; Ctrl+C is not kept waiting.

    The first request goes alone. Then `concurrency` requests that answer at once are under way together, and after them
    `tasks_at_once` tasks, since a task is mostly waiting. What `before` holds is not asked again: not what is finished, and
    not what was paid for and lost.
    With a `watch` on the mock behind a `gateway`, every exchange gets what arrived there; `address` is the first picture
    that came from that mock, `served` the models and operations that delivered any.
    """

    provider: Provider
    client: Client
    recorder: Recorder
    before: Before = field(default_factory=Before)
    patience: float = 300.0
    tasks_at_once: int = 1
    concurrency: int = 1
    first_pause: float = 3.0
    watch: Watch | None = None
    gateway: Gateway = field(default_factory=Gateway)
    sent: int = 0
    answered: bool = False
    address: str = ""
    served: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _ending: threading.Event = field(default_factory=threading.Event)

    def run(self, probes: Sequence[Probe], progress: Callable[[int, Probe], None]) -> Iterator[Exchange]:
        """Send the probes in order; those that wait for a task go last and side by side. Raises BudgetSpent, Unreachable.

        Simulated faults come after all others, one at a time, where anything was served at all.
        """
        self.sent = self.before.last
        self._ending.clear()  # a run that was left early ends no later one
        faults = [probe for probe in probes if probe.fault]
        waiting = [probe for probe in probes if _waits(probe) and not probe.fault]
        direct = [probe for probe in probes if not _waits(probe) and not probe.fault]
        alone = len(direct) if self.concurrency == 1 else min(1, len(direct))
        for index, probe in enumerate(direct[:alone]):
            progress(index, probe)
            yield from self._probe(probe)
        yield from self._side_by_side(direct[alone:], self.concurrency, alone, progress)
        yield from self._side_by_side(waiting, self.tasks_at_once, len(direct), progress)
        before = len(direct) + len(waiting)
        yield from trials(
            faults,
            self._exchange,
            self.served,
            self.gateway.quiet_gap,
            lambda index, probe: progress(before + index, probe),
        )

    def _side_by_side(
        self, probes: Sequence[Probe], at_once: int, before: int, progress: Callable[[int, Probe], None]
    ) -> Iterator[Exchange]:
        """Send probes from so many threads; what comes of them is given in their order."""
        with ThreadPoolExecutor(max_workers=max(at_once, 1)) as pool:
            futures = [pool.submit(self._probe, probe) for probe in probes]
            try:
                for index, (probe, future) in enumerate(zip(probes, futures, strict=True), before):
                    progress(index, probe)
                    yield from future.result()
            except (KeyboardInterrupt, GeneratorExit):
                self._ending.set()  # tasks under way are left: their answers are kept, --resume asks for them again
                raise
            finally:
                for future in futures:
                    future.cancel()

    def _probe(self, probe: Probe) -> list[Exchange]:
        """Send a probe; when it is refused although it should not be, send its smaller parts too."""
        first = self._exchange(probe)
        if first is None:
            return []
        parts = probe.splits if first.received.status >= 400 else ()
        return [first, *(exchange for part in parts if (exchange := self._exchange(part)) is not None)]

    def _exchange(self, probe: Probe) -> Exchange | None:
        if probe.id in self.before.done:
            done = self.before.done[probe.id]
            self._note(probe, done)
            return done
        if probe.id in self.before.lost:
            return None
        if needs_picture(probe):
            if not self.address:
                return None
            probe = with_picture(probe, self.address)
        worst = worst_of(probe, self.provider.models[probe.model])
        aside = self.client.budget.reserve(probe.buys, probe.model, worst)
        bought = 0
        try:
            exchange = self._done(probe)
            bought = len(exchange.pictures)
            self._note(probe, exchange)
        finally:
            self.client.budget.settle(aside, bought, probe.model)
        return self.recorder.exchange(int(exchange.id[1:]), exchange)

    def _note(self, probe: Probe, exchange: Exchange) -> None:
        if exchange.pictures:
            self.served.add((probe.model, probe.operation))
            self.client.budget.wary |= not probe.buys

    def _done(self, probe: Probe) -> Exchange:
        """Send a request, follow it to its end, and add what arrived at the upstream."""
        bare = self.before.inflight.get(probe.id)
        if bare is not None or self.watch is None:
            return self._finished(bare or self._bare(probe), tamper=probe.tamper)
        with self._turn:
            start = self.watch.position()
            bare = self._bare(probe)
            begun = self.watch.begun(bare, start)
        exchange = self._finished(bare, tamper=probe.tamper)
        return guarded(replace(exchange, upstream=self.watch.arrived(exchange, start, begun)))

    def _bare(self, probe: Probe) -> Exchange:
        """Send the request and keep its answer."""
        with self._lock:
            self.sent += 1
            number = self.sent
        self.recorder.sending(number, probe.id, probe.buys)
        one = ready(probe)
        probe = one.probe
        if one.picture:
            self.recorder.picture(Delivered(digest=sha256(one.picture).hexdigest()), one.picture)
        sent, received = self.client.send(
            probe.method,
            probe.path,
            one.body,
            probe.headers,
            probe.credentials,
            patient=not only_two_ended(probe.id) and not one.picture,
        )
        sent = replace(sent, body=probe.body)
        if received.error and number == 1:
            raise Unreachable(
                f"{self.client.target.url} does not answer: {received.error}",
                "is the server running, and is --url what stands before the paths of the provider's document?",
            )
        self.answered = True
        asked = asdict(probe.asked) if probe.asked is not None else None
        if asked is not None:
            asked = {key: asked[key] for key in ("model", "prompt", "images", "parameters", "texts")}
        bare = Exchange(
            f"x{number:05d}",
            probe.id,
            probe.provider,
            probe.model,
            probe.operation,
            probe.endpoint,
            sent,
            received,
            asked,
            probe.breaks,
            time=time.time(),
            token=probe.token,
            fault=probe.fault,
            terms=self.gateway.terms(probe.model) if self.watch is not None else {},
        )
        if probe.buys and 200 <= received.status < 300:
            self.recorder.received(number, bare)
        return bare

    def _finished(self, bare: Exchange, *, tamper: bool) -> Exchange:
        """Poll the task, if it is one, and fetch the pictures."""
        polls = tuple(self._polls(bare.received))
        final = polls[-1] if polls else bare.received
        pictures = tuple(self._pictures(final, tamper=tamper)) if 200 <= final.status < 300 else ()
        return replace(bare, polls=polls, pictures=pictures)

    def _polls(self, received: Received) -> Iterator[Received]:
        task_id = _task_id(received)
        if task_id is None:
            return
        end = time.monotonic() + self.patience
        pause = self.first_pause
        while time.monotonic() < end:
            if self._ending.wait(pause):
                raise Interrupted
            _, answer = self.client.send("GET", task_path(self.provider, task_id), b"", {}, "key")
            yield answer
            if _task_status(answer) in _FINAL or answer.status != 200:
                return
            pause = min(pause * 1.5, 5.0)

    def _pictures(self, answer: Received, *, tamper: bool) -> Iterator[Delivered]:
        for index, item in enumerate(items(_json(answer.body))):
            if not item.failed:
                picture, data = self._picture(item)
                if tamper and index == 0 and item.url and (altered := altered_signature(item.url)):
                    picture = replace(picture, tampered=self.client.fetch(altered).status)
                self.recorder.picture(picture, data)
                yield picture

    def _picture(self, item: Item) -> tuple[Delivered, bytes]:
        if item.b64 is not None:
            try:
                data = base64.b64decode(item.b64.removeprefix("data:image/png;base64,"), validate=True)
            except binascii.Error as error:
                return Delivered(inline=True, error=f"not base64: {error}"), b""
            return measure(data, inline=True), data
        url = item.url or ""
        if self.watch is not None and not self.address and url.startswith(self.watch.url):
            self.address = url
        address = sha256(url.encode()).hexdigest()
        answer = self.client.fetch(url)
        kind = answer.headers.get("content-type", "")
        if answer.status != 200:
            return Delivered(
                url,
                status=answer.status,
                content_type=kind,
                error=answer.error or answer.body[:80].decode("utf-8", "replace"),
                address=address,
            ), b""
        picture = measure(answer.body, url=url, status=answer.status, content_type=kind)
        return replace(picture, address=address), answer.body


def _waits(probe: Probe) -> bool:
    """Whether a probe may make a task that has to be waited for: some models refuse inside the task only."""
    return probe.operation == "submit" and probe.asked is not None


def altered_signature(url: str) -> str | None:
    """The address with another signature; None when it has none."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not any(name.lower() in ("signature", "sig", "x-amz-signature") for name, _ in query):
        return None
    changed = [
        (name, value[::-1] + "A" if name.lower() in ("signature", "sig", "x-amz-signature") else value)
        for name, value in query
    ]
    return urlunsplit(parts._replace(query=urlencode(changed)))


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _output(answer: Received) -> dict[str, Any]:
    body = _json(answer.body)
    output = body.get("output") if isinstance(body, dict) else None
    return output if isinstance(output, dict) else {}


def _task_id(answer: Received) -> str | None:
    task_id = _output(answer).get("task_id")
    return task_id if isinstance(task_id, str) and task_id and _task_status(answer) not in _FINAL else None


def _task_status(answer: Received) -> str | None:
    status = _output(answer).get("task_status")
    return status if isinstance(status, str) else None
