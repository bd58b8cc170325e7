"""Mistakes in documents and commands, told so that one can mend them: file, line, what is wrong, the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The known name most like a wrong one, or None when nothing is near."""
    known = list(names)
    folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def suggestion(word: str, names: Iterable[str]) -> str:
    """A hint for a wrong name: the nearest right one, or the list when it is short."""
    known = sorted(names)
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    return "known: " + ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands, what is wrong, and how to mend it."""

    file: str
    line: int
    what: str
    hint: str = ""
    path: tuple[str | int, ...] = ()

    @classmethod
    def unknown(
        cls,
        file: str,
        line: int,
        kind: str,
        word: str,
        names: Iterable[str],
        *,
        path: tuple[str | int, ...] = (),
    ) -> Problem:
        """A name that does not exist, with the nearest that does."""
        return cls(file, line, f"unknown {kind} {word!r}", suggestion(word, names), path)

    def __str__(self) -> str:
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}: {self.what}{hint}"


class SpecError(Exception):
    """A document that cannot be used; `problems` lists every mistake found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UnknownName(SpecError):
    """A provider, model or clause that is not in the spec."""
