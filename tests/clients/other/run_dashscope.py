"""The release of `dashscope` that the first document names as the oldest: its 1.x surface, as it stands."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import dashscope
from dashscope.aigc.image_generation import AioImageGeneration, ImageGeneration
from dashscope.aigc.image_synthesis import AioImageSynthesis, ImageSynthesis
from loop import serve

Json = Any
TASKS = {"generation": ImageGeneration, "synthesis": ImageSynthesis}
AIO = {"generation": AioImageGeneration, "synthesis": AioImageSynthesis}


def plain(answer: Json) -> Json:
    """What the SDK hands out, as JSON."""
    return json.loads(json.dumps(answer))


def conversation(**given: Json) -> Json:
    """`MultiModalConversation.call`."""
    return plain(dashscope.MultiModalConversation.call(**given))


def generation(**given: Json) -> Json:
    """`ImageGeneration.call`."""
    return plain(ImageGeneration.call(**given))


def task(of: str, do: str, **given: Json) -> Json:
    """One method of a class with tasks: async_call, call, fetch, wait, cancel or list."""
    return plain(getattr(TASKS[of], do)(**given))


def task_in_asyncio(of: str, do: str, **given: Json) -> Json:
    """The same of an asyncio class."""
    return plain(asyncio.run(getattr(AIO[of], do)(**given)))


if __name__ == "__main__":
    calls = {"conversation": conversation, "generation": generation}
    serve({**calls, "task": task, "task_in_asyncio": task_in_asyncio})
