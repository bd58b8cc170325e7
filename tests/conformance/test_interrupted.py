"""Ctrl+C and SIGTERM: a run stops soon, though its tasks would take an hour, says how to go on, and buys nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli
from qwen_image_conformance.tasks import NO_TASK
from qwen_image_mock import Settings, serve

MODEL = "wan2.2-t2i-flash"
# The shell that started the tests may have told its children to overlook Ctrl+C.
START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from qwen_image_conformance.cli import main; main()"
)
SEARCH = os.pathsep.join(place for place in sys.path if place)


def started(*words: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", START, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SEARCH},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_is_stopped_and_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "run"
    with serve(Settings(task_seconds=3600.0)) as mock:
        where = ("--provider", "dashscope", "--url", f"{mock.url}/dashscope", "--model", MODEL)
        process = started("run", *where, "--tier", "smoke", "--out", str(out))
        try:
            end = time.monotonic() + 60
            while not polled(mock.requests(operation="query")) and time.monotonic() < end:
                time.sleep(0.05)
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 130, errors
        assert "Traceback" not in errors
        assert errors.startswith(
            f"error: stopped by Ctrl+C or SIGTERM\nhint:  what was seen is kept; go on with: run --resume {out}"
        )
        bought = len(accepted(mock.requests(operation="submit")))
        assert bought > 0
        mock.tasks(at_once=True)
        mock.clock.step(3600)
        done = CliRunner().invoke(cli, ["run", "--resume", str(out), "--report", "line"])
        assert done.exit_code == 0, done.output
        assert "CONFORMS" in done.output
        assert len(accepted(mock.requests(operation="submit"))) == bought


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_command_started_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    """A job that is cancelled leaves neither a mock nor a client behind."""
    note = tmp_path / "note"
    client = (
        "import os, pathlib, sys, time\n"
        "part = pathlib.Path(sys.argv[1] + '.part')\n"
        "part.write_text(f\"{os.getpid()} {os.environ['QWEN_IMAGE_MOCK_URL']}\")\n"
        "part.rename(sys.argv[1])\n"
        "time.sleep(600)\n"
    )
    there = ("--provider", "dieyuyun", "--out", str(tmp_path / "out"))
    process = started("check-client", *there, "--", sys.executable, "-c", client, str(note))
    try:
        end = time.monotonic() + 60
        while not note.exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    pid, url = note.read_text("utf-8").split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{url}/_mock/health", timeout=10)


def polled(entries: list[dict[str, object]]) -> bool:
    """Whether a task that exists was asked for."""
    return any(not str(entry["path"]).endswith(NO_TASK) for entry in entries)


def accepted(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    return [entry for entry in entries if entry["status"] == 200]


def test_other_commands_say_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qwen_image_conformance.listing.show", stopped)
    done = CliRunner().invoke(cli, ["list"])
    assert done.exit_code == 130
    assert done.output == "error: stopped by Ctrl+C or SIGTERM\n"
