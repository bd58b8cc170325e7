"""The same campaign under pytest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance.plan import make_plan
from qwen_image_spec.model import Spec

MODEL = "qwen-image-2.0"


def _pytest(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "qwen_image_conformance.pytest_plugin",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-rA",
        *words,
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**inherited, "PYTHONPATH": path, **environment},
        timeout=120,
    )


def _options(url: str) -> list[str]:
    return [
        "--qwen-image-provider",
        "dieyuyun",
        "--qwen-image-url",
        f"{url}/dieyuyun",
        "--qwen-image-model",
        MODEL,
    ]


def test_every_case_is_a_test_and_a_right_server_passes(spec: Spec, mock_url: str, tmp_path: Path) -> None:
    shown = _pytest(tmp_path, *_options(mock_url))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    plan = make_plan(spec, spec.providers["dieyuyun"], [MODEL])
    counted = dict(
        reversed(part.split())
        for part in re.findall(r"\d+ (?:passed|failed|skipped|error)", shown.stdout.splitlines()[-1])
    )
    assert sum(map(int, counted.values())) == len(plan.cases)
    assert set(counted) == {"passed", "skipped"}
    assert f"n.above-maximum[{MODEL}-generate]" in shown.stdout
    assert "auth.missing-key[generate]" in shown.stdout


def test_a_broken_clause_fails_with_sentence_source_and_command(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    with stage.broken(DEFECTS["n-clamped"]):
        shown = _pytest(tmp_path, *_options(stage_url))
    assert shown.returncode == 1
    assert f"FAILED {MODEL}" in shown.stdout or "1 failed" in shown.stdout
    assert spec.clauses["n.above-maximum"].sentence in shown.stdout
    assert "curl" in shown.stdout
    assert "dieyuyun-guide" in shown.stdout
    assert "Traceback" not in shown.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--qwen-image-provider", "dieyuyn", "--qwen-image-url", "http://127.0.0.1:1"],
        ["--qwen-image-provider", "dieyuyun"],
        [
            "--qwen-image-provider",
            "dieyuyun",
            "--qwen-image-url",
            "http://127.0.0.1:1",
            "--qwen-image-model",
            "qwen-image-plsu",
        ],
    ],
)
def test_a_wrong_option_is_a_usage_error(tmp_path: Path, words: list[str]) -> None:
    shown = _pytest(tmp_path, *words)
    assert shown.returncode == pytest.ExitCode.USAGE_ERROR
    assert "hint" in shown.stdout + shown.stderr


def test_a_refused_key_ends_the_session_with_the_code_of_the_contract(mock_url: str, tmp_path: Path) -> None:
    shown = _pytest(tmp_path, *_options(mock_url), QWEN_IMAGE_API_KEY="sk-invalid-x")
    assert shown.returncode == 3
    assert "sk-invalid-x" not in shown.stdout + shown.stderr


def test_without_our_options_nothing_is_added(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", "utf-8")
    shown = _pytest(tmp_path)
    assert "collected 1 item" in shown.stdout
    assert shown.returncode == 0
