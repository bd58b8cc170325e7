"""Sending the probes of a plan: each becomes an exchange, with its polls and its pictures."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from qwen_image_conformance.client import Client
from qwen_image_conformance.exchange import Delivered, Exchange, Received
from qwen_image_conformance.found import Item, items
from qwen_image_conformance.measure import measure
from qwen_image_conformance.probe import Probe
from qwen_image_conformance.problems import Unreachable
from qwen_image_conformance.tasks import task_path
from qwen_image_spec.model import Provider

_FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")


@dataclass
class Executor:
    """Sends probes. `store` keeps a picture's bytes under its digest; `patience` is how long a task may take, in seconds.

    Requests that answer at once go one after the other; `tasks_at_once` tasks may be under way together, since a task is
    mostly waiting.
    """

    provider: Provider
    client: Client
    store: Callable[[Delivered, bytes], None]
    patience: float = 300.0
    tasks_at_once: int = 1
    first_pause: float = 3.0
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, probes: Sequence[Probe], progress: Callable[[int, Probe], None]) -> Iterator[tuple[Probe, Exchange]]:
        """Send the probes in order; those that wait for a task go last and side by side. Raises BudgetSpent."""
        waiting = [probe for probe in probes if _waits(probe)]
        direct = [probe for probe in probes if not _waits(probe)]
        for index, probe in enumerate(direct):
            progress(index, probe)
            for exchange in self._probe(probe):
                yield probe, exchange
        with ThreadPoolExecutor(max_workers=max(self.tasks_at_once, 1)) as pool:
            futures = [pool.submit(self._probe, probe) for probe in waiting]
            try:
                for index, (probe, future) in enumerate(zip(waiting, futures, strict=True), len(direct)):
                    progress(index, probe)
                    for exchange in future.result():
                        yield probe, exchange
            finally:
                for future in futures:
                    future.cancel()

    def _probe(self, probe: Probe) -> list[Exchange]:
        """Send a probe; when it is refused although it should not be, send its smaller parts too."""
        exchanges = [self._exchange(probe)]
        if probe.splits and exchanges[0].received.status >= 400:
            exchanges += [self._exchange(part) for part in probe.splits]
        return exchanges

    def _exchange(self, probe: Probe) -> Exchange:
        with self._lock:
            self.sent += 1
            number = self.sent
        self.client.budget.reserve(probe.buys)
        try:
            exchange = self._sent(probe, number)
        except BaseException:
            self.client.budget.settle(probe.buys, 0)
            raise
        self.client.budget.settle(probe.buys, len(exchange.pictures))
        return exchange

    def _sent(self, probe: Probe, number: int) -> Exchange:
        sent, received = self.client.send(probe.method, probe.path, probe.body, probe.headers, probe.credentials)
        if received.error and number == 1:
            raise Unreachable(f"{self.client.target.url} does not answer: {received.error}",
                              "is the server running, and is --url what stands before the paths of the provider's document?")
        polls = tuple(self._polls(received))
        final = polls[-1] if polls else received
        pictures = tuple(self._pictures(final, tamper=probe.tamper)) if 200 <= final.status < 300 else ()
        asked = asdict(probe.asked) if probe.asked is not None else None
        if asked is not None:
            asked = {key: asked[key] for key in ("model", "prompt", "images", "parameters", "texts")}
        return Exchange(f"x{number:05d}", probe.id, probe.provider, probe.model, probe.operation, probe.endpoint, sent, received,
                        asked, probe.breaks, polls, pictures, time.time())

    def _polls(self, received: Received) -> Iterator[Received]:
        task_id = _task_id(received)
        if task_id is None:
            return
        end = time.monotonic() + self.patience
        pause = self.first_pause
        while time.monotonic() < end:
            time.sleep(pause)
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
                self.store(picture, data)
                yield picture

    def _picture(self, item: Item) -> tuple[Delivered, bytes]:
        if item.b64 is not None:
            try:
                data = base64.b64decode(item.b64.removeprefix("data:image/png;base64,"), validate=True)
            except binascii.Error as error:
                return Delivered(inline=True, error=f"not base64: {error}"), b""
            return measure(data, inline=True), data
        url = item.url or ""
        answer = self.client.fetch(url)
        kind = answer.headers.get("content-type", "")
        if answer.status != 200:
            return Delivered(url, status=answer.status, content_type=kind, error=answer.error or answer.body[:80].decode("utf-8", "replace")), b""
        return measure(answer.body, url=url, status=answer.status, content_type=kind), answer.body


def _waits(probe: Probe) -> bool:
    """Whether a probe may make a task that has to be waited for: some models refuse inside the task only."""
    return probe.operation == "submit" and probe.asked is not None


def altered_signature(url: str) -> str | None:
    """The address with another signature; None when it has none."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not any(name.lower() in ("signature", "sig", "x-amz-signature") for name, _ in query):
        return None
    changed = [(name, value[::-1] + "A" if name.lower() in ("signature", "sig", "x-amz-signature") else value) for name, value in query]
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
