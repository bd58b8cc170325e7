"""A task as JSON, and back. Models, kinds of conditions and rows of catalogues go by their names."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.drawing import Drawing
from qwen_image_mock.encode import Refusal
from qwen_image_mock.fault_condition import Condition
from qwen_image_mock.fault_kinds import KINDS, Kind, Place, row_of
from qwen_image_mock.outcome import Outcome
from qwen_image_mock.store import Task
from qwen_image_mock.task_fate import Fate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_spec.model import Model, Provider

Json = Any
_TASK = ("id", "owner", "provider", "model", "request_id", "path", "submitted", "asked")
_OUTCOME = ("prompt", "actual_prompt", "width", "height", "count", "life", "effective")
_FATE = ("polls", "shape", "failed", "canceled", "held", "meets")
_TIMES = ("starts", "ends", "lost")
_REFUSAL = ("status", "code", "type", "message", "param")


def text_of(task: Task) -> bytes:
    """The task as JSON."""
    outcome, fate = task.outcome, task.fate
    data = {name: getattr(task, name) for name in _TASK}
    if outcome is not None:
        data["outcome"] = {name: getattr(outcome, name) for name in _OUTCOME} | {
            "model": outcome.model.id,
            "drawing": outcome.drawing.token(),
        }
    data["fate"] = {
        **{name: getattr(fate, name) for name in _FATE},
        **{name: _time(getattr(fate, name)) for name in _TIMES},
        "refusal": _refusal(fate.refusal),
        "reason": _refusal(fate.reason),
        "poll": _condition(fate.poll),
        "condition": _condition(fate.condition),
    }
    return orjson.dumps(data)


def task_of(text: bytes, providers: Mapping[str, Provider]) -> Task:
    """The task of a text. Raises KeyError when it is of a provider or model that is not served here."""
    data = orjson.loads(text)
    provider = providers[data["provider"]]
    model = provider.models[data["model"]]
    known, fate = data.get("outcome"), data["fate"]
    outcome = None
    if known is not None:
        drawing = Drawing.read(known["drawing"])
        values = {name: known[name] for name in _OUTCOME}
        outcome = Outcome(model=provider.models[known["model"]], drawing=drawing, **values)
    return Task(
        **{name: data[name] for name in _TASK},
        outcome=outcome,
        fate=Fate(
            **{name: fate[name] for name in _FATE},
            **_times(fate),
            refusal=None if fate["refusal"] is None else Refusal(*fate["refusal"]),
            reason=None if fate["reason"] is None else Refusal(*fate["reason"]),
            poll=_condition_of(fate["poll"], provider, model),
            condition=_condition_of(fate["condition"], provider, model),
        ),
    )


def _times(fate: Json) -> dict[str, Json]:
    return {name: inf if fate[name] is None else fate[name] for name in _TIMES}


def _time(moment: float) -> float | None:
    return moment if isfinite(moment) else None


def _refusal(refusal: Refusal | None) -> Json:
    return None if refusal is None else [getattr(refusal, name) for name in _REFUSAL]


def _condition(condition: Condition | None) -> Json:
    if condition is None:
        return None
    row = None if condition.entry is None else condition.entry.id
    return [condition.name, row, condition.clause, dict(condition.options), condition.polls]


def _condition_of(data: Json, provider: Provider, model: Model) -> Condition | None:
    if data is None:
        return None
    name, row, clause, options, polls = data
    found = None if row is None else row_of((row,), provider, model)
    kind = KINDS.get(name) or Kind(name, Place.REFUSAL, "", (name,))
    return Condition(kind, None if found is None else found[0], clause, options, polls)
