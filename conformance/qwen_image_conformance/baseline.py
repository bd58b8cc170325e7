"""Known failures: each with a reason and an end. A listed failure is `known`; a listed case that passes is stale and fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from qwen_image_conformance.judge import Result
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.verdict import Status
from qwen_image_spec.problems import suggestion

_FIELDS = ("clause", "provider", "model", "operation", "reason", "expires", "first_seen")
_REQUIRED = _FIELDS[:5]


@dataclass(frozen=True, slots=True)
class Entry:
    """One failure that is known. `expires` is the last day on which it counts as known."""

    clause: str
    provider: str
    model: str
    operation: str
    reason: str
    expires: date | None = None
    first_seen: date | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Which case it is about."""
        return (self.clause, self.provider, self.model, self.operation)


@dataclass
class Baseline:
    """The entries of one file."""

    entries: list[Entry]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline file (YAML list); raises UsageProblem with the entry and what is wrong."""
        try:
            rows = yaml.safe_load(path.read_text("utf-8")) or []
        except OSError as error:
            raise UsageProblem(
                f"{path}: {error.strerror}", f"make it with: baseline update RUN --file {path}"
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageProblem(
                f"{path} is not readable as YAML: {error}",
                "it is a list of entries with clause, provider, model, ...",
            ) from error
        if not isinstance(rows, list):
            raise UsageProblem(
                f"{path} is no list of entries", "it is a list of entries with clause, provider, model, ..."
            )
        return cls([_entry(row, f"{path}, entry {number}") for number, row in enumerate(rows, 1)])

    def write(self, path: Path) -> None:
        """Write the file, sorted, ready for review."""
        rows = [
            {key: value for key, value in asdict(entry).items() if value is not None}
            for entry in sorted(self.entries, key=lambda e: e.key)
        ]
        head = "# Known failures. Each needs a reason; after `expires` it fails again. Entries that pass are stale and fail the run.\n"
        path.write_text(head + yaml.safe_dump(rows, sort_keys=False, allow_unicode=True), "utf-8")

    def apply(self, results: Iterable[Result], today: date) -> list[Result]:
        """Results with known failures marked `known` and listed passes marked `fixed` (stale)."""
        listed = {entry.key: entry for entry in self.entries}
        return [_applied(result, listed.get(_key(result)), today) for result in results]

    def updated(
        self, cases: Sequence[Mapping[str, Any]], reason: str, expires: date | None, today: date
    ) -> Baseline:
        """A baseline like this with every failure of a run added and every pass of it dropped; reasons given before are kept."""
        known = {entry.key: entry for entry in self.entries}
        for case in cases:
            key = (case["clause"], case["provider"], case["model"], case["operation"])
            if case["status"] in (Status.FAIL, Status.KNOWN):
                known.setdefault(key, Entry(*key, reason, expires, today))
            elif case["status"] in (Status.PASS, Status.FIXED):
                known.pop(key, None)
        return Baseline(list(known.values()))


def _key(result: Result) -> tuple[str, str, str, str]:
    return (result.case.clause, result.case.provider, result.case.model, result.case.operation)


def _applied(result: Result, entry: Entry | None, today: date) -> Result:
    if entry is None:
        return result
    if result.status is Status.FAIL:
        if entry.expires is not None and entry.expires < today:
            return replace(result, reason=f"its baseline entry expired on {entry.expires}: {entry.reason}")
        return replace(result, status=Status.KNOWN, reason=entry.reason)
    if result.status is Status.PASS:
        return replace(
            result, status=Status.FIXED, reason=f"passes, but the baseline lists it: {entry.reason}"
        )
    return result


def _entry(row: Any, where: str) -> Entry:
    if not isinstance(row, dict):
        raise UsageProblem(f"{where} is no mapping", "write clause:, provider:, model:, operation:, reason:")
    for name in row:
        if name not in _FIELDS:
            raise UsageProblem(f"{where}: unknown field {name!r}", suggestion(str(name), _FIELDS))
    for name in _REQUIRED:
        if not row.get(name):
            raise UsageProblem(
                f"{where}: {name} is missing",
                "every known failure says which case it is about, and why it is accepted",
            )
    for name in ("expires", "first_seen"):
        if row.get(name) is not None and not isinstance(row[name], date):
            raise UsageProblem(f"{where}: {name} {row[name]!r} is no day", "write it like 2027-01-31")
    clause, provider, model, operation, reason = (str(row[name]) for name in _REQUIRED)
    return Entry(clause, provider, model, operation, reason, row.get("expires"), row.get("first_seen"))
