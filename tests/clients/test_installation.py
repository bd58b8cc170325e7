"""Clients that cannot be installed are told of: skipped by hand, failed in CI, never passed over in silence."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from clients import other_environment
from clients.client_process import ROOT, ClientProcess, environment

PINS = (ROOT / "constraints-clients.txt").read_text("utf-8").splitlines()
PACKAGE = json.loads((other_environment.NODE / "package.json").read_text("utf-8"))


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`tools/clients.py`, working below an empty folder; nothing can be installed."""
    spec = importlib.util.spec_from_file_location("clients_tool", ROOT / "tools" / "clients.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pins = tmp_path / "constraints-clients.txt"
    pins.write_text("no-such-package==0\n", "utf-8")
    node = tmp_path / "node"
    node.mkdir()
    (node / "package.json").write_text("{}", "utf-8")
    for name, value in (("ROOT", tmp_path), ("PINS", pins), ("HOME", tmp_path / "venv"), ("NODE", node)):
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def broken(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool where every command that installs fails, and Node.js is there."""
    commands = [[sys.executable, "-c", "raise SystemExit(3)"]]
    made = tool.made
    monkeypatch.setattr(tool, "made", lambda folder, recipe, _, *more: made(folder, recipe, commands, *more))
    monkeypatch.setattr(tool.shutil, "which", lambda name: name)
    monkeypatch.setattr(tool, "version_of", lambda _: "v22.1.0")
    return tool


@pytest.mark.parametrize(("word", "code"), [("", 0), ("false", 0), ("true", 1), ("1", 1)])
def test_what_cannot_be_installed_fails_in_ci_only(
    broken: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    word: str,
    code: int,
) -> None:
    monkeypatch.setenv("CI", word)
    assert broken.main() == code
    told = capfd.readouterr().out
    assert told.count("could not be made") == 2
    assert "make clients" in told


@pytest.mark.parametrize(("path", "version", "words"), [("", "", "not installed"), ("x", "v18.1.0", "older")])
def test_a_machine_without_node_is_no_failure(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    path: str,
    version: str,
    words: str,
) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda _: path or None)
    monkeypatch.setattr(tool, "version_of", lambda _: version)
    assert tool.node_clients() is True
    assert words in capsys.readouterr().out


def test_what_is_there_is_left_alone_until_its_list_changes(tool: ModuleType) -> None:
    folder = tool.NODE / "node_modules"
    folder.mkdir()
    before = tool.mark(tool.PINS, "1")
    assert not tool.fresh(folder, before)
    assert tool.made(folder, before, [[sys.executable, "-c", ""]], tool.ROOT, "tests")
    assert tool.fresh(folder, before)
    tool.PINS.write_text("other==1\n", "utf-8")
    assert not tool.fresh(folder, tool.mark(tool.PINS, "1"))


@pytest.mark.parametrize(
    ("word", "raised"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)], ids=["hand", "ci"]
)
@pytest.mark.parametrize("which", ["python", "node"])
def test_tests_of_missing_clients_tell_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    which: str,
    word: str,
    raised: type[BaseException],
) -> None:
    if which == "node" and shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    monkeypatch.setattr(other_environment, "ROOT", tmp_path)
    monkeypatch.setattr(other_environment, "NODE", tmp_path)
    monkeypatch.setenv("CI", word)
    with pytest.raises(raised, match="make clients"):
        getattr(other_environment, which)()


def test_without_node_its_tests_are_skipped_even_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception, match=r"Node\.js is not installed"):
        other_environment.node()


def test_lists_hold_exact_versions_and_no_addresses() -> None:
    pins = [line for line in PINS if not line.startswith("#")]
    assert [line for line in pins if line.count("==") != 1 or "/" in line or "@" in line] == []
    assert all(version[0].isdigit() for version in PACKAGE["dependencies"].values())
    assert not (other_environment.NODE / "package-lock.json").exists()


def test_a_client_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    script = "import sys; sys.exit('no such module')"
    command = [sys.executable, "-c", script]
    with (
        ClientProcess(command, environment(), tmp_path / "log") as client,
        pytest.raises(AssertionError, match="no such module"),
    ):
        client.ask("generate")
