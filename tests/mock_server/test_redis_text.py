"""A task as JSON is the same task, whatever it was submitted with."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from qwen_image_mock import Settings, create_app
from qwen_image_mock.fault_kinds import KINDS, Place
from qwen_image_mock.shared.task_text import task_of, text_of

SUBMIT = "/dashscope/api/v1/services/aigc/text2image/image-synthesis"
NAMES = [name for name, kind in KINDS.items() if kind.place is not Place.WIRE]
OPTIONS = [
    "",
    " on=poll times=2",
    " failed=1 error=data-inspection",
    " shape=bare",
    " state=PENDING",
    " life=3",
]


def submitted(prompt: str, **parameters: Any) -> Any:
    """The application after one submission; its task, when it came to one."""
    app = create_app(Settings(seed=1))
    app.state.clock.freeze(1_800_000_000)
    body = {"model": "wan2.2-t2i-flash", "input": {"prompt": prompt}, "parameters": {"n": 2, **parameters}}
    scope = {
        "type": "http", "method": "POST", "path": SUBMIT, "query_string": b"", "scheme": "http",
        "headers": [(b"authorization", b"Bearer k"), (b"x-dashscope-async", b"enable"), (b"host", b"mock")],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(_message: Any) -> None:
        return

    asyncio.run(app(scope, receive, send))
    tasks = asyncio.run(
        app.state.store.all("dashscope/" + app.state.credentials.caller(b"Bearer k").tag, 1.8e9)
    )
    return app, tasks


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", ["", *NAMES])
def test_there_and_back(name: str, options: str) -> None:
    app, tasks = submitted(f"a cat [[mock:{name}{options}]]" if name else "a cat")
    for task in tasks:
        again = task_of(text_of(task), app.state.providers)
        assert again == task
        assert text_of(again) == text_of(task)
    assert tasks or name


def test_a_task_that_will_fail() -> None:
    app, [task] = submitted("a", size="9*9")
    assert task.fate.refusal is not None
    assert task_of(text_of(task), app.state.providers) == task


def test_a_text_of_another_contract_is_told() -> None:
    app, [task] = submitted("a")
    text = text_of(task).replace(b"wan2.2-t2i-flash", b"a-model-of-tomorrow")
    with pytest.raises(KeyError):
        task_of(text, app.state.providers)
