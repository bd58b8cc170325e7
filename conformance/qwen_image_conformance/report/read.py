"""A result file read back: its head, its cases, its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from qwen_image_conformance.events import FILE
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.verdict import Status

Event = Mapping[str, Any]
_NEEDED = {
    "run": ("provider", "target"),
    "case": (
        "clause",
        "group",
        "level",
        "provider",
        "model",
        "operation",
        "status",
        "expected",
        "actual",
        "source",
        "curl",
    ),
}


@dataclass(frozen=True)
class Record:
    """One run as data, with the fields of its events as they stand in the result file.

    `end` is None for a truncated run: the suite was stopped before it could write the last line.
    """

    head: Event
    cases: Sequence[Event]
    end: Event | None = None

    @property
    def truncated(self) -> bool:
        """Whether the file broke off before its end, so that cases may be missing."""
        return self.end is None

    @property
    def unfinished(self) -> bool:
        """Whether the run did less than its plan: the file is cut off, or something stopped it."""
        return self.end is None or bool(self.end.get("stopped"))


def read(path: Path) -> Record:
    """The run of a result file, or of the folder that holds one.

    Raises UsageProblem, with cause and hint, for anything that is no result file. A last line that was cut in
    half is dropped: the run then counts as truncated.
    """
    file = path / FILE if path.is_dir() else path
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"{file} cannot be read: {error.strerror}", f"give the folder of a run, or its {FILE}"
        ) from error
    events = _events(raw, file)
    if not events or events[0]["event"] != "run":
        raise UsageProblem(
            f"{file} is no result file: its first line is not the run",
            f"give the {FILE} that `run` or `judge` wrote",
        )
    kinds = [event["event"] for event in events[1:]]
    if "run" in kinds or "end" in kinds[:-1]:
        raise UsageProblem(
            f"{file} holds more than one run, or lines after its end",
            "give the file of one run, as it was written",
        )
    end = events[-1] if kinds and kinds[-1] == "end" else None
    return Record(events[0], events[1:-1] if end is not None else events[1:], end)


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema (2020-12) of one line of a result file. Do not change what it returns."""
    found: Mapping[str, Any] = orjson.loads(
        (files("qwen_image_conformance") / "schema" / "result.schema.json").read_bytes()
    )
    return found


def _events(raw: bytes, file: Path) -> list[dict[str, Any]]:
    lines = raw.split(b"\n")
    events: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            if number == len(lines) and events:
                break
            raise UsageProblem(
                f"{file}:{number}: not JSON: {error}", f"give the {FILE} of a run (JSON Lines)"
            ) from error
        _check(event, f"{file}:{number}")
        events.append(event)
    return events


def _check(event: Any, where: str) -> None:
    """What every view relies on; the schema says more."""
    kind = event.get("event") if isinstance(event, dict) else None
    if kind in ("exchange", "sending"):
        raise UsageProblem(
            f"{where}: this is evidence, not a result",
            f"give the {FILE} beside it, or make one with: judge FILE",
        )
    if kind not in ("run", "case", "end"):
        raise UsageProblem(f"{where}: neither a run, nor a case, nor an end", f"give the {FILE} of a run")
    missing = [name for name in _NEEDED.get(kind, ()) if name not in event]
    if missing:
        raise UsageProblem(
            f"{where}: the {kind} has no {missing[0]}",
            "was the file written by another version, or changed by hand?",
        )
    if kind == "case" and event["status"] not in set(Status):
        raise UsageProblem(f"{where}: unknown status {event['status']!r}", "known: " + ", ".join(Status))
