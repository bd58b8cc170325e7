"""One JSON line in, one out: how the tests call a client that lives in another environment.

A line asks `{"call": NAME, "given": {...}}`; the answer is `{"returned": ...}` or `{"raised": {...}}`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

Json = Any
FIELDS = ("status_code", "code", "message", "param", "type", "llm_provider", "num_retries")


def serve(calls: Mapping[str, Callable[..., Json]]) -> None:
    """Answer until standard input ends. What the client itself prints goes to standard error."""
    known = {"version": version, **calls}
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            asked = json.loads(line)
            out.write(json.dumps(_answer(known[asked["call"]], asked["given"])) + "\n")
            out.flush()


def _answer(call: Callable[..., Json], given: Mapping[str, Json]) -> Json:
    try:
        return {"returned": call(**given)}
    except Exception as error:  # noqa: BLE001 # whatever a client raises is what the test wants to see
        return {"raised": _words(error)}


def _words(error: Exception) -> Json:
    fields = {name: getattr(error, name, None) for name in FIELDS}
    return {
        **{name: value for name, value in fields.items() if isinstance(value, (str, int))},
        "kind": type(error).__name__,
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "text": str(error),
    }
