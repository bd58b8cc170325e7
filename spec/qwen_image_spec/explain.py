"""`explain`: one clause with its level at every provider, its sources, its models and its disputes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_spec import console
from qwen_image_spec.diff import spell
from qwen_image_spec.problems import Problem, UnknownName

if TYPE_CHECKING:
    from qwen_image_spec.evidence import Fact, Level
    from qwen_image_spec.model import Clause, Dispute, Spec

_EVERY = "*"
_MANY = 6
_SHORT = 24


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a clause stands in the same way: one provider, one fact's value and source, these models."""

    provider: str
    level: Level
    operations: tuple[str, ...]
    models: tuple[str, ...]
    fact: Fact[Any]


def clause_named(spec: Spec, name: str) -> Clause:
    """The clause of that id; raises UnknownName with the nearest right one."""
    if name not in spec.clauses:
        raise UnknownName([Problem.unknown("spec", 1, "clause", name, spec.clauses)])
    return spec.clauses[name]


def standings(spec: Spec, clause: Clause) -> list[Standing]:
    """Every place where a clause holds, models with the same fact together."""
    from qwen_image_spec.cases import cases  # no other command needs it

    found: dict[tuple[str, Level, str, str, str, str], tuple[list[str], list[str], Fact[Any]]] = {}
    for provider in spec.providers.values():
        for case in cases(spec, provider, ends=clause.ends):
            if case.clause == clause.id:
                fact = case.fact
                key = (
                    provider.id,
                    case.level,
                    spell(fact.value),
                    fact.source,
                    str(fact.evidence),
                    fact.dispute or "",
                )
                operations, models, _ = found.setdefault(key, ([], [], fact))
                operations.append(case.operation)
                models.append(case.model)
    return [
        Standing(key[0], key[1], tuple(dict.fromkeys(operations)), tuple(dict.fromkeys(models)), fact)
        for key, (operations, models, fact) in found.items()
    ]


def explain(spec: Spec, clause: Clause) -> None:
    """Print a clause for people."""
    found = standings(spec, clause)
    console.say(clause.id, "bold")
    console.say(f"  {clause.sentence}")
    if clause.why:
        console.say(f"  Why: {clause.why}")
    if clause.hint:
        console.say(f"  Hint: {clause.hint}")
    if clause.ends == 2:
        console.say("  Shows only between the two sides of a gateway, with the mock as its upstream.")
    console.say(
        f"  Rests on {clause.fact}; since {clause.since}; never above {clause.cap}; "
        f"operations {spell(clause.operations)}"
        + (f"; style {spell(clause.styles)}" if clause.styles else "")
    )
    if not found:
        console.say("\nNo shipped provider is held to it.")
        return
    console.heading("Where it holds")
    rows: list[tuple[str, str, str]] = []
    for each in found:
        value = spell(each.fact.value)
        known = f"; {value}" if len(value) <= _SHORT else ""
        source = f"{each.fact.source} ({each.fact.evidence})"
        where = f"{_models(each.models)}\n{spell(each.operations)}{known}; {source}"
        first = not rows or each.provider not in {row[0] for row in rows}
        rows.append((each.provider if first else "", str(each.level), where))
    console.table(("provider", "level", "models, operations, source"), rows, keep=(0, 1))
    remarks = dict.fromkeys(f"{each.provider}: {each.fact.note}" for each in found if each.fact.note)
    console.section("Remarks", list(remarks))
    disputes = dict.fromkeys(each.fact.dispute for each in found if each.fact.dispute)
    console.section(
        "Disputes", [describe_dispute(spec.disputes[name]) for name in disputes if name in spec.disputes]
    )
    sources = dict.fromkeys(each.fact.source for each in found)
    console.section("Sources", [_source(spec, name) for name in sources if name in spec.sources])


def _models(models: tuple[str, ...]) -> str:
    if models == (_EVERY,):
        return "every model"
    more = len(models) - _MANY
    return ", ".join(models) if more <= 1 else f"{', '.join(models[:_MANY])} and {more} more"


def describe_dispute(dispute: Dispute) -> str:
    """A dispute in a few sentences: the question, who says what, and our verdict."""
    values = "; ".join(f"{source} says {value}" for source, value in dispute.values)
    state = "settled" if dispute.settled else "open"
    return f"{dispute.id} ({state}): {dispute.question} {values}. Verdict: {dispute.verdict}"


def _source(spec: Spec, name: str) -> str:
    source = spec.sources[name]
    return f"{name}: {source.title}, {source.publisher}, read {source.read}" + (
        f", {source.url}" if source.url else ""
    )
