"""A run as JSON Lines: `run` first, one `case` a line, `end` last. Every view is derived from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from qwen_image_conformance.curl import curl
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.judge import Result
from qwen_image_conformance.verdict import Status

FILE = "result.jsonl"


def case_event(result: Result, exchanges: Mapping[str, Exchange], journal: str = "") -> dict[str, Any]:
    """One case of a run as an event. `journal` is the address of the mock behind the target, where there is one."""
    decisive = [exchanges[key] for key in result.exchange.split() if key in exchanges]
    shown = decisive if result.status not in (Status.PASS, Status.NOT_RUN) else []
    return {
        "event": "case",
        "clause": result.case.clause,
        "group": result.case.group,
        "level": result.case.level.value,
        "provider": result.case.provider,
        "model": result.case.model,
        "operation": result.case.operation,
        "status": result.status.value,
        "expected": result.expected,
        "actual": result.actual,
        "source": result.source,
        "curl": "\n".join(curl(exchange) for exchange in shown),
        "images": sum(len(exchange.pictures) for exchange in decisive),
        "exchange": result.exchange,
        "judged": result.judged,
        "reason": result.reason,
        **_arrivals(result, shown, journal),
    }


def _arrivals(result: Result, shown: Sequence[Exchange], journal: str) -> dict[str, str]:
    """Where to look up what arrived, for the clauses that rest on it."""
    if not journal or result.case.ends == 1:
        return {}
    tokens = dict.fromkeys(exchange.token for exchange in shown if exchange.token)
    return {"journal": "\n".join(f"{journal}/_mock/requests?contains={token}" for token in tokens)}


def counts(results: Iterable[Result]) -> dict[str, int]:
    """How many cases have each status."""
    found = Counter(result.status.value for result in results)
    return {status.value: found[status.value] for status in Status if found[status.value]}


def exit_code(results: Sequence[Result]) -> int:
    """0 conforms, 1 a MUST clause failed or the baseline is stale."""
    return 1 if any(result.status in (Status.FAIL, Status.FIXED, Status.ERROR) for result in results) else 0


def write(
    path: Path, head: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], end: Mapping[str, Any]
) -> None:
    """Write the whole result file."""
    lines: list[Mapping[str, Any]] = [{"event": "run", **head}, *cases, {"event": "end", **end}]
    path.write_bytes(
        b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE, default=str) for line in lines)
    )
