"""Every exception from a rule of ruff or mypy names the rule and gives a reason."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("spec", "mock_server", "conformance", "tests", "tools", "bench", "gateways", "docs", "deploy")
EXCEPTION = re.compile(
    r"type: ?ignore(?P<rules>\[[a-z-]+(?:, ?[a-z-]+)*\])?|noqa(?P<codes>: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?"
)
REASON = re.compile(r" # \w.*\w\W*$")


def files() -> Iterator[Path]:
    for place in PLACES:
        for path in (ROOT / place).rglob("*.py"):
            if not {"node_modules", "__pycache__"} & set(path.parts):
                yield path


def unexplained(text: str) -> list[str]:
    """The comments of a module that switch a rule off without its name, or without a reason."""
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    ]
    return [comment for comment in comments if _unexplained(comment)]


def _unexplained(comment: str) -> bool:
    found = list(EXCEPTION.finditer(comment))
    named = all(each["rules"] or each["codes"] for each in found)
    return bool(found) and not (named and REASON.match(comment, found[-1].end()))


def test_every_exception_names_its_rule_and_has_a_reason() -> None:
    every = list(files())
    assert len(every) > 300
    found = {
        str(path.relative_to(ROOT)): wrong
        for path in every
        if (wrong := unexplained(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore",
        "# type: ignore # any application",
        "# type: ignore[arg-type]",
        "# type: ignore[arg-type] #",
        "# noqa",
        "# noqa # our own file",
        "# noqa: S314",
        "# our own file # noqa: S314",
        "# ruff: noqa: S311 - chance",
        "# type: ignore[misc] # noqa: S314",
    ],
)
def test_one_without_is_seen(comment: str) -> None:
    assert unexplained(f"x = 1  {comment}\n") == [comment]


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore[arg-type] # any application",
        "# type: ignore[arg-type, misc] # any application",
        "# noqa: S314 # our own file",
        "# noqa: S314, S105 # our own file",
        "# ruff: noqa: E402 # where they are must be said first",
        "# type: ignore[misc] # noqa: S314 # our own file",
        "# chance only varies the tests",
    ],
)
def test_one_with_both_is_fine(comment: str) -> None:
    assert unexplained(f'x = "# noqa"  {comment}\n') == []
