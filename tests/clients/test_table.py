"""The table of README.md beside this file: every item has a test, and every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ITEMS = [*(f"C{number}" for number in range(1, 11)), *(f"M{number}" for number in range(1, 16))]


def rows(text: str) -> dict[str, list[str]]:
    """The tests of each item."""
    found = re.findall(r"^\| ([CM]\d+) \|[^|]+\|([^|]+)\|$", text, re.MULTILINE)
    return {item: re.findall(r"`([\w/.]+::\w+)`", tests) for item, tests in found}


@cache
def functions_of(file: str) -> set[str]:
    """The names of the test functions of a file below tests/."""
    path = HERE.parent / file
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    return name.startswith("test_") and name in functions_of(file)


TABLE = rows((HERE / "README.md").read_text("utf-8"))


def test_the_table_has_every_item() -> None:
    assert list(TABLE) == ITEMS


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_is_held_by_tests_that_exist(item: str) -> None:
    assert TABLE[item]
    assert [test for test in TABLE[item] if not exists(test)] == []


def test_the_check_sees_a_test_that_is_gone() -> None:
    told = rows("| C1 | what | `clients/test_table.py::test_gone`, `clients/nowhere.py::test_x` |\n")
    assert told == {"C1": ["clients/test_table.py::test_gone", "clients/nowhere.py::test_x"]}
    assert [exists(test) for test in told["C1"]] == [False, False]
    assert exists("clients/test_table.py::test_the_table_has_every_item")
    assert not exists("clients/test_table.py::rows")
