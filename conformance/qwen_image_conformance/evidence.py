"""Evidence: append-only JSON Lines of a run's exchanges, with the pictures beside them under their hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from qwen_image_conformance import redact
from qwen_image_conformance.exchange import Delivered, Exchange, from_json, to_json
from qwen_image_conformance.problems import UsageProblem

FILE = "evidence.jsonl"


class Recorder:
    """Writes the evidence of one run. Every line is on disk before the next request is sent.

    Raises UsageProblem for a folder that already holds a run: what was paid for is never overwritten.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any]) -> None:
        self.folder = folder
        if (folder / FILE).exists():
            raise UsageProblem(f"{folder} already holds the evidence of a run", "name another folder with --out, or move this one away")
        (folder / "images").mkdir(parents=True, exist_ok=True)
        self._file = (folder / FILE).open("ab")
        self._write({"event": "run", **head})

    def picture(self, picture: Delivered, data: bytes) -> None:
        """Keep a picture's bytes."""
        if picture.digest and data:
            path = self.folder / "images" / picture.digest
            if not path.exists():
                path.write_bytes(data)

    def exchange(self, exchange: Exchange) -> None:
        """Append an exchange that was redacted."""
        self._write({"event": "exchange", **to_json(exchange)})

    def close(self, tail: Mapping[str, Any]) -> None:
        """Write the end; evidence without it is of a run that was cut off."""
        self._write({"event": "end", **tail})
        self._file.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()


class Recording:
    """Evidence read back. Raises UsageProblem when it cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path / FILE if path.is_dir() else path
        if not self.path.is_file():
            raise UsageProblem(f"{path} holds no evidence", f"give the folder of a run, or its {FILE}")
        lines = list(self._lines())
        if not lines or lines[0].get("event") != "run":
            raise UsageProblem(f"{self.path} is no evidence: its first line is not the run", f"give the {FILE} that `run` wrote")
        self.head = lines[0]
        self.whole = lines[-1].get("event") == "end"
        try:
            self.exchanges = [from_json({key: value for key, value in line.items() if key != "event"})
                              for line in lines if line.get("event") == "exchange"]
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageProblem(f"{self.path} holds an exchange that cannot be read: {error!r}", "was it written by another version?") from error

    def load(self, digest: str) -> bytes:
        """The bytes of a picture; empty when they were not kept."""
        path = self.path.parent / "images" / digest
        return path.read_bytes() if path.is_file() else b""

    def _lines(self) -> Iterator[dict[str, Any]]:
        raw = self.path.read_bytes().split(b"\n")
        for number, line in enumerate(raw, 1):
            if not line:
                continue
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                if number == len(raw):
                    return
                raise UsageProblem(f"{self.path}:{number}: not JSON: {error}", "the file was damaged") from error


def redacted(exchange: Exchange, key: str) -> Exchange:
    def clean(body: bytes) -> bytes:
        return redact.secret(body, key)

    return replace(
        exchange,
        received=replace(exchange.received, body=clean(exchange.received.body)),
        polls=tuple(replace(poll, body=clean(poll.body)) for poll in exchange.polls),
        pictures=tuple(replace(picture, url=clean(picture.url.encode()).decode()) for picture in exchange.pictures),
    )
