"""Answers while the shared store cannot be reached: the provider's own 503, for nothing can be promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_mock.addresses import Refused
from qwen_image_mock.encode import encode_refusal, refusal_of
from qwen_image_mock.fault_kinds import CLAUSE, row_of
from qwen_image_mock.hints import FAULT_HEADER

if TYPE_CHECKING:
    from qwen_image_mock.exchange import Exchange

_ROWS = ("unavailable", "server-error")
_HEADERS = [(b"retry-after", b"1"), (FAULT_HEADER, b"store-away")]
OBJECTS_AWAY = Refused(503, "ServiceUnavailable", "Please reduce your request rate.")


def answer_without_store(exchange: Exchange) -> None:
    """Answer 503 in the provider's error shape; the header X-Mock-Fault tells that the mock itself is ill."""
    model = exchange.model.id if exchange.model is not None else ""
    found = row_of(_ROWS, exchange.provider, exchange.model)
    entry, clause = found if found is not None else (None, CLAUSE + _ROWS[-1])
    refusal = refusal_of(entry, clause, {"model": model, "method": exchange.method, "path": exchange.path})
    exchange.status, exchange.manner = 503, None
    exchange.answer_headers = [*_HEADERS]
    exchange.answer = encode_refusal(refusal, exchange.provider, exchange.id)
