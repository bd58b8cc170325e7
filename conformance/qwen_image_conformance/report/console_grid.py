"""The matrix for a terminal: alike models folded, only columns that apply, cut to fit the width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from qwen_image_conformance.report.grid import Cell, Row, grid, groups
from qwen_image_conformance.verdict import Status

LABELS = {
    Status.PASS: ("ok", "green"),
    Status.KNOWN: ("known", "cyan"),
    Status.OBSERVED: ("seen", "blue"),
    Status.WARN: ("warn", "yellow"),
    Status.FAIL: ("FAIL", "bold red"),
    Status.FIXED: ("FIXED", "bold red"),
    Status.ERROR: ("ERROR", "bold red"),
    Status.NOT_RUN: ("?", "dim"),
}
_HEADINGS = {
    "response-format": "format",
    "response": "answer",
    "methods": "http",
    "errors": "error",
    "prompt": "text",
    "images": "input",
    "tasks": "task",
}
_NARROWEST = 24
_COMFORTABLE = 36


def matrices(cases: Sequence[Mapping[str, Any]], width: int) -> list[Table]:
    """Tables that fit into `width` characters, if one column and the names do: endpoints, then models."""
    rows = grid(cases)
    parts = ([row for row in rows if row.shared], [row for row in rows if not row.shared])
    return [table for part in parts if part for table in _tables(part, width)]


def name(row: Row, room: int = 1000) -> str:
    """A row's name: the model, the operation unless it is plain generation, and how many more are like it.

    A name longer than `room` characters gets a second line.
    """
    operation = "" if row.operation in ("generate", "*") else f" ({row.operation})"
    whole = row.name + operation + (f" and {row.more} more like it" if row.more else "")
    return (
        whole
        if len(whole) <= room or not row.more
        else f"{row.name}{operation}\n  and {row.more} more like it"
    )


def _tables(rows: Sequence[Row], width: int) -> list[Table]:
    """One table when the columns fit with two blanks between them, or one; else as many as it takes."""
    names = max(len(name(row)) for row in rows)
    wide = {group: _width(rows, group) for group in groups(rows)}
    if sum(wide.values()) + 2 * len(wide) + min(names, _COMFORTABLE) <= width:
        return [_table(rows, list(wide), 2, width)]
    parts: list[list[str]] = [[]]
    left = width - min(names, _NARROWEST)
    for group in wide:
        if parts[-1] and sum(wide[one] + 1 for one in (*parts[-1], group)) > left:
            parts.append([])
        parts[-1].append(group)
    return [_table(rows, part, 1, width) for part in parts]


def _width(rows: Sequence[Row], group: str) -> int:
    return max(len(_heading(group)), *(len(_cell(row.cells.get(group)).plain) for row in rows))


def _table(rows: Sequence[Row], columns: Sequence[str], gap: int, width: int) -> Table:
    room = width - sum(_width(rows, group) + gap for group in columns)
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, gap), header_style="bold")
    table.add_column("model", overflow="fold")
    for group in columns:
        table.add_column(_heading(group), justify="right", no_wrap=True)
    for row in rows:
        if any(group in row.cells for group in columns):
            table.add_row(name(row, room), *(_cell(row.cells.get(group)) for group in columns))
    return table


def _heading(group: str) -> str:
    return _HEADINGS.get(group, group)


def _cell(cell: Cell | None) -> Text:
    if cell is None:
        return Text("-", style="dim")
    if not cell.measured:
        return Text("?", style="dim")
    if cell.only_observed:
        return Text("seen", style="blue")
    word, style = LABELS[cell.worst]
    if cell.worst in (Status.PASS, Status.OBSERVED):
        return Text(
            str(cell.kept) if cell.kept == cell.applicable else f"{cell.kept}/{cell.applicable}",
            style="green",
        )
    return Text(f"{cell.counts[cell.worst]} {word}", style=style)
