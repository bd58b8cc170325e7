"""From names to parts of the spec: strategies take a provider and a model by name or as objects."""

from __future__ import annotations

from typing import TypeAlias

from qwen_image_conformance.ways import Way, ways
from qwen_image_spec.loader import get_model, get_provider
from qwen_image_spec.model import Model, Provider

Named: TypeAlias = str | Provider


class Pair:
    """A model and a way to ask it, as the key of a cache: one key for one model object."""

    __slots__ = ("model", "way")

    def __init__(self, model: Model, way: Way) -> None:
        self.model = model
        self.way = way

    def __hash__(self) -> int:
        return hash((id(self.model), self.way.operation, self.way.endpoint.id))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Pair)
            and other.model is self.model
            and (other.way.operation, other.way.endpoint.id) == (self.way.operation, self.way.endpoint.id)
        )


def named(provider: Named, model: str | Model, operation: str) -> tuple[Provider, Model, Way]:
    """The provider, the model, and the way to ask it. Raises UnknownName or ValueError."""
    owner = get_provider(provider) if isinstance(provider, str) else provider
    found = get_model(owner, model) if isinstance(model, str) else model
    known = {way.operation: way for way in ways(owner, found)}
    if operation not in known:
        raise ValueError(
            f"{found.id} at {owner.id} has no operation {operation!r} (it has {', '.join(known) or 'none'})"
        )
    return owner, found, known[operation]


def operations(provider: Named, model: str | Model) -> list[str]:
    """The operations of a model that make pictures: generate, edit, submit."""
    owner = get_provider(provider) if isinstance(provider, str) else provider
    found = get_model(owner, model) if isinstance(model, str) else model
    return [way.operation for way in ways(owner, found)]
