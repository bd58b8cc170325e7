"""Fetching an input image from outside, for mocks that are told to. Blocking: call it in a thread."""

from __future__ import annotations

import http.client
import time
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

SECONDS = 10.0
_PIECE = 65_536
_AGENT = "qwen-image-mock"


class NotFetched(Exception):
    """An address gave no image; the text says why."""


def fetch(url: str, limit: int, seconds: float = SECONDS) -> bytes:
    """The bytes at an address with http or https, at most `limit` of them, within `seconds`.

    Redirects lead to http and https only. Raises NotFetched.
    """
    ends = time.monotonic() + seconds
    pieces: list[bytes] = []
    size = 0
    try:
        with _opener().open(Request(url, headers={"User-Agent": _AGENT}), timeout=seconds) as answer:  # noqa: S310 # the opener knows http and https only
            while piece := answer.read1(_PIECE):
                size += len(piece)
                if size > limit:
                    raise NotFetched(f"more than {limit} bytes")
                if time.monotonic() > ends:
                    raise NotFetched(f"no end after {seconds:g} seconds")
                pieces.append(piece)
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise NotFetched(str(getattr(error, "reason", error)) or type(error).__name__) from None
    return b"".join(pieces)


def _opener() -> OpenerDirector:
    """What opens http and https, and nothing else: no files, no FTP, no data URIs."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        UnknownHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        HTTPRedirectHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
