"""Plans of requests seen before, so that a rule is asked once for each set of values and not once a request.

Parameters of few values (sizes, counts, flags) name a plan; those of any value (seeds, texts) and the prompt
are looked at each time, against the bounds that hold in the plan's situation. Only requests without
violations, input images and mistakes in their frame have plans: all others are judged by the rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from qwen_image_mock.plan import Plan, plan_of
from qwen_image_mock.stream import interleaves
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import facets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from qwen_image_spec.model import Facets, Model, Param

Json = Any
_KEPT = 4096
_FEW = 64
_UNBOUNDED = 1 << 62
_UNKNOWN: Any = object()


@dataclass(slots=True)
class Bound:
    """The values of an open parameter that need no second look: integers in a range, or texts of some lengths."""

    name: str
    counts: bool
    low: int
    high: int

    def admits(self, value: Json) -> bool:
        """Whether a value is such a one."""
        if self.counts:
            return value.__class__ is int and self.low <= value <= self.high
        return value.__class__ is str and self.low <= len(value) <= self.high


@dataclass(slots=True)
class Settled:
    """A plan with the bounds in which it holds. `kept` are the open parameters that take effect.

    `plain`: pictures by address, in an answer without any text between them.
    """

    plan: Plan
    prompt: Bound
    bounds: tuple[Bound, ...]
    kept: tuple[str, ...]
    plain: bool

    def value(self, name: str, parameters: Mapping[str, Json]) -> Json:
        """The effective value of an open parameter."""
        return parameters[name] if name in self.kept else self.plan.values.get(name)

    def values(self, parameters: Mapping[str, Json]) -> dict[str, Json]:
        """The effective values of a request with these parameters."""
        values = self.plan.values.copy()
        for name in self.kept:
            values[name] = parameters[name]
        return values


@dataclass(slots=True)
class Form:
    """Requests to a model that give the same parameters: which of them are open, and the plans of the others."""

    names: tuple[str, ...]
    open: tuple[str, ...]
    pick: Callable[[Mapping[str, Json]], tuple[Json, ...]]
    settled: dict[tuple[Json, ...], Settled | None]
    model: Model
    """Keeps the model alive, whose identity is part of the form's key."""


class Plans:
    """The plans of the requests seen; when there are too many, it starts again."""

    def __init__(self) -> None:
        self._forms: dict[tuple[int, tuple[str, ...]], Form] = {}
        self._count = 0

    def find(self, request: ImageRequest, model: Model) -> Settled | None:
        """The plan of a request that breaks no clause, or None: then the rules have to be asked."""
        if request.images or request.flaws or request.texts > 1:
            return None
        return self.settled(self.form(model, tuple(request.parameters)), request.prompt, request.parameters)

    def form(self, model: Model, names: tuple[str, ...]) -> Form:
        """The form of requests to a model that give these parameters."""
        return self._forms.get((id(model), names)) or self._form(model, names)

    def settled(self, form: Form, prompt: Json, parameters: Mapping[str, Json]) -> Settled | None:
        """The plan of a request of a form; what else than its parameters `parameters` holds does not matter."""
        values = form.pick(parameters)
        try:
            settled: Settled | None = form.settled.get((values, *map(type, values)), _UNKNOWN)
        except TypeError:  # lists and objects are no keys
            return None
        if settled is _UNKNOWN:
            settled = self._settle(form, values, parameters)
        if settled is None:
            return None
        if not settled.prompt.admits(prompt) or "\0" in prompt or prompt.isspace():
            return None
        for bound in settled.bounds:
            if not bound.admits(parameters[bound.name]):
                return None
        return settled

    def _form(self, model: Model, names: tuple[str, ...]) -> Form:
        if self._count > _KEPT:
            self._forms.clear()
            self._count = 0
        self._count += 1
        conditions = set(_named(model))
        free = tuple(name for name in names if name not in conditions and _is_open(model.params[name]))
        few = tuple(name for name in names if name not in free)
        form = self._forms[id(model), names] = Form(names, free, _picker(few), {}, model)
        return form

    def _settle(self, form: Form, values: tuple[Json, ...], parameters: Mapping[str, Json]) -> Settled | None:
        model = form.model
        request = ImageRequest(model.id, "a", (), {name: parameters[name] for name in form.names})
        facets = {name: facets_of(model.params[name], request, model) for name in form.open}
        bounds = tuple(_bound(model.params[name], facets[name]) for name in form.open)
        if None in values or not all(bound.admits(parameters[bound.name]) for bound in bounds):
            return None
        settled = None
        if not check(request, model):
            kept = tuple(
                name for name, facet in facets.items() if facet.effective is None or facet.effective.value
            )
            prompt = model.params.get("prompt")
            length = None if prompt is None else facets_of(prompt, request, model).length
            limit = Bound("prompt", False, 1, _UNBOUNDED if length is None else length.value)
            plan = plan_of(request, model)
            plain = plan.values.get("response_format") != "b64_json" and not interleaves(request, model)
            settled = Settled(plan, limit, bounds, kept, plain)
        self._count += 1
        if self._count > _KEPT:
            self._forms.clear()
            self._count = 0
        form.settled[values, *map(type, values)] = settled
        return settled


def _named(model: Model) -> Iterator[str]:
    """The parameters that anything about the model depends on."""
    for param in model.params.values():
        for condition, _ in param.variants:
            yield from condition
        for facets in _situations(param):
            for grant in facets.grants:
                yield from grant.when
    for rule in model.rules:
        yield from rule.when
    for images in model.images:
        yield from images.when


def _situations(param: Param) -> list[Facets]:
    return [param.base, *(facets for _, facets in param.variants)]


def _is_open(param: Param) -> bool:
    """Whether a parameter takes so many values that none is worth remembering."""
    situations = _situations(param)
    if any(facets.enum is not None or facets.grants for facets in situations):
        return False
    ranges = [facets.range.value for facets in situations if facets.range is not None]
    if param.type == "string":
        return not ranges
    unmeasured = all(facets.length is None for facets in situations)
    return param.type == "integer" and unmeasured and all(high - low > _FEW for low, high in ranges)


def _bound(param: Param, facets: Facets) -> Bound:
    if param.type == "integer":
        low, high = (-_UNBOUNDED, _UNBOUNDED) if facets.range is None else facets.range.value
        return Bound(param.name, True, low, high)
    return Bound(param.name, False, 0, _UNBOUNDED if facets.length is None else facets.length.value)


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, Json]], tuple[Json, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parameters: tuple(parameters[name] for name in names)
