"""Requests as a provider spells them."""

from __future__ import annotations

from typing import Any

from hypothesis.strategies import SearchStrategy

from qwen_image_conformance.strategies.names import Named, named
from qwen_image_conformance.strategies.situations import parameters
from qwen_image_conformance.strategies.sizes import around
from qwen_image_conformance.strategies.valid import valid_requests
from qwen_image_conformance.strategies.values import right
from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint, Model
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import facets_of


def wire_bodies(
    provider: Named,
    model: str | Model,
    operation: str = "generate",
    requests: SearchStrategy[ImageRequest] | None = None,
) -> SearchStrategy[tuple[Endpoint, dict[str, Any]]]:
    """An endpoint and a JSON body for each of `requests` (valid ones when not given), as documented.

    >>> from hypothesis import find
    >>> drawn = wire_bodies("dashscope", "qwen-image-plus")
    >>> endpoint, body = find(drawn, lambda pair: "parameters" in pair[1])
    >>> endpoint.id, sorted(body)
    ('multimodal', ['input', 'model', 'parameters'])
    """
    _, found, way = named(provider, model, operation)
    spelling = dialect(found, way.endpoint)
    drawn = requests if requests is not None else valid_requests(provider, found, operation)
    return drawn.map(lambda request: (way.endpoint, spelling.encode(request)))


def sizes(provider: Named, model: str | Model, operation: str = "generate") -> SearchStrategy[str]:
    """Every size a bare request to a model may ask for, as the provider spells it.

    Raises ValueError for a model that takes no size.

    >>> from hypothesis import find
    >>> find(sizes("dieyuyun", "qwen-image-max"), lambda size: size.startswith("9"))
    '928x1664'
    """
    _, found, way = named(provider, model, operation)
    request = way.request(found, "a")
    for _, param in parameters(found, way):
        facets = facets_of(param, request, found)
        values = (
            right(param, facets, request, found) if param.type == "size" and facets.supported.value else None
        )
        if values is not None:
            return values.drawn
    raise ValueError(f"{found.id} takes no size for {operation}")


def sizes_around(provider: Named, model: str | Model, operation: str = "generate") -> SearchStrategy[str]:
    """Sizes at every bound of a model, just inside and just outside; `rules.check` tells which is which.

    >>> from hypothesis import find
    >>> find(sizes_around("dieyuyun", "qwen-image-max"), lambda size: size.startswith("929"))
    '929x1664'
    """
    from hypothesis import strategies as st  # beside the other module of that name

    _, found, way = named(provider, model, operation)
    request = way.request(found, "a")
    known = [
        size
        for _, param in parameters(found, way)
        if param.type == "size"
        for size in around(param, facets_of(param, request, found))
    ]
    if not known:
        raise ValueError(f"{found.id} has no bounds of sizes for {operation}")
    return st.sampled_from(known)
