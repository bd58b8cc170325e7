"""How an image request is spelled: wire body <-> `ImageRequest`, driven by the places in the provider's document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from qwen_image_spec.model import Endpoint, Model, Param
from qwen_image_spec.pointers import MISSING, get, put, split
from qwen_image_spec.request import Flaw, ImageRequest

Json = Any
_FRAME = ("model", "prompt")
_NOTHING: Mapping[str, Json] = {}


@dataclass(frozen=True)
class Dialect:
    """The spelling of one model's requests at one endpoint.

    `reads` lists the parameters with their places; `known` maps a parent object's pointer to the keys read from it.
    """

    envelope: str
    model: Model
    reads: tuple[tuple[str, Param, tuple[str, ...]], ...]
    known: Mapping[str, frozenset[str]]

    def decode(self, body: Mapping[str, Json]) -> ImageRequest:
        """Read a body. Nulls count as absent; what is wrong with the frame is returned as flaws, never raised."""
        flaws: list[Flaw] = []
        prompt, images, texts = _ENVELOPES[self.envelope](body, flaws)
        frames: list[Mapping[str, Json]] = []
        unread: list[str] = []
        for parent, key, known in self._parents:
            here = body.get(key, MISSING) if key else get(body, parent) if parent else body
            if isinstance(here, dict):
                if not known.issuperset(here):
                    unread += [f"{parent}/{key}" for key in here if key not in known]
                frames.append(here)
            else:
                if parent and here is not MISSING and here is not None:
                    clause = f"{parent.strip('/').replace('/', '.').replace('_', '-')}.type"
                    flaws.append(Flaw(clause, parent, here))
                frames.append(_NOTHING)
        parameters: dict[str, Json] = {}
        for name, spots, pictures in self._spots:
            for frame, key in spots:
                value = frames[frame].get(key)
                if value is not None:
                    if pictures:
                        images = tuple(value) if isinstance(value, list) else (value,)
                    else:
                        parameters[name] = value
                    break
        return ImageRequest(body.get("model"), prompt, images, parameters, texts, tuple(unread), tuple(flaws))

    @cached_property
    def _parents(self) -> tuple[tuple[str, str, frozenset[str]], ...]:
        """The frames of `known`, each with its key at the top, which is empty when it stands elsewhere."""
        return tuple(
            (parent, split(parent)[0] if len(split(parent)) == 1 else "", keys)
            for parent, keys in self.known.items()
        )

    @cached_property
    def _spots(self) -> tuple[tuple[str, tuple[tuple[int, str], ...], bool], ...]:
        """The parameters: their names, which frame (of `known`) and key to look at, whether it is images."""
        numbers = {parent: number for number, parent in enumerate(self.known)}
        return tuple(
            (
                name,
                tuple((numbers[place.rpartition("/")[0]], split(place)[-1]) for place in places),
                param.type == "images",
            )
            for name, param, places in self.reads
        )

    @cached_property
    def plain(self) -> frozenset[str]:
        """The parameters that stand under their own name at the top of a flat body, and nowhere else in it."""
        if self.envelope != "flat":
            return frozenset()
        at_top = [
            (name, place)
            for name, param, places in self.reads
            for place in places
            if param.type != "images" and place.count("/") == 1
        ]
        return frozenset(
            name
            for name, place in at_top
            if place == f"/{name}" and [other for other, _ in at_top].count(name) == 1
        )

    def encode(self, request: ImageRequest) -> dict[str, Json]:
        """Write a request as this provider's document spells it, each parameter at its first place."""
        body: dict[str, Json] = {}
        if request.model is not None:
            body["model"] = request.model
        _WRITERS[self.envelope](request, body)
        for name, param, places in self.reads:
            if param.type == "images" and request.images:
                put(body, places[0], list(request.images) if len(request.images) > 1 else request.images[0])
            elif name in request.parameters:
                put(body, places[0], request.parameters[name])
        return body


