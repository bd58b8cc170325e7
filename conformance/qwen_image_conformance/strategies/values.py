"""Values of one parameter: those the model takes, zero values, wrong types, and those beyond every limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from qwen_image_conformance.strategies import sizes
from qwen_image_conformance.strategies.texts import optional_texts, too_long
from qwen_image_spec import values as types
from qwen_image_spec.model import Facets, Model, Param
from qwen_image_spec.request import ImageRequest

_WORD = "a word"
_MOST = 2**53
_WHOLE = 10000
_KINDS: dict[str, SearchStrategy[Any]] = {
    "text": st.sampled_from(("no", "true", "one", "2", "0", "1024", "")),
    "whole": st.sampled_from((0, 1, -1, 1024, _MOST)),
    "broken": st.sampled_from((0.5, -1.25, 1e10 + 0.5)),
    "truth": st.booleans(),
    "list": st.sampled_from(((), (1,), ("x",), (None,))).map(list),
    "object": st.sampled_from(((), (("value", 1),))).map(dict),
}
_EXAMPLES: dict[str, Any] = {"text": "no", "whole": 1, "broken": 0.5, "truth": True, "list": [], "object": {}}
_ZEROS: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "string": ""}


@dataclass(frozen=True)
class Values:
    """Values that stand for one another: all legal, or all breaking one clause. `sample` is one of them."""

    drawn: SearchStrategy[Any]
    sample: Any


def wrong_types(param: Param) -> SearchStrategy[Any]:
    """Values of every JSON type but the parameter's own. null is not among them (it counts as absent).

    A number without a fraction is taken for an integer, however it is written, so `2.0` is not among them
    either. Nothing can be drawn for a parameter that takes every type.

    >>> from qwen_image_spec import load
    >>> from hypothesis import find
    >>> watermark = load().providers["dieyuyun"].models["qwen-image"].params["watermark"]
    >>> isinstance(find(wrong_types(watermark), lambda value: True), bool)
    False
    """
    kinds = [drawn for kind, drawn in _KINDS.items() if not types.fits(param.type, _EXAMPLES[kind])]
    return st.one_of(kinds) if kinds else st.nothing()


def zero(param: Param) -> Any:
    """The zero of a parameter's type: false, 0 or an empty text; None for a type that has none."""
    return _ZEROS.get(param.type)


def right(param: Param, facets: Facets, request: ImageRequest, model: Model) -> Values | None:
    """The values a model takes in a request's situation; None when the documents do not tell any."""
    match param.type:
        case "size":
            return _size(param, facets, request, model)
        case "palette":
            low, high = facets.range.value if facets.range is not None else (3, 10)
            return Values(
                palettes(low, high),
                _palette([_WHOLE - (low - 1) * 100, *[100] * (low - 1)], ["#C2D1E6"] * low),
            )
        case "boxes":
            most = facets.range.value[1] if facets.range is not None else 1
            count = len(request.images)
            return Values(
                st.lists(st.lists(_box(), max_size=most), min_size=count, max_size=count),
                [[] for _ in range(count)],
            )
        case _:
            return _scalar(param, facets)


def _scalar(param: Param, facets: Facets) -> Values | None:
    if facets.enum is not None:
        return Values(st.sampled_from(facets.enum.value), facets.enum.value[0])
    low, high = facets.range.value if facets.range is not None else (0, 1)
    match param.type:
        case "boolean":
            return Values(st.booleans(), False)
        case "integer":
            return Values(st.sampled_from(sorted({low, high})) | st.integers(low, high), low)
        case "number":
            return Values(st.sampled_from((low, high)) | st.floats(low, high), low)
        case "string":
            return Values(optional_texts(facets.length.value if facets.length is not None else None), _WORD)
        case _:
            return None


def _size(param: Param, facets: Facets, request: ImageRequest, model: Model) -> Values | None:
    found = sizes.legal(param, facets, request, model)
    if found is not None:
        return Values(*found)
    default = facets.default.value if facets.default is not None else None
    return Values(st.just(default), default) if isinstance(default, str) and not facets.grants else None


