"""Probes about tasks as such, and the walk from a submit to its end."""

from __future__ import annotations

from qwen_image_conformance.probe import Probe, Tier
from qwen_image_spec.model import Model, Provider

NO_TASK = "00000000-0000-4000-8000-000000000000"


def probes(provider: Provider, model: Model, done: set[str]) -> list[Probe]:
    """The query for a task that does not exist, once for a provider."""
    endpoint = next(
        (endpoint for endpoint in provider.endpoints.values() if "query" in endpoint.operations), None
    )
    if endpoint is None or "query" not in model.operations or "query" in done:
        return []
    done.add("query")
    return [
        Probe(
            "tasks.unknown-id:query",
            provider.id,
            model.id,
            "query",
            endpoint.id,
            endpoint.method,
            task_path(provider, NO_TASK),
            b"",
            ("tasks.unknown-id",),
            0,
            Tier.CORE,
            breaks=("tasks.unknown-id",),
        )
    ]


def task_path(provider: Provider, task_id: str) -> str:
    """The path of a task query."""
    endpoint = next(endpoint for endpoint in provider.endpoints.values() if "query" in endpoint.operations)
    return endpoint.path.replace("{task_id}", task_id)
