"""The schema of one parameter's value: its type, and the limits beyond which a request is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_image_spec.evidence import Fact, Reaction

if TYPE_CHECKING:
    from qwen_image_spec.model import Facets, Param
    from qwen_image_spec.size import Grant

Schema = dict[str, Any]
_DIGITS = "[1-9][0-9]{0,4}"
_COLOUR = {"type": "object", "properties": {"hex": {"type": "string"}, "ratio": {"type": "string"}}}
_BOX = {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}
_BLANK: Schema = {"type": "string", "pattern": r"^[\s\u001c-\u001f]*$"}
_TYPES: dict[str, Schema] = {
    "string": {"type": "string"},
    "size": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "list": {"type": "array"},
    "palette": {"type": "array", "items": _COLOUR},
    "boxes": {"type": "array", "items": {"type": "array", "items": _BOX}},
    "images": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}


def refused(limit: Fact[Any] | None, beyond: Fact[Reaction] | None) -> bool:
    """Whether values beyond a limit are refused for sure: the sources agree on limit and refusal."""
    if limit is None or beyond is None or limit.open or beyond.open:
        return False
    return beyond.value is Reaction.REJECT


def type_of(param: Param) -> Schema:
    """The JSON type of a parameter; empty when any value is taken."""
    return dict(_TYPES.get(param.type, {}))


def nullable(schema: Schema) -> Schema:
    """The schema with null let through: a null counts as a field that is not there."""
    found = dict(schema)
    if "type" in found:
        found["type"] = [*([found["type"]] if isinstance(found["type"], str) else found["type"]), "null"]
    if "const" in found:
        found["enum"] = [found.pop("const"), None]
    elif "enum" in found:
        found["enum"] = [*found["enum"], None]
    if "anyOf" in found:
        found["anyOf"] = [*found["anyOf"], {"type": "null"}]
    return found


def limits(param: Param, facets: Facets) -> Schema:
    """The limits of a parameter in one situation, as keywords; empty when nothing is refused for sure."""
    found: Schema = {}
    if facets.enum is not None and refused(facets.enum, facets.beyond):
        found["enum"] = list(facets.enum.value)
    if facets.length is not None and refused(facets.length, facets.beyond):
        found["maxLength"] = facets.length.value
    if facets.range is not None and refused(facets.range, facets.beyond):
        found |= _range(param.type, *facets.range.value)
    if param.name == "prompt" and _needed(facets):
        found["not"] = _BLANK
    if param.type == "size" and facets.grants:
        found |= _sizes(param, facets)
    return found


def _needed(facets: Facets) -> bool:
    return facets.required is not None and facets.required.value and not facets.required.open


def _range(kind: str, low: float, high: float) -> Schema:
    match kind:
        case "integer" | "number":
            return {"const": low} if low == high else {"minimum": low, "maximum": high}
        case "palette" | "list":
            return {"minItems": low, "maxItems": high}
        case "boxes":
            return {"items": {"type": "array", "items": _BOX, "maxItems": high}}
        case _:
            return {}


def _sizes(param: Param, facets: Facets) -> Schema:
    """The listed sizes, or a spelling where sizes are free. Sizes of disputed grants are let through."""
    if not any(refused(_fact(grant), facets.beyond) for grant in facets.grants):
        return {}
    tokens = sorted({token for grant in facets.grants for token in grant.tokens})
    if any(grant.free for grant in facets.grants):
        spelling = _DIGITS + re.escape(param.separator) + _DIGITS
        return {
            "pattern": f"^(?:{'|'.join([spelling, *map(re.escape, tokens)])})$" if tokens else f"^{spelling}$"
        }
    presets = sorted({size for grant in facets.grants for size in grant.presets}, reverse=True)
    return {"enum": [size.spell(param.separator) for size in presets] + tokens}


def _fact(grant: Grant) -> Fact[str]:
    return Fact("size", grant.source, grant.evidence, grant.dispute)


def describe(param: Param) -> str:
    """A parameter's default and where the knowledge is from, for people."""
    base = param.base
    parts: list[str] = []
    if not base.supported.value:
        parts.append("Not supported.")
    if base.default is not None:
        shown = (
            str(base.default.value).lower() if isinstance(base.default.value, bool) else base.default.value
        )
        parts.append(f"Default {shown}" + (f" ({base.default.evidence})." if base.default.open else "."))
    if base.length is not None:
        parts.append(
            f"Length at most {base.length.value}"
            + (f"; beyond: {base.beyond.value}." if base.beyond else ".")
        )
    for grant in base.grants:
        if grant.area:
            parts.append(f"{grant.area[0]} to {grant.area[1]} pixels in all.")
        if grant.side:
            parts.append(f"Each side {grant.side[0]} to {grant.side[1]} pixels.")
        if grant.ratio:
            parts.append(f"Width/height {grant.ratio[0]} to {grant.ratio[1]}.")
    notes = [fact.note for fact in (base.supported, base.default) if fact is not None and fact.note]
    parts += [note if note.endswith(".") else f"{note}." for note in notes]
    parts.append(f"Source: {base.supported.source} ({base.supported.evidence}).")
    return " ".join(dict.fromkeys(parts))
