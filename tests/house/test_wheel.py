"""The wheel is built and tried in an empty environment: what a stranger gets from `pip install`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("wheel")


def run(*command: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """A command that must succeed; its output is in the failure."""
    environment = {
        **os.environ,
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=environment, **more
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that holds the wheel and what its base install needs, nothing else."""
    home = tmp_path_factory.mktemp("empty")
    venv.create(home, with_pip=True)
    folder = home / ("Scripts" if os.name == "nt" else "bin")
    run(folder / "python", "-m", "pip", "install", "--quiet", wheel)
    return folder


def test_the_wheel_holds_three_prefixed_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "qwen_image_spec",
        "qwen_image_mock",
        "qwen_image_conformance",
    }
    assert any(name.endswith("data/providers/dieyuyun.yaml") for name in names)
    assert any(name.endswith("pictures/data/UNIFONT-LICENSE.txt") for name in names)
    assert any(name.endswith("schema/provider.schema.json") for name in names)


def test_the_base_install_stays_light(bin_folder: Path) -> None:
    installed = {
        row["name"].lower()
        for row in json.loads(run(bin_folder / "python", "-m", "pip", "list", "--format=json").stdout)
    }
    assert "qwen-image-contract" in installed
    assert installed & {"pytest", "hypothesis", "schemathesis", "pillow", "openai", "dashscope"} == set()


def test_the_installed_commands_work(bin_folder: Path, tmp_path: Path) -> None:
    assert "qwen-image" in run(bin_folder / "qwen-image-spec", "list", cwd=tmp_path).stdout
    assert run(bin_folder / "qwen-image-conformance", "explain", "n.count", cwd=tmp_path).stdout.startswith(
        "n.count"
    )
    mock = subprocess.Popen(
        [str(bin_folder / "qwen-image-mock"), "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert mock.stdout is not None
        url = mock.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/_mock/health", timeout=10) as answer:  # our own server
            assert answer.status == 200
    finally:
        mock.terminate()
        mock.communicate(timeout=10)


def test_the_suite_says_what_is_missing_without_its_extra(bin_folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(bin_folder / "qwen-image-conformance"),
            "run",
            "--provider",
            "dieyuyun",
            "--url",
            "http://127.0.0.1:9",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "qwen-image-contract[conformance]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def suite(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that holds the wheel with its suite, and no clone anywhere near."""
    home = tmp_path_factory.mktemp("suite")
    venv.create(home, with_pip=True)
    folder = home / ("Scripts" if os.name == "nt" else "bin")
    run(folder / "python", "-m", "pip", "install", "--quiet", f"{wheel}[conformance]")
    return folder


@pytest.fixture
def address(suite: Path, tmp_path: Path) -> Iterator[str]:
    """A mock of the installed wheel."""
    command = [str(suite / "qwen-image-mock"), "--port", "0", "--quiet", "--task-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as mock:
        assert mock.stdout is not None
        yield mock.stdout.readline().strip()
        mock.terminate()


def test_the_installed_suite_does_everything(suite: Path, address: str, tmp_path: Path) -> None:
    """Plan, run, judge, report, compare, keep a baseline, watch a client, learn what a clause says: without a clone."""
    command = suite / "qwen-image-conformance"
    chosen = ("--provider", "dieyuyun", "--model", "qwen-image-2.0")

    def conformance(*words: str | Path) -> str:
        return run(command, *words, cwd=tmp_path).stdout

    assert "pictures" in conformance("plan", *chosen)
    assert "CONFORMS" in conformance("run", *chosen, "--url", address, "--out", "first")
    conformance("run", *chosen, "--url", address, "--out", "second", "--tier", "smoke")
    assert "CONFORMS" in conformance("judge", "first")
    for kind in ("html", "markdown", "junit", "badge"):
        conformance("report", "first", "--format", kind, "--out", f"report.{kind}")
        assert (tmp_path / f"report.{kind}").stat().st_size
    conformance("diff", "first", "second")
    conformance("init", "--provider", "dieyuyun", "--url", address)
    conformance("baseline", "update", "first", "--file", "known.yaml", "--reason", "none yet")
    conformance("fuzz", *chosen, "--url", address, "--max-examples", "2")
    client = (
        "import os, urllib.request as u\n"
        "u.urlopen(os.environ['OPENAI_BASE_URL'] + '/images/generations', b'{}')"
    )
    done = subprocess.run(
        [command, "check-client", "--provider", "dieyuyun", "--", str(suite / "python"), "-c", client],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    assert "auth.missing-key" in done.stdout


def test_the_installed_hooks_load_in_plain_schemathesis(suite: Path, address: str, tmp_path: Path) -> None:
    """People who run Schemathesis already take our checks along."""
    document = run(suite / "qwen-image-spec", "openapi", "dieyuyun").stdout
    (tmp_path / "openapi.json").write_text(document, "utf-8")
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "qwen_image_conformance.schemathesis_hooks",
        "QWEN_IMAGE_PROVIDER": "dieyuyun",
    }
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [
            str(suite / "schemathesis"),
            "run",
            "openapi.json",
            f"--url={address}",
            "--max-examples=3",
            "--header=Authorization: Bearer sk-wheel",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == 0, done.stdout


def test_the_installed_fixtures_serve_other_peoples_tests(suite: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import urllib.request\n"
        "def test_mock(qwen_image_mock_url):\n"
        "    assert urllib.request.urlopen(qwen_image_mock_url + '/_mock/health').status == 200\n",
        "utf-8",
    )
    assert "1 passed" in run(suite / "python", "-m", "pytest", "-q", cwd=tmp_path).stdout
