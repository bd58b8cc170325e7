"""What the documents allow must be taken. A request makes claims; when it is refused, its only claim is broken."""

from __future__ import annotations

from collections.abc import Callable

from qwen_image_conformance.checks.registry import CHECKS, check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds
from qwen_image_spec import situation
from qwen_image_spec.evidence import Level, strictest

ACCEPTED = ("prompt.unicode", "prompt.length", "negative-prompt.length")


@check("model.served")
def served(seen: Seen) -> Verdict | None:
    """Any picture proves it; only a bare request that is refused disproves it."""
    if seen.broken or seen.doubtful or not seen.answered or seen.asked is None or seen.model is None:
        return None
    if seen.accepted:
        return holds(True, expected="pictures", actual=f"status {seen.status}")
    if seen.claims != {"model.served"}:
        return None
    return holds(
        False,
        expected="pictures",
        actual=seen.came,
    )


@check("images.accepted")
def images(seen: Seen) -> Verdict | None:
    """Any edit that is taken proves it; only a bare one that is refused disproves it."""
    return served(seen) if seen.asked is not None and seen.asked.images else None


@check("messages.first-text")
def first_text(seen: Seen) -> Verdict | None:
    """Several texts are no reason for a refusal."""
    if seen.asked is None or seen.asked.texts < 2 or seen.broken:
        return None
    return holds(seen.accepted, expected="accepted", actual=f"status {seen.status}")


def acceptance_of(clause: str) -> Callable[[Seen], Verdict | None]:
    """The check of one clause that says something is taken."""

    def taken(seen: Seen) -> Verdict | None:
        made = seen.claims
        if clause not in made or not seen.answered or seen.broken or seen.doubtful:
            return None
        if seen.accepted:
            return holds(
                True, expected="accepted", actual=f"status {seen.status}", level=_level(seen, clause)
            )
        if len(made) > 1 or not seen.refused:
            return None
        return holds(False, expected="accepted", actual=seen.came, level=_level(seen, clause))

    taken.__doc__ = f"A request whose only claim is {clause} is accepted."
    return taken


def _level(seen: Seen, clause: str) -> Level | None:
    size = seen.size
    facets = seen.facets("size")
    if clause != "size.accepted" or facets is None or size is None:
        return None
    request, model = seen.asked, seen.model
    if request is None or model is None:
        return None
    token = request.get("size")
    return strictest(
        *(
            grant.level
            for grant in facets.grants
            if situation.holds(grant.when, request, model)
            and (token in grant.tokens or (not grant.tokens and grant.flaw(size) is None))
        )
    )


def bind_accepted(clauses: list[str]) -> None:
    """Bind the check to the clauses of the data that say that a parameter is taken."""
    for clause in clauses:
        if clause not in CHECKS:
            check(clause)(acceptance_of(clause))


for _clause in ACCEPTED:
    check(_clause)(acceptance_of(_clause))
