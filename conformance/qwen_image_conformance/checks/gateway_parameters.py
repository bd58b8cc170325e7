"""What a gateway makes of parameters: each is compared as it was sent and as it arrived, over all requests of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qwen_image_conformance.checks.registry import relation
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.both import Both
from qwen_image_conformance.upstream.differences import Comparison, Difference, Kind, compare
from qwen_image_conformance.verdict import Verdict, holds
from qwen_image_spec.evidence import strictest

_SHOWN = 3
_EXPECTED = {
    Kind.LOST: "every parameter sent arrives",
    Kind.MOVED: "every parameter arrives where the upstream reads it",
    Kind.CHANGED: "every parameter arrives with the value sent",
    Kind.TYPE: "every parameter arrives with its JSON type",
    Kind.ADDED: "nothing arrives that was not sent, but for documented defaults",
    Kind.DEFAULT: "what was left out has its documented default",
}


def _of(kind: Kind) -> Callable[[Sequence[Seen]], Verdict | None]:
    def judged(group: Sequence[Seen]) -> Verdict | None:
        names: dict[str, None] = {}
        found: dict[str, tuple[Difference, str]] = {}
        for seen in group:
            comparison = None if seen.exchange.fault else compare(Both(seen))
            if comparison is None:
                continue
            names |= dict.fromkeys(_asked(comparison, kind))
            for difference in comparison.found:
                if difference.kind is kind:
                    found.setdefault(difference.name, (difference, seen.exchange.id))
        return _verdict(kind, list(names), list(found.values()))

    judged.__doc__ = _EXPECTED[kind] + "."
    return judged


def _asked(comparison: Comparison, kind: Kind) -> tuple[str, ...]:
    return comparison.left_out if kind in (Kind.ADDED, Kind.DEFAULT) else comparison.sent


def _verdict(kind: Kind, names: list[str], found: list[tuple[Difference, str]]) -> Verdict | None:
    if not names:
        return None
    if not found:
        return holds(True, expected=_EXPECTED[kind], actual=f"compared: {', '.join(names)}")
    hardest = max(found, key=lambda one: one[0].fact.level.rank)[0]
    return holds(
        False,
        expected=_EXPECTED[kind],
        actual=[difference.text for difference, _ in found],
        level=strictest(*(difference.fact.level for difference, _ in found)),
        source=hardest.fact.source,
        about=tuple(dict.fromkeys(exchange for _, exchange in found))[:_SHOWN],
    )


for _clause, _kind in (
    ("gateway.parameter-lost", Kind.LOST),
    ("gateway.parameter-moved", Kind.MOVED),
    ("gateway.parameter-changed", Kind.CHANGED),
    ("gateway.parameter-type", Kind.TYPE),
    ("gateway.parameter-added", Kind.ADDED),
    ("gateway.default-kept", Kind.DEFAULT),
):
    relation(_clause)(_of(_kind))
