"""Both contracts: the one the gateway promises to its clients, and the upstream's."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from qwen_image_spec.catalogue import entry_for, message_of
from qwen_image_spec.loader import load, load_provider
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from servers.right_gateway.failure import Failed

Json = Any
PROVIDER_FILE = Path(__file__).with_name("provider.yaml")
UPSTREAM = "dashscope"


@cache
def promised() -> Provider:
    """The contract the gateway keeps."""
    return load_provider(PROVIDER_FILE)


@cache
def upstream() -> Provider:
    """The contract of what stands behind it."""
    return load().providers[UPSTREAM]


def refusal(clause: str, model: Model | None = None, **words: Json) -> Failed:
    """The gateway's own refusal of a request that breaks a clause."""
    entry = entry_for(clause, promised(), model)
    if entry is None:
        return Failed(400, "InvalidParameter", f"The request was refused ({clause}).")
    param = words.get("param")
    return Failed(entry.status.value, entry.code, message_of(entry, **words), param)


def keep(request: ImageRequest, model: Model) -> None:
    """Refuse what the promised contract refuses: it costs nothing, and the upstream never sees it."""
    for found in check(request, model):
        if found.refused:
            raise refusal(
                found.clause,
                model,
                param=found.param,
                value=found.seen,
                allowed=found.allowed,
                **found.details,
            )


def route(name: str, *, images: bool) -> tuple[Model, Endpoint]:
    """Where the upstream makes pictures with a model: at once where it can, else as a task."""
    model = upstream().models.get(name)
    if model is None:
        raise refusal("model.unknown")
    own = [upstream().endpoints[key] for key in model.endpoints]
    wanted = "edit" if images else "generate"
    at_once = [one for one in own if wanted in one.operations and wanted in model.operations]
    tasks = [one for one in own if "submit" in one.operations]
    return model, (at_once or tasks)[0]


def status_of(code: str | None, otherwise: int = 500) -> int:
    """The status the upstream gives an error with this code; tasks and bodies tell the code only."""
    for row in upstream().errors:
        if code is not None and code in (row.code, *row.codes):
            return row.status.value
    return otherwise
