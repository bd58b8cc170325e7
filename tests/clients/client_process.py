"""A client in a process of its own, because its packages or its language are not ours."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Json = Any
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_PATIENCE = 60
"""Seconds until a client that says nothing is given up: far above what any call takes."""
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH")


def environment(**more: str) -> dict[str, str]:
    """The variables of a client's process: no key, proxy or address of whoever runs the tests."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "NO_PROXY": "*", "no_proxy": "*", "PYTHONUTF8": "1", **more}


class ClientProcess:
    """A client that is asked by lines of JSON and answers by lines of JSON; see `other/loop.py`."""

    def __init__(self, command: Sequence[str | Path], variables: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(variables),
                text=True,
                encoding="utf-8",
            )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()  # some clients take seconds to say goodbye
        self._process.wait()
        with suppress(OSError):  # what it did not read any more
            self._process.stdin.close()
        self._reader.join()
        self._process.stdout.close()

    def ask(self, call: str, **given: Json) -> Json:
        """What a call returned; fails with the client's own words when it raised."""
        answer = self._answer(call, given)
        assert "returned" in answer, answer["raised"]
        return answer["returned"]

    def refused(self, call: str, **given: Json) -> Json:
        """What a call raised: its `kind`, `text` and fields; fails when it raised nothing."""
        answer = self._answer(call, given)
        assert "raised" in answer, answer["returned"]
        return answer["raised"]

    def _answer(self, call: str, given: Json) -> Json:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"call": call, "given": given}) + "\n")
            self._process.stdin.flush()
            line = self._lines.get(timeout=_PATIENCE)
        except (OSError, queue.Empty):
            line = ""
        if not line:
            self._process.kill()  # or its late answer would be taken for that of the next call
        assert line, f"the client gave no answer to {call}:\n{self._log.read_text('utf-8', 'replace')}"
        return json.loads(line)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")
