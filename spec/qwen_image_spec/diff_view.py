"""`diff` for reading: grouped, models with the same difference together, both sides with their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_spec import console
from qwen_image_spec.diff import ABSENT, Difference, Side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_image_spec.model import Provider

_TITLES = {
    "endpoints": "Endpoints",
    "models": "Models",
    "parameters": "Parameters",
    "images": "Input images",
    "errors": "Errors",
    "responses": "Responses",
    "facts": "Other facts",
}
_WIDTH = 36


def print_differences(left: Provider, right: Provider, found: list[Difference]) -> None:
    """Print what two providers say differently; the numbers in brackets are the sources listed below."""
    console.say(f"{left.id} and {right.id}: {len(found)} differences", "bold")
    numbers: dict[tuple[str, str], int] = {}
    for group, title in _TITLES.items():
        rows = [difference for difference in found if difference.group == group]
        for models, members in _together(rows):
            console.heading(f"{title}: {', '.join(models)}" if models else title)
            if group == "models" and not models:
                _alone(left, [each for each in members if each.right is None])
                _alone(right, [each for each in members if each.left is None])
                continue
            console.table(
                ("", left.id, right.id),
                ((each.name, _side(each.left, numbers), _side(each.right, numbers)) for each in members),
                keep=(),
            )
    if numbers:
        console.heading("From")
        for (source, evidence), number in numbers.items():
            console.item(f"{source} ({evidence})", f"[{number}]")


def _alone(provider: Provider, members: list[Difference]) -> None:
    if members:
        console.item(f"only {provider.id}: {', '.join(each.name for each in members)}")


def _side(side: Side | None, numbers: dict[tuple[str, str], int]) -> str:
    if side is None:
        return ABSENT
    number = numbers.setdefault((side.source, side.evidence), len(numbers) + 1)
    return f"{console.fold(side.value, _WIDTH)} [{number}]"


def _together(rows: Iterable[Difference]) -> list[tuple[tuple[str, ...], list[Difference]]]:
    """The differences of a group, models with the very same ones under one heading."""
    by_model: dict[str, list[Difference]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    found: dict[str, tuple[list[str], list[Difference]]] = {}
    for model, members in by_model.items():
        same = repr([(each.name, each.left, each.right) for each in members])
        found.setdefault(same, ([], members))[0].append(model)
    return [(tuple(name for name in models if name), members) for models, members in found.values()]
