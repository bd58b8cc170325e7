from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from defects.catalogue import DEFECTS
from qwen_image_conformance.client import Client
from qwen_image_conformance.finding import Finding, merged
from qwen_image_conformance.fuzz import Fuzzed, FuzzOptions, fuzz
from qwen_image_conformance.problems import Unreachable
from qwen_image_conformance.target import Target, make_target

if TYPE_CHECKING:
    from pathlib import Path

    from defects.stage import Stage
    from qwen_image_spec.model import Spec


class Paid(Target):
    """A target that is not on this machine, as far as anyone asks."""

    @property
    def local(self) -> bool:
        return False


def explored(spec: Spec, url: str, provider: str, model: str, **options: Any) -> Fuzzed:
    chosen = spec.providers[provider]
    target = make_target(chosen, f"{url}/{provider}")
    return fuzz(spec, chosen, target, (model,), FuzzOptions(**{"schemathesis": False, "seed": 1, **options}))


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("dieyuyun", "qwen-image-2.0"),
        ("skyengine", "qwen-image-edit-plus"),
        ("xiaohongshu", "qwen-image"),
        ("dashscope-compatible", "qwen-image-2.1-pro"),
        ("dashscope", "wan2.7-image"),
        ("dashscope", "wan2.5-t2i-preview"),
    ],
)
def test_nothing_is_found_at_the_right_server(spec: Spec, mock_url: str, provider: str, model: str) -> None:
    found = explored(spec, mock_url, provider, model, max_examples=10)
    assert found.findings == []
    assert found.exit_code == 0
    assert found.requests > found.images > 0


@pytest.mark.parametrize(
    ("name", "model", "left"),
    [
        ("any-separator", "qwen-image-max", {"size"}),
        ("n-clamped", "qwen-image-2.0", {"n"}),
        ("last-picture-only", "qwen-image-2.0", {"n"}),
        ("created-missing", "qwen-image-max", set()),
        ("no-emoji", "qwen-image-max", set()),
        ("b64-ignored", "qwen-image-max", {"response_format"}),
    ],
)
def test_a_defect_is_found_and_shown_by_the_smallest_request(
    spec: Spec, stage: Stage, stage_url: str, name: str, model: str, left: set[str]
) -> None:
    defect = DEFECTS[name]
    with stage.broken(defect):
        found = explored(spec, stage_url, "dieyuyun", model, max_examples=60)
    by_clause = {finding.clause: finding for finding in found.findings}
    assert defect.clause in by_clause
    finding = by_clause[defect.clause]
    assert found.exit_code == 1
    assert (finding.status, finding.engine, finding.seed) == ("fail", "hypothesis", 1)
    assert finding.source
    assert finding.sentence == spec.clauses[defect.clause].sentence
    body = finding.curl.partition("--data-binary ")[2]
    given = {key for key in spec.providers["dieyuyun"].models[model].params if f'"{key}":' in body}
    assert given == {"model", "prompt"} | left


def test_a_target_that_may_charge_is_asked_the_same_each_time_and_within_its_budget(
    spec: Spec, stage: Stage, stage_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    send = Client.send

    def listening(self: Client, *asked: Any, **more: Any) -> Any:
        sent.append(asked[2])
        return send(self, *asked, **more)

    monkeypatch.setattr(Client, "send", listening)
    provider = spec.providers["dieyuyun"]
    target = Paid(f"{stage_url}/dieyuyun", "KEY", "sk-paid")
    options = FuzzOptions(max_examples=15, max_images=3)
    runs = []
    with stage.broken(DEFECTS["created-missing"]):
        for _ in range(2):
            sent.clear()
            found = fuzz(spec, provider, target, ("qwen-image-max",), options)
            runs.append([*sent])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(runs[0])  # nothing was sent again to make it smaller
    assert found.images == 3
    assert found.stopped is not None
    assert found.exit_code == 1
    assert "response.created" in {finding.clause for finding in found.findings}
    assert "none was sent again" in found.notes[0]
    assert "at most 3 picture(s)" in found.notes[0]


def test_schemathesis_is_not_let_loose_on_a_target_that_may_charge(spec: Spec, mock_url: str) -> None:
    target = Paid(f"{mock_url}/dieyuyun", "KEY", "sk-paid")
    options = FuzzOptions(max_examples=1)
    found = fuzz(spec, spec.providers["dieyuyun"], target, ("qwen-image-max",), options)
    assert any("cannot keep a budget" in note for note in found.notes)


def test_nothing_is_left_in_the_user_s_folder(
    spec: Spec, mock_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    explored(spec, mock_url, "dieyuyun", "qwen-image-max", max_examples=5)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_key_ends_it_at_once(spec: Spec, mock_url: str) -> None:
    target = Target(f"{mock_url}/dieyuyun", "KEY", "sk-invalid-canary-7d1f3c")
    with pytest.raises(Unreachable, match=r"refuses the key in \$KEY"):
        fuzz(spec, spec.providers["dieyuyun"], target, ("qwen-image-max",), FuzzOptions(schemathesis=False))


def test_an_absent_server_ends_it_at_once(spec: Spec) -> None:
    target = Target("http://127.0.0.1:9", "KEY", "sk")
    with pytest.raises(Unreachable, match="does not answer"):
        fuzz(spec, spec.providers["dieyuyun"], target, ("qwen-image-max",), FuzzOptions(schemathesis=False))


def test_of_two_findings_the_lighter_one_is_told() -> None:
    heavy = Finding("n.count", "MUST", "fail", "p", "m", "generate", "", "1", "2", "s", "curl", weight=9)
    light = replace(heavy, weight=3)
    warned = replace(heavy, clause="errors.code", status="warn")
    assert merged([warned, heavy], [light]) == [light, warned]
