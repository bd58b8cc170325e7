"""Requests that a provider must take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from qwen_image_conformance.strategies.names import Named, named
from qwen_image_conformance.strategies.situations import Situation, parameters, situations
from qwen_image_conformance.strategies.texts import prompts
from qwen_image_conformance.strategies.values import zero
from qwen_image_spec.model import Model
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import facets_of


def valid_requests(
    provider: Named, model: str | Model, operation: str = "generate", *, without: Iterable[str] = ()
) -> SearchStrategy[ImageRequest]:
    """Requests that break nothing: `rules.check` finds no violation. `without` names parameters to leave out.

    Shrinks towards a plain prompt without parameters. Raises UnknownName for a wrong name, and ValueError for
    a model without the operation.

    >>> from hypothesis import find
    >>> request = find(valid_requests("dieyuyun", "qwen-image-max"), lambda request: "size" in request)
    >>> request.model, "x" in request.parameters["size"]
    ('qwen-image-max', True)
    """
    _, found, way = named(provider, model, operation)
    left_out = tuple(without)
    known = situations(found, way, left_out)
    if not known:
        raise ValueError(f"no request for {operation} to {found.id} is known to be legal")
    drawn = [requests_in(situation, left_out) for situation in known]
    return st.sampled_from(drawn).flatmap(lambda one: one)


def requests_in(
    situation: Situation, without: Iterable[str] = (), only: Iterable[str] | None = None
) -> SearchStrategy[ImageRequest]:
    """The legal requests of one situation; `only` restricts its further parameters to some."""
    kept = {
        name: values.drawn
        for name, values in situation.others.items()
        if name not in without and (only is None or name in only)
    }
    required = {name for name in kept if needed(situation, name)}
    drawn = st.fixed_dictionaries(
        {name: kept[name] for name in required},
        optional={name: value for name, value in kept.items() if name not in required},
    )
    return st.builds(_whole, st.just(situation.request), _prompts(situation), drawn)


def zero_values(
    provider: Named, model: str | Model, operation: str = "generate"
) -> SearchStrategy[ImageRequest]:
    """Legal requests with nothing but false, 0 and empty texts: the values that careless code drops.

    >>> from hypothesis import find
    >>> request = find(zero_values("dieyuyun", "qwen-image-max"), lambda request: "seed" in request)
    >>> request.parameters["seed"]
    0
    """
    _, found, way = named(provider, model, operation)
    bare = next(iter(situations(found, way)))
    zeros = {
        name: zero(param)
        for name, param in parameters(found, way)
        if zero(param) is not None
        and facets_of(param, bare.request, found).supported.value
        and not check(bare.having(name, zero(param)), found)
    }
    if not zeros:
        raise ValueError(f"{found.id} takes no parameter whose zero is legal")
    names = st.lists(st.sampled_from(sorted(zeros)), min_size=1, unique=True)
    required = {name: values.sample for name, values in bare.others.items() if needed(bare, name)}
    return names.map(
        lambda chosen: replace(
            bare.request, parameters={**required, **{name: zeros[name] for name in chosen}}
        )
    )


def needed(situation: Situation, name: str) -> bool:
    """Whether a parameter may not be left out."""
    required = facets_of(situation.model.params[name], situation.request, situation.model).required
    return required is not None and bool(required.value)


def _prompts(situation: Situation) -> SearchStrategy[str]:
    param = situation.model.params.get("prompt")
    length = facets_of(param, situation.request, situation.model).length if param is not None else None
    return st.just("a") | prompts(length.value if length is not None else None)


def _whole(base: ImageRequest, prompt: str, parameters: dict[str, Any]) -> ImageRequest:
    return replace(base, prompt=prompt, parameters={**base.parameters, **parameters})
