"""The matrix of a run: rows of models and operations, columns of clause groups, alike rows folded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwen_image_conformance.report.tally import KEPT
from qwen_image_conformance.verdict import Status
from qwen_image_spec.cases import ANY

_NO_VERDICT = (Status.NOT_APPLICABLE, Status.OBSERVED)


@dataclass(frozen=True)
class Cell:
    """The clauses of one group at one model and operation: the status of each.

    `applicable` counts the clauses that could be judged here (observed ones cannot), `kept` those that were
    kept.
    """

    clauses: Mapping[str, Status]

    @property
    def worst(self) -> Status:
        """The worst status; `not-run` for an empty cell."""
        return max(self.clauses.values(), key=lambda status: status.rank, default=Status.NOT_RUN)

    @property
    def kept(self) -> int:
        """How many clauses are kept."""
        return sum(status in KEPT for status in self.clauses.values())

    @property
    def applicable(self) -> int:
        """How many clauses could be kept or broken."""
        return sum(status not in _NO_VERDICT for status in self.clauses.values())

    @property
    def unmeasured(self) -> int:
        """How many clauses apply and were not measured."""
        return sum(status is Status.NOT_RUN for status in self.clauses.values())

    @property
    def measured(self) -> bool:
        """Whether anything was measured."""
        return any(status not in (Status.NOT_RUN, Status.NOT_APPLICABLE) for status in self.clauses.values())

    @property
    def only_observed(self) -> bool:
        """Whether nothing here can be kept or broken."""
        return self.measured and not self.applicable

    def of(self, status: Status) -> list[str]:
        """The clauses with a status."""
        return [clause for clause, own in self.clauses.items() if own is status]

    @property
    def counts(self) -> Counter[Status]:
        """How many clauses have each status."""
        return Counter(self.clauses.values())


@dataclass
class Row:
    """Models whose cells are alike, at one provider and operation.

    `models` is `*` for clauses of a whole endpoint.
    """

    provider: str
    operation: str
    models: list[str]
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def shared(self) -> bool:
        """Whether the row is about an endpoint as a whole rather than a model."""
        return self.models[0] == ANY

    @property
    def name(self) -> str:
        """The first model, or `every model`."""
        return "every model" if self.shared else self.models[0]

    @property
    def more(self) -> int:
        """How many further models are alike."""
        return len(self.models) - 1


def grid(cases: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The folded rows in the order of the file; rows about whole endpoints come first.

    Two rows are alike when each clause has the same status in both, whichever clauses of the kept ones apply.
    """
    found: dict[tuple[str, str, str], dict[str, dict[str, Status]]] = defaultdict(lambda: defaultdict(dict))
    for case in cases:
        found[case["provider"], case["model"], case["operation"]][case["group"]][case["clause"]] = Status(
            case["status"]
        )
    rows: dict[object, Row] = {}
    for (provider, model, operation), groups in found.items():
        cells = {group: Cell(clauses) for group, clauses in groups.items()}
        row = rows.setdefault(
            (provider, operation, model == ANY, _looks(cells)), Row(provider, operation, [], cells)
        )
        row.models.append(model)
    return sorted(rows.values(), key=lambda row: not row.shared)


def groups(rows: Sequence[Row]) -> list[str]:
    """The groups that have a cell in any of the rows, in the order of the rows."""
    return list(dict.fromkeys(group for row in rows for group in row.cells))


def _looks(cells: Mapping[str, Cell]) -> frozenset[tuple[object, ...]]:
    """What a row shows: the counts of each cell, and by name whatever is not simply kept."""
    return frozenset(
        (
            group,
            frozenset(cell.counts.items()),
            frozenset(
                clause
                for clause, status in cell.clauses.items()
                if status.rank >= Status.KNOWN.rank and status is not Status.OBSERVED
            ),
        )
        for group, cell in cells.items()
    )
