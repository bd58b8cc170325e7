"""The parts of an OpenAPI document: servers, parameters, bodies, responses, errors, links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_image_spec.jsonschema import (
    answers,
    error_schema,
    for_models,
    from_answer,
    has_body,
    request_groups,
)

if TYPE_CHECKING:
    from qwen_image_spec.model import Endpoint, ErrorEntry, Provider

Json = dict[str, Any]
_VARIABLE = re.compile(r"\{(\w+)\}")
_MEDIA = {"json": "application/json", "multipart": "multipart/form-data"}
_BODY_ERRORS = ("Error413", "Error415")
_ASYNC_FACTS = ("async.header", "tasks.header")


def servers(provider: Provider) -> list[Json]:
    """The base URL first, then those of the regions."""
    found = {provider.base_url.rstrip("/"): "default"}
    for name, url in provider.regions.items():
        if url.startswith("http"):
            found.setdefault(url.rstrip("/"), name)
    return [_server(url, name) for url, name in found.items()]


def _server(url: str, name: str) -> Json:
    variables = {word: {"default": word} for word in _VARIABLE.findall(url)}
    return {"url": url, "description": name, **({"variables": variables} if variables else {})}


def components(provider: Provider) -> Json:
    """Security and what every operation shares: the error, and one success schema for each kind of answer."""
    schemas: Json = {"Error": _bare(error_schema(provider))}
    for name, shape in provider.responses.items():
        schemas[_component("Answer", name)] = from_answer(shape.fields)
    return {
        "securitySchemes": {
            "bearerAuth": {
                "type": "http",
                "scheme": "bearer",
                "description": f"The key of {provider.key_env}.",
            }
        },
        "schemas": schemas,
        "responses": _error_responses(provider),
    }


def _error_responses(provider: Provider) -> Json:
    rows: dict[int, list[ErrorEntry]] = {}
    entries = [*provider.errors, *(entry for model in provider.models.values() for entry in model.errors)]
    for entry in {entry.id: entry for entry in reversed(entries)}.values():
        for status in (entry.status.value, *entry.also):
            rows.setdefault(status, []).append(entry)
    return {
        f"Error{status}": _error_response(sorted(found, key=lambda entry: entry.id))
        for status, found in sorted(rows.items())
        if status >= 400
    }


def _error_response(entries: list[ErrorEntry]) -> Json:
    codes = {code for entry in entries for code in (entry.code, *entry.codes) if code}
    return {
        "description": f"Refused: {', '.join(sorted(codes))}" if codes else "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        "x-qwen-image-errors": [
            f"{entry.code or entry.id}: {entry.when or entry.message}" for entry in entries
        ],
        "x-qwen-image-source": sorted({entry.status.source for entry in entries}),
    }


def failures(provider: Provider, endpoints: list[Endpoint]) -> Json:
    """The error responses of an operation, by status."""
    known = _error_responses(provider)
    bodiless = not any(has_body(endpoint) for endpoint in endpoints)
    return {
        name.removeprefix("Error"): {"$ref": f"#/components/responses/{name}"}
        for name in known
        if not (bodiless and name in _BODY_ERRORS)
    }


def operation_id(endpoints: list[Endpoint]) -> str:
    """The name of an operation: its first endpoint's id."""
    return endpoints[0].id


def path_parameters(path: str) -> list[Json]:
    """The variables of a path."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(path)
    ]


def async_header(provider: Provider, endpoints: list[Endpoint]) -> Json | None:
    """The header that asks for a task, where the provider's document names one and an endpoint takes it."""
    kinds = {endpoint.asynchronous for endpoint in endpoints}
    fact = next((provider.facts[key] for key in _ASYNC_FACTS if key in provider.facts), None)
    if fact is None or not kinds - {"none", "refused"}:
        return None
    name, _, value = str(fact.value).partition(": ")
    return {
        "name": name,
        "in": "header",
        "required": kinds == {"required"},
        "schema": {"const": value},
        "description": "Asks for a task to be polled instead of the pictures.",
    }


def request_body(provider: Provider, endpoints: list[Endpoint], components: Json) -> Json | None:
    """The body of an operation: one shared schema for each group of models that take the same."""
    if not any(has_body(endpoint) for endpoint in endpoints):
        return None
    refs: list[Json] = []
    for endpoint in endpoints:
        for group, (names, body) in request_groups(provider, endpoint).items():
            name = _component("Request", endpoint.id, group)
            components["schemas"][name] = for_models(names, body)
            refs.append({"$ref": f"#/components/schemas/{name}"})
    if not refs:
        return {"content": {"application/json": {"schema": {"type": "object"}}}}
    together = "oneOf" if len(endpoints) == 1 else "anyOf"
    schema = refs[0] if len(refs) == 1 else {together: refs}
    encodings = dict.fromkeys(name for endpoint in endpoints for name in endpoint.encodings)
    return {"required": True, "content": {_MEDIA.get(name, name): {"schema": schema} for name in encodings}}


def success(provider: Provider, endpoints: list[Endpoint]) -> Json:
    """The success response of an operation, with links to the calls that take what it returns."""
    models = provider.models.values()
    names = list(
        dict.fromkeys(name for endpoint in endpoints for name in answers(provider, models, endpoint))
    )
    refs = [{"$ref": f"#/components/schemas/{_component('Answer', name)}"} for name in names]
    schema = {"type": "object"} if not refs else refs[0] if len(refs) == 1 else {"anyOf": refs}
    response: Json = {"description": "Success", "content": {"application/json": {"schema": schema}}}
    links = _links(provider, endpoints)
    return {**response, "links": links} if links else response


def _links(provider: Provider, endpoints: list[Endpoint]) -> Json:
    """Calls whose path takes what this call knows: from its own path, or from its answer under the same name."""
    own = {name: f"$request.path.{name}" for name in _VARIABLE.findall(endpoints[0].path)}
    fields = [
        field.at
        for endpoint in endpoints
        if endpoint.result in provider.responses
        for field in provider.responses[endpoint.result].fields
    ]
    links: Json = {}
    for target in provider.endpoints.values():
        wanted = _VARIABLE.findall(target.path)
        told = {name: f"$response.body#{at}" for name in wanted for at in fields if _is_called(at, name)}
        found = {name: own.get(name) or told.get(name) for name in wanted}
        if not wanted or None in found.values() or target in endpoints:
            continue
        links[target.id] = {
            "operationId": _operation_of(provider, target),
            "parameters": found,
            "description": f"{', '.join(target.operations)} with what this call returned or was about.",
        }
    return links


def _is_called(at: str, name: str) -> bool:
    return at.endswith(f"/{name}") and "*" not in at


def _operation_of(provider: Provider, target: Endpoint) -> str:
    shared = [
        endpoint
        for endpoint in provider.endpoints.values()
        if (endpoint.path, endpoint.method) == (target.path, target.method)
    ]
    return operation_id(shared)


def _component(*words: str) -> str:
    return ".".join(re.sub(r"[^A-Za-z0-9._-]+", "-", word) for word in words)


def _bare(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key not in ("$schema", "title")}
