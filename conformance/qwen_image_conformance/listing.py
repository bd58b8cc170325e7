"""The commands `list` and `explain`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import click
import orjson

from qwen_image_conformance.choose import provider_of
from qwen_image_conformance.problems import UsageProblem
from qwen_image_spec.cases import cases
from qwen_image_spec.loader import load
from qwen_image_spec.model import Clause, Spec
from qwen_image_spec.problems import suggestion


def show(what: str, provider: str | None, *, as_json: bool) -> None:
    """Print a list."""
    spec = load()
    rows = _ROWS[what](spec, provider)
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    for row in rows:
        click.echo(
            "  ".join(str(value) if index else f"{value:<28}" for index, value in enumerate(row.values()))
        )


def _clauses(spec: Spec, provider: str | None) -> list[dict[str, Any]]:
    if provider is None:
        return [{"clause": clause.id, "sentence": clause.sentence} for clause in spec.clauses.values()]
    levels: dict[str, set[str]] = defaultdict(set)
    chosen = provider_of(provider, spec)
    for case in (*cases(spec, chosen), *cases(spec, chosen, ends=2)):
        levels[case.clause].add(case.level.value)
    return [
        {"clause": name, "level": "/".join(sorted(found)), "sentence": spec.clauses[name].sentence}
        for name, found in levels.items()
    ]


def _groups(spec: Spec, _provider: str | None) -> list[dict[str, Any]]:
    found: dict[str, int] = defaultdict(int)
    for clause in spec.clauses.values():
        found[clause.group] += 1
    return [{"group": name, "clauses": count} for name, count in found.items()]


def _providers(spec: Spec, _provider: str | None) -> list[dict[str, Any]]:
    return [
        {"provider": known.id, "style": known.style, "title": known.title}
        for known in spec.providers.values()
    ]


def _models(spec: Spec, provider: str | None) -> list[dict[str, Any]]:
    chosen = [provider_of(provider, spec)] if provider else list(spec.providers.values())
    return [
        {"model": model.id, "provider": known.id, "operations": ",".join(model.operations)}
        for known in chosen
        for model in known.models.values()
    ]


_ROWS = {"clauses": _clauses, "groups": _groups, "providers": _providers, "models": _models}


def explain(name: str, *, as_json: bool) -> None:
    """Print what a clause says and where it applies."""
    spec = load()
    clause = spec.clauses.get(name)
    if clause is None:
        raise UsageProblem(f"unknown clause {name!r}", suggestion(name, spec.clauses))
    rows = _where(spec, clause)
    if as_json:
        click.echo(
            orjson.dumps(
                {
                    "clause": clause.id,
                    "group": clause.group,
                    "sentence": clause.sentence,
                    "since": clause.since,
                    "why": clause.why,
                    "ends": clause.ends,
                    "cases": rows,
                },
                option=orjson.OPT_INDENT_2,
            )
        )
        return
    click.echo(f"{clause.id}  (group {clause.group}, since spec {clause.since})\n\n  {clause.sentence}")
    if clause.why:
        click.echo(f"  {clause.why}")
    if clause.ends == 2:
        click.echo("  Shows only with both ends in sight: run --journal MOCK_URL, or run --with-upstream.")
    for row in rows:
        click.echo(f"\n  {row['provider']}: {row['level']} ({row['evidence']})  {', '.join(row['models'])}")
        source = spec.sources.get(row["source"])
        if source is not None:
            click.echo(
                f"    source: {source.title}, {source.publisher}, read {source.read}"
                + (f", {source.url}" if source.url else "")
            )
        if row["dispute"]:
            dispute = spec.disputes[row["dispute"]]
            click.echo(f"    sources disagree ({dispute.id}): {dispute.question} Verdict: {dispute.verdict}")
    if not rows:
        click.echo("\n  applies to no model of the shipped providers")


def _where(spec: Spec, clause: Clause) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str, str, str], list[str]] = defaultdict(list)
    for provider in spec.providers.values():
        for case in cases(spec, provider, ends=clause.ends):
            if case.clause == clause.id:
                key = (
                    provider.id,
                    case.level.value,
                    case.fact.evidence.value,
                    case.fact.source,
                    case.fact.dispute or "",
                )
                found[key].append(("every model" if case.model == "*" else case.model) + f" {case.operation}")
    names = ("provider", "level", "evidence", "source", "dispute")
    return [{**dict(zip(names, key, strict=True)), "models": models} for key, models in found.items()]
