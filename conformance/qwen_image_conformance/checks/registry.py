"""The table of checks: clause id -> pure function. A clause has exactly one check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict

Check = Callable[[Seen], Verdict | None]
Relation = Callable[[Sequence[Seen]], Verdict | None]
F = TypeVar("F", bound=Callable[..., Verdict | None])

CHECKS: dict[str, Check] = {}
RELATIONS: dict[str, Relation] = {}


def check(*clauses: str) -> Callable[[F], F]:
    """Bind a function of one exchange to its clauses. It returns None where the exchange says nothing about them."""

    def bind(function: F) -> F:
        for clause in clauses:
            _claim(clause)
            CHECKS[clause] = function
        return function

    return bind


def relation(*clauses: str) -> Callable[[F], F]:
    """Bind a function of all exchanges of one model and operation to its clauses."""

    def bind(function: F) -> F:
        for clause in clauses:
            _claim(clause)
            RELATIONS[clause] = function
        return function

    return bind


def _claim(clause: str) -> None:
    if clause in CHECKS or clause in RELATIONS:
        msg = f"clause {clause!r} has two checks"
        raise ValueError(msg)
