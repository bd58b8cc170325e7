"""LiteLLM as a library: images by its `openai/` and its `dashscope/` provider."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import litellm
from loop import serve

Json = Any


def plain(answer: Json) -> Json:
    """LiteLLM's answer as the caller sees it."""
    return json.loads(answer.model_dump_json())


def generate(**given: Json) -> Json:
    """`litellm.image_generation`."""
    return plain(litellm.image_generation(**given))


def generate_in_asyncio(**given: Json) -> Json:
    """`litellm.aimage_generation`."""
    return plain(asyncio.run(litellm.aimage_generation(**given)))


def edit(files: list[str], **given: Json) -> Json:
    """`litellm.image_edit` of local files."""
    with ExitStack() as opened:
        images = [opened.enter_context(Path(name).open("rb")) for name in files]
        return plain(litellm.image_edit(image=images, **given))


if __name__ == "__main__":
    serve({"generate": generate, "generate_in_asyncio": generate_in_asyncio, "edit": edit})
