"""Turning names from the command line into parts of the spec; a wrong name ends with the nearest right one."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from qwen_image_conformance.problems import UsageProblem
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Provider, Spec
from qwen_image_spec.problems import SpecError, suggestion


def provider_of(name: str, spec: Spec) -> Provider:
    """A provider by name, or by the path of a YAML file of one's own."""
    if name in spec.providers:
        return spec.providers[name]
    if name.endswith((".yaml", ".yml")):
        try:
            return load_provider(Path(name))
        except SpecError as error:
            raise UsageProblem(str(error), f"qwen-image-spec validate {name}") from error
    raise UsageProblem(f"unknown provider {name!r}", suggestion(name, spec.providers))


def models_of(names: Sequence[str], provider: Provider) -> tuple[str, ...]:
    """Models by name or pattern, in the provider's order."""
    chosen: list[str] = []
    for name in names:
        found = [model for model in provider.models if fnmatchcase(model, name)]
        if not found:
            raise UsageProblem(f"{provider.id} has no model {name!r}", suggestion(name, provider.models))
        chosen += found
    return tuple(dict.fromkeys(chosen))


def clauses_of(patterns: Sequence[str], spec: Spec) -> tuple[str, ...]:
    """Groups or clauses by name or pattern, checked to exist."""
    names = {*spec.clauses, *(clause.group for clause in spec.clauses.values())}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageProblem(f"unknown clause or group {pattern!r}", suggestion(pattern, names))
    return tuple(patterns)
