"""The provider x model table of the README, from the spec. A test keeps the two the same."""

from __future__ import annotations

from qwen_image_spec import load
from qwen_image_spec.evidence import Evidence
from qwen_image_spec.model import Model, Provider

HEAD = ("provider", "models", "operations", "sizes", "n", "watermark", "negative_prompt")


def table() -> str:
    """The table in Markdown: one row for every family."""
    rows = [
        _row(provider, members)
        for provider in load().providers.values()
        for members in provider.families.values()
    ]
    lines = [HEAD, tuple("---" for _ in HEAD), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def _row(provider: Provider, members: tuple[str, ...]) -> tuple[str, ...]:
    model = provider.models[members[0]]
    first = f"`{members[0]}`" + (f" and {len(members) - 1} more" if len(members) > 1 else "")
    return (
        provider.id,
        first,
        ", ".join(name for name in model.operations if name in ("generate", "edit", "submit")),
        _sizes(model),
        _count(model),
        _default(model, "watermark"),
        _place(provider, model, "negative_prompt"),
    )


def _sizes(model: Model) -> str:
    param = model.params.get("size")
    if param is None or not param.base.supported.value:
        return "not settable"
    parts: list[str] = []
    for grant in param.base.grants:
        if grant.evidence is Evidence.UNKNOWN:
            parts.append("others: unknown")
        elif grant.presets:
            parts.append(f"{len(grant.presets)} presets")
        elif grant.tokens:
            parts.append("/".join(grant.tokens))
        elif grant.area is not None:
            parts.append(f"{grant.area[0]:,}-{grant.area[1]:,} px")
        elif grant.side is not None:
            parts.append(f"side {grant.side[0]}-{grant.side[1]}")
    return ", ".join(dict.fromkeys(parts)) + f" (`{param.separator}`)" if parts else "unknown"


def _count(model: Model) -> str:
    param = model.params.get("n")
    if param is None:
        return "unknown"
    ranges = [
        facets.range.value
        for facets in (param.base, *(facets for _, facets in param.variants))
        if facets.range is not None
    ]
    return (
        ", ".join(dict.fromkeys(f"{low}-{high}" if low != high else str(low) for low, high in ranges))
        or "unknown"
    )


def _default(model: Model, name: str) -> str:
    param = model.params.get(name)
    return "unknown" if param is None or param.base.default is None else str(param.base.default.value).lower()


def _place(provider: Provider, model: Model, name: str) -> str:
    param = model.params.get(name)
    if param is None:
        return "unknown"
    if not param.base.supported.value:
        return "not taken"
    envelopes = [provider.endpoints[key].envelope for key in model.endpoints]
    places = [
        places[0] for envelope in envelopes if (places := param.places.get(envelope) or param.places.get("*"))
    ]
    return (
        " or ".join(dict.fromkeys("`" + place.lstrip("/").replace("/", ".") + "`" for place in places))
        or "unknown"
    )


if __name__ == "__main__":
    print(table())
