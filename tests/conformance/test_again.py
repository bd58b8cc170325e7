"""A recording judged again gives the results of the run, case by case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance.campaign import run
from qwen_image_conformance.cli import cli
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.target import make_target
from qwen_image_spec.model import Spec


def _cases(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "result.jsonl").read_text("utf-8").splitlines()]
    assert lines[0]["event"] == "run"
    assert lines[-1]["event"] == "end"
    return [line for line in lines if line["event"] == "case"]


@pytest.mark.parametrize(
    ("provider_id", "model", "defect"),
    [
        ("dieyuyun", "qwen-image-2.0", None),
        ("dieyuyun", "qwen-image-2.0", "watermark-false-lost"),
        ("dashscope", "qwen-image-plus", None),
        ("dashscope", "wan2.6-t2i", None),
        ("skyengine", "qwen-image-edit-plus", None),
        ("xiaohongshu", "qwen-image", "error-beside-pictures"),
    ],
)
def test_judged_again(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path, provider_id: str, model: str, defect: str | None
) -> None:
    provider = spec.providers[provider_id]
    with stage.broken(*([DEFECTS[defect]] if defect else [])):
        done = run(
            spec,
            provider,
            make_target(provider, f"{stage_url}/{provider_id}"),
            make_plan(spec, provider, [model]),
            tmp_path / "run",
        )
    before = _cases(tmp_path / "run")
    again = CliRunner().invoke(cli, ["judge", str(tmp_path / "run"), "--out", str(tmp_path / "again")])
    assert again.exit_code == done.exit_code, again.output
    assert len(before) > 20
    assert _cases(tmp_path / "again") == before


def test_a_recording_that_was_cut_off_is_judged_and_says_so(
    spec: Spec, stage_url: str, tmp_path: Path
) -> None:
    provider = spec.providers["dieyuyun"]
    run(
        spec,
        provider,
        make_target(provider, f"{stage_url}/dieyuyun"),
        make_plan(spec, provider, ["qwen-image-plus"]),
        tmp_path,
    )
    lines = (tmp_path / "evidence.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "evidence.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    again = CliRunner().invoke(cli, ["judge", str(tmp_path)])
    assert again.exit_code == 3
    assert "cut off" in again.output
