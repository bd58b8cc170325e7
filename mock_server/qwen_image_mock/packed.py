"""An exchange as the journal keeps it: a few texts instead of the many small objects it is made of.

What was decoded, and what the answer says, is read again from the bytes when somebody asks. That is less work
in all than keeping every object of the last requests alive: the memory of a request is used again by the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from qwen_image_mock.bodies import json_object
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.sending import USUAL, usual_headers
from qwen_image_spec.dialect import dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_image_mock.credentials import Caller
    from qwen_image_mock.fault_condition import Condition
    from qwen_image_spec.model import Endpoint, Model, Provider
    from qwen_image_spec.rules import Violation

Json = Any
_BETWEEN = b"\0"
"""Stands in no header."""


class Packed(NamedTuple):
    """An exchange with an answer of JSON, without input images: `id`, `time` and so on as there.

    `content` is the answer as it was sent, `sent` its headers, empty when they are the usual ones.
    """

    id: str
    time: float
    provider: Provider
    operation: str
    caller: Caller
    condition: Condition | None
    endpoint: Endpoint | None
    model: Model | None
    method: str
    path: str
    headers: bytes
    sent: bytes
    body: bytes
    content: bytes
    decoded: bool
    effective: Mapping[str, Json] | None
    status: int
    violations: Sequence[Violation]
    notes: Sequence[str]

    def exchange(self) -> Exchange:
        """The exchange again, as far as the journal tells of it."""
        made = Exchange(
            self.id,
            self.time,
            self.provider,
            self.method,
            self.path,
            _parted(self.headers),
            "",
            self.caller,
            self.endpoint,
            self.operation,
            self.body,
            model=self.model,
            effective=self.effective,
            violations=[*self.violations],
            status=self.status,
            answer=orjson.loads(self.content),
            sent_headers=_parted(self.sent) or usual_headers(self.id, len(self.content)),
            condition=self.condition,
            notes=[*self.notes],
        )
        if self.decoded and self.model is not None and self.endpoint is not None:
            made.decoded = dialect(self.model, self.endpoint).decode(json_object(self.body))
        return made


def packed(exchange: Exchange, content: bytes) -> Packed | None:
    """An exchange packed, with its answer as it was sent; None when it is one that has to stay as it is."""
    if exchange.form is not None or exchange.inputs or exchange.manner is not None:
        return None
    sent = exchange.sent_headers
    return Packed(
        exchange.id,
        exchange.time,
        exchange.provider,
        exchange.operation,
        exchange.caller,
        exchange.condition,
        exchange.endpoint,
        exchange.model,
        exchange.method,
        exchange.path,
        _joined(exchange.headers),
        b"" if len(sent) == USUAL and not exchange.answer_headers else _joined(sent),
        exchange.body,
        content,
        exchange.decoded is not None,
        exchange.effective,
        exchange.status,
        exchange.violations or (),
        exchange.notes or (),
    )


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return _BETWEEN.join([part for pair in headers for part in pair])


def _parted(text: bytes) -> list[tuple[bytes, bytes]]:
    parts = text.split(_BETWEEN) if text else []
    return [*zip(parts[::2], parts[1::2], strict=True)]
