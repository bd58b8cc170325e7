"""What rests on a broken basis is told with it, not as failures of its own; other failures keep standing alone."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from qwen_image_conformance.cli import cli
from qwen_image_mock import Settings, serve
from qwen_image_spec import load


def run(url: str, out: Path) -> str:
    command = ["run", "--provider", "dieyuyun", "--model", "qwen-image-2.0", "--url", url, "--out", str(out)]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 1, done.output
    return done.output


def test_a_model_that_answers_nothing_is_one_cause(tmp_path: Path) -> None:
    with serve(Settings(seed=1)) as mock:
        mock.fault("server-error", operation="generate", times=10_000)
        text = run(f"{mock.url}/dieyuyun", tmp_path / "out")
    causes = text[text.index("BROKEN") : text.index("not testable")]
    assert causes.count("try it") == 1
    assert "model.served" in causes
    rest = text[text.index("not testable") : text.index("DOES NOT CONFORM")]
    assert "watermark.accepted" in rest
    assert "size.accepted" in rest


def test_a_refused_parameter_is_a_cause_of_its_own(tmp_path: Path) -> None:
    model = load().providers["dieyuyun"].models["qwen-image-2.0"]
    assert "seed" in model.params
    with serve(Settings(seed=1)) as mock:
        mock.fault("server-error", operation="generate", times=1)
        text = run(f"{mock.url}/dieyuyun", tmp_path / "out")
    assert "not testable" not in text
