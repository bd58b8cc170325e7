"""What the commands print: text and tables for people, JSON for machines. Rich is imported when needed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

from qwen_image_spec.size import Size

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_PIPED = 100
_STYLES = {"MUST": "green", "SHOULD": "yellow", "OBSERVE": "cyan", "reject": "red"}
_PLAIN: dict[type, Callable[[Any], Any]] = {
    Size: str,
    Enum: lambda value: value.value,
    Decimal: float,
    frozenset: lambda values: sorted(jsonable(item) for item in values),
}


def jsonable(value: Any) -> Any:
    """Anything of the spec as plain JSON data: sets sorted, sizes as `WIDTHxHEIGHT`, decimals as numbers."""
    for kind, plain in _PLAIN.items():
        if isinstance(value, kind):
            return plain(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [jsonable(item) for item in value]
    if is_dataclass(value):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    return value


def print_json(value: Any, *, sort: bool = True) -> None:
    """Print JSON, the same every time; `sort` orders the keys, otherwise they keep their reading order."""
    click.echo(json.dumps(jsonable(value), ensure_ascii=False, indent=2, sort_keys=sort))


def print_yaml(value: Any) -> None:
    """Print YAML in reading order, without anchors."""
    import yaml  # only one option needs it

    class _Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    click.echo(
        yaml.dump(jsonable(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_PIPED),
        nl=False,
    )


def coloured() -> bool:
    """Whether to use colour: only on a terminal, and never when NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def console() -> Console:
    """Where text for people goes."""
    from rich.console import Console  # slow to import, and JSON needs none of it

    return Console(
        file=sys.stdout,
        width=shutil.get_terminal_size((_PIPED, 24)).columns,
        color_system="auto" if coloured() else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def fold(text: str, width: int = 24) -> str:
    """Text whose long pointers and paths go on in a new line, at a slash, so that they fit a column."""
    return " ".join(_fold(word, width) if word.startswith("/") else word for word in text.split(" "))


def _fold(word: str, width: int) -> str:
    cut = word.rfind("/", 1, width)
    return word if len(word) <= width or cut < 1 else f"{word[:cut]}\n{_fold(word[cut:], width)}"


def say(text: str = "", style: str | None = None) -> None:
    """Print a line, wrapped at words."""
    _print(text, style)


def _print(what: RenderableType, style: str | None = None) -> None:
    """Print without the blanks with which rich fills every line."""
    screen = console()
    with screen.capture() as captured:
        screen.print(what, style=style)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def heading(text: str) -> None:
    """Print a heading with an empty line before it."""
    say()
    say(text, "bold")


def item(text: str, mark: str = "-") -> None:
    """Print a line of a list, wrapped under its own beginning."""
    from rich.table import Table  # see above

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(f"  {mark}", text)
    _print(grid)


def section(title: str, lines: Sequence[str]) -> None:
    """Print a heading and a list below it; nothing when the list is empty."""
    if lines:
        heading(title)
    for line in lines:
        item(line)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, keep: Sequence[int] = (0,), indent: int = 2
) -> None:
    """Print aligned columns; those of `keep` are never wrapped."""
    from rich.padding import Padding  # see above
    from rich.table import Table  # see above
    from rich.text import Text  # see above

    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for index, header in enumerate(headers):
        grid.add_column(header, no_wrap=index in keep, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell, style=_STYLES.get(cell.partition(" ")[0], "")) for cell in row))
    _print(Padding(grid, (0, 0, 0, indent)))
