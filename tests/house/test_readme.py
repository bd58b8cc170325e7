"""The README is a promise: its table, its commands and its snippets are tried."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from defects.catalogue import DEFECTS
from defects.two_ended_catalogue import TWO_ENDED
from qwen_image_mock import serve

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_table_is_what_the_spec_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "readme_table.py")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() in README


@pytest.mark.parametrize("snippet", [block for block in blocks("python") if "127.0.0.1:8000" in block])
def test_a_snippet_runs(
    snippet: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as mock:
        if "import dashscope" in snippet:
            import dashscope  # changed by the snippet, put back by monkeypatch

            monkeypatch.setattr(dashscope, "base_http_api_url", dashscope.base_http_api_url)
        exec(compile(snippet.replace("http://127.0.0.1:8000", mock.url), "README.md", "exec"), {})  # noqa: S102 # our own text
    printed = capsys.readouterr().out.split()[-1]
    assert printed.startswith(f"{mock.url}/pictures/")


@pytest.mark.parametrize("snippet", [block for block in blocks("python") if "127.0.0.1:8000" not in block])
def test_a_snippet_without_an_address_runs_as_it_stands(snippet: str, tmp_path: Path) -> None:
    """One with a test in it goes to pytest, any other to Python."""
    path = tmp_path / "test_snippet.py"
    path.write_text(snippet, "utf-8")
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if "def test_" in snippet else []
    search = os.pathsep.join(place for place in sys.path if place)
    done = subprocess.run(
        [sys.executable, *command, str(path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        line[2:]
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ qwen-image-spec") and "my-gateway" not in line
    ],
)
def test_a_spec_command_runs(line: str) -> None:
    command = [sys.executable, "-m", "qwen_image_spec", *line.split("#", maxsplit=1)[0].split()[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_example_gateway_is_valid_and_served(tmp_path: Path) -> None:
    from qwen_image_mock import Settings
    from qwen_image_spec import load_provider

    path = tmp_path / "my-gateway.yaml"
    path.write_text(next(block for block in blocks("yaml") if "extends" in block), "utf-8")
    assert load_provider(path).models["qwen-image"].params["watermark"].base.default.value is False  # type: ignore[union-attr] # None fails as well
    with serve(Settings(provider_files=(path,))) as mock:
        request = urllib.request.Request(
            f"{mock.url}/my-gateway/v1/images/generations",  # our own server
            b'{"model": "qwen-image", "prompt": "a lantern"}',
            {"Authorization": "Bearer sk-x", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # our own server
            assert json.loads(answer.read())["data"][0]["url"].startswith(mock.url)
        assert mock.requests()[-1]["effective"]["watermark"] is False


def test_every_file_the_readme_names_exists() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(
        r"`((?:mock_server|docs|tools)/[^`]+)`", README
    ):
        assert (ROOT / name).exists(), name


def test_the_number_of_defects_is_the_one_told() -> None:
    open_questions = sum(defect.level == "OBSERVE" for defect in DEFECTS.values())
    assert f"builds {len(DEFECTS) + len(TWO_ENDED)} defects" in README
    assert f"({open_questions} touch open questions" in README
