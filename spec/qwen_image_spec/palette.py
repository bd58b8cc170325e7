"""The two structured parameters of Wan 2.7: `color_palette` and `bbox_list`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from qwen_image_spec.model import Facets

_HEX = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)
_RATIO = re.compile(r"[0-9]{1,3}\.[0-9]{2}%", re.ASCII)
_CORNERS = 4


def flaws(kind: str, value: list[Any], facets: Facets, images: int) -> Iterator[tuple[str, str]]:
    """What is wrong with a palette or a list of boxes: (clause suffix, what is allowed)."""
    yield from (_palette(value, facets) if kind == "palette" else _boxes(value, facets, images))


def _palette(colours: list[Any], facets: Facets) -> Iterator[tuple[str, str]]:
    if facets.range is not None:
        low, high = facets.range.value
        if not low <= len(colours) <= high:
            yield "count", f"{low} to {high} colours"
    if not all(
        isinstance(colour, dict) and isinstance(colour.get("hex"), str) and _HEX.fullmatch(colour["hex"])
        for colour in colours
    ):
        yield "hex", "each colour as #RRGGBB"
        return
    ratios = [colour.get("ratio") for colour in colours]
    if not all(isinstance(ratio, str) and _RATIO.fullmatch(ratio) for ratio in ratios):
        yield "ratio", 'each ratio as a string with two decimals, such as "25.00%"'
    elif total(ratios) != Decimal(100):
        yield "sum", "ratios that add up to exactly 100.00%"


def total(ratios: list[str]) -> Decimal:
    """The sum of ratios such as `23.51%`, in decimals: floats would miss 100.00 in the official example."""
    return sum((Decimal(ratio.rstrip("%")) for ratio in ratios), Decimal(0))


def _boxes(boxes: list[Any], facets: Facets, images: int) -> Iterator[tuple[str, str]]:
    if len(boxes) != images:
        yield "count", "one list of boxes for each input image"
    most = facets.range.value[1] if facets.range is not None else None
    for per_image in boxes:
        if not isinstance(per_image, list) or (most is not None and len(per_image) > most):
            yield "per-image", f"a list of at most {most} boxes for each image"
            return
        if not all(_is_box(box) for box in per_image):
            yield "box", "each box as four integers [x1, y1, x2, y2]"
            return


def _is_box(box: Any) -> bool:
    return (
        isinstance(box, list)
        and len(box) == _CORNERS
        and all(isinstance(x, int) and not isinstance(x, bool) for x in box)
    )
