"""Probes about tasks as such, and the walk from a submit to its end."""

from __future__ import annotations

from qwen_image_conformance.probe import Probe, Tier
from qwen_image_spec.model import Model, Provider

NO_TASK = "00000000-0000-4000-8000-000000000000"
_LONG = "?start_time=20260101000000&end_time=20260103000000"
_FREE = (("query", "tasks.unknown-id", ""), ("list", "tasks.list-span", _LONG))


def probes(provider: Provider, model: Model, done: set[str]) -> list[Probe]:
    """The query for a task that does not exist and the list of too long a time, each once for a provider."""
    found = []
    for operation, clause, words in _FREE:
        endpoint = next((one for one in provider.endpoints.values() if operation in one.operations), None)
        if endpoint is None or operation not in model.operations or operation in done:
            continue
        done.add(operation)
        found.append(
            Probe(
                f"{clause}:{operation}",
                provider.id,
                model.id,
                operation,
                endpoint.id,
                endpoint.method,
                endpoint.path.replace("{task_id}", NO_TASK) + words,
                b"",
                (clause,),
                0,
                Tier.CORE,
                breaks=(clause,),
            )
        )
    return found


def task_path(provider: Provider, task_id: str) -> str:
    """The path of a task query."""
    endpoint = next(endpoint for endpoint in provider.endpoints.values() if "query" in endpoint.operations)
    return endpoint.path.replace("{task_id}", task_id)
