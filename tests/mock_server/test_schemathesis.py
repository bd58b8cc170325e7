"""Schemathesis on the generated OpenAPI document of each provider, against the mock over a socket.

No answer may have a status the document does not list, break its schema, or be a fault of the server. Tasks that
were submitted are followed by their links. A few models of each provider; `bench/schemathesis.py` has more.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from defects.catalogue import DEFECTS
from defects.wrap import wrap
from qwen_image_conformance import schemathesis_run
from qwen_image_conformance.target import make_target
from qwen_image_mock import Mock, Settings, create_app, serve
from qwen_image_spec import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_image_conformance.schemathesis_run import Stock

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)
PLACES = [
    ("dieyuyun", ("qwen-image-2.0", "qwen-image-max")),
    ("skyengine", ("qwen-image-plus", "qwen-image-edit-plus")),
    ("xiaohongshu", ("qwen-image",)),
    ("dashscope-compatible", ("qwen-image-3.0", "qwen-image-2.1-pro")),
    ("dashscope", ("qwen-image-2.0", "qwen-image-plus")),
    ("dashscope", ("wan2.7-image", "wan2.5-i2i-preview")),
]
# Tasks go by queries, so that a run is the same on a slow machine.
SETTINGS = Settings(seed=1, task_polls=3, journal_entries=100_000)


@pytest.fixture(scope="module")
def followed() -> Iterator[Mock]:
    with serve(SETTINGS) as mock:
        yield mock


def explored(url: str, name: str, models: tuple[str, ...], examples: int = 8) -> Stock:
    provider = load().providers[name]
    return schemathesis_run.run(
        schemathesis_run.only(provider, models),
        make_target(provider, f"{url}/{name}"),
        examples,
        1,
        {},
        "--checks",
        CHECKS,
        "--continue-on-failure",
    )


def chains(entries: list[dict[str, Any]]) -> list[list[str]]:
    """The calls about each task that a submission made, in their order."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry["operation"] == "submit" and entry["status"] == 200:
            found[entry["response"]["output"]["task_id"]] = ["submit"]
        elif entry["operation"] in ("query", "cancel"):
            task = entry["path"].partition("/tasks/")[2].removesuffix("/cancel")
            found.get(task, []).append(entry["operation"])
    return list(found.values())


@pytest.mark.parametrize(("name", "models"), PLACES)
def test_every_answer_is_documented(followed: Mock, name: str, models: tuple[str, ...]) -> None:
    followed.reset()
    found = explored(followed.url, name, models)
    assert (sorted(found.codes), found.notes) == ([], []), found.output
    entries = followed.requests(provider=name)
    assert len(entries) > 100
    assert {entry["status"] for entry in entries} >= {200, 400, 401}
    operations = set(load().providers[name].models[models[-1]].operations)
    assert operations <= {entry["operation"] for entry in entries}
    ways = Counter(way for chain in chains(entries) for way in pairwise(chain))
    if "query" in operations:
        assert ways["submit", "query"] > 1, ways
    if "cancel" in operations:
        assert ways["query", "cancel"] > 1, ways


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (("created-missing", "server-error-for-bad-n"), {"ST101", "ST108"}),
        (("forbidden-for-unauthorized",), {"ST103"}),
    ],
)
def test_wrong_answers_are_seen(names: tuple[str, ...], codes: set[str]) -> None:
    app: Any = create_app(SETTINGS)
    for name in names:
        app = wrap(app, DEFECTS[name])
    with serve(app=app) as mock:
        assert explored(mock.url, "dieyuyun", ("qwen-image-2.0",)).codes >= codes
