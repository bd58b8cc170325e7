"""What the answer says was used, in each dialect; a provider's document names its own.

Token counts are made up from the prompt; counts of pictures are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_image_mock.outcome import Outcome

Json = Any


def _none(_outcome: Outcome) -> None:
    return None


def _image_count(outcome: Outcome) -> dict[str, Json]:
    return {"width": outcome.width, "height": outcome.height, "image_count": outcome.count}


def _count(outcome: Outcome) -> dict[str, Json]:
    return {"image_count": outcome.count}


def _tokens(outcome: Outcome) -> dict[str, Json]:
    asked, made = 0, 0
    return {
        "image_count": outcome.count,
        "size": f"{outcome.width}*{outcome.height}",
        "input_tokens": asked,
        "output_tokens": made,
        "total_tokens": asked + made,
    }


def _seed_004(outcome: Outcome) -> dict[str, Json]:
    return {"total_tokens": outcome.count, "output_tokens": outcome.count, "input_tokens_details": {}}


def _openai(outcome: Outcome) -> dict[str, Json]:
    asked = max(1, len(outcome.prompt) // 2)
    return {
        "input_tokens": asked,
        "input_tokens_details": {"text_tokens": asked, "image_tokens": 0},
        "output_tokens": outcome.count,
        "total_tokens": asked + outcome.count,
    }


USAGES: dict[str, Callable[[Outcome], dict[str, Json] | None]] = {
    "none": _none,
    "image-count": _image_count,
    "count": _count,
    "tokens": _tokens,
    "seed-004": _seed_004,
    "openai": _openai,
}
