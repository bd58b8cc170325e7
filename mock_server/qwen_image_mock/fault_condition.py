"""A condition that happens now: found by name in a catalogue, or on its way to the queries of a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_mock.fault_kinds import KINDS, Kind, Place, row_of
from qwen_image_mock.values import number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_spec.model import ErrorEntry, Model, Provider

Json = Any


@dataclass(frozen=True, slots=True)
class Condition:
    """A fault that happens now: its kind, the catalogue's row it answers with, and its options."""

    kind: Kind
    entry: ErrorEntry | None
    clause: str
    options: Mapping[str, Json]
    polls: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return self.kind.name


def known_at(name: str, provider: Provider) -> bool:
    """Whether a condition can be had at a provider, or at one of its models."""
    models = (None, *provider.models.values())
    return any(condition_of(name, provider, model, {}) is not None for model in models)


def condition_of(
    name: str, provider: Provider, model: Model | None, options: Mapping[str, Json]
) -> Condition | None:
    """The condition of that name at a provider, or None where its catalogue has no such error.

    `on=poll` moves it from the request itself to the first queries of the task it makes.
    """
    kind = KINDS.get(name) or Kind(name, Place.REFUSAL, "", (name,))
    asked = options.get("error")
    rows = (asked, *kind.rows) if isinstance(asked, str) else kind.rows
    found = row_of((*rows, name) if kind.place is Place.REFUSAL else rows, provider, model)
    if found is None and kind.rows:
        return None
    entry, clause = found if found is not None else (None, "")
    return Condition(kind, entry, clause, {**kind.defaults, **options}, options.get("on") == "poll")


def polling(condition: Condition, provider: Provider, model: Model | None) -> tuple[Condition, int] | None:
    """What the first queries of a task meet because of a condition at its submission, and how many do."""
    times = whole(condition.options, "times", 1)
    if condition.polls:
        return Condition(condition.kind, condition.entry, condition.clause, condition.options), times
    if condition.kind.place is not Place.POLL:
        return None
    return _as_answer(condition, provider, model), times


def _as_answer(condition: Condition, provider: Provider, model: Model | None) -> Condition:
    """A failing poll, as the refusal or the page it is answered with."""
    status = condition.options.get("status")
    name = (
        "html" if status == "html" else "throttle" if number(condition.options, "status", 0) == 429 else "503"
    )
    found = condition_of(name, provider, model, {} if name != "503" else {"status": status})
    return found or condition


def at_query(condition: Condition, provider: Provider) -> Condition:
    """A condition met by a query itself: a failing poll becomes what it is answered with."""
    return _as_answer(condition, provider, None) if condition.kind.place is Place.POLL else condition
