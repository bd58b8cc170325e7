"""What a client's author may ask of the mock itself, in headers: a strictness, and hints in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.settings import Strictness

STRICTNESS_HEADER = b"x-mock-strictness"
VIOLATIONS_HEADER = b"x-mock-violations"
FAULT_HEADER = b"x-mock-fault"
_WORDS: dict[bytes, Strictness] = {b"strict": "strict", b"warn": "warn", b"off": "off"}
_LONGEST = 4096
_MOST = 20


def strictness_of(headers: Mapping[bytes, bytes], usual: Strictness) -> Strictness:
    """The strictness of one request: what its header X-Mock-Strictness says, else the usual one."""
    return _WORDS.get(headers.get(STRICTNESS_HEADER, b"").strip().lower(), usual)


def hints_of(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Headers for an answer.

    X-Mock-Violations, a JSON list of clause, param and allowed; and X-Mock-Fault.
    """
    found: list[tuple[bytes, bytes]] = []
    if exchange.violations:
        rows = [
            {"clause": violation.clause, "param": violation.param, "allowed": violation.allowed}
            for violation in exchange.violations[:_MOST]
        ]
        text = orjson.dumps(rows)
        while len(text) > _LONGEST:
            rows.pop()
            text = orjson.dumps(rows)
        found.append((VIOLATIONS_HEADER, _ascii(text)))
    if exchange.condition is not None:
        found.append((FAULT_HEADER, exchange.condition.name.encode("ascii", "replace")))
    return found


def _ascii(text: bytes) -> bytes:
    """JSON in which every letter beyond ASCII is escaped, as headers need it."""
    return "".join(letter if letter.isascii() else _code(letter) for letter in text.decode()).encode()


def _code(letter: str) -> str:
    point = ord(letter)
    if point <= 0xFFFF:
        return f"\\u{point:04x}"
    point -= 0x10000
    return f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"
