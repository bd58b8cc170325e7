"""Where the pictures of an answer stand, in every arrangement providers use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """One picture as the answer gives it: an address, the picture itself in base64, or neither (`failed`)."""

    url: str | None = None
    b64: str | None = None
    failed: bool = False


def items(body: Any) -> list[Item]:
    """The pictures of an answer: OpenAI `data`, native `output.choices` or `output.results`, in order."""
    if not isinstance(body, dict):
        return []
    if isinstance(body.get("data"), list):
        return [_item(entry) for entry in body["data"]]
    output = body.get("output")
    if not isinstance(output, dict):
        return []
    if isinstance(output.get("results"), list):
        return [_item(entry) for entry in output["results"]]
    return [
        _item(part)
        for part in _parts(output.get("choices"))
        if not (isinstance(part, dict) and set(part) <= {"text", "type"})
    ]


def _parts(choices: Any) -> Iterator[Any]:
    for choice in choices if isinstance(choices, list) else ():
        message = choice.get("message") if isinstance(choice, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        yield from content if isinstance(content, list) else [content] if isinstance(content, dict) else []


def _item(entry: Any) -> Item:
    if not isinstance(entry, dict):
        return Item(failed=True)
    url = entry.get("url") or entry.get("image")
    nested = entry.get("image_url")
    if not url and nested:
        url = nested.get("url") if isinstance(nested, dict) else nested
    b64 = entry.get("b64_json")
    return Item(
        url if isinstance(url, str) and url else None,
        b64 if isinstance(b64, str) and b64 else None,
        not (url or b64),
    )
