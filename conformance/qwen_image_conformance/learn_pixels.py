"""The sizes a target takes, and the pixels it delivers unasked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qwen_image_conformance.learn_reading import Learned, ids, plain, taken, values
from qwen_image_conformance.learn_sizes import Points, explains, grants_of
from qwen_image_conformance.seen import Seen
from qwen_image_spec.model import Model, Param
from qwen_image_spec.size import Size, parse

_SIZES = ("parameters", "size", "grants")


def sizes(model: Model, group: Sequence[Seen], familiar: frozenset[Size]) -> Iterator[Learned]:
    """The sizes that are taken. Where they depend on other parameters or go by names, only whether that is as documented."""
    param = model.params.get("size")
    if param is None or not param.base.grants or not param.base.supported.value:
        return
    took, not_took = values(group, "size")
    about = ids([seen[0] for found in (took, not_took) for seen in found.values()])
    if any(grant.tokens or grant.when for grant in param.base.grants):
        if took and not_took:
            yield _named_sizes(took, not_took, about)
        return
    points = Points(_read(took, param), _read(not_took, param))
    if not points.taken or not points.refused:
        return
    if explains(param.base.grants, points):
        words = f"{len(points.taken)} sizes taken and {len(points.refused)} refused as documented"
        yield Learned(_SIZES, None, known=True, words=words, seen=about)
        return
    grants = grants_of(points, param.base.grants, familiar)
    words = f"{len(points.taken)} sizes taken, {len(points.refused)} refused, otherwise than documented"
    yield Learned(_SIZES, grants, known=False, words=words, seen=about)


def _named_sizes(
    took: dict[Any, list[Seen]], not_took: dict[Any, list[Seen]], about: tuple[str, ...]
) -> Learned:
    """Sizes of a model whose document has names or conditions for them: no others can be put in their place."""
    wrongly = sorted(str(value) for value, seen in took.items() if any(map(_objects, seen)))
    missed = sorted(str(value) for value, seen in not_took.items() if not any(map(_objects, seen)))
    if not wrongly and not missed:
        words = f"{len(took)} sizes taken and {len(not_took)} refused as documented"
        return Learned(_SIZES, None, known=True, words=words, seen=about)
    parts = [
        f"{', '.join(wrongly)} taken" if wrongly else "",
        f"{', '.join(missed)} refused" if missed else "",
    ]
    words = f"sizes otherwise than documented: {'; '.join(part for part in parts if part)}"
    return Learned(_SIZES, None, known=False, words=words, seen=about)


def _objects(seen: Seen) -> bool:
    return any(violation.param == "size" for violation in seen.violations)


def default_size(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """The pixels that come when no size is asked for."""
    param = model.params.get("size")
    default = param.base.default if param is not None else None
    if param is None or default is None or not isinstance(default.value, str):
        return
    bare = [
        seen
        for seen in group
        if plain(seen, "size")
        and seen.asked is not None
        and "size" not in seen.asked
        and not seen.asked.images
        and taken(seen)
    ]
    found = {
        Size(picture.width, picture.height)
        for seen in bare
        for picture in seen.exchange.pictures
        if picture.width and picture.height
    }
    if len(found) != 1:
        return
    size = found.pop()
    known = size == (_named(default.value, param) or parse(default.value, "x") or parse(default.value, "*"))
    yield Learned(
        ("parameters", "size", "default"),
        size.spell(param.separator),
        known,
        f"{size} without size",
        ids(bare),
    )


def _read(found: dict[Any, list[Seen]], param: Param) -> frozenset[Size]:
    parsed = (parse(value, param.separator) for value in found if isinstance(value, str))
    return frozenset(size for size in parsed if size is not None)


def _named(value: str, param: Param) -> Size | None:
    return next((grant.tokens[value] for grant in param.base.grants if value in grant.tokens), None)
