"""Requests side by side: the verdicts of a run do not depend on how many are under way at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance.campaign import Options, run
from qwen_image_conformance.cli import cli
from qwen_image_conformance.client import Client
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.target import make_target
from qwen_image_spec.model import Spec


def verdicts(folder: Path) -> list[tuple[str, ...]]:
    """The cases of a run with their verdicts."""
    lines = [json.loads(line) for line in (folder / "result.jsonl").read_text("utf-8").splitlines()]
    wanted = ("clause", "level", "model", "operation", "status")
    return [tuple(line[name] for name in wanted) for line in lines if line["event"] == "case"]


@pytest.mark.parametrize(
    ("provider_id", "model", "defect"),
    [
        ("dieyuyun", "qwen-image-2.0", None),
        ("dieyuyun", "qwen-image-2.0", "watermark-false-lost"),
        ("dashscope", "qwen-image-plus", None),
        ("dashscope", "wan2.6-t2i", None),
    ],
)
def test_the_verdicts_are_the_same(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path, provider_id: str, model: str, defect: str | None
) -> None:
    provider = spec.providers[provider_id]
    codes = []
    with stage.broken(*([DEFECTS[defect]] if defect else [])):
        for number in (1, 8):
            done = run(
                spec,
                provider,
                make_target(provider, f"{stage_url}/{provider_id}"),
                make_plan(spec, provider, [model]),
                tmp_path / str(number),
                Options(concurrency=number),
            )
            codes.append(done.exit_code)
    assert codes[0] == codes[1] == (1 if defect else 0)
    assert verdicts(tmp_path / "1") == verdicts(tmp_path / "8")
    assert len(verdicts(tmp_path / "1")) > 20


@pytest.mark.parametrize("number", [1, 4])
def test_so_many_are_under_way_at_once_and_the_first_is_alone(
    spec: Spec, stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    lock = threading.Lock()
    meet = threading.Barrier(number)
    seen: list[int] = []
    going = 0
    usual = Client.send

    def watched(self: Client, *given: Any, **named: Any) -> Any:
        nonlocal going
        with lock:
            going += 1
            seen.append(going)
            wait = 0 < len(seen) - 1 <= number
        try:
            if wait and number > 1:
                meet.wait(10)
            return usual(self, *given, **named)
        finally:
            with lock:
                going -= 1

    monkeypatch.setattr(Client, "send", watched)
    provider = spec.providers["dieyuyun"]
    target = make_target(provider, f"{stage_url}/dieyuyun")
    plan = make_plan(spec, provider, ["qwen-image-2.0"])
    run(spec, provider, target, plan, tmp_path / "run", Options(concurrency=number))
    assert seen[:2] == [1, 1]
    assert max(seen) == number


def test_the_option(stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-a")
    words = ["run", "--provider", "dieyuyun", "--url", f"{stage_url}/dieyuyun", "--model", "qwen-image"]
    done = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "a"), "--concurrency", "4"])
    assert done.exit_code == 0, done.output
    wrong = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "b"), "--concurrency", "0"])
    assert wrong.exit_code == 2
