"""The schema of one model's request body at one endpoint: frame, parameters at their places, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_spec.jsonschema_facets import describe, limits, nullable, refused, type_of
from qwen_image_spec.jsonschema_nest import GIVEN, anywhere, chain, combine, having, nest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_image_spec.model import Condition, Endpoint, Facets, ImageRule, Model, Param, Rule

Schema = dict[str, Any]
_CONTENT = "/input/messages/*/content"
_PROMPTS = {"flat": "/prompt", "messages": f"{_CONTENT}/*/text", "prompt": "/input/prompt"}


def body(model: Model, endpoint: Endpoint) -> Schema:
    """What a request must look like beside its model's name, which `jsonschema.for_models` adds."""
    request = _Body(model, endpoint.envelope)
    schema = request.frame()
    for param in model.params.values():
        if param.name != "model":
            schema = combine(schema, request.parameter(param))
    return combine(combine(schema, request.images()), request.rules())


def describe_condition(when: Condition) -> str:
    """A condition in words, ending in a full stop; empty when there is none."""
    terms = [
        f"{name} {wanted}" if wanted in ("present", "absent") else f"{name} is {wanted}"
        for name, wanted in when.items()
    ]
    return f"When {' and '.join(terms)}. " if terms else ""


def places_of(param: Param, envelope: str) -> tuple[str, ...]:
    """Where a parameter stands in an envelope; the prompt's place is the envelope's own."""
    if param.name == "prompt" and envelope in _PROMPTS:
        return (_PROMPTS[envelope],)
    return tuple(param.places.get(envelope) or param.places.get("*") or ())


