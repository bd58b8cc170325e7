"""Named mixes of conditions (`data/scenarios.yaml`), drawn from the mock's seed for each request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from qwen_image_spec.problems import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
_WHOLE = 1 << 32


class UnknownScenario(ValueError):
    """A scenario that does not exist; the message tells the nearest one."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A condition that may happen, with a probability from 0 to 1, at some operations (at all when empty)."""

    fault: str
    chance: float
    options: Mapping[str, Json] = field(default_factory=dict)
    at: tuple[str, ...] = ()


@dataclass(slots=True)
class Scenario:
    """One mix.

    `seconds` is how long its tasks take (None: as usual), `limits` whether each model's limits are on.
    """

    name: str
    says: str
    chances: tuple[Chance, ...]
    seconds: float | None = None
    limits: bool = False
    seed: int = 0

    def draw(self, caller: str, operation: str, count: int) -> Iterator[tuple[str, Mapping[str, Json]]]:
        """The conditions drawn for a caller's request of that number, at most one of which should happen.

        What is drawn depends on the seed, the caller and the number: other callers change nothing.
        """
        for index, chance in enumerate(self.chances):
            if chance.at and operation not in chance.at:
                continue
            word = f"{self.seed}/{self.name}/{caller}/{count}/{index}".encode()
            if int.from_bytes(blake2b(word, digest_size=4).digest()) < chance.chance * _WHOLE:
                yield chance.fault, chance.options


@cache
def _shipped() -> Mapping[str, Json]:
    import yaml  # only when a scenario is asked for

    text = files("qwen_image_mock").joinpath("data/scenarios.yaml").read_text("utf-8")
    found: Mapping[str, Json] = yaml.safe_load(text)
    return found


def scenario_names() -> dict[str, str]:
    """Every scenario with its sentence."""
    return {name: str(data["says"]) for name, data in _shipped().items()}


def scenario(name: str, seed: int) -> Scenario:
    """The scenario of that name, drawn from a seed; raises UnknownScenario."""
    data = _shipped().get(name)
    if data is None:
        raise UnknownScenario(f"unknown scenario {name!r}: {suggestion(name, _shipped())}")
    chances = tuple(
        Chance(row["fault"], float(row["chance"]), row.get("options", {}), tuple(row.get("at", ())))
        for row in data["chances"]
    )
    return Scenario(name, data["says"], chances, data.get("seconds"), bool(data.get("limits")), seed)


def overview() -> str:
    """The scenarios for people, a line each."""
    return "\n".join(f"  {name:<12} {says}" for name, says in scenario_names().items())
