"""The pictures of answers that passed: inline ones decoded, addresses fetched where that is wanted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

import httpx
import orjson

from qwen_image_conformance.exchange import Delivered, Received
from qwen_image_conformance.found import Item, items
from qwen_image_conformance.measure import measure

Fetch = Callable[[str], httpx.Response]
_DATA_URI = "data:image/png;base64,"


def pictures(answer: Received, upstream: str, fetch: Fetch | None) -> Iterator[tuple[Delivered, bytes]]:
    """Each picture with its bytes; without `fetch` only inline ones.

    Relative addresses are the upstream's.
    """
    try:
        found = items(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        return
    for item in found:
        if item.b64 is not None:
            yield _inline(item.b64)
        elif item.url is not None and fetch is not None:
            yield _fetched(item, urljoin(upstream + "/", item.url), fetch)


def _inline(text: str) -> tuple[Delivered, bytes]:
    try:
        data = base64.b64decode(text.removeprefix(_DATA_URI), validate=True)
    except binascii.Error as error:
        return Delivered(inline=True, error=f"not base64: {error}"), b""
    return measure(data, inline=True), data


def _fetched(item: Item, address: str, fetch: Fetch) -> tuple[Delivered, bytes]:
    url = item.url or ""
    try:
        answer = fetch(address)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Delivered(url, error=f"{type(error).__name__}: {error}"), b""
    kind = answer.headers.get("content-type", "")
    if answer.status_code != 200:
        return Delivered(url, status=answer.status_code, content_type=kind, error=answer.text[:80]), b""
    return measure(answer.content, url=url, status=200, content_type=kind), answer.content
