"""The wheel is built and tried in an empty environment: what a stranger gets from `pip install`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("wheel")


def run(*command: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    """A command that must succeed; its output is in the failure."""
    environment = {
        **os.environ,
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=environment, **more
    )  # type: ignore[call-overload]
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
