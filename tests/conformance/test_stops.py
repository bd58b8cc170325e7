"""What stops a run, with which exit code and which hint."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from defects.catalogue import DEFECTS
from defects.wrap import wrap
from qwen_image_conformance.cli import cli
from qwen_image_conformance.evidence import Recording
from qwen_image_mock import Settings, create_app, serve

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    def call(*words: str) -> Result:
        extra = ("--out", str(tmp_path / "run"), "--report", "none") if words[0] == "run" else ()
        return CliRunner().invoke(cli, [*words, *extra])

    return call


def _run(
    url: str, *words: str, provider: str = "dieyuyun", model: str = "qwen-image-plus"
) -> tuple[str, ...]:
    return ("run", "--provider", provider, "--url", f"{url}/{provider}", "--model", model, *words)


def test_a_right_server_conforms(command: Command, mock_url: str) -> None:
    done = command(*_run(mock_url))
    assert done.exit_code == 0, done.output


def test_a_port_where_nothing_listens_is_unreachable(command: Command, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = command(*_run(url))
    assert done.exit_code == 3
    assert "hint" in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "run" / "evidence.jsonl").exists()


def test_a_refused_key_is_no_verdict(
    command: Command, mock_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-invalid-x")
    done = command(*_run(mock_url))
    assert done.exit_code == 3
    assert "QWEN_IMAGE_API_KEY" in done.output
    assert "sk-invalid-x" not in done.output


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("plan", "--provider", "dieyuyn"), "dieyuyun"),
        (("plan", "--provider", "dieyuyun", "--model", "qwen-image-plsu"), "qwen-image-plus"),
        (("plan", "--provider", "dieyuyun", "--select", "n.above-maximun"), "n.above-maximum"),
        (("explain", "size.deliverd"), "size.delivered"),
        (("plan", "--provder", "dieyuyun"), "--provider"),
        (("list", "--provider", "skyengin"), "skyengine"),
        (("pln",), "plan"),
        (("list", "clause"), "clauses"),
        (("plan", "--provider", "dieyuyun", "--tier", "cor"), "core"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_right_one(
    command: Command, words: tuple[str, ...], nearest: str
) -> None:
    done = command(*words)
    assert done.exit_code == 2
    assert nearest in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("most", [0, 1, 3, 4])
@pytest.mark.parametrize(
    ("provider", "model"), [("dieyuyun", "qwen-image-2.0"), ("dashscope", "qwen-image-plus")]
)
def test_the_budget_is_a_hard_stop(
    command: Command, most: int, provider: str, model: str, tmp_path: Path
) -> None:
    with serve(Settings(seed=1, task_seconds=0.05)) as mock:
        done = command(*_run(mock.url, "--max-images", str(most), provider=provider, model=model))
        bought = sum(
            int((entry["effective"] or {}).get("n") or 1)
            for entry in mock.requests()
            if entry["method"] == "POST" and entry["status"] == 200
        )
    assert done.exit_code == 4, done.output
    assert bought <= most
    assert sum(len(exchange.pictures) for exchange in Recording(tmp_path / "run").exchanges) == bought


def test_a_budget_that_is_just_enough_stops_nothing(command: Command, mock_url: str) -> None:
    planned = command("plan", "--provider", "dieyuyun", "--model", "qwen-image-plus", "--json")
    images = json.loads(planned.output)["images"]
    assert command(*_run(mock_url, "--max-images", str(images))).exit_code == 0


def test_what_a_target_may_take_is_counted_once_it_took_what_it_should_refuse(
    command: Command, tmp_path: Path
) -> None:
    """An unknown model is served with a picture, and so would be six pictures where seven are too many."""
    app = create_app(Settings(seed=1))
    for name in ("n-clamped", "foreign-model-for-none"):
        app = wrap(app, DEFECTS[name])  # type: ignore[arg-type,assignment] # any application
    with serve(app=app) as mock:
        done = command(*_run(mock.url, "--max-images", "6", model="qwen-image-2.0"))
    bought = sum(len(exchange.pictures) for exchange in Recording(tmp_path / "run").exchanges)
    assert 2 <= bought <= 6
    assert done.exit_code == 1
    assert "may buy 7 picture(s) (this target took a request that it must refuse)" in done.output


def test_a_failure_that_was_found_counts_more_than_the_end_of_the_budget(
    command: Command, tmp_path: Path
) -> None:
    defect = DEFECTS["foreign-model-for-none"]
    with serve(app=wrap(create_app(Settings(seed=1)), defect)) as mock:  # type: ignore[arg-type] # any application
        done = command(*_run(mock.url, "--max-images", "3", model=defect.model))
    assert done.exit_code == 1, done.output
    assert (tmp_path / "run" / "result.jsonl").exists()
