"""Known failures, and the configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from defects.catalogue import DEFECTS
from defects.wrap import wrap
from qwen_image_conformance.baseline import Baseline
from qwen_image_conformance.cli import cli
from qwen_image_conformance.configuration import read
from qwen_image_conformance.problems import UsageProblem
from qwen_image_mock import Settings, create_app, serve

MODEL = "qwen-image-2.0"


@pytest.fixture(scope="module")
def broken() -> Iterator[str]:
    """The address of a gateway that clamps n."""
    with serve(app=wrap(create_app(Settings(seed=1)), DEFECTS["n-clamped"])) as mock:
        yield mock.url


def suite(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(args))
    return result.exit_code, result.output


def run(url: str, out: Path, *more: str) -> tuple[int, str]:
    return suite(
        "run",
        "--provider",
        "dieyuyun",
        "--url",
        f"{url}/dieyuyun",
        "--model",
        MODEL,
        "--out",
        str(out),
        "--report",
        "line",
        *more,
    )


def test_a_failure_is_known_until_its_day_and_stale_when_it_is_mended(broken: str, tmp_path: Path) -> None:
    file = str(tmp_path / "baseline.yaml")
    assert run(broken, tmp_path / "a")[0] == 1
    assert (
        suite(
            "baseline",
            "update",
            str(tmp_path / "a"),
            "--file",
            file,
            "--reason",
            "ticket 12",
            "--expires",
            "2999-12-31",
        )[0]
        == 0
    )
    assert run(broken, tmp_path / "b", "--baseline", file)[0] == 0
    assert suite("judge", str(tmp_path / "a"), "--baseline", file, "--report", "line")[0] == 0
    with serve(Settings(seed=1)) as mended:
        code, text = run(mended.url, tmp_path / "c", "--baseline", file)
    assert code == 1
    assert "1 fixed" in text
    assert suite("baseline", "prune", str(tmp_path / "c"), "--file", file)[0] == 0
    assert Baseline.read(Path(file)).entries == []


def test_an_entry_that_expired_fails_again(broken: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.yaml"
    file.write_text(
        "- {clause: n.above-maximum, provider: dieyuyun, model: qwen-image-2.0, operation: generate, reason: r, "
        "expires: 2020-01-01}\n",
        "utf-8",
    )
    assert run(broken, tmp_path / "a", "--baseline", str(file))[0] == 1


def test_another_failure_is_not_covered(broken: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.yaml"
    file.write_text(
        "- {clause: n.below-minimum, provider: dieyuyun, model: other, operation: generate, reason: r}\n",
        "utf-8",
    )
    assert run(broken, tmp_path / "a", "--baseline", str(file))[0] == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("- {claus: n.count}", "clause"),
        ("- {clause: n.count, provider: p, model: m, operation: generate}", "reason"),
        ("- {clause: n.count, provider: p, model: m, operation: g, reason: r, expires: soon}", "2027-01-31"),
        ("clause: n.count", "list"),
        ("- [", "list"),
    ],
)
def test_a_mistake_in_a_baseline_is_explained(tmp_path: Path, text: str, hint: str) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageProblem) as caught:
        Baseline.read(path)
    assert hint in caught.value.hint + caught.value.cause
    assert str(path) in caught.value.cause


def test_updating_keeps_reasons_given_before() -> None:
    case = {"clause": "n.count", "provider": "p", "model": "m", "operation": "generate", "status": "fail"}
    once = Baseline([]).updated([case], "first", None, date(2026, 1, 1))
    twice = once.updated([case], "second", None, date(2026, 2, 2))
    assert [(entry.reason, entry.first_seen) for entry in twice.entries] == [("first", date(2026, 1, 1))]


def test_init_writes_a_file_that_run_takes(tmp_path: Path) -> None:
    file = tmp_path / "qwen-image.toml"
    with serve(Settings(seed=1)) as mock:
        assert suite("init", "--url", f"{mock.url}/dieyuyun", "--model", MODEL, str(file))[0] == 0
        assert suite("plan", "--config", str(file))[0] == 0
        code, text = suite("run", "--config", str(file), "--report", "line", "--out", str(tmp_path / "run"))
    assert code == 0
    assert "CONFORMS" in text
    before = file.read_text("utf-8")
    assert suite("init", str(file))[0] == 2
    assert file.read_text("utf-8") == before


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('provider = "dieyuyun"\nmodels = ["qwen-image"]\ntier = "full"\n', "utf-8")
    code, text = suite("plan", "--config", str(file), "--tier", "smoke")
    assert code == 0
    assert "tier smoke, 1 model(s)" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('teir = "core"', "did you mean 'tier'"),
        ("max_images = true", "wrong type"),
        ("models = 'x'", "wrong type"),
        ("= 3", "TOML"),
    ],
)
def test_a_mistake_in_a_configuration_is_explained(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageProblem) as caught:
        read(path)
    assert words in f"{caught.value.cause} {caught.value.hint}"
    code, output = suite("run", "--config", str(path))
    assert code == 2
    assert "Traceback" not in output
