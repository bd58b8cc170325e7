"""Evidence: append-only JSON Lines of a run's exchanges, with the pictures beside them under their hash."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from qwen_image_conformance import redact
from qwen_image_conformance.exchange import Delivered, Exchange, from_json, to_json
from qwen_image_conformance.places import check_folder
from qwen_image_conformance.problems import UsageProblem

FILE = "evidence.jsonl"
INFLIGHT = "inflight"


class Recorder:
    """Writes the evidence of one run. What was paid for is on disk before anything else happens.

    A request is announced (`sending`) before it goes out; its bare answer is kept in `inflight/` until its polls and
    pictures are done, because addresses in the evidence have lost their signatures. Safe to use from several threads.
    Raises UsageProblem for a folder that already holds a run, unless it is resumed.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any], key: str, *, resume: bool = False) -> None:
        self.folder = folder
        self.key = key
        self._lock = threading.Lock()
        if (folder / FILE).exists() is not resume:
            if resume:
                raise UsageProblem(
                    f"{folder} holds no run to resume", "give the folder that the interrupted run wrote to"
                )
            raise UsageProblem(
                f"{folder} already holds the evidence of a run",
                "name another folder with --out, or go on with it: run --resume " + str(folder),
            )
        check_folder(folder)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        (folder / INFLIGHT).mkdir(mode=0o700, exist_ok=True)
        if resume:
            _drop_half_a_line(folder / FILE)
        self._file = (folder / FILE).open("ab")
        if not resume:
            self._write({"event": "run", **head})

    def picture(self, picture: Delivered, data: bytes) -> None:
        """Keep a picture's bytes; a file that is there is whole."""
        path = self.folder / "images" / picture.digest
        if picture.digest and data and not path.exists():
            partial = path.with_suffix(f".{threading.get_ident()}")
            partial.write_bytes(data)
            partial.replace(path)

    def sending(self, number: int, probe: str, buys: int) -> None:
        """Announce a request."""
        self._write({"event": "sending", "number": number, "probe": probe, "buys": buys})

    def received(self, number: int, exchange: Exchange) -> None:
        """Keep a bare answer, as it came, until `exchange` is called for it."""
        path = self.folder / INFLIGHT / f"{number:05d}"
        partial = path.with_suffix(".part")
        partial.touch(mode=0o600)
        partial.write_bytes(orjson.dumps(to_json(exchange)))
        partial.replace(path)

    def exchange(self, number: int, exchange: Exchange) -> Exchange:
        """Append a finished exchange, redacted; gives what was written."""
        kept = redacted(exchange, self.key)
        self._write({"event": "exchange", **to_json(kept)})
        (self.folder / INFLIGHT / f"{number:05d}").unlink(missing_ok=True)
        return kept

    def close(self, tail: Mapping[str, Any], *, whole: bool) -> None:
        """Close the file, with its end when the run is `whole`; evidence without an end can be resumed."""
        if self._file.closed:
            return
        if whole:
            self._write({"event": "end", **tail})
            with contextlib.suppress(OSError):
                (self.folder / INFLIGHT).rmdir()
        self._file.close()

    def discard(self) -> None:
        """Take back a recording that holds nothing, so that the same folder can be used again."""
        self._file.close()
        (self.folder / FILE).unlink(missing_ok=True)
        for folder in (self.folder / INFLIGHT, self.folder / "images", self.folder):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _write(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            self._file.flush()


def _drop_half_a_line(path: Path) -> None:
    """Cut what a killed run left of its last line."""
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        path.write_bytes(data[: data.rfind(b"\n") + 1])


class Recording:
    """Evidence read back. Raises UsageProblem when it cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path / FILE if path.is_dir() else path
        if not self.path.is_file():
            raise UsageProblem(f"{path} holds no evidence", f"give the folder of a run, or its {FILE}")
        lines = list(self._lines())
        if not lines or lines[0].get("event") != "run":
            raise UsageProblem(
                f"{self.path} is no evidence: its first line is not the run",
                f"give the {FILE} that `run` wrote",
            )
        self.head = {key: value for key, value in lines[0].items() if key != "event"}
        self.whole = lines[-1].get("event") == "end"
        self.announced = {line["probe"]: line for line in lines if line.get("event") == "sending"}
        try:
            self.exchanges = [
                from_json({key: value for key, value in line.items() if key != "event"})
                for line in lines
                if line.get("event") == "exchange"
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageProblem(
                f"{self.path} holds an exchange that cannot be read: {error!r}",
                "was it written by another version?",
            ) from error

    def inflight(self) -> dict[str, Exchange]:
        """Bare answers that came before the run was cut off, by probe."""
        folder = self.path.parent / INFLIGHT
        found = (
            [
                from_json(orjson.loads(path.read_bytes()))
                for path in sorted(folder.glob("[0-9]*"))
                if not path.suffix
            ]
            if folder.is_dir()
            else []
        )
        done = {exchange.id for exchange in self.exchanges}
        return {exchange.probe: exchange for exchange in found if exchange.id not in done}

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
                found = orjson.loads(line)
                if not isinstance(found, dict):
                    raise UsageProblem(f"{self.path}:{number}: no event", "the file was damaged")
                yield found
            except orjson.JSONDecodeError as error:
                if number == len(raw):
                    return
                raise UsageProblem(
                    f"{self.path}:{number}: not JSON: {error}", "the file was damaged"
                ) from error


def redacted(exchange: Exchange, key: str) -> Exchange:
    """The exchange without the key and without the signatures of addresses."""

    def clean(body: bytes) -> bytes:
        return redact.secret(body, key)

    return replace(
        exchange,
        received=replace(exchange.received, body=clean(exchange.received.body)),
        polls=tuple(replace(poll, body=clean(poll.body)) for poll in exchange.polls),
        pictures=tuple(
            replace(picture, url=clean(picture.url.encode()).decode()) for picture in exchange.pictures
        ),
    )
