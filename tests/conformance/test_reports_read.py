"""Result files read back, and the schema of their lines."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from defects.catalogue import DEFECTS
from defects.places import SPEC, plan_of
from defects.stage import Stage
from qwen_image_conformance.campaign import run
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.report.read import Record, read, schema
from qwen_image_conformance.target import make_target
from reports_made import case, record


def written(path: Path, made: Record) -> Path:
    lines = [made.head, *made.cases, *([made.end] if made.end is not None else [])]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def real(stage: Stage, stage_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of two runs: of the right mock, and of a gateway that cuts n down in silence."""
    folders = []
    defect = DEFECTS["n-clamped"]
    provider = SPEC.providers[defect.provider]
    for broken in (None, defect):
        out = tmp_path_factory.mktemp("run")
        with stage.broken(broken):
            plan = plan_of(defect.provider, defect.model, defect.tier)
            run(SPEC, provider, make_target(provider, f"{stage_url}/{provider.id}"), plan, out)
        folders.append(out)
    return folders


def lines(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "result.jsonl").read_bytes().splitlines()]


def flaws(line: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema()).iter_errors(line)]


def test_a_real_run_reads_back(real: list[Path]) -> None:
    for folder in real:
        found = read(folder)
        assert not found.truncated
        assert not found.unfinished
        assert [dict(found.head), *found.cases, dict(found.end or {})] == lines(folder)
        assert read(folder / "result.jsonl") == found


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_line_of_real_runs_is_valid(real: list[Path]) -> None:
    for folder in real:
        for line in lines(folder):
            assert flaws(line) == [], line
    assert "fail" in {line.get("status") for line in lines(real[1])}


def test_lines_made_for_the_tests_are_valid() -> None:
    made = record(
        *(case(status=status) for status in ("pass", "fail", "warn", "observed", "not-run", "known", "fixed"))
    )
    for line in (made.head, *made.cases, made.end):
        assert flaws(line) == []


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("case", {"status": "passed"}),
        ("case", {"level": "must"}),
        ("case", {"status": "fail", "level": "SHOULD"}),
        ("case", {"status": "warn", "level": "MUST"}),
        ("case", {"status": "not-run", "judged": 0, "reason": ""}),
        ("case", {"clause": "count"}),
        ("case", {"images": -1}),
        ("case", {"images": True}),
        ("case", {"judged": "1"}),
        ("case", {"surprise": 1}),
        ("case", {"event": "kase"}),
        ("run", {"tier": "huge"}),
        ("run", {"key": "sk-secret"}),
        ("run", {"models": "all"}),
        ("run", {"target": "somewhere"}),
        ("end", {"counts": {"passed": 1}}),
        ("end", {"counts": {"pass": 0}}),
        ("end", {"exit": 7}),
        ("end", {"cost": "a lot"}),
        ("end", {"seconds": -1}),
    ],
)
def test_a_changed_line_is_not_valid(real: list[Path], kind: str, change: dict[str, Any]) -> None:
    line = next(line for line in lines(real[0]) if line["event"] == kind)
    assert flaws({**line, **change}) != []


@pytest.mark.parametrize("kind", ["run", "case", "end"])
def test_a_line_that_lacks_a_field_is_not_valid(real: list[Path], kind: str) -> None:
    line = next(line for line in lines(real[0]) if line["event"] == kind)
    for name in set(line) - {"provider_file", "cost", "stopped"}:
        less = copy.deepcopy(line)
        del less[name]
        assert flaws(less) != [], name


def test_a_file_without_end_is_a_truncated_run(tmp_path: Path) -> None:
    found = read(written(tmp_path / "result.jsonl", record(case(), end=False)))
    assert found.truncated
    assert found.unfinished
    assert len(found.cases) == 1


def test_a_stopped_run_is_unfinished_but_whole(tmp_path: Path) -> None:
    found = read(
        written(tmp_path / "result.jsonl", record(case(), stopped="the next request may buy 1 picture"))
    )
    assert not found.truncated
    assert found.unfinished


def test_half_a_last_line_is_dropped(tmp_path: Path) -> None:
    path = written(tmp_path / "result.jsonl", record(case(), case("n.default"), end=False))
    path.write_bytes(path.read_bytes()[:-20])
    found = read(path)
    assert [one["clause"] for one in found.cases] == ["n.count"]
    assert found.truncated


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "no result file"),
        (b"<testsuites/>", "not JSON"),
        (b"[1]\n", "neither a run"),
        (b'{"event":"end","counts":{}}\n', "no result file"),
        (b'{"event":"run","provider":"p","target":"t"}\n{"event":"exchange"}\n', "this is evidence"),
        (b'{"event":"run","provider":"p"}\n', "has no target"),
        (b'{"event":"run","provider":"p","target":"t"}\n{"event":"case"}\n', "has no clause"),
        (b'{"event":"run","provider":"p","target":"t"}\n' * 2, "more than one run"),
        (b'{"event":"run","provider":"p","target":"t"}\n' + b'{"event":"end"}\n' * 2, "lines after its end"),
        (
            b'{"event":"run","provider":"p","target":"t"}\nnonsense\n{"event":"end"}\n',
            "result.jsonl:2: not JSON",
        ),
        (orjson.dumps(record().head) + b"\n" + orjson.dumps(case(status="great")), "unknown status 'great'"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "result.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageProblem, match=cause) as caught:
        read(path)
    assert caught.value.hint
    assert caught.value.code == 2


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be read"):
        read(tmp_path)
