"""`list`: the rows of its tables, for people (`table`) and for machines (`records`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_spec.diff import ABSENT, spell
from qwen_image_spec.evidence import Level

if TYPE_CHECKING:
    from qwen_image_spec.model import Model, Param, Provider, Spec

KINDS = ("models", "providers", "clauses", "sources", "disputes", "errors")
_HEADERS = {
    "models": ("model", "operations", "n", "sizes", "default size"),
    "providers": ("provider", "style", "models", "base url", "title"),
    "clauses": ("clause", "operations", "at most", "sentence"),
    "sources": ("source", "evidence", "title", "publisher", "read"),
    "disputes": ("dispute", "state", "question", "verdict"),
    "errors": ("status", "code", "when"),
}
_UNWRAPPED = {
    "models": (0, 1, 2, 4),
    "providers": (0, 1, 2),
    "clauses": (0,),
    "sources": (0, 1, 4),
    "disputes": (0, 1),
    "errors": (0,),
}
_ABOUT_TASKS = {"query", "cancel", "list"}
Record = dict[str, Any]


def headers(kind: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The column heads of a list, and which columns are never wrapped."""
    return _HEADERS[kind], _UNWRAPPED[kind]


def records(kind: str, spec: Spec, providers: list[Provider]) -> list[Record]:
    """The rows of a list; the keys are the column heads, and more for machines."""
    match kind:
        case "models":
            return [_model(provider, model) for provider in providers for model in provider.models.values()]
        case "providers":
            return [
                {
                    "provider": each.id,
                    "style": each.style,
                    "models": len(each.models),
                    "base url": each.base_url,
                    "title": each.title,
                }
                for each in providers
            ]
        case "clauses":
            return [
                {
                    "clause": each.id,
                    "operations": list(each.operations),
                    "at most": str(each.cap),
                    "sentence": each.sentence,
                    "fact": each.fact,
                    "since": each.since,
                }
                for each in spec.clauses.values()
            ]
        case "sources":
            return [
                {
                    "source": each.id,
                    "evidence": str(each.evidence),
                    "title": each.title,
                    "publisher": each.publisher,
                    "read": each.read,
                    "url": each.url,
                    "seed": each.seed,
                }
                for each in spec.sources.values()
            ]
        case "disputes":
            return [
                {
                    "dispute": each.id,
                    "state": "settled" if each.settled else "open",
                    "question": each.question,
                    "verdict": each.verdict,
                    "values": [{"source": source, "value": value} for source, value in each.values],
                }
                for each in spec.disputes.values()
            ]
        case _:
            return [row for provider in providers for row in _errors(provider)]


def table(kind: str, rows: list[Record]) -> list[tuple[str, ...]]:
    """The rows as text; models and errors stand indented below the name of their provider."""
    heads, _ = headers(kind)
    found: list[tuple[str, ...]] = []
    provider = ""
    for row in rows:
        cells = [_cell(head, row[head]) for head in heads]
        if kind in ("models", "errors"):
            if row["provider"] != provider:
                provider = row["provider"]
                found.append((provider, *("" for _ in heads[1:])))
            cells[0] = f"  {cells[0]}"
        found.append(tuple(cells))
    return found


def _cell(head: str, value: Any) -> str:
    if head == "operations" and set(value) - _ABOUT_TASKS:
        value = [operation for operation in value if operation not in _ABOUT_TASKS]
    return spell(value) if value not in (None, "", []) else ABSENT


def _model(provider: Provider, model: Model) -> Record:
    count, size = model.params.get("n"), model.params.get("size")
    return {
        "provider": provider.id,
        "model": model.id,
        "operations": list(model.operations),
        "n": _counts(count) if count is not None else ABSENT,
        "sizes": sizes(size) if size is not None else ABSENT,
        "default size": _default(size) if size is not None else ABSENT,
        "family": model.family,
        "alias of": model.alias_of,
    }


def _counts(param: Param) -> str:
    every = (param.base, *(facets for _, facets in param.variants))
    ranges = [facets.range.value for facets in every if facets.range is not None and facets.supported.value]
    return (
        ", ".join(dict.fromkeys(f"{low}-{high}" if low != high else str(low) for low, high in ranges))
        or ABSENT
    )


def _default(param: Param) -> str:
    fact = param.base.default
    return ABSENT if fact is None or fact.value is None else spell(fact.value)


def sizes(param: Param) -> str:
    """The sizes a model takes, in a few words: `5 presets`, `sides 512-2048`, `768²-4096² px`."""
    every = (param.base, *(facets for _, facets in param.variants))
    known = [grant for facets in every for grant in facets.grants]
    grants = [grant for grant in known if grant.level is not Level.OBSERVE] or known
    found = [f"{len(grant.presets)} presets" for grant in grants if grant.presets]
    found += ["/".join(grant.tokens) for grant in grants if grant.tokens][:1]
    found += [f"sides {grant.side[0]}-{grant.side[1]}" for grant in grants if grant.side]
    areas = [grant.area for grant in grants if grant.area]
    if areas:
        found.append(f"{_pixels(min(low for low, _ in areas))}-{_pixels(max(high for _, high in areas))} px")
    return ", ".join(dict.fromkeys(found)) or ABSENT


def _pixels(count: int) -> str:
    side = round(count**0.5)
    return f"{side}²" if side * side == count else str(count)


def _errors(provider: Provider) -> list[Record]:
    rows: list[Record] = []
    for entry in provider.errors:
        codes = [code for code in (entry.code, *entry.codes) if code]
        rows.append(
            {
                "provider": provider.id,
                "status": entry.status.value,
                "code": list(dict.fromkeys(codes)),
                "when": entry.when,
                "id": entry.id,
                "type": entry.type,
                "message": entry.message,
                "also": list(entry.also),
                "raised by": list(entry.raised_by),
                "source": entry.status.source,
                "evidence": str(entry.status.evidence),
            }
        )
    return sorted(rows, key=lambda row: (row["status"], row["id"]))
