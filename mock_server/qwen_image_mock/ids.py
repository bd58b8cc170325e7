"""Ids and seeds from one source of randomness, so that a seeded mock repeats itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import blake2b
from os import urandom
from secrets import randbits

_COUNTED = 10_000
_POOL = 64 * 32
"""So many hexadecimal digits are drawn at once: 64 ids."""
_SEED_BITS = 0x7FFF_FFFF


class Randomness:
    """Request ids, task ids and derived seeds.

    With a `seed` the same requests in the same order get the same ones.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = randbits(64) if seed is None else seed
        self._bytes: Callable[[int], bytes] = random.Random(self.seed).randbytes  # noqa: S311 # repeatable on purpose
        self._counts: dict[str, int] = {}
        self._pool = ""
        self._at = _POOL

    def uuid(self) -> str:
        """A text in the shape of a version 4 UUID."""
        at = self._at
        if at == _POOL:
            self._pool = self._bytes(_POOL // 2).hex()
            at = 0
        self._at = at + 32
        pool = self._pool
        return (
            f"{pool[at : at + 8]}-{pool[at + 8 : at + 12]}-4{pool[at + 13 : at + 16]}"
            f"-a{pool[at + 17 : at + 20]}-{pool[at + 20 : at + 32]}"
        )

    def derived_seed(self, caller: str) -> int:
        """The seed for a request that gave none: another for each request of a caller, 0 to 2**31 - 1."""
        counts = self._counts
        if len(counts) > _COUNTED:
            counts.clear()
        count = counts[caller] = counts.get(caller, 0) + 1
        return self.seed_at(caller, count)

    def reset(self) -> None:
        """Start again, as after the start of the mock."""
        if self._bytes is not urandom:
            self._bytes = random.Random(self.seed).randbytes  # noqa: S311 # repeatable on purpose
        self._counts.clear()
        self._at = _POOL

    def scatter(self) -> None:
        """Draw ids nobody else draws, whatever the seed: several workers serve as one mock."""
        self._bytes = urandom
        self._at = _POOL

    def seed_at(self, caller: str, count: int) -> int:
        """The seed for the request of a caller that has this number among those that gave none."""
        digest = blake2b(f"{self.seed}/{caller}/{count}".encode(), digest_size=4).digest()
        return int.from_bytes(digest) & _SEED_BITS

    def secret(self) -> bytes:
        """A key for signatures. A restarted mock with the same seed honours its addresses."""
        return blake2b(f"addresses of {self.seed}".encode(), digest_size=32).digest()


class Numbered(Randomness):
    """The randomness of one request whose number among its caller's was counted elsewhere."""

    def __init__(self, whole: Randomness, number: int) -> None:
        self.seed = whole.seed
        self._number = number

    def derived_seed(self, caller: str) -> int:
        """The seed for the request."""
        return self.seed_at(caller, self._number)
