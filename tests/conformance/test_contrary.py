"""A server that answers every open question the other way round neither fails nor warns."""

from __future__ import annotations

from pathlib import Path

import pytest

from defects.places import SPEC, everywhere, plan_of
from defects.stage import Stage
from qwen_image_conformance.campaign import run
from qwen_image_conformance.target import make_target
from servers.contrary import contrary

FULL = [
    ("dieyuyun", "qwen-image-plus"),
    ("skyengine", "qwen-image-edit"),
    ("xiaohongshu", "qwen-image"),
    ("dashscope-compatible", "qwen-image-3.0"),
    ("dashscope", "qwen-image-2.1-pro"),
    ("dashscope", "wan2.6-image"),
    ("dashscope", "qwen-image-plus"),
    ("dashscope", "wan2.7-image"),
]
CORE = [
    (provider.id, model.id) for provider, model in everywhere() if not model.alias_of and not model.snapshots
]


@pytest.mark.parametrize(
    ("provider_id", "model_id", "tier"),
    [
        *((provider, model, "core") for provider, model in CORE),
        *((provider, model, "full") for provider, model in FULL),
    ],
)
def test_an_open_question_may_be_answered_either_way(
    provider_id: str, model_id: str, tier: str, stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    provider = SPEC.providers[provider_id]
    target = make_target(provider, f"{stage_url}/{provider_id}")
    with stage.broken(contrary(provider, provider.models[model_id])):
        done = run(SPEC, provider, target, plan_of(provider_id, model_id, tier), tmp_path)
    assert [
        (case["clause"], case["operation"], case["status"], case["expected"], case["actual"])
        for case in done.cases
        if case["status"] in ("fail", "warn", "error")
    ] == []
    assert done.exit_code == 0
