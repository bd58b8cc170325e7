"""Signed addresses of pictures.

An address carries all that is needed to draw its picture, and the time of its end.
"""

from __future__ import annotations

import hmac
import re
import time
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from qwen_image_mock.drawing import Drawing

if TYPE_CHECKING:
    from qwen_image_mock.clock import Clock
    from qwen_image_mock.ids import Randomness

PREFIX = "/pictures/"
_PATH = re.compile(r"/pictures/([0-9]{8})/([A-Za-z0-9_-]+)/([0-9a-f-]{36})-([0-9]{1,4})\.png")
_EAST = 8 * 3600


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an address does not open: the code and the message of the object store, and the HTTP status."""

    status: int
    code: str
    message: str


NO_SUCH_KEY = Refused(404, "NoSuchKey", "The specified key does not exist.")
UNSIGNED = Refused(403, "AccessDenied", "You have no right to access this object because of bucket acl.")
ALTERED = Refused(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
)
EXPIRED = Refused(403, "AccessDenied", "Request has expired.")


class Addresses:
    """Makes and opens addresses. `secret` signs them; the clock says when they are over."""

    def __init__(self, secret: bytes, clock: Clock, randomness: Randomness) -> None:
        self._signer = blake2b(key=secret, digest_size=16)
        self._clock = clock
        self._randomness = randomness
        self._today = (0, "")

    def make(self, origin: str, drawing: Drawing, count: int, life: int) -> list[str]:
        """Addresses of the first `count` pictures of a drawing, good for `life` seconds."""
        now = self._clock.now()
        day = self._today[1] if int(now + _EAST) // 86_400 == self._today[0] else self._day(now)
        head = f"{PREFIX}{day}/{drawing.token()}/{self._randomness.uuid()}-"
        tail = f".png?Expires={int(now) + life}&OSSAccessKeyId=mock"
        made = []
        for index in range(count):
            signed = f"{head}{index}{tail}"
            made.append(f"{origin}{signed}&Signature={self._signature(signed)}")
        return made

    def open(self, path: str, query: str) -> tuple[Drawing, int] | Refused:
        """The drawing and the index an address stands for, or why it does not open."""
        match = _PATH.fullmatch(path)
        if match is None:
            return NO_SUCH_KEY
        words = parse_qs(query)
        expires = words.get("Expires", [""])[-1]
        signature = words.get("Signature", [""])[-1]
        if not (expires and signature):
            return UNSIGNED
        if not (expires.isascii() and expires.isdecimal() and len(expires) < 20):
            return ALTERED
        if not hmac.compare_digest(
            self._signature(f"{path}?Expires={expires}&OSSAccessKeyId=mock").encode(), signature.encode()
        ):
            return ALTERED
        if self._clock.now() >= int(expires):
            return EXPIRED
        return Drawing.read(match[2]), int(match[4])

    def _signature(self, signed: str) -> str:
        signer = self._signer.copy()
        signer.update(signed.encode())
        return signer.hexdigest()

    def _day(self, now: float) -> str:
        """The date east of Greenwich; made once a day."""
        self._today = (int(now + _EAST) // 86_400, time.strftime("%Y%m%d", time.gmtime(now + _EAST)))
        return self._today[1]
