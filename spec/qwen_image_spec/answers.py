"""Which documented shape an answer has: a model may name its own for direct answers and for tasks."""

from __future__ import annotations

from qwen_image_spec.model import Endpoint, Model, Provider, ResponseShape

SYNC, TASK = "sync.response", "task.response"


def direct_shape(provider: Provider, endpoint: Endpoint, model: Model) -> ResponseShape | None:
    """The shape of what an endpoint answers at once (for a submit: the task's id), None when none is documented."""
    own = model.facts.get(SYNC) if endpoint.asynchronous != "required" else None
    return provider.responses.get(str(own.value) if own is not None else endpoint.result)


def task_shape(provider: Provider, model: Model) -> ResponseShape | None:
    """The shape of a queried task: the one the model names, else the query's; None when none is documented."""
    own = model.facts.get(TASK)
    if own is not None:
        return provider.responses.get(str(own.value))
    results = (endpoint.result for endpoint in provider.endpoints.values() if "query" in endpoint.operations)
    return provider.responses.get(next(results, ""))
