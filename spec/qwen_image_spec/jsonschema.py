"""JSON Schemas (2020-12) of requests, responses and errors, generated from a provider's document.

A request schema is never stricter than the contract: only limits beyond which a request is refused, and on
which the sources agree, constrain it. Fields the document does not know are allowed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwen_image_spec import jsonschema_request as build
from qwen_image_spec.jsonschema_nest import nest
from qwen_image_spec.pointers import split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_image_spec.model import Endpoint, Model, Provider, ResponseField

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_STATE = "tasks.status"
_ANYWAY = (_STATE, "response.output", "response.request-id")
_ANSWERS = {"generate": "sync.response", "edit": "sync.response", "query": "task.response"}


def request_schema(provider: Provider, model: Model | None, endpoint: Endpoint) -> Schema:
    """What a request body to an endpoint must look like, for one model or (None) for any offered there."""
    groups = (
        request_groups(provider, endpoint)
        if model is None
        else {model.family: ((model.id,), build.body(model, endpoint))}
    )
    bodies = [for_models(names, body) for names, body in groups.values()]
    chosen = bodies[0] if len(bodies) == 1 else {"oneOf": bodies}
    names = sorted(name for group, _ in groups.values() for name in group)
    return {
        "$schema": DIALECT,
        "title": f"Request to {provider.id} {endpoint.path}: {', '.join(names)}",
        **chosen,
    }


def has_body(endpoint: Endpoint) -> bool:
    """Whether requests to an endpoint carry a body that a schema can describe."""
    return endpoint.envelope != "none" and endpoint.method not in ("GET", "DELETE")


def request_groups(provider: Provider, endpoint: Endpoint) -> dict[str, tuple[tuple[str, ...], Schema]]:
    """The bodies an endpoint takes, one for all models that take the same: name -> (models, schema)."""
    found: list[tuple[str, list[str], Schema]] = []
    for model in provider.models.values():
        if endpoint.id in model.endpoints:
            body = build.body(model, endpoint)
            same = next((names for _, names, known in found if known == body), None)
            if same is None:
                found.append((model.family, [model.id], body))
            else:
                same.append(model.id)
    families = [family for family, _, _ in found]
    return {
        family if families.count(family) == 1 else f"{family}.{names[0]}": (tuple(names), body)
        for family, names, body in found
    }


def for_models(names: Iterable[str], body: Schema) -> Schema:
    """A body schema with the models it holds for."""
    known = sorted(names)
    model: Schema = {"type": "string", **({"const": known[0]} if len(known) == 1 else {"enum": known})}
    required = ["model", *body.get("required", ())]
    return {**body, "properties": {"model": model, **body.get("properties", {})}, "required": required}


def response_schema(provider: Provider, model: Model | None, endpoint: Endpoint) -> Schema:
    """What a success response of an endpoint looks like. Only fields the sources agree on are demanded."""
    models = provider.models.values() if model is None else [model]
    bodies = [from_answer(provider.responses[name].fields) for name in answers(provider, models, endpoint)]
    who = f" for {model.id}" if model is not None else ""
    chosen = {"type": "object"} if not bodies else bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
    return {
        "$schema": DIALECT,
        "title": f"Answer of {provider.id} {endpoint.method} {endpoint.path}{who}",
        **chosen,
    }


def answers(provider: Provider, models: Iterable[Model], endpoint: Endpoint) -> list[str]:
    """The kinds of answer an endpoint gives some models: its own, or what a model's facts name instead."""
    fact = next((_ANSWERS[operation] for operation in endpoint.operations if operation in _ANSWERS), None)
    serving = [model for model in models if endpoint.id in model.endpoints or fact == _ANSWERS["query"]]
    named = [
        str(model.facts[fact].value) if fact in model.facts else endpoint.result
        for model in serving
        if fact is not None
    ]
    return [name for name in dict.fromkeys(named or [endpoint.result]) if name in provider.responses]


def error_schema(provider: Provider) -> Schema:
    """What every error of a provider looks like."""
    return {"$schema": DIALECT, "title": f"Error of {provider.id}", **from_fields(provider.error_fields)}


def from_answer(fields: Iterable[ResponseField]) -> Schema:
    """A success: what a task has in every state, and what one that SUCCEEDED has beside."""
    known = list(fields)
    whole = from_fields(known)
    if not any(field.clause == _STATE for field in known):
        return whole
    lasting = [replace(field, required=field.required and field.clause in _ANYWAY) for field in known]
    succeeded = nest("/output/task_status", {"const": "SUCCEEDED"}, required=True)
    return {**from_fields(lasting), "if": succeeded, "then": whole}


def from_fields(fields: Iterable[ResponseField]) -> Schema:
    """An object schema out of response fields: nested by pointer, `*` standing for every item of a list."""
    root: Schema = {"type": "object"}
    for field in fields:
        _place(root, field)
    return root


def _place(root: Schema, field: ResponseField) -> None:
    here = root
    *parents, last = split(field.at)
    for key in parents:
        here = _child(here, key)
    leaf = _child(here, last)
    if not field.fact.open:
        leaf["type"] = field.type[0] if len(field.type) == 1 else list(field.type)
        if field.required and not field.when and last != "*":
            here["required"] = sorted({*here.get("required", ()), last})
    leaf.setdefault("description", _about(field))


def _child(here: Schema, key: str) -> Schema:
    if key == "*":
        child: Schema = here.setdefault("items", {})
    else:
        child = here.setdefault("properties", {}).setdefault(key, {})
    return child


def _about(field: ResponseField) -> str:
    condition = build.describe_condition(field.when)
    note = f"{field.fact.note.rstrip('.')}. " if field.fact.note else ""
    return f"{note}{condition}Source: {field.fact.source} ({field.fact.evidence})."
