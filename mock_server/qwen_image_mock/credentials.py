"""Who calls: Bearer credentials.

A key is never stored, shown or logged; a short one-way tag stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

REFUSED_WORDS = ("invalid", "wrong", "bad", "revoked", "expired", "refused")
FAULT_PREFIX = "sk-mock-"
_REMEMBERED = 4096
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key. `tag` stands for the key; `refusal` is the clause that keeps the caller out.

    `condition` is what a key such as `sk-mock-throttled` asks the mock to simulate.
    """

    tag: str
    refusal: str | None = None
    condition: str = ""


NOBODY = Caller("", "auth.missing-key")


def tag_of(key: str) -> str:
    """The tag of a key: twelve hexadecimal digits that tell keys apart and give nothing away."""
    return sha256(key.encode("utf-8", "replace")).hexdigest()[:12]


class Credentials:
    """Decides whom to let in.

    `accepted` lists the keys; None takes every key that has none of REFUSED_WORDS in it.
    """

    def __init__(self, accepted: frozenset[str] | None = None) -> None:
        self._accepted = accepted
        self._seen: dict[bytes, Caller] = {}

    def caller(self, header: bytes | None) -> Caller:
        """The caller named by an Authorization header's value."""
        if header is None:
            return NOBODY
        found = self._seen.get(header)
        if found is None:
            found = self._read(header.decode("utf-8", "replace"))
            if len(header) <= _LONGEST:
                if len(self._seen) >= _REMEMBERED:
                    self._seen.clear()
                self._seen[header] = found
        return found

    def _read(self, header: str) -> Caller:
        scheme, _, key = header.strip().partition(" ")
        key = key.strip()
        if not scheme:
            return NOBODY
        if scheme.lower() != "bearer":
            return Caller(tag_of(key or scheme), "auth.scheme")
        if not key:
            return NOBODY
        refusal = None if self._takes(key) else "auth.invalid-key"
        condition = key[len(FAULT_PREFIX) :] if key.startswith(FAULT_PREFIX) else ""
        return Caller(tag_of(key), refusal, condition)

    def _takes(self, key: str) -> bool:
        if self._accepted is not None:
            return key in self._accepted
        lowered = key.lower()
        return not any(word in lowered for word in REFUSED_WORDS)
