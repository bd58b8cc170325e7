"""What a request comes to: effective parameters, the size in pixels, how many pictures, what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_mock.drawing import Drawing
from qwen_image_mock.sizes import separator_of, size_of
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.situation import effective as with_defaults
from qwen_image_spec.situation import facets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_image_mock.ids import Randomness
    from qwen_image_mock.inputs import Brought
    from qwen_image_spec.model import Model, Param
    from qwen_image_spec.request import ImageRequest
    from qwen_image_spec.rules import Violation

Json = Any
MOST_PICTURES = 64
"""The mock's own bound, for requests whose number of pictures nothing else bounds."""
DEFAULT_MARK = "AI"
DEFAULT_LIFE = 86_400
_CHINESE = "，画面细节丰富，光影自然柔和，构图均衡，色彩层次分明，高清画质。"
_ENGLISH = ", rich in detail, with soft natural light, a balanced composition and clear layers of colour."
_MOST_SEED = 0x7FFF_FFFF


@dataclass(frozen=True, slots=True)
class Outcome:
    """Pictures to deliver. `actual_prompt` is the rewritten prompt, None when it was not rewritten.

    `life` is how long their addresses live, in seconds.
    """

    model: Model
    prompt: str
    actual_prompt: str | None
    width: int
    height: int
    count: int
    drawing: Drawing
    life: int
    effective: dict[str, Json]


def outcome_of(
    request: ImageRequest,
    model: Model,
    violations: list[Violation],
    caller: str,
    randomness: Randomness,
    brought: Sequence[Brought] = (),
) -> Outcome:
    """What comes of an accepted request; `violations` are those the provider mends or overlooks.

    `brought` are its input images.
    """
    values = with_defaults(request, model)
    for name in request.parameters:
        facets = facets_of(model.params[name], request, model)
        if facets.effective is not None and not facets.effective.value:
            _forget(name, model, request, values)
    prompt = request.prompt if isinstance(request.prompt, str) else ""
    for violation in violations:
        if violation.param == "prompt":
            prompt = _mended_prompt(prompt, violation, model, request)
        elif violation.param in values:
            _mend(violation, model, request, values)
    size = size_of(values.get("size"), request, model, brought[-1].size if brought else None)
    count = values.get("n")
    count = max(1, min(count, MOST_PICTURES)) if isinstance(count, int) else 1
    seed = values.get("seed")
    if not isinstance(seed, int):
        seed = randomness.derived_seed(caller)
    seed &= _MOST_SEED
    actual = rewritten(prompt) if values.get("prompt_extend") is True else None
    negative = values.get("negative_prompt")
    mark = (model.watermark_text or DEFAULT_MARK) if values.get("watermark") is True else ""
    meaning = f"{actual or prompt}\0{negative if isinstance(negative, str) else ''}"
    inputs = tuple(image.name for image in brought if image.name)
    drawing = Drawing.of((size.width, size.height), seed, model.id, prompt, meaning, mark, inputs)
    values.update(prompt=prompt, size=size.spell(separator_of(model)), n=count, seed=seed)
    return Outcome(model, prompt, actual, size.width, size.height, count, drawing, life_of(model), values)


def rewritten(prompt: str) -> str:
    """The prompt as prompt_extend leaves it: with a closing phrase in the prompt's language."""
    return prompt + (_CHINESE if any("\u3400" <= letter <= "\u9fff" for letter in prompt) else _ENGLISH)


def life_of(model: Model) -> int:
    """How long the addresses of a model's pictures live, in seconds."""
    fact = model.lifetimes.get("url") or model.facts.get("url.lifetime")
    return int(fact.value) if fact is not None else DEFAULT_LIFE


def _mended_prompt(prompt: str, violation: Violation, model: Model, request: ImageRequest) -> str:
    param = model.params.get("prompt")
    limit = facets_of(param, request, model).length if param is not None else None
    return prompt[: limit.value] if limit is not None and violation.reaction is Reaction.TRUNCATE else prompt


def _mend(violation: Violation, model: Model, request: ImageRequest, values: dict[str, Json]) -> None:
    """Apply what the provider does about a value beyond a limit."""
    name = violation.param
    facets = facets_of(model.params[name], request, model)
    value = values[name]
    if violation.reaction is Reaction.IGNORE or not facets.supported.value:
        _forget(name, model, request, values)
    elif violation.reaction is Reaction.TRUNCATE and facets.length is not None and isinstance(value, str):
        values[name] = value[: facets.length.value]
    elif (
        facets.range is not None
        and isinstance(value, int | float)
        and (violation.reaction is Reaction.CLAMP or name == "n")
    ):
        low, high = facets.range.value
        values[name] = max(low, min(value, high))


def _forget(name: str, model: Model, request: ImageRequest, values: dict[str, Json]) -> None:
    """Go on as if a parameter had not been given."""
    param: Param = model.params[name]
    default = facets_of(param, request, model).default
    if default is not None:
        values[name] = default.value
    else:
        values.pop(name, None)
