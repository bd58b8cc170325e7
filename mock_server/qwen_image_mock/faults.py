"""Conditions a real provider has, simulated: by admin call, by a marker in the prompt, or by the API key.

A fault is named by a row of the provider's error catalogue (`rate-limit`) or by what raises it
(`throttle`, for the clause `fault.throttle`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwen_image_mock.credentials import tag_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.credentials import Caller
    from qwen_image_spec.model import ErrorEntry, Model, Provider

Json = Any
_MARKER = re.compile(r"\[\[mock:([a-z0-9._-]+)((?:\s+[a-z_]+=[^\s\]]+)*)\s*\]\]")
_OPEN = "[[mock:"
_CLAUSE = "fault."
_REMEMBERED = 10_000


@dataclass(slots=True)
class Fault:
    """One condition.

    `times` is how often it still happens (None: always); the empty filters match everything.
    """

    id: str
    name: str
    times: int | None = None
    provider: str = ""
    key: str = ""
    model: str = ""
    operation: str = ""
    options: dict[str, Json] = field(default_factory=dict)

    def meets(self, provider: str, caller: str, model: str, operation: str) -> bool:
        """Whether the fault is for such a request and is not used up."""
        return (
            self.times != 0
            and self.provider in ("", provider)
            and self.key in ("", caller)
            and self.model in ("", model)
            and self.operation in ("", operation)
        )

    def as_json(self) -> Json:
        """The fault for the admin API; the key as its tag."""
        return {
            **self.options,
            "id": self.id,
            "name": self.name,
            "times": self.times,
            "provider": self.provider,
            "key": self.key,
            "model": self.model,
            "operation": self.operation,
        }


@dataclass(frozen=True, slots=True)
class Condition:
    """A fault that happens now: the catalogue's row, its clause, and the options it was given."""

    entry: ErrorEntry
    clause: str
    options: Mapping[str, Json]


class Faults:
    """The faults that were asked for, and how often each marker was met."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._met: dict[tuple[str, int, int], int] = {}
        self._next = 0

    def __iter__(self) -> Any:
        return iter(self._faults.values())

    def add(self, data: Mapping[str, Json]) -> Fault:
        """Add a fault from the admin API's JSON; raises ValueError with what is wrong."""
        known = dict(data)
        name = str(known.pop("entry", "") or known.pop("clause", "") or known.pop("name", "")).removeprefix(
            _CLAUSE
        )
        if not name:
            raise ValueError("name the fault: entry, clause or name")
        times = known.pop("times", None)
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise ValueError("times is a whole number from 1, or left out for always")
        words = {key: str(known.pop(key, "") or "") for key in ("provider", "model", "operation")}
        key = str(known.pop("key", "") or "")
        self._next += 1
        fault = Fault(
            f"fault-{self._next}", name, times, key=tag_of(key) if key else "", options=known, **words
        )
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """Take a fault away; False when there is none of that id."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take every fault away and forget the markers met."""
        self._faults.clear()
        self._met.clear()

    def now(
        self, provider: Provider, model: Model | None, caller: Caller, prompt: Json, operation: str
    ) -> Condition | None:
        """The condition a request meets, if any; counts it."""
        if self._faults:
            for fault in self._faults.values():
                if fault.meets(provider.id, caller.tag, model.id if model is not None else "", operation):
                    condition = condition_of(fault.name, provider, model, fault.options)
                    if condition is not None:
                        if fault.times is not None:
                            fault.times -= 1
                        return condition
        if caller.condition:
            condition = condition_of(caller.condition, provider, model, {})
            if condition is not None:
                return condition
        if isinstance(prompt, str) and _OPEN in prompt:
            return self._marked(prompt, provider, model, caller)
        return None

    def _marked(
        self, prompt: str, provider: Provider, model: Model | None, caller: Caller
    ) -> Condition | None:
        for match in _MARKER.finditer(prompt):
            options: dict[str, Json] = dict(pair.split("=", 1) for pair in match[2].split())
            condition = condition_of(match[1], provider, model, options)
            if condition is None:
                continue
            times = options.get("times", "")
            if not times.isdecimal():
                return condition
            if len(self._met) > _REMEMBERED:
                self._met.clear()
            place = (caller.tag, hash(prompt), match.start())
            met = self._met.get(place, 0)
            if met < int(times):
                self._met[place] = met + 1
                return condition
        return None


def condition_of(
    name: str, provider: Provider, model: Model | None, options: Mapping[str, Json]
) -> Condition | None:
    """The condition of that name at a provider.

    A name may be longer than the fault's own (`throttled` for `throttle`).
    """
    rows = (*(model.errors if model is not None else ()), *provider.errors)
    name = name.removeprefix(_CLAUSE)
    for row in rows:
        if row.id == name or _CLAUSE + name in row.raised_by:
            return Condition(
                row,
                next((clause for clause in row.raised_by if clause.startswith(_CLAUSE)), _CLAUSE + name),
                options,
            )
    for row in rows:
        for clause in row.raised_by:
            if clause.startswith(_CLAUSE) and name.startswith(clause.removeprefix(_CLAUSE)):
                return Condition(row, clause, options)
    return None
