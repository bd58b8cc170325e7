"""Parameters side by side: what is taken alone and refused in company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from qwen_image_conformance.checks.registry import relation
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds


@relation("parameters.together")
def together(group: Sequence[Seen]) -> Verdict | None:
    """A legal request is refused although each of its parameters, and its prompt, was taken without the others."""
    legal = [seen for seen in group if seen.asked is not None and not seen.broken and not seen.doubtful]
    taken = {one for seen in legal if seen.accepted and len(items := _items(seen)) == 1 for one in items}
    company = [seen for seen in legal if len(_items(seen)) > 1 and (seen.accepted or seen.refused)]
    for seen in company:
        if seen.refused and _items(seen) <= taken:
            return holds(False, expected="accepted", actual=seen.came, about=(seen.exchange.id,))
    kept = [seen for seen in company if seen.accepted]
    if not kept:
        return None
    return holds(
        True, expected="accepted", actual=f"{len(kept)} combination(s) taken", about=(kept[-1].exchange.id,)
    )


def _items(seen: Seen) -> frozenset[bytes]:
    """What could be the reason of a refusal: each parameter with its value, and a prompt that is not plain ASCII."""
    asked = seen.asked
    if asked is None:
        return frozenset()
    parts: list[Mapping[str, Any]] = [{name: value} for name, value in asked.parameters.items()]
    if isinstance(asked.prompt, str) and not asked.prompt.isascii():
        parts.append({"prompt": asked.prompt})
    return frozenset(orjson.dumps(part) for part in parts)
