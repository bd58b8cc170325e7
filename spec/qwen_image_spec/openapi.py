"""An OpenAPI 3.1 document of a provider, generated: paths, schemas, errors, links between calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_spec import openapi_parts as parts

if TYPE_CHECKING:
    from qwen_image_spec.model import Endpoint, Provider

Json = dict[str, Any]
_VERSION = "3.1.0"


def document(provider: Provider, version: str = "") -> Json:
    """The OpenAPI document of a provider. `version` is the contract's; the shipped one when not given."""
    components = parts.components(provider)
    paths: Json = {}
    for path, methods in _by_place(provider).items():
        item: Json = {}
        if parameters := parts.path_parameters(path):
            item["parameters"] = parameters
        for method, endpoints in methods.items():
            item[method.lower()] = _operation(provider, endpoints, components)
        paths[path] = item
    return {
        "openapi": _VERSION,
        "info": {
            "title": provider.title,
            "version": version or _shipped_version(),
            "description": f"Generated from the {provider.id} document of qwen-image-contract. "
            "Only what every source agrees on constrains a schema.",
            "x-qwen-image-provider": provider.id,
            "x-qwen-image-source": provider.source,
        },
        "servers": parts.servers(provider),
        "security": [{"bearerAuth": []}],
        "paths": paths,
        "components": components,
    }


def _shipped_version() -> str:
    from qwen_image_spec.loader import load  # a document of one's own needs no shipped data

    return load().version


def _by_place(provider: Provider) -> dict[str, dict[str, list[Endpoint]]]:
    found: dict[str, dict[str, list[Endpoint]]] = {}
    for endpoint in provider.endpoints.values():
        path = endpoint.path.partition("?")[0]
        found.setdefault(path, {}).setdefault(endpoint.method.upper(), []).append(endpoint)
    return found


def _operation(provider: Provider, endpoints: list[Endpoint], components: Json) -> Json:
    """One operation. Endpoints that share path and method, told apart by a header, make one together."""
    operations = list(dict.fromkeys(name for endpoint in endpoints for name in endpoint.operations))
    operation: Json = {
        "operationId": parts.operation_id(endpoints),
        "summary": ", ".join(operations),
        "x-qwen-image-operations": operations,
        "x-qwen-image-source": endpoints[0].fact.source,
        "x-qwen-image-evidence": str(endpoints[0].fact.evidence),
    }
    if endpoints[0].fact.note:
        operation["description"] = endpoints[0].fact.note
    if header := parts.async_header(provider, endpoints):
        operation["parameters"] = [header]
    if body := parts.request_body(provider, endpoints, components):
        operation["requestBody"] = body
    operation["responses"] = {
        "200": parts.success(provider, endpoints),
        **parts.failures(provider, endpoints),
    }
    return operation