@lru_cache(maxsize=1024)
def _cached(model_key: _Key, endpoint: Endpoint) -> Dialect:
    model = model_key.model
    reads = tuple(
        (name, param, places)
        for name, param in model.params.items()
        if name not in _FRAME and (places := param.places.get(endpoint.envelope) or param.places.get("*"))
    )
    known: dict[str, set[str]] = {"": {"model"} | _FRAME_KEYS[endpoint.envelope][0]}
    for parent, keys in _FRAME_KEYS[endpoint.envelope][1].items():
        known.setdefault(parent, set()).update(keys)
    for _, _, places in reads:
        for place in places:
            parent, _, last = place.rpartition("/")
            known.setdefault(parent, set()).add(last)
            if parent:
                known[""].add(parent.split("/")[1])
    return Dialect(
        endpoint.envelope, model, reads, {parent: frozenset(keys) for parent, keys in known.items()}
    )


class _Key:
    """Hashes a model by identity, so that the cache does not hash its whole contents."""

    __slots__ = ("model",)

    def __init__(self, model: Model) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.model is self.model


def dialect(model: Model, endpoint: Endpoint) -> Dialect:
    """The spelling of a model's requests at an endpoint (cached)."""
    return _cached(_Key(model), endpoint)


def _read_flat(body: Mapping[str, Json], _flaws: list[Flaw]) -> tuple[Json, tuple[Json, ...], int]:
    prompt = body.get("prompt")
    return prompt, (), 0 if prompt is None else 1


def _read_input(body: Mapping[str, Json], flaws: list[Flaw]) -> Mapping[str, Json]:
    frame = body.get("input")
    if isinstance(frame, dict):
        return frame
    flaws.append(Flaw("input.missing" if frame is None else "input.type", "/input", frame))
    return {}


def _read_prompt(body: Mapping[str, Json], flaws: list[Flaw]) -> tuple[Json, tuple[Json, ...], int]:
    frame = _read_input(body, flaws)
    prompt = frame.get("prompt")
    images = frame.get("images")
    return prompt, tuple(images) if isinstance(images, list) else (), 0 if prompt is None else 1


def _read_messages(body: Mapping[str, Json], flaws: list[Flaw]) -> tuple[Json, tuple[Json, ...], int]:
    before = len(flaws)
    frame = _read_input(body, flaws)
    messages = frame.get("messages")
    if not isinstance(messages, list) or not messages:
        if len(flaws) == before:
            flaws.append(Flaw("messages.missing", "/input/messages", messages))
        return None, (), 0
    if len(messages) != 1:
        flaws.append(Flaw("messages.single", "/input/messages", len(messages)))
    message = messages[-1]
    if not isinstance(message, dict):
        flaws.append(Flaw("messages.item", "/input/messages/0", message))
        return None, (), 0
    if message.get("role") != "user":
        flaws.append(Flaw("messages.role", "/input/messages/0/role", message.get("role")))
    content = message.get("content")
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        flaws.append(Flaw("messages.content", "/input/messages/0/content", content))
        return None, (), 0
    texts = [item["text"] for item in content if "text" in item and item["text"] is not None]
    images = tuple(item["image"] for item in content if item.get("image") is not None)
    return (texts[0] if texts else None), images, len(texts)


def _write_flat(request: ImageRequest, body: dict[str, Json]) -> None:
    if request.prompt is not None:
        body["prompt"] = request.prompt


def _write_messages(request: ImageRequest, body: dict[str, Json]) -> None:
    content: list[Json] = [{"image": image} for image in request.images]
    if request.prompt is not None:
        content += [{"text": request.prompt}] * max(request.texts, 1)
    body["input"] = {"messages": [{"role": "user", "content": content}]}


def _write_prompt(request: ImageRequest, body: dict[str, Json]) -> None:
    body["input"] = {} if request.prompt is None else {"prompt": request.prompt}
    if request.images:
        body["input"]["images"] = list(request.images)


_ENVELOPES = {"flat": _read_flat, "messages": _read_messages, "prompt": _read_prompt}
_WRITERS = {"flat": _write_flat, "messages": _write_messages, "prompt": _write_prompt}
_FRAME_KEYS: dict[str, tuple[set[str], dict[str, set[str]]]] = {
    "flat": ({"prompt"}, {}),
    "messages": ({"input", "parameters"}, {"/input": {"messages"}}),
    "prompt": ({"input", "parameters"}, {"/input": {"prompt", "images"}}),
}
