"""The commands around a run: report, diff, fuzz; and what a wrong word is answered with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli

MODEL = "qwen-image-plus"


def suite(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(args))
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def folder(mock_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that conforms."""
    out = tmp_path_factory.mktemp("runs") / "run"
    where = ("--url", f"{mock_url}/dieyuyun", "--model", MODEL, "--out", str(out))
    code, text = suite("run", "--provider", "dieyuyun", *where, "--report", "line")
    assert code == 0, text
    return out


@pytest.mark.parametrize(
    ("form", "words"),
    [("html", "<!doctype html>"), ("markdown", MODEL), ("badge", "schemaVersion"), ("console", "CONFORMS")],
)
def test_a_run_is_shown_in_every_form(folder: Path, tmp_path: Path, form: str, words: str) -> None:
    out = tmp_path / "report"
    code, _ = suite("report", str(folder), "--format", form, "--out", str(out))
    assert code == 0
    assert words.lower() in out.read_text("utf-8").lower()


def test_junit_needs_a_file(folder: Path, tmp_path: Path) -> None:
    assert suite("report", str(folder), "--format", "junit")[0] == 2
    assert suite("report", str(folder), "--format", "junit", "--out", str(tmp_path / "j.xml"))[0] == 0


def test_two_runs_are_compared(folder: Path, tmp_path: Path) -> None:
    worse = tmp_path / "result.jsonl"
    events = [json.loads(line) for line in (folder / "result.jsonl").read_text("utf-8").splitlines()]
    for event in events:
        if event.get("clause") == "n.count":
            event["status"] = "fail"
    worse.write_text("\n".join(json.dumps(event) for event in events), "utf-8")
    assert suite("diff", str(folder), str(folder))[0] == 0
    code, text = suite("diff", str(folder), str(worse))
    assert code == 1
    assert "n.count" in text


def test_a_target_is_explored(mock_url: str) -> None:
    where = ("--url", f"{mock_url}/dieyuyun", "--model", MODEL)
    code, text = suite(
        "fuzz",
        "--provider",
        "dieyuyun",
        *where,
        "--max-examples",
        "5",
        "--seed",
        "1",
        "--no-schemathesis",
        "--json",
    )
    assert code == 0, text
    assert json.loads(text)["findings"] == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("rnu",), "run"),
        (("fuzz", "--provider", "dieyuyn", "--url", "http://127.0.0.1:9"), "dieyuyun"),
        (("report", "nowhere"), "folder of a run"),
        (
            ("run", "--provider", "dieyuyun", "--url", "http://127.0.0.1:9", "--max-imags", "3"),
            "--max-images",
        ),
        (("check-client", "--provider", "dieyuyun"), "after --"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(words: tuple[str, ...], hint: str) -> None:
    code, text = suite(*words)
    assert code == 2
    assert hint in text
    assert "Traceback" not in text
