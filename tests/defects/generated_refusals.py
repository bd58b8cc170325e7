"""For every clause that says "is refused": a gateway that lets exactly this mistake through.

Where nobody says what becomes of a mistake, the gateway does the other thing than the right server: it
refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from defects.mistakes import mistake
from defects.places import SPEC, Place, refusal_place
from defects.reading import put_in_order, put_out_of_order, read
from defects.wrap import Answer, Asked, Defect
from qwen_image_conformance.checks.refusals import REFUSED
from qwen_image_spec.evidence import Reaction

CLAUSES = (
    *REFUSED,
    *(clause.id for clause in SPEC.clauses.values() if clause.fact.startswith("rule:")),
    "auth.missing-key",
    "auth.invalid-key",
    "auth.scheme",
)
_ALSO = {
    "auth.invalid-key": ("auth.key-secret",),
    # One picture is above both limits, and a server that takes it keeps neither.
    "images.bytes": ("images.data-uri",),
    "images.data-uri": ("images.bytes",),
    # A task that a model refuses only while it runs: the right server answers such a mistake in the task.
    "size.not-listed": ("size.area-below", "size.area-above"),
}


def _hook(clause: str, place: Place) -> Callable[[Asked], Answer | None]:
    wrong = mistake(clause)

    def through(asked: Asked) -> None:
        if not wrong(place.provider, asked):
            return
        reading = read(place.provider, asked)
        reactions = (
            {found.reaction for found in reading.violations if found.clause == clause} if reading else set()
        )
        if Reaction.UNKNOWN in reactions:
            put_out_of_order(asked)
        else:
            put_in_order(place.provider, place.model, asked)

    return through


def _defects() -> list[Defect]:
    found = []
    for clause in dict.fromkeys(CLAUSES):
        place = refusal_place(clause)
        if place is not None:
            found.append(
                Defect(
                    f"taken:{clause}",
                    clause,
                    place.provider.id,
                    place.model.id,
                    request=_hook(clause, place),
                    level=place.level.value,
                    tier=place.tier.value,
                    also=frozenset(_ALSO.get(clause, ())),
                )
            )
    return found


REFUSALS = _defects()
