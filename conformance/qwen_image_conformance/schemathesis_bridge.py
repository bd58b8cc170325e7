"""From what Schemathesis sent and received to an exchange that our checks can judge.

Schemathesis mixes mistakes freely. A request is read as the provider reads it; where its outcome is not
certain (fields nobody documents, pictures that cannot be read) nothing is demanded of the answer but its
form.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qwen_image_conformance.exchange import Delivered, Exchange, Received, Sent
from qwen_image_conformance.found import items
from qwen_image_conformance.measure import measure
from qwen_image_conformance.schemathesis_reading import (
    asynchronous,
    body_flaw,
    disputed,
    frame_flaws,
    operation_of,
    parsed,
    plain,
    unsure,
)
from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint, Provider
from qwen_image_spec.pointers import get

_FINAL = ("SUCCEEDED", "FAILED")
_CANCELED = "CANCELED"
_TASK_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,}", re.ASCII)
_REMEMBERED = 4096
Fetch = Callable[[str], Received]


@dataclass(frozen=True)
class Call:
    """One call as it went out: method and path of the document, headers in lower case."""

    method: str
    path: str
    variables: Mapping[str, Any]
    sent: Sent
    received: Received


@dataclass
class Bridge:
    """Makes exchanges of calls and remembers submitted tasks, so that a later query completes theirs.

    `fetch` gives the picture behind an address without credentials; `store` keeps its bytes under their
    digest.
    """

    provider: Provider
    fetch: Fetch | None = None
    store: dict[str, bytes] = field(default_factory=dict)
    tasks: OrderedDict[str, Exchange | None] = field(default_factory=OrderedDict)

    def exchange(self, call: Call) -> Exchange | None:
        """The exchange of a call; None when it says nothing about the contract."""
        self._remember(call)
        endpoint = self.endpoint(call)
        if endpoint is None or (call.received.status == 401 and "authorization" in call.sent.headers):
            return None
        if "query" in endpoint.operations:
            return self._queried(endpoint, call)
        if endpoint.envelope == "none":
            return None
        made = self._asked(endpoint, call)
        if made is None or unsure(self.provider, made) or disputed(self.provider, made):
            return None
        return self._delivered(replace(made, pictures=())) if not self._waits(made) else None

    def endpoint(self, call: Call) -> Endpoint | None:
        """The endpoint of a call; of two at one path, the one its header asks for; None for none."""
        here = [
            one
            for one in self.provider.endpoints.values()
            if one.method == call.method and one.path.partition("?")[0] == call.path
        ]
        wants = asynchronous(self.provider, call.sent.headers)
        if not here or (wants is None and any(one.asynchronous != "none" for one in here)):
            return None
        return min(here, key=lambda one: (one.asynchronous == "required") is not wants)

    def _asked(self, endpoint: Endpoint, call: Call) -> Exchange | None:
        bare = Exchange(
            "x00001",
            "schemathesis",
            self.provider.id,
            "",
            endpoint.operations[0],
            endpoint.id,
            call.sent,
            call.received,
            time=time.time(),
        )
        wrong = frame_flaws(endpoint, call.sent, self.provider)
        if "body.media-type" in wrong and "multipart" in endpoint.encodings:
            return None
        body = parsed(call.sent.body)
        unread = body_flaw(body, self.provider)
        model = self.provider.models.get(body["model"]) if not unread else None
        if model is None or endpoint.id not in model.endpoints:
            return replace(bare, breaks=(*wrong, unread or "model.endpoint"))
        request = dialect(model, endpoint).decode(body)
        if request.unknown and call.received.status >= 400:
            return None  # a field nobody documents may be the reason
        return replace(
            bare,
            model=model.id,
            operation=operation_of(endpoint, model, request),
            asked=plain(request),
            breaks=(*wrong, *dict.fromkeys(flaw.clause for flaw in request.flaws)),
        )

    def _remember(self, call: Call) -> None:
        """Keep the id of any task that was made."""
        task_id = get(parsed(call.received.body), "/output/task_id")
        if call.method != "GET" and isinstance(task_id, str):
            self.tasks[task_id] = None
            while len(self.tasks) > _REMEMBERED:
                self.tasks.popitem(last=False)

    def _waits(self, exchange: Exchange) -> bool:
        """Keep a submit until its task ends. True when it is too early to judge it."""
        task_id = get(parsed(exchange.received.body), "/output/task_id")
        if exchange.operation != "submit" or task_id not in self.tasks:
            return False
        model = self.provider.models.get(exchange.model)
        self.tasks[task_id] = exchange
        return model is not None and (model.validates == "task" or not exchange.breaks)

    def _queried(self, endpoint: Endpoint, call: Call) -> Exchange | None:
        task_id = next((str(value) for value in call.variables.values()), "")
        known = self.tasks.get(task_id)
        state = get(parsed(call.received.body), "/output/task_status")
        ended = state in _FINAL
        if "authorization" not in call.sent.headers:
            return None
        if known is not None:
            return self._delivered(replace(known, polls=(call.received,))) if ended else None
        if ended or state == _CANCELED or task_id in self.tasks or not _TASK_ID.fullmatch(task_id):
            return None
        return Exchange(
            "x00001",
            "schemathesis",
            self.provider.id,
            "",
            "query",
            endpoint.id,
            call.sent,
            call.received,
            breaks=("tasks.unknown-id",),
            time=time.time(),
        )

    def _delivered(self, exchange: Exchange) -> Exchange:
        if not 200 <= exchange.final.status < 300:
            return exchange
        found = (
            self._picture(item.url, item.b64)
            for item in items(parsed(exchange.final.body))
            if not item.failed
        )
        return replace(exchange, pictures=tuple(picture for picture in found if picture is not None))

    def _picture(self, url: str | None, b64: str | None) -> Delivered | None:
        if b64 is not None:
            try:
                return self._kept(base64.b64decode(b64, validate=True), inline=True)
            except binascii.Error as error:
                return Delivered(inline=True, error=f"not base64: {error}")
        if self.fetch is None or not url:
            return None
        answer = self.fetch(url)
        kind = answer.headers.get("content-type", "")
        if answer.status != 200:
            return Delivered(url, status=answer.status, content_type=kind, error=answer.error)
        return self._kept(answer.body, url=url, content_type=kind)

    def _kept(self, data: bytes, **known: Any) -> Delivered:
        picture = measure(data, **known)
        self.store.clear()  # a picture is looked at once, by the checks of its own exchange
        self.store[picture.digest] = data
        return picture
