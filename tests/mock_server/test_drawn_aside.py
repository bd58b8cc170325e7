"""Pictures that take long to draw are drawn in a thread: the event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from qwen_image_mock.drawing import Drawing
from qwen_image_mock.inline import inline_pictures, picture
from qwen_image_mock.thumbnails import Thumbnails

SMALL = Drawing.of((64, 64), 1, "m", "a", "a", "")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[bool]:
    """Whether drawings were made in the main thread."""
    seen: set[bool] = set()
    usual = Drawing.png

    def watched(self: Drawing, *given: Any) -> bytes:
        seen.add(threading.current_thread() is threading.main_thread())
        return usual(self, *given)

    monkeypatch.setattr(Drawing, "png", watched)
    return seen


@pytest.mark.parametrize(
    ("drawing", "count", "aside"),
    [
        (SMALL, 6, False),
        (SMALL, 17, True),
        (SMALL._replace(inputs=("a",)), 1, True),
        (SMALL._replace(inputs=("a", "b")), 1, True),
        (SMALL._replace(width=8192, height=2049), 1, True),
        (SMALL._replace(width=4096, height=4096), 1, False),
    ],
)
def test_only_what_takes_long_is_drawn_in_a_thread(
    drawing: Drawing, count: int, aside: bool, threads: set[bool]
) -> None:
    made = asyncio.run(inline_pictures(drawing, count, Thumbnails()))
    assert len(made) == count
    assert threads == {not aside}
    threads.clear()
    single = asyncio.run(picture(drawing, 0, Thumbnails()))
    assert single.startswith(b"\x89PNG")
    assert threads == {not (aside and count == 1)}
