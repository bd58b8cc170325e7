"""What a request comes to: effective parameters, the size in pixels, how many pictures, what they show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_mock.drawing import Drawing
from qwen_image_mock.plan import plan_of
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.situation import facets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_image_mock.ids import Randomness
    from qwen_image_mock.inputs import Brought
    from qwen_image_mock.plan import Plan
    from qwen_image_mock.plans import Settled
    from qwen_image_spec.model import Model
    from qwen_image_spec.request import ImageRequest
    from qwen_image_spec.rules import Violation

Json = Any
_CHINESE = "，画面细节丰富，光影自然柔和，构图均衡，色彩层次分明，高清画质。"
_ENGLISH = ", rich in detail, with soft natural light, a balanced composition and clear layers of colour."
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
_MOST_SEED = 0x7FFF_FFFF


@dataclass(slots=True)
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
    settled: Settled | None = None,
) -> Outcome:
    """What comes of an accepted request; `violations` are those the provider mends or overlooks.

    `brought` are its input images, `settled` what is known of it from requests before.
    """
    prompt = request.prompt if isinstance(request.prompt, str) else ""
    if settled is None:
        plan = plan_of(request, model, violations, brought[-1].size if brought else None)
        values = plan.values
        for violation in violations:
            if violation.param == "prompt":
                prompt = _mended_prompt(prompt, violation, model, request)
    else:
        plan = settled.plan
        values = settled.values(request.parameters)
    inputs = tuple(image.name for image in brought if image.name) if brought else ()
    negative = values.get("negative_prompt")
    outcome = made(plan, prompt, negative, values.get("seed"), caller, randomness, inputs)
    values["prompt"] = prompt
    values["seed"] = outcome.drawing.seed
    outcome.effective = values
    return outcome


def made(
    plan: Plan,
    prompt: str,
    negative: Json,
    seed: Json,
    caller: str,
    randomness: Randomness,
    inputs: tuple[str, ...] = (),
) -> Outcome:
    """What comes of a plan with these words and this seed; its effective parameters lack these."""
    seed = (seed if isinstance(seed, int) else randomness.derived_seed(caller)) & _MOST_SEED
    actual = rewritten(prompt) if plan.extends else None
    meaning = f"{actual or prompt}\0{negative if isinstance(negative, str) else ''}"
    width, height = plan.width, plan.height
    drawing = Drawing.of((width, height), seed, plan.model.id, prompt, meaning, plan.mark, inputs)
    return Outcome(plan.model, prompt, actual, width, height, plan.count, drawing, plan.life, plan.values)


def rewritten(prompt: str) -> str:
    """The prompt as prompt_extend leaves it: with a closing phrase in the prompt's language."""
    return prompt + (_ENGLISH if _IDEOGRAPH.search(prompt) is None else _CHINESE)


def _mended_prompt(prompt: str, violation: Violation, model: Model, request: ImageRequest) -> str:
    param = model.params.get("prompt")
    limit = facets_of(param, request, model).length if param is not None else None
    return prompt[: limit.value] if limit is not None and violation.reaction is Reaction.TRUNCATE else prompt
