"""How firmly the frame around the parameters is known: which fact of a model carries which clause about it."""

from __future__ import annotations

from typing import Any

from qwen_image_spec.evidence import Evidence, Fact
from qwen_image_spec.model import Model

_STRICT = "frame.strict"
_CARRIERS = {
    "messages.missing": "messages.single",
    "messages.content": "messages.single",
    "messages.item": "messages.single",
    "parameters.type": "frame.parameters",
    "optimize-prompt-options.type": "frame.optimize-prompt-options",
}


def frame_fact(clause: str, model: Model) -> Fact[Any]:
    """The fact behind a clause of the frame: its own, that of the frame as a whole, else an inference from the model."""
    own = model.facts.get(_CARRIERS.get(clause, clause))
    whole = own if own is not None else model.facts.get(_STRICT)
    return whole if whole is not None else Fact(True, model.fact.source, Evidence.INFERRED)
