"""The commands: `run --journal`, `run --with-upstream`, their mistakes, and what is told of the clauses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qwen_image_conformance.cli import cli
from qwen_image_conformance.upstream.standing import variables
from qwen_image_mock import Settings, create_app, serve
from qwen_image_mock.server import listen, url_of
from qwen_image_spec import load
from servers.right_gateway import PROVIDER_FILE

SERVE = Path(__file__).parents[1] / "servers" / "right_gateway" / "serve.py"
MODEL = "qwen-image-2.0"


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with serve(app=create_app(Settings(seed=5, task_seconds=0.02))) as running:
        yield running.url


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), prog_name="qwen-image-conformance")


def _at(url: str, *more: str) -> tuple[str, ...]:
    return ("run", "--provider", "dieyuyun", "--model", MODEL, "--tier", "smoke", "--url", url, *more)


def _free_port() -> int:
    listener = listen("127.0.0.1", 0)
    port = int(url_of(listener).rpartition(":")[2])
    listener.close()
    return port


def test_a_run_with_a_journal_compares_both_ends(mock: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = asked(*_at(f"{mock}/dieyuyun", "--journal", mock, "--out", str(out)))
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in (out / "result.jsonl").read_text("utf-8").splitlines()]
    passed = {line["clause"] for line in lines if line.get("group") == "gateway" and line["status"] == "pass"}
    assert "gateway.parameter-lost" in passed
    again = asked("judge", str(out), "--out", str(tmp_path / "again"), "--report", "line")
    assert again.exit_code == 0, again.output


def test_an_interrupted_run_goes_on_with_both_ends(mock: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    cut = asked(*_at(f"{mock}/dieyuyun", "--journal", mock, "--out", str(out), "--max-images", "1"))
    assert cut.exit_code == 4, cut.output
    done = asked("run", "--resume", str(out))
    assert done.exit_code == 0, done.output
    kept = [json.loads(line) for line in (out / "evidence.jsonl").read_text("utf-8").splitlines()]
    exchanges = [line for line in kept if line["event"] == "exchange"]
    assert all(line["upstream"] is not None for line in exchanges)


def test_the_mock_and_the_gateway_can_be_started_by_the_run(tmp_path: Path) -> None:
    """The whole of it in one command; nothing is left running."""
    port = _free_port()
    command = f'exec {sys.executable} {SERVE} --upstream "$UPSTREAM_URL" --port {port} --pause 0.05'
    run = [
        *(sys.executable, "-m", "qwen_image_conformance", "run", "--provider", str(PROVIDER_FILE)),
        *(
            "--url",
            f"http://127.0.0.1:{port}",
            "--model",
            MODEL,
            "--tier",
            "smoke",
            "--out",
            str(tmp_path / "run"),
        ),
        *("--report", "line", "--quiet", "--with-upstream", "--", "sh", "-c", command),
    ]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CONFORMS" in done.stdout
    listen("127.0.0.1", port).close()


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        (("--journal", "http://127.0.0.1:9"), "no mock answers there"),
        (("--with-upstream",), "--with-upstream needs to lead the gateway to the mock"),
        (("--upstream-port", "8123"), "are for runs that start the mock"),
        (("--", "sleep", "1"), "are for runs that start the mock"),
        (("--with-upstream", "--", "no-such-program-here"), "the command does not start"),
        (("--with-upstream", "--", "false"), "the gateway's command ended with 1"),
    ],
)
def test_mistakes_are_told_with_a_hint(more: tuple[str, ...], cause: str, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{_free_port()}"
    done = asked(*_at(url, "--out", str(tmp_path / "run"), *more))
    assert done.exit_code == 2, done.output
    assert cause in done.output
    assert "hint:" in done.output
    assert "Traceback" not in done.output


def test_an_address_that_is_no_mock_is_told(mock: str, tmp_path: Path) -> None:
    done = asked(*_at(mock, "--journal", f"{mock}/dieyuyun", "--out", str(tmp_path / "run")))
    assert done.exit_code == 2
    assert "is no mock" in done.output


def test_a_gateways_command_is_told_where_the_mock_is() -> None:
    told = variables(load(), "http://127.0.0.1:1")
    assert told["UPSTREAM_URL"] == "http://127.0.0.1:1"
    assert told["UPSTREAM_NATIVE"] == "http://127.0.0.1:1/api/v1"
    assert told["UPSTREAM_OPENAI"] == "http://127.0.0.1:1/v1"
    assert told["UPSTREAM_DASHSCOPE"] == "http://127.0.0.1:1/dashscope/api/v1"
    assert told["UPSTREAM_DIEYUYUN"] == "http://127.0.0.1:1/dieyuyun/v1"
    assert told["UPSTREAM_DASHSCOPE_COMPATIBLE"].endswith("/dashscope-compatible/compatible-mode/v1")
    assert told["UPSTREAM_KEY"] == os.environ.get("UPSTREAM_KEY", "sk-upstream-canary-5b21")


def test_the_plan_tells_of_both_ends() -> None:
    one, both = (
        json.loads(
            CliRunner()
            .invoke(cli, ["plan", "--provider", "dieyuyun", "--model", MODEL, "--json", *more])
            .stdout
        )
        for more in ((), ("--both-ends",))
    )
    assert any(probe["id"].startswith("gateway.fault-") for probe in both["probes"])
    assert one["requests"] < both["requests"] < 200


def test_the_clauses_are_listed_and_explained() -> None:
    listed = CliRunner().invoke(cli, ["list", "clauses", "--provider", "dieyuyun"])
    assert "gateway.parameter-lost" in listed.output
    explained = CliRunner().invoke(cli, ["explain", "gateway.not-repeated"])
    assert "RFC 9110" in explained.output
    assert "run --journal" in explained.output
