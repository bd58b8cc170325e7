"""Conditions a real provider has, simulated: by admin call, prompt marker, API key, model alias or scenario.

`fault_kinds.py` lists them; `conditions.py` makes them happen.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from qwen_image_mock.counts import DRAW, FAULT, MET, Counts
from qwen_image_mock.credentials import tag_of
from qwen_image_mock.fault import Fault
from qwen_image_mock.fault_condition import Condition, condition_of, known_at
from qwen_image_mock.fault_kinds import KINDS, OPTIONS, Place, names_of, plain_name, unknown
from qwen_image_mock.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.scenarios import Scenario
    from qwen_image_spec.model import Provider

Json = Any
_MARKER = re.compile(r"\[\[mock:([A-Za-z0-9._-]+)((?:\s+[a-z_]+=[^\s\]]+)*)\s*\]\]")
_OPEN = "[[mock:"
ALIAS = "+mock-"
_FILTERS = ("provider", "model", "operation")
_FIELDS = ("id", "name", "times", "provider", "key", "model", "operation", "options")


def split_alias(model: Json) -> tuple[Json, str]:
    """The model's own name, and what follows `+mock-` in the one that was given (empty when nothing does)."""
    if not isinstance(model, str) or ALIAS not in model:
        return model, ""
    name, _, asked = model.partition(ALIAS)
    return name, asked


