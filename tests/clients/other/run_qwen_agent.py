"""The `image_gen` tool of qwen-agent, with the model type that makes pictures."""

from __future__ import annotations

from typing import Any

from loop import serve
from qwen_agent.tools.image_gen import ImageGen

Json = Any


def image_gen(llm: dict[str, Json], params: str) -> Json:
    """Call the tool as an agent does: parameters as a text of JSON."""
    content = ImageGen({"llm_cfg": llm}).call(params, messages=[])
    return [item.model_dump(exclude_none=True) if hasattr(item, "model_dump") else item for item in content]


if __name__ == "__main__":
    serve({"image_gen": image_gen})
