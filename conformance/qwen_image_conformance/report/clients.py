"""Who breaks: the published clients that need a clause which a target does not keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from qwen_image_conformance.report.tally import BROKEN
from qwen_image_spec.model import Spec


@dataclass(frozen=True, slots=True)
class Client:
    """A published client. `needs` maps a clause to what happens without it.

    `confidence` is `measured`, `read` (its source) or `reported`; `source` is an address or says how it was
    found; `read` is the day.
    """

    name: str
    version: str
    styles: tuple[str, ...]
    needs: Mapping[str, str]
    source: str
    confidence: str
    read: str


@dataclass(frozen=True, slots=True)
class Breakage:
    """A client together with the broken clauses it needs, each with what happens."""

    client: Client
    clauses: Mapping[str, str]


@cache
def clients() -> tuple[Client, ...]:
    """The shipped list of clients."""
    rows = yaml.safe_load((files("qwen_image_conformance") / "data" / "clients.yaml").read_text("utf-8"))
    return tuple(
        Client(
            row["client"],
            str(row["version"]),
            tuple(row["styles"]),
            row["needs"],
            row["source"],
            row["confidence"],
            str(row["read"]),
        )
        for row in rows
    )


def breakages(
    cases: Iterable[Mapping[str, Any]], spec: Spec, known: Iterable[Client] | None = None
) -> list[Breakage]:
    """The clients of the target's style that need a broken clause, those with the most of them first.

    A broken SHOULD and a known failure count too: a client does not read baselines. A provider that is not in
    the spec has no known style, so clients of every style are named.
    """
    broken: dict[str, set[str]] = {}
    for case in cases:
        if case["status"] in BROKEN:
            provider = spec.providers.get(case["provider"])
            broken.setdefault(case["clause"], set()).add(provider.style if provider is not None else "")
    found = []
    for client in clients() if known is None else known:
        hit = {
            clause: harm
            for clause, harm in client.needs.items()
            if broken.get(clause, set()) & {"", *client.styles}
        }
        if hit:
            found.append(Breakage(client, hit))
    return sorted(found, key=lambda breakage: -len(breakage.clauses))
