"""The journal of a client's visit, read for judging: image requests, retries, tasks, pictures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import orjson

from qwen_image_conformance.found import items

Json = Any
Entry = Mapping[str, Json]
IMAGES = ("generate", "edit", "submit")
FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
LOST = ("reset", "truncated")  # conditions under which the request is served and the answer does not arrive
_SLASHES = re.compile("/{2,}")


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request to the host that keeps the pictures. `keyed` tells whether the key went along, and where."""

    method: str
    path: str
    time: float
    status: int
    keyed: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """A request and the next one that is the same."""

    first: Entry
    second: Entry

    @property
    def pause(self) -> float:
        """Seconds between the arrivals of the two."""
        return float(self.second["time"]) - float(self.first["time"])

    @property
    def after(self) -> str:
        """What the first one was answered with, in a word."""
        status = int(self.first["status"])
        if self.first.get("fault") in LOST:
            return "a lost answer"
        if accepted(self.first):
            return "a success"
        return str(status) if status >= 400 else f"{status} without pictures"

    @property
    def seeded(self) -> bool:
        """Whether the request names a seed, so that a second one cannot be meant as a variation."""
        decoded = self.first.get("decoded") or {}
        return "seed" in (decoded.get("parameters") or {})


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the client followed it: the times of its queries (seconds) and the states they told."""

    id: str
    queries: tuple[Entry, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The state each query told; empty where it told none."""
        return tuple(state_of(entry) for entry in self.queries)

    @property
    def pauses(self) -> tuple[float, ...]:
        """Seconds between the queries."""
        times = [float(entry["time"]) for entry in self.queries]
        return tuple(later - earlier for earlier, later in pairwise(times))

    @property
    def after_end(self) -> int:
        """Queries sent after one had told a final state."""
        ends = [index for index, state in enumerate(self.states) if state in FINAL]
        return len(self.queries) - 1 - ends[0] if ends else 0

    @property
    def ended(self) -> bool:
        """Whether a query told a final state."""
        return any(state in FINAL for state in self.states)


@dataclass(frozen=True)
class Visit:
    """All that a client did at the mock, in the order of arrival."""

    entries: Sequence[Entry]
    fetches: Sequence[Fetch]

    @property
    def paid(self) -> list[Entry]:
        """The requests for pictures."""
        return [entry for entry in self.entries if entry["operation"] in IMAGES]

    def repeats(self) -> list[Again]:
        """Requests that were sent again as they were, each with the one before."""
        last: dict[bytes, Entry] = {}
        found = []
        for entry in self.paid:
            key = orjson.dumps([entry["path"], entry["body"]], option=orjson.OPT_SORT_KEYS)
            if key in last:
                found.append(Again(last[key], entry))
            last[key] = entry
        return found

    def tasks(self) -> list[Task]:
        """The tasks that were submitted, with their queries."""
        queries: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry["operation"] == "query":
                path = _SLASHES.sub("/", urlsplit(entry["path"]).path).rstrip("/")
                queries[path.rpartition("/")[2]].append(entry)
        begun = {task: True for entry in self.paid if (task := _task_of(entry))}
        return [Task(task, tuple(queries.get(task, ()))) for task in {**begun, **dict.fromkeys(queries)}]

    def delivered(self) -> set[str]:
        """The paths of the pictures whose addresses were answered."""
        urls = [item.url for entry in self.entries for item in items(entry["response"]) if item.url]
        return {urlsplit(url).path for url in urls}

    def fetched(self) -> set[str]:
        """The paths of delivered pictures that were fetched."""
        done = {fetch.path for fetch in self.fetches if fetch.method == "GET" and fetch.status < 400}
        return done & self.delivered()


def accepted(entry: Entry) -> bool:
    """Whether a request for pictures was served: with pictures, or with a task."""
    served = 200 <= int(entry["status"]) < 300
    return served and (bool(_task_of(entry)) or any(not item.failed for item in items(entry["response"])))


def state_of(entry: Entry) -> str:
    """The state of the task an answer tells of."""
    output = entry["response"].get("output") if isinstance(entry["response"], dict) else None
    state = output.get("task_status") if isinstance(output, dict) else None
    return state if isinstance(state, str) else ""


def model_of(entry: Entry) -> str:
    """The model a request names, `*` where it names none."""
    decoded = entry.get("decoded") or {}
    body = entry["body"] if isinstance(entry["body"], dict) else {}
    name = decoded.get("model") or body.get("model")
    return name if isinstance(name, str) and name else "*"


def _task_of(entry: Entry) -> str:
    output = entry["response"].get("output") if isinstance(entry["response"], dict) else None
    task = output.get("task_id") if isinstance(output, dict) else None
    return task if isinstance(task, str) and entry["operation"] == "submit" else ""