def wrong(param: Param, facets: Facets) -> list[Values]:
    """Values a model does not take, sorted so that each group breaks one clause."""
    found = [
        Values(drawn, _EXAMPLES[kind])
        for kind, drawn in _KINDS.items()
        if not types.fits(param.type, _EXAMPLES[kind])
    ]
    if facets.enum is not None and param.type == "string":
        found.append(
            Values(st.sampled_from(facets.enum.value).map(lambda value: f"no-{value}"), "no-such-value")
        )
    if facets.range is not None and param.type in ("integer", "number"):
        low, high = facets.range.value
        found += [
            Values(st.just(high + 1) | st.integers(high + 1, _MOST), high + 1),
            Values(st.just(low - 1) | st.integers(-_MOST, low - 1), low - 1),
        ]
    if facets.length is not None and param.type == "string":
        found.append(Values(too_long(facets.length.value), "a" * (facets.length.value + 1)))
    if param.type == "size":
        found += [
            Values(st.just(text), text)
            for text in (*sizes.misspelt(param, facets), *sizes.many(param, facets))
        ]
    if param.type == "palette" and facets.range is not None:
        found += _wrong_palettes(*facets.range.value)
    if param.type == "boxes" and facets.range is not None:
        box = [0, 0, 8, 8]
        boxes: list[Any] = [[[box] * (facets.range.value[1] + 1)], [[box[:3]]], [["box"]], ["box"], [[], []]]
        found += [Values(st.just(value), value) for value in boxes]
    return found


def palettes(low: int, high: int) -> SearchStrategy[list[dict[str, str]]]:
    """Colour palettes of `low` to `high` colours whose ratios add up to exactly 100.00%."""
    return st.integers(low, high).flatmap(
        lambda count: st.builds(_palette, _shares(count), st.lists(_colour(), min_size=count, max_size=count))
    )


def _wrong_palettes(low: int, high: int) -> list[Values]:
    good = _palette([_WHOLE - (low - 1) * 100, *[100] * (low - 1)], ["#C2D1E6"] * low)
    few = _palette([_WHOLE - max(low - 2, 0) * 100, *[100] * max(low - 2, 0)], ["#C2D1E6"] * max(low - 1, 1))
    most = _palette([_WHOLE - high * 10, *[10] * high], ["#C2D1E6"] * (high + 1))
    values = [
        few,
        most,
        [{**colour, "hex": "C2D1E6"} for colour in good],
        [{**colour, "hex": "red"} for colour in good],
        [{**colour, "ratio": 50} for colour in good],
        [{**colour, "ratio": "50%"} for colour in good],
        [{**good[0], "ratio": "99.99%"}, *good[1:]],
        [{"hex": colour["hex"]} for colour in good],
    ]
    return [Values(st.just(value), value) for value in values]


def _palette(shares: list[int], colours: list[str]) -> list[dict[str, str]]:
    return [
        {"hex": colour, "ratio": f"{share // 100}.{share % 100:02}%"}
        for share, colour in zip(shares, colours, strict=True)
    ]


def _shares(count: int) -> SearchStrategy[list[int]]:
    """`count` hundredths of a per cent that add up to the whole, each at least one: the gaps between cuts."""
    cuts = st.lists(st.integers(1, _WHOLE - 1), min_size=count - 1, max_size=count - 1, unique=True)
    return cuts.map(
        lambda inner: [
            high - low for low, high in zip([0, *sorted(inner)], [*sorted(inner), _WHOLE], strict=True)
        ]
    )


def _colour() -> SearchStrategy[str]:
    return st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


def _box() -> SearchStrategy[list[int]]:
    return st.tuples(*(st.integers(0, 255) for _ in range(4))).map(
        lambda box: [box[0], box[1], box[0] + box[2] + 1, box[1] + box[3] + 1]
    )
