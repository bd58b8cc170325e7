"""How fast the suite itself is: its commands' start, planning, and judging a recording of 10,000 exchanges."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson
from figures import spread, table
from process import MOCK, python_server

LARGEST = "dashscope"
EXCHANGES = 10_000
SUITE = ("-m", "qwen_image_conformance")


def timed(*arguments: str) -> tuple[float, float]:
    """Seconds of waiting and of CPU that a command of this Python takes. Exits when the command fails."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(  # noqa: S603 # our own commands
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BENCH_KEY": "sk-bench"},
    )
    waited = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(
            f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-500:]}{done.stderr[-500:]}"
        )
    return waited, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def recording(folder: Path) -> Path:
    """A recording of EXCHANGES exchanges: those of a run against the mock, again and again under other ids."""
    with python_server(*MOCK) as mock:
        run = (
            "run",
            "--provider",
            LARGEST,
            "--url",
            mock.url,
            "--key-env",
            "BENCH_KEY",
            "--out",
            str(folder),
        )
        timed(*SUITE, *run)
    lines = [orjson.loads(line) for line in (folder / "evidence.jsonl").read_bytes().splitlines()]
    exchanges = [line for line in lines if line["event"] == "exchange"]
    others = [line for line in lines if line["event"] not in ("exchange", "sending", "end")]
    many = [{**exchanges[number % len(exchanges)], "id": f"x{number + 1:05d}"} for number in range(EXCHANGES)]
    ends = [line for line in lines if line["event"] == "end"]
    (folder / "evidence.jsonl").write_bytes(
        b"".join(orjson.dumps(line) + b"\n" for line in others + many + ends)
    )
    return folder / "evidence.jsonl"


def figures(rounds: int) -> str:
    """The figures as a table: seconds of CPU, and of waiting."""
    with tempfile.TemporaryDirectory() as made:
        evidence = recording(Path(made) / "run")
        commands: dict[str, Sequence[str]] = {
            "qwen-image-mock --help": ("-m", "qwen_image_mock", "--help"),
            "qwen-image-conformance --help": (*SUITE, "--help"),
            f"plan, all models of {LARGEST}": (*SUITE, "plan", "--provider", LARGEST),
            f"judge, {EXCHANGES:,} exchanges": (*SUITE, "judge", str(evidence)),
        }
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                seen[name].append(timed(*command))
    rows = [
        (name, spread([cpu for _, cpu in pairs]), spread([waited for waited, _ in pairs]))
        for name, pairs in seen.items()
    ]
    return table(("command", "CPU seconds, median (min to max)", "seconds"), rows)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    print(figures(options.parse_args().rounds))