class Faults:
    """The faults that were asked for. How often each happened is among the `counts`."""

    def __init__(
        self, providers: Mapping[str, Provider], counts: Counts, scenario: Scenario | None = None
    ) -> None:
        self.names = names_of(providers.values())
        self.scenario = scenario
        self._counts = counts
        self._providers = providers
        self._faults: dict[str, Fault] = {}
        self._next = 0

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, data: Mapping[str, Json]) -> Fault:
        """Add a fault from the admin API's JSON; raises ValueError with what is wrong."""
        known = dict(data)
        named = known.pop("entry", None) or known.pop("clause", None) or known.pop("name", None)
        if not isinstance(named, str) or not named:
            raise ValueError("name the fault: entry, clause or name")
        name = plain_name(named, self.names)
        if name not in self.names:
            raise ValueError(unknown("fault", name, self.names))
        times = known.pop("times", None)
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise ValueError("times is a whole number from 1, or left out for always")
        words = {key: str(known.pop(key, "") or "") for key in _FILTERS}
        if words["provider"] and words["provider"] not in self._providers:
            raise ValueError(unknown("provider", words["provider"], self._providers))
        own = self._providers.get(words["provider"])
        if own is not None and not known_at(name, own):
            raise ValueError(f"{name!r} is not in the catalogue of {own.id}")
        key = str(known.pop("key", "") or "")
        strange = next((option for option in known if option not in OPTIONS), None)
        if strange is not None:
            raise ValueError(unknown("option", strange, OPTIONS))
        if "error" in known and known["error"] not in self.names:
            raise ValueError(unknown("error", str(known["error"]), self.names))
        self._next += 1
        kind = KINDS.get(name)
        if kind is not None and kind.place is Place.POLL and not words["operation"]:
            words["operation"] = "query"
            times = int(kind.defaults["times"]) if times is None else times
        fault = Fault(
            f"fault-{self._next}", name, times, key=tag_of(key) if key else "", options=known, **words
        )
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """Take a fault away; False when there is none of that id."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Take every fault away; the counts are the caller's to clear."""
        self._faults.clear()

    async def told(self) -> list[Json]:
        """The faults for the admin API, with how often each still happens."""
        seen = await self._counts.seen(FAULT)
        return [fault.as_json(seen.get(fault.id, 0)) for fault in self]

    def dump(self) -> Json:
        """All faults, for `load`."""
        return {"next": self._next, "faults": [[getattr(one, name) for name in _FIELDS] for one in self]}

    def load(self, data: Json) -> None:
        """Take over the faults of `dump`."""
        self._next = data["next"]
        faults = (Fault(**dict(zip(_FIELDS, row, strict=True))) for row in data["faults"])
        self._faults = {fault.id: fault for fault in faults}

    @property
    def none(self) -> bool:
        """Whether no fault was asked for, and there is no scenario."""
        return not self._faults and self.scenario is None

    def marked(self, prompt: str) -> bool:
        """Whether a prompt may ask for a fault."""
        return _OPEN in prompt

    def quiet(self, exchange: Exchange, prompt: Json = None, alias: str = "") -> bool:
        """Whether nothing can happen to a request: then `now` need not be asked."""
        return not (
            self._faults
            or alias
            or self.scenario is not None
            or exchange.caller.condition
            or (isinstance(prompt, str) and _OPEN in prompt)
        )

    async def now(self, exchange: Exchange, prompt: Json = None, alias: str = "") -> Condition | None:
        """The condition a request meets, if any.

        Counts it. What cannot happen here is noted in the journal.
        """
        return (
            await self._by_admin(exchange)
            or (
                self._condition(exchange.caller.condition, exchange, {})
                if exchange.caller.condition
                else None
            )
            or (await self._marked(exchange, prompt, alias) if alias or isinstance(prompt, str) else None)
            or (await self._drawn(self.scenario, exchange) if self.scenario is not None else None)
        )

    async def _by_admin(self, exchange: Exchange) -> Condition | None:
        model = exchange.model.id if exchange.model is not None else ""
        for fault in list(self):
            if fault.meets(exchange.provider.id, exchange.caller.tag, model, exchange.operation):
                condition = self._condition(fault.name, exchange, fault.options)
                if condition is not None and (
                    fault.times is None or await self._counts.take(FAULT, fault.id, fault.times)
                ):
                    return condition
        return None

    async def _marked(self, exchange: Exchange, prompt: Json, alias: str) -> Condition | None:
        """The condition of the model's alias, or of the first marker in the prompt that has one left."""
        tag = exchange.caller.tag
        if alias:
            name, options = _words(alias.replace(",", " "))
            model = exchange.model.id if exchange.model is not None else ""
            place = f"{tag}/{model}{ALIAS}{alias}"
            condition = await self._counted(name, options, exchange, place)
            if condition is not None:
                return condition
        if not isinstance(prompt, str) or _OPEN not in prompt:
            return None
        for match in _MARKER.finditer(prompt):
            name, options = _words(match[0][len(_OPEN) : -2])
            condition = await self._counted(name, options, exchange, f"{tag}/{match.start()}/{prompt}")
            if condition is not None:
                return condition
        return None

    async def _counted(
        self, name: str, options: dict[str, Json], exchange: Exchange, place: str
    ) -> Condition | None:
        """The condition of a marker, unless it was met so many times already as it says."""
        condition = self._condition(name, exchange, options)
        if condition is None or condition.polls or "times" not in options:
            return condition
        key = blake2b(place.encode("utf-8", "replace"), digest_size=16).hexdigest()
        return condition if await self._counts.take(MET, key, whole(options, "times", 1)) else None

    async def _drawn(self, scenario: Scenario, exchange: Exchange) -> Condition | None:
        caller = exchange.caller.tag
        count = await self._counts.next(DRAW, caller)
        for name, options in scenario.draw(caller, exchange.operation, count):
            condition = condition_of(name, exchange.provider, exchange.model, options)
            if condition is not None and condition.kind.happens_at(exchange.operation):
                return condition
        return None

    def _condition(self, word: str, exchange: Exchange, options: Mapping[str, Json]) -> Condition | None:
        name = plain_name(word, self.names)
        if name not in self.names:
            exchange.notes.append(unknown("fault", name, self.names))
            return None
        condition = condition_of(name, exchange.provider, exchange.model, options)
        if condition is None:
            exchange.notes.append(f"fault {name!r} is not in the catalogue of {exchange.provider.id}")
        elif condition.polls:
            return condition if exchange.operation == "submit" else None
        elif not condition.kind.happens_at(exchange.operation):
            return None
        return condition


def _words(text: str) -> tuple[str, dict[str, Json]]:
    """A name and its options, as in `throttle retry_after=7 times=2`."""
    name, *pairs = text.split()
    return name, dict(pair.split("=", 1) for pair in pairs if "=" in pair)
