"""A run that was killed goes on: it buys no picture twice and ends with the verdicts of an undisturbed one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwen_image_conformance.campaign import Options, run
from qwen_image_conformance.evidence import FILE, Recording
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.target import make_target
from qwen_image_mock import Settings, serve
from qwen_image_mock.server import Mock
from qwen_image_spec import load

MODELS = {"dieyuyun": "qwen-image-2.0", "dashscope": "qwen-image-plus"}


@pytest.fixture
def mock() -> Iterator[Mock]:
    with serve(Settings(seed=5, task_seconds=0.1)) as running:
        yield running


def command(mock: Mock, provider: str, out: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "qwen_image_conformance",
        "run",
        "--provider",
        provider,
        "--model",
        MODELS[provider],
        "--url",
        f"{mock.url}/{provider}",
        "--out",
        str(out),
        "--report",
        "none",
    ]


def verdicts(out: Path) -> dict[tuple[str, str, str], tuple[str, object]]:
    events = [json.loads(line) for line in (out / "result.jsonl").read_text("utf-8").splitlines()]
    return {
        (e["clause"], e["model"], e["operation"]): (e["status"], e["expected"])
        for e in events
        if e["event"] == "case"
    }


def bought(mock: Mock) -> int:
    """Pictures the mock was asked for and promised: by direct answers and by accepted tasks."""
    total = 0
    for entry in mock.requests():
        if entry["method"] == "POST" and entry["status"] == 200:
            total += int((entry["effective"] or {}).get("n") or 1)
    return total


@pytest.fixture(scope="module", params=list(MODELS))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, int]:
    """A provider, the folder of an undisturbed run, and the pictures it bought."""
    out = tmp_path_factory.mktemp("undisturbed") / request.param
    with serve(Settings(seed=5, task_seconds=0.1)) as running:
        assert subprocess.call(command(running, request.param, out)) == 0
        return request.param, out, bought(running)


@pytest.mark.parametrize("lines", [5, 66, 75])
def test_a_killed_run_goes_on_where_it_was(
    mock: Mock, tmp_path: Path, whole: tuple[str, Path, int], lines: int
) -> None:
    provider, reference, undisturbed = whole
    out = tmp_path / "killed"
    process = subprocess.Popen(command(mock, provider, out))
    _wait_for_lines(out / FILE, lines, process)
    process.kill()
    process.wait()
    ended = (out / FILE).read_bytes().rstrip().endswith(b"}") and b'"event":"end"' in (
        out / FILE
    ).read_bytes()
    again = [sys.executable, "-m", "qwen_image_conformance", "run", "--resume", str(out), "--report", "none"]
    code = subprocess.call(again)
    assert code == (2 if ended else 0)
    assert bought(mock) <= undisturbed
    lost = set(Recording(out).announced) - {exchange.probe for exchange in Recording(out).exchanges}
    if not lost:
        assert verdicts(out) == verdicts(reference)
        assert bought(mock) == undisturbed


def _wait_for_lines(path: Path, lines: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return


def test_a_paid_request_whose_answer_was_lost_is_not_asked_again(mock: Mock, tmp_path: Path) -> None:
    spec = load()
    provider = spec.providers["dieyuyun"]
    plan = make_plan(spec, provider, ["qwen-image-2.0"])
    target = make_target(provider, f"{mock.url}/dieyuyun")
    run(spec, provider, target, plan, tmp_path)
    path = tmp_path / FILE
    kept = [
        line
        for line in path.read_bytes().splitlines(keepends=True)
        if not (b'"event":"exchange"' in line and b'"probe":"rich:' in line) and b'"event":"end"' not in line
    ]
    path.write_bytes(b"".join(kept))
    mock.reset()
    done = run(spec, provider, target, plan, tmp_path, Options(resume=True))
    assert bought(mock) == 0
    assert done.end["images"] >= plan.images
    assert {case["status"] for case in done.cases if case["clause"] == "response-format.b64"} == {"not-run"}


def test_a_bare_answer_is_finished_without_asking_again(mock: Mock, tmp_path: Path) -> None:
    spec = load()
    provider = spec.providers["dieyuyun"]
    plan = make_plan(spec, provider, ["qwen-image-2.0"])
    target = make_target(provider, f"{mock.url}/dieyuyun")
    whole = run(spec, provider, target, plan, tmp_path / "whole")
    out = tmp_path / "cut"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qwen_image_conformance.execute.Executor._finished", _cut)
        with pytest.raises(KeyboardInterrupt):
            run(spec, provider, target, plan, out)
    assert len(list((out / "inflight").iterdir())) == 1
    mock.reset()
    done = run(spec, provider, target, plan, out, Options(resume=True))
    assert [(c["clause"], c["status"]) for c in done.cases] == [
        (c["clause"], c["status"]) for c in whole.cases
    ]
    assert bought(mock) == plan.images - 1
    assert not (out / "inflight").exists()


def _cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_run_that_ended_is_not_resumed_and_not_overwritten(mock: Mock, tmp_path: Path) -> None:
    spec = load()
    provider = spec.providers["dieyuyun"]
    plan = make_plan(spec, provider, ["qwen-image"], select=["auth"])
    target = make_target(provider, f"{mock.url}/dieyuyun")
    run(spec, provider, target, plan, tmp_path)
    before = (tmp_path / FILE).read_bytes()
    for options in (Options(), Options(resume=True)):
        with pytest.raises(UsageProblem):
            run(spec, provider, target, plan, tmp_path, options)
    assert (tmp_path / FILE).read_bytes() == before
