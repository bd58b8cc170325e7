"""The documents' own examples, and what the spec makes of each: how many pictures, and of which size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from qwen_image_spec import get_model, get_provider
from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import effective
from qwen_image_spec.size import parse

Json = Any


@dataclass(frozen=True)
class Example:
    """One request of a document. `refused` is the clause that keeps it out; empty when it is accepted.

    `shown` is the answer the document prints, None when it prints none.
    """

    id: str
    provider: Provider
    model: Model
    endpoint: Endpoint
    headers: dict[str, str]
    body: dict[str, Json]
    refused: str
    shown: Json
    reads: tuple[str, ...]

    def __str__(self) -> str:
        return self.id

    @property
    def request(self) -> ImageRequest:
        """The request as the provider's dialect reads it."""
        return dialect(self.model, self.endpoint).decode(self.body)

    @property
    def count(self) -> int:
        """How many pictures it asks for, defaults included."""
        return int(effective(self.request, self.model)["n"])

    @property
    def size(self) -> tuple[int, int]:
        """The size it asks for in pixels, defaults included."""
        word = str(effective(self.request, self.model)["size"])
        param = self.model.params["size"]
        size = parse(word, param.separator) or parse(word, "x")
        tokens = [grant.tokens[word] for grant in param.base.grants if word in grant.tokens]
        chosen = size or tokens[0]
        return chosen.width, chosen.height


def examples() -> Iterator[Example]:
    """Every example of every document."""
    folder = files("qwen_image_spec") / "data" / "vectors"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for vector in json.loads(file.read_text("utf-8")) if file.name.endswith(".json") else ():
            yield _example(vector)


def _example(vector: dict[str, Json]) -> Example:
    provider = get_provider(vector["provider"])
    asked, expect = vector["request"], vector["expect"]
    return Example(
        id=vector["id"],
        provider=provider,
        model=get_model(provider, asked["body"]["model"]),
        endpoint=provider.endpoints[vector["endpoint"]],
        headers=asked["headers"],
        body=asked["body"],
        refused="" if expect == "accepted" else expect["refused"],
        shown=vector.get("response", {}).get("body"),
        reads=tuple(vector.get("reads", ())),
    )


def places(document: Json, here: str = "") -> set[str]:
    """Every place of a JSON document that holds a value, as a pointer with `*` for the items of lists."""
    if isinstance(document, dict):
        return {place for key, value in document.items() for place in places(value, f"{here}/{key}")} or {
            here
        }
    if isinstance(document, list):
        return {place for value in document for place in places(value, f"{here}/*")} or {here}
    return {here}
