"""The canonical image request: what was asked, free of any provider's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with the frame around the parameters: the clause it breaks, where, and what stood there."""

    clause: str
    where: str
    seen: Json = None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What a client asks of a model.

    `parameters` holds only what was *present*: absent, false and 0 are three different things.
    `images` are the input images in order, as they stood on the wire (URL, data URI, `oss://`, or bytes of an upload).
    `texts` counts the text items; `unknown` are pointers nobody reads; `flaws` is what was wrong with the frame.
    """

    model: str | None
    prompt: Json = None
    images: tuple[Json, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)
    texts: int = 1
    unknown: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()

    def get(self, name: str, default: Json = None) -> Json:
        """The value of a parameter, or `default` when it was absent."""
        return self.parameters.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.parameters
