"""How a target refuses: the status and the code of each kind of mistake, beside the known catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.learn_reading import Learned, ids
from qwen_image_conformance.seen import Seen
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.model import ErrorEntry, Model, Provider
from qwen_image_spec.pointers import MISSING, get

_SHAPES = {"openai": "/error/message", "native": "/message", "wrapper": "/error"}
_CODES = {"openai": "/error/code", "compatible": "/error/code", "native": "/code", "wrapper": "/code"}
_LONGEST = 160


@dataclass(frozen=True)
class Refusal:
    """One refusal of a request that breaks one clause only. `code` is None where the body tells none."""

    clause: str
    status: int
    code: str | None
    message: str
    seen: Seen


def shape_of(body: Any) -> str | None:
    """The error shape of a body: openai, native, wrapper; None when it is none of them."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("error"), dict) and isinstance(body["error"].get("message"), str):
        return "openai"
    if isinstance(body.get("error"), str) and isinstance(body.get("code"), int):
        return "wrapper"
    return "native" if isinstance(body.get("message"), str) and isinstance(body.get("code"), str) else None


def refusals(group: Sequence[Seen]) -> list[Refusal]:
    """Every refusal whose reason is certain."""
    found = []
    for seen in group:
        reasons = set(seen.broken)
        if len(reasons) != 1 or seen.doubtful or seen.status < 400 or seen.status == 429:
            continue
        (clause,) = reasons
        shape = shape_of(seen.first_body)
        if clause not in seen.spec.clauses or shape is None:
            continue
        code = get(seen.first_body, _CODES[shape])
        message = get(seen.first_body, _SHAPES[shape])
        found.append(
            Refusal(
                clause,
                seen.status,
                code if isinstance(code, str) else None,
                message[:_LONGEST] if isinstance(message, str) else "",
                seen,
            )
        )
    return found


def catalogue(provider: Provider, found: Sequence[Refusal]) -> Iterator[tuple[Model | None, Learned]]:
    """Rows of the catalogue as they were seen, each with the model it belongs to (None: to the provider)."""
    by_row: dict[tuple[str, str], list[Refusal]] = defaultdict(list)
    rows: dict[tuple[str, str], ErrorEntry] = {}
    for one in found:
        model = provider.models.get(one.seen.exchange.model)
        row = entry_for(one.clause, provider, model)
        if row is None:
            continue
        own = model.id if model is not None and row in model.errors else ""
        by_row[own, row.id].append(one)
        rows[own, row.id] = row
    for (own, name), some in by_row.items():
        yield from ((provider.models.get(own), learned) for learned in _row(name, rows[own, name], some))


def _row(name: str, row: ErrorEntry, some: list[Refusal]) -> Iterator[Learned]:
    """One row: as documented, otherwise for all its mistakes, or otherwise for some of them."""
    others = [one for one in some if not _agrees(one, row)]
    about = ids([one.seen for one in others or some])
    if not others:
        words = f"{name}: {some[0].status} {some[0].code or ''}".rstrip()
        yield Learned(("errors", name), None, known=True, words=words, seen=about)
        return
    ways = {(one.status, one.code) for one in some}
    if len(ways) == 1:
        yield _written(name, row, others[0], list(row.raised_by), about)
        return
    for clause in dict.fromkeys(one.clause for one in others):
        first = next(one for one in others if one.clause == clause)
        yield _written(f"{name}-{clause.replace('.', '-')}", row, first, [clause], ids([first.seen]))


def _written(
    name: str, row: ErrorEntry, seen: Refusal, raised_by: list[str], about: tuple[str, ...]
) -> Learned:
    value: dict[str, Any] = {
        "status": seen.status,
        "code": seen.code,
        "message": seen.message,
        "raised_by": raised_by,
    }
    if row.type is not None:
        kind = get(seen.seen.first_body, "/error/type")
        value["type"] = kind if kind is not MISSING and isinstance(kind, str) else None
    value |= {"also": [], "codes": [], "evidence": "observed"}
    words = (
        f"{name}: {seen.status} {seen.code or ''}".rstrip()
        + f", documented {row.status.value} {row.code or ''}".rstrip()
    )
    return Learned(("errors", name), value, known=False, words=words, seen=about)


def _agrees(one: Refusal, row: ErrorEntry) -> bool:
    if one.status not in (row.status.value, *row.also):
        return False
    return row.code is None or one.code is None or one.code in (row.code, *row.codes)
