"""Runs made by hand for the tests of the reports."""

from __future__ import annotations

from collections import Counter
from typing import Any

from qwen_image_conformance.report.read import Record
from qwen_image_spec import load
from qwen_image_spec.cases import cases

SPEC = load()
PROVIDER = "dieyuyun"
MODEL = next(iter(SPEC.providers[PROVIDER].models))


def case(clause: str = "n.count", status: str = "pass", **more: Any) -> dict[str, Any]:
    """A case event; its level is the one the status asks for, unless given."""
    level = {"warn": "SHOULD", "observed": "OBSERVE"}.get(status, "MUST")
    known = SPEC.clauses.get(clause)
    made = {
        "event": "case",
        "clause": clause,
        "group": known.group if known is not None else clause.split(".", maxsplit=1)[0],
        "level": level,
        "provider": PROVIDER,
        "model": MODEL,
        "operation": "generate",
        "status": status,
        "expected": "what the clause asks",
        "actual": "what came",
        "source": "dieyuyun-guide",
        "curl": ""
        if status in ("pass", "not-run")
        else "curl -sS -i http://127.0.0.1:1/v1/images/generations",
        "images": 0,
        "exchange": "" if status == "not-run" else "x00001",
        "judged": 0 if status == "not-run" else 1,
        "reason": "no exchange of this run decides it" if status == "not-run" else "",
    }
    return {**made, **more}


def record(*made: dict[str, Any], end: bool = True, stopped: str = "", **head: Any) -> Record:
    """A run of these cases."""
    about = {
        "event": "run",
        "suite": "0.1.0",
        "spec": SPEC.version,
        "provider": PROVIDER,
        "target": "http://127.0.0.1:1/dieyuyun",
        "models": list(dict.fromkeys(one["model"] for one in made)),
        "tier": "core",
        "select": [],
        "planned_images": 3,
        "key": "$QWEN_IMAGE_API_KEY",
        "time": 1795182778.2,
    }
    counts = dict(Counter(one["status"] for one in made))
    tail = {
        "event": "end",
        "requests": 7,
        "images": 3,
        "cost": "0",
        "seconds": 1.5,
        "stopped": stopped,
        "out": "runs/x",
        "counts": counts,
        "exit": 1 if {"fail", "fixed", "error"} & set(counts) else 0,
    }
    return Record({**about, **head}, list(made), tail if end else None)


def whole(provider: str, status: str = "pass") -> Record:
    """A run in which every case of a provider came out alike."""
    made = [
        case(
            one.clause,
            status,
            provider=provider,
            model=one.model,
            operation=one.operation,
            level=one.level.value if status != "fail" else "MUST",
            source=one.fact.source,
        )
        for one in cases(SPEC, SPEC.providers[provider])
    ]
    return record(*made, provider=provider, models=list(SPEC.providers[provider].models))
