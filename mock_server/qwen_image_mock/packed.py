"""An exchange as the journal keeps it: a few texts instead of the many small objects it is made of.

What was decoded, and what the answer says, is read again from the bytes when somebody asks. That is less work
in all than keeping every object of the last requests alive: the memory of a request is used again by the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.bodies import json_object
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.sending import USUAL, usual_headers
from qwen_image_spec.dialect import dialect

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = Any
Headers = "Sequence[tuple[bytes, bytes]]"
_BETWEEN = b"\0"
"""Stands in no header."""


class Packed:
    """An exchange with an answer of JSON, without input images: `id`, `time` and so on as there."""

    __slots__ = (
        "_body",
        "_content",
        "_decoded",
        "_effective",
        "_endpoint",
        "_headers",
        "_method",
        "_model",
        "_notes",
        "_path",
        "_sent",
        "_status",
        "_violations",
        "caller",
        "condition",
        "id",
        "operation",
        "provider",
        "time",
    )

    def __init__(self, exchange: Exchange, content: bytes) -> None:
        effective = exchange.effective
        self._effective = None if effective is None else orjson.dumps(effective)
        self.id = exchange.id
        self.time = exchange.time
        self.provider = exchange.provider
        self.operation = exchange.operation
        self.caller = exchange.caller
        self.condition = exchange.condition
        self._endpoint = exchange.endpoint
        self._model = exchange.model
        self._method = exchange.method
        self._path = exchange.path
        self._headers = _joined(exchange.headers)
        sent = exchange.sent_headers
        self._sent = b"" if len(sent) == USUAL and not exchange.answer_headers else _joined(sent)
        self._body = exchange.body
        self._content = content
        self._decoded = exchange.decoded is not None
        self._status = exchange.status
        self._violations = exchange.violations or ()
        self._notes = exchange.notes or ()

    def exchange(self) -> Exchange:
        """The exchange again, as far as the journal tells of it."""
        made = Exchange(
            self.id,
            self.time,
            self.provider,
            self._method,
            self._path,
            _parted(self._headers),
            "",
            self.caller,
            self._endpoint,
            self.operation,
            self._body,
            model=self._model,
            effective=None if self._effective is None else orjson.loads(self._effective),
            violations=[*self._violations],
            status=self._status,
            answer=orjson.loads(self._content),
            sent_headers=_parted(self._sent) or usual_headers(self.id, len(self._content)),
            condition=self.condition,
            notes=[*self._notes],
        )
        if self._decoded and self._model is not None and self._endpoint is not None:
            made.decoded = dialect(self._model, self._endpoint).decode(json_object(self._body))
        return made


def packed(exchange: Exchange, content: bytes) -> Packed | None:
    """An exchange packed, with its answer as it was sent; None when it is one that has to stay as it is."""
    if exchange.form is not None or exchange.inputs or exchange.manner is not None:
        return None
    try:
        return Packed(exchange, content)
    except TypeError:  # an effective value that JSON cannot hold, such as a number of a hundred digits
        return None


def _joined(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return _BETWEEN.join([part for pair in headers for part in pair])


def _parted(text: bytes) -> list[tuple[bytes, bytes]]:
    parts = text.split(_BETWEEN) if text else []
    return [*zip(parts[::2], parts[1::2], strict=True)]
