"""Every finding again, by the curl command that its report gives: whether the answer's status is the recorded one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_BROKEN = ("fail", "warn", "error")
_STATUS = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})")
_PATIENCE = 150.0
_REST = 6.0
_CUT = "characters cut"


@dataclass(frozen=True)
class Replayed:
    """One command: the status recorded and the status now; 0 where the connection broke."""

    clause: str
    recorded: int
    now: int
    command: str

    @property
    def same(self) -> bool:
        """Whether the command shows what the report says."""
        return self.recorded == self.now


def replay(out: Path, environment: Mapping[str, str]) -> list[Replayed]:
    """Run each command of a run's findings once. The gateway and its upstream must be those of the run, and running."""
    recorded = dict(_recorded(out / "evidence.jsonl"))
    found: dict[str, Replayed] = {}
    with TemporaryDirectory() as folder:  # commands with forms write their pictures where they are run
        (Path(folder) / "images").symlink_to((out / "images").resolve())  # large pictures are read from there
        for case in _lines(out / "result.jsonl"):
            if case["event"] != "case" or case["status"] not in _BROKEN:
                continue
            names, commands = str(case["exchange"]).split(), str(case["curl"]).splitlines()
            if all(command in found or _CUT in command for command in commands):
                continue
            for name, command in zip(names, commands, strict=False):
                now = _again(command, environment, folder, recorded[name])
                found[command] = Replayed(case["clause"], recorded[name], now, command)
    return list(found.values())


def told(replayed: Sequence[Replayed]) -> str:
    """How many commands show the same again, and which do not."""
    same = sum(one.same for one in replayed)
    lines = [
        f"  {one.clause}: recorded {one.recorded}, now {one.now}: {one.command[:160]}"
        for one in replayed
        if not one.same
    ]
    return "\n".join([f"{same} of {len(replayed)} curl commands give the recorded status again", *lines])


def _again(command: str, environment: Mapping[str, str], folder: str, recorded: int) -> int:
    """The status now. A gateway that still rests after the error of the command before is given time once."""
    now = _run(command, environment, folder)
    if now == recorded:
        return now
    time.sleep(_REST)
    return _run(command, environment, folder)


def _run(command: str, environment: Mapping[str, str], folder: str) -> int:
    try:
        done = subprocess.run(  # noqa: S603 # the suite's own commands
            ["bash", "-c", command],  # noqa: S607 # any bash
            capture_output=True, timeout=_PATIENCE, env={**os.environ, **environment}, check=False, cwd=folder,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 0
    statuses = [int(number) for number in _STATUS.findall(done.stdout) if number != b"100"]
    return statuses[0] if statuses and done.returncode == 0 else 0


def _recorded(path: Path) -> Iterator[tuple[str, int]]:
    for line in _lines(path):
        if line["event"] == "exchange":
            yield line["id"], line["received"]["status"]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)