class _Body:
    """One model's parameters in one envelope."""

    def __init__(self, model: Model, envelope: str) -> None:
        self.model = model
        self.envelope = envelope

    def agreed(self, key: str) -> bool:
        """Whether a fact of the model holds and nobody disputes it."""
        fact = self.model.facts.get(key)
        return fact is not None and bool(fact.value) and not fact.open

    def frame(self) -> Schema:
        """The arrangement around the parameters."""
        if self.envelope == "messages":
            content: Schema = {"type": "array", "minItems": 1, "items": {"type": "object"}}
            if self.agreed("messages.texts"):
                content |= {"contains": having("text"), "maxContains": 1}
            elif self.each_has_a_prompt():
                content["contains"] = having("text")
            message: Schema = {
                "type": "object",
                "properties": {"role": {"type": "string"}, "content": content},
                "required": ["role", "content"],
            }
            if self.agreed("messages.role"):
                message["properties"]["role"] = {"const": "user"}
            messages: Schema = {"type": "array", "minItems": 1, "items": message}
            if self.agreed("messages.single"):
                messages["maxItems"] = 1
            return nest("/input/messages", messages, required=True)
        return (
            nest("/input", {"type": "object"}, required=True)
            if self.envelope == "prompt"
            else {"type": "object"}
        )

    def each_has_a_prompt(self) -> bool:
        """Whether there is one message, and in it a prompt for sure: the frame says so, nothing else need."""
        needed = self.model.params["prompt"].base.required if "prompt" in self.model.params else None
        return (
            self.envelope == "messages"
            and self.agreed("messages.single")
            and needed is not None
            and bool(needed.value)
            and not needed.open
        )

    def places(self, param: Param) -> tuple[str, ...]:
        """Where a parameter stands in this envelope."""
        return places_of(param, self.envelope)

    def parameter(self, param: Param) -> Schema:
        """A parameter at every place it is read from, with what holds in each situation."""
        places = self.places(param)
        if not places:
            return {}
        shown = {**type_of(param), "description": describe(param)}
        if not param.variants:
            shown |= limits(param, param.base)
            presence = self._presence(param, param.base)
            if not presence or len(places) > 1 or "*" in places[0]:
                shown = nullable(shown)
            return combine(self._typed(places, shown), presence)
        shown = nullable(shown)
        cases = [(self.condition(when), self._situation(param, facets)) for when, facets in param.variants]
        return combine(self._typed(places, shown), chain(cases, self._situation(param, param.base)))

    def _typed(self, places: tuple[str, ...], schema: Schema) -> Schema:
        whole: Schema = {}
        for index, place in enumerate(places):
            whole = combine(
                whole,
                nest(place, schema if index == 0 else {**schema, "description": f"Same as {places[0]}."}),
            )
        return whole

    def _situation(self, param: Param, facets: Facets) -> Schema:
        found = limits(param, facets)
        whole = self._presence(param, facets)
        for place in self.places(param) if found else ():
            whole = combine(whole, nest(place, nullable(found)))
        return whole

    def _presence(self, param: Param, facets: Facets) -> Schema:
        places = self.places(param)
        if not facets.supported.value:
            return {"not": anywhere(places)} if refused(facets.supported, facets.beyond) else {}
        if facets.required is None or not facets.required.value or facets.required.open:
            return {}
        if param.name == "prompt" and self.each_has_a_prompt():
            return {}
        return anywhere(places)

    def present(self, name: str) -> Schema | None:
        """That a parameter (or `images`) is there; None when it has no place here."""
        if name == "images":
            return self._image_count(1, None)
        param = self.model.params.get(name)
        return anywhere(self.places(param)) if param is not None and self.places(param) else None

    def condition(self, when: Condition) -> Schema | None:
        """A `when` as a schema; None when it can never hold here."""
        terms: list[Schema] = []
        for name, wanted in when.items():
            there = self.present(name)
            if wanted == "absent":
                terms += [{"not": there}] if there is not None else []
            elif there is None:
                return None
            else:
                terms.append(there if wanted == "present" else self._equals(name, wanted))
        return terms[0] if len(terms) == 1 else {"allOf": terms}

    def _equals(self, name: str, wanted: Any) -> Schema:
        param = self.model.params[name]
        default = param.base.default
        known = (
            default is not None
            and default.value == wanted
            and isinstance(default.value, bool) is isinstance(wanted, bool)
        )
        places = self.places(param)
        if known:
            whole: Schema = {}
            for place in places:
                whole = combine(whole, nest(place, {"enum": [wanted, None]}))
            return whole
        return one_of([nest(place, {"const": wanted}, required=True) for place in places])

    def images(self) -> Schema:
        """How many input images a request carries, where too many or too few are refused for sure."""
        return chain([(self.condition(rule.when), self._counted(rule)) for rule in self.model.images], {})

    def _counted(self, rule: ImageRule) -> Schema:
        return (self._image_count(*rule.count.value) or {}) if refused(rule.count, rule.beyond) else {}

    def _image_count(self, low: int, high: int | None) -> Schema | None:
        if self.envelope == "messages":
            bounds = {"minContains": low, **({} if high is None else {"maxContains": high})}
            return nest(_CONTENT, {"contains": having("image"), **bounds})
        carrier = next(
            (param for param in self.model.params.values() if param.type == "images" and self.places(param)),
            None,
        )
        places = (
            self.places(carrier)
            if carrier is not None
            else ("/input/images",)
            if self.envelope == "prompt"
            else ()
        )
        if not places:
            return None
        if high == 0:
            return {"not": anywhere(places)}
        bounds = {"minItems": low, **({} if high is None else {"maxItems": high})}
        wrong: Schema = {"type": "array"} if low > 1 else GIVEN if low else {}
        value = {**bounds, **wrong}
        return one_of([nest(place, value, required=low > 0) for place in places])

    def rules(self) -> Schema:
        """The rules across fields whose breach is refused for sure."""
        whole: Schema = {}
        for rule in self.model.rules:
            demand = self._demand(rule)
            if refused(rule.beyond, rule.beyond) and demand:
                whole = combine(
                    whole, chain([(self.condition(rule.when), {**demand, "description": rule.sentence})], {})
                )
        return whole

    def _demand(self, rule: Rule) -> Schema:
        forbidden = _known(self.present(name) for name in rule.forbids)
        needed = _known(self.present(name) for name in rule.requires)
        terms = ([{"not": one_of(forbidden)}] if forbidden else []) + needed
        return terms[0] if len(terms) == 1 else {"allOf": terms} if terms else {}


def _known(schemas: Iterable[Schema | None]) -> list[Schema]:
    return [schema for schema in schemas if schema is not None]
