"""What a fuzzer found: a broken clause with the smallest request that showed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from qwen_image_conformance.verdict import Status


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken clause, with the smallest request that showed it.

    `engine` names the generator, `seed` is what it started from, and `weight` the bytes of the request.
    """

    clause: str
    level: str
    status: str
    provider: str
    model: str
    operation: str
    sentence: str
    expected: str
    actual: str
    source: str
    curl: str
    engine: str = "hypothesis"
    seed: int | None = None
    weight: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells findings apart; of two with the same key the lighter one is worth telling."""
        return self.clause, self.model, self.operation

    def to_json(self) -> dict[str, object]:
        """The finding as plain data."""
        return asdict(self)


class Findings:
    """Findings by key, the lightest of each."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Finding] = {}

    def add(self, finding: Finding) -> None:
        """Keep a finding unless a lighter one of the same key is known."""
        known = self._kept.get(finding.key)
        if known is None or finding.weight < known.weight:
            self._kept[finding.key] = finding

    def __iter__(self) -> Iterator[Finding]:
        return iter(sorted(self._kept.values(), key=lambda one: (-Status(one.status).rank, one.key)))

    def __len__(self) -> int:
        return len(self._kept)


def merged(*lists: Sequence[Finding]) -> list[Finding]:
    """Several lists of findings as one, the lightest of each clause, model and operation."""
    whole = Findings()
    for finding in (one for findings in lists for one in findings):
        whole.add(finding)
    return list(whole)
