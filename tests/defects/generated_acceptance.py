"""For every clause that says that something is taken: a gateway that refuses it, in the provider's words."""

from __future__ import annotations

from collections.abc import Callable

from defects.places import SPEC, Place, case_place
from defects.reading import Reading, put_out_of_order, read
from defects.wrap import Answer, Asked, Defect
from qwen_image_conformance.probe import Tier
from qwen_image_spec.evidence import Level

Claim = Callable[[Reading], bool]

_HUGE = 1_000_000
_SPECIAL: dict[str, Claim] = {
    "images.accepted": lambda reading: bool(reading.request.images),
    "prompt.unicode": lambda reading: not str(reading.request.prompt).isascii(),
    "prompt.length": lambda reading: (
        "prompt.length" in reading.clauses and len(reading.request.prompt) < _HUGE
    ),
    "negative-prompt.length": lambda reading: "negative-prompt.length" in reading.clauses,
    "response-format.url": lambda reading: reading.request.get("response_format") == "url",
    "response-format.b64": lambda reading: reading.request.get("response_format") == "b64_json",
    "n.count": lambda reading: "n" in reading.request,
    "negative-prompt.accepted": lambda reading: (
        "negative_prompt" in reading.request and not reading.violations
    ),
    "model.served": lambda _: True,
}
_FULL = frozenset(
    {
        "prompt.length",
        "negative-prompt.length",
        "thinking-mode.accepted",
        "enable-sequential.accepted",
        "color-palette.accepted",
    }
)
_ONLY_EDITS = frozenset({"images.accepted"})
TAKEN = tuple(
    dict.fromkeys(
        (
            *_SPECIAL,
            *(
                clause
                for clause in SPEC.clauses
                if clause.endswith(".accepted") and not clause.startswith("auth.")
            ),
        )
    )
)
_ALL = frozenset(TAKEN)


def _claim(clause: str) -> Claim:
    if clause in _SPECIAL:
        return _SPECIAL[clause]
    name = clause.removesuffix(".accepted").replace("-", "_")
    return lambda reading: name in reading.request


def _hook(clause: str, place: Place) -> Callable[[Asked], Answer | None]:
    claim = _claim(clause)

    def refuse(asked: Asked) -> None:
        reading = read(place.provider, asked)
        if reading is not None and reading.right and claim(reading):
            put_out_of_order(asked)

    return refuse


def _defects() -> list[Defect]:
    found = []
    for clause in TAKEN:
        tier = Tier.FULL if clause in _FULL else Tier.CORE
        place = case_place(clause, tier, "submit" if clause not in _FULL else "")
        if place is None or place.level is Level.OBSERVE:
            continue
        # A model that takes nothing at all is seen by everything that it should take.
        also = _ALL if clause in ("model.served", "images.accepted") else frozenset[str]()
        found.append(
            Defect(
                f"refused:{clause}",
                clause,
                place.provider.id,
                place.model.id,
                request=_hook(clause, place),
                level=place.level.value,
                tier=tier.value,
                also=also,
            )
        )
    return found


ACCEPTANCE = _defects()
