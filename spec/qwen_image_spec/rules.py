"""Is this request allowed? `check` lists every violation, in the order in which a provider would notice them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qwen_image_spec import input_images, palette, values
from qwen_image_spec.evidence import Level, Reaction, strictest, weakest
from qwen_image_spec.frame import frame_fact
from qwen_image_spec.input_images import Looked
from qwen_image_spec.model import Facets, Model, Param, Rule
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import facets_of, holds, image_rule_of
from qwen_image_spec.size import Grant, Size, numbers, parse

Json = Any
_FIRST = ("size", "n")


@dataclass(frozen=True, slots=True)
class Violation:
    """One clause a request breaks, with what was seen, what is allowed, and what the provider does about it."""

    clause: str
    param: str
    seen: Json
    allowed: str
    reaction: Reaction
    level: Level
    source: str
    details: dict[str, Json] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """True when the provider refuses the request because of this."""
        return self.reaction is Reaction.REJECT


def check(
    request: ImageRequest, model: Model, looked: Sequence[Looked | None] | None = None
) -> list[Violation]:
    """Every violation of a request to a model: frame, prompt, images, size, n, the other parameters, cross-field rules.

    `looked` is what the caller knows of the input images' bytes, one for each; without it only data URIs are looked into.
    """
    found = [_frame(flaw.clause, flaw.where, flaw.seen, model) for flaw in request.flaws]
    found += _prompt(request, model)
    found += _images(request, model, looked)
    for name in _FIRST:
        if name in request.parameters:
            found += _param(name, request, model)
    for name in request.parameters:
        if name not in _FIRST:
            found += _param(name, request, model)
    found += [_rule(rule, request, model) for rule in model.rules if _broken(rule, request, model)]
    return found


def refusal(violations: list[Violation]) -> Violation | None:
    """The violation a provider answers with: the first it refuses, or None."""
    return next((violation for violation in violations if violation.refused), None)


def _frame(clause: str, where: str, seen: Json, model: Model) -> Violation:
    fact = frame_fact(clause, model)
    return Violation(clause, where, seen, "the documented frame", Reaction.REJECT, fact.level, fact.source)


def _prompt(request: ImageRequest, model: Model) -> Iterator[Violation]:
    param = model.params.get("prompt")
    if param is None:
        return
    facets = facets_of(param, request, model)
    needed = facets.required
    if request.prompt is None:
        if needed is not None and needed.value and not request.flaws:
            yield Violation(
                "prompt.missing", "prompt", None, "a prompt", Reaction.REJECT, needed.level, needed.source
            )
    elif not isinstance(request.prompt, str):
        yield Violation(
            "prompt.type",
            "prompt",
            request.prompt,
            "a string",
            Reaction.REJECT,
            weakest(Level.SHOULD, facets.supported.level),
            facets.supported.source,
        )
    elif not request.prompt.strip() and needed is not None and needed.value:
        yield Violation(
            "prompt.empty",
            "prompt",
            request.prompt,
            "a prompt that is not empty",
            Reaction.REJECT,
            weakest(Level.SHOULD, needed.level),
            needed.source,
        )
    elif "\0" in request.prompt:
        yield Violation(
            "prompt.nul",
            "prompt",
            request.prompt,
            "text without NUL",
            Reaction.REJECT,
            Level.OBSERVE,
            facets.supported.source,
        )
    elif facets.length is not None and len(request.prompt) > facets.length.value:
        yield _limit(
            "prompt.length",
            param,
            facets,
            request.prompt,
            f"at most {facets.length.value}",
            facets.length.level,
        )
    counted = model.facts.get("messages.texts")
    if request.texts > 1 and counted is not None:
        yield Violation(
            "messages.text-count",
            "input.messages",
            request.texts,
            "exactly one text",
            Reaction.REJECT,
            counted.level,
            counted.source,
        )


def _images(
    request: ImageRequest, model: Model, looked: Sequence[Looked | None] | None
) -> Iterator[Violation]:
    rule = image_rule_of(request, model)
    if rule is None:
        return
    low, high = rule.count.value
    if not low <= len(request.images) <= high:
        clause = "images.count" if high else "images.refused"
        reaction = rule.beyond.value if rule.beyond is not None else Reaction.UNKNOWN
        level = weakest(rule.count.level, rule.beyond.level if rule.beyond is not None else Level.OBSERVE)
        yield Violation(
            clause,
            "images",
            len(request.images),
            f"{low} to {high} images",
            reaction,
            level,
            rule.count.source,
            {"low": low, "high": high},
        )
    if not high:
        return
    known = (
        looked
        if looked is not None
        else [input_images.look_at(image) for image in request.images[: high + 1]]
    )
    for image, bytes_ in zip(request.images, known, strict=False):
        for flaw in input_images.flaws(image, bytes_, rule, model.facts):
            after = flaw.reaction
            level = weakest(flaw.fact.level, after.level if after is not None else Level.OBSERVE)
            yield Violation(
                flaw.clause,
                "images",
                flaw.seen,
                flaw.allowed,
                after.value if after is not None else Reaction.UNKNOWN,
                level,
                (after or flaw.fact).source,
            )


def _param(name: str, request: ImageRequest, model: Model) -> Iterator[Violation]:
    param = model.params.get(name)
    if param is None:
        return
    facets = facets_of(param, request, model)
    value = request.parameters[name]
    if not facets.supported.value:
        yield _limit(f"{param.slug}.unsupported", param, facets, value, "not given", facets.supported.level)
    elif not values.fits(param.type, value):
        yield Violation(
            f"{param.slug}.type",
            name,
            value,
            values.NAMES.get(param.type, param.type),
            Reaction.REJECT,
            Level.SHOULD,
            facets.supported.source,
        )
    elif param.type == "size":
        yield from _size(param, facets, value, request, model)
    elif param.type in ("palette", "boxes"):
        for suffix, allowed in palette.flaws(param.type, value, facets, len(request.images)):
            yield _limit(f"{param.slug}.{suffix}", param, facets, value, allowed, facets.supported.level)
    else:
        yield from _scalar(param, facets, value)


def _scalar(param: Param, facets: Facets, value: Json) -> Iterator[Violation]:
    if facets.enum is not None and value not in facets.enum.value:
        allowed = ", ".join(str(item) for item in facets.enum.value)
        yield _limit(f"{param.slug}.unknown-value", param, facets, value, allowed, facets.enum.level)
    if facets.range is not None:
        low, high = facets.range.value
        allowed = f"{low} to {high}" if low != high else str(low)
        if value > high:
            yield _limit(
                f"{param.slug}.above-maximum",
                param,
                facets,
                value,
                allowed,
                facets.range.level,
                {"low": low, "high": high},
            )
        elif value < low:
            yield _limit(
                f"{param.slug}.below-minimum",
                param,
                facets,
                value,
                allowed,
                facets.range.level,
                {"low": low, "high": high},
            )
    if facets.length is not None and len(value) > facets.length.value:
        yield _limit(
            f"{param.slug}.length",
            param,
            facets,
            value,
            f"at most {facets.length.value} characters",
            facets.length.level,
        )


def _size(
    param: Param, facets: Facets, value: str, request: ImageRequest, model: Model
) -> Iterator[Violation]:
    grants = [grant for grant in facets.grants if holds(grant.when, request, model)]
    if not facets.grants or any(value in grant.tokens for grant in grants):
        return
    size = parse(value, param.separator)
    if size is None:
        level, allowed = (
            strictest(*(grant.level for grant in facets.grants)),
            describe(facets, param.separator),
        )
        token = any(value in grant.tokens for grant in facets.grants) or not numbers(value)
        clause = (
            "size.token"
            if token and value[:1].isalnum() and value.isascii() and value.isalnum()
            else "size.spelling"
        )
        yield _limit(clause, param, facets, value, allowed, level, _size_details(value, None, None))
        return
    flaws: list[tuple[Grant, str]] = []
    for grant in grants:
        if grant.tokens:
            continue
        flaw = grant.flaw(size)
        if flaw is None:
            return
        flaws.append((grant, flaw))
    level, allowed = strictest(*(grant.level for grant in facets.grants)), describe(facets, param.separator)
    free = [(grant, flaw) for grant, flaw in flaws if grant.free]
    suffix = free[-1][1] if free else "not-listed"
    yield _limit(
        f"size.{suffix}",
        param,
        facets,
        value,
        allowed,
        level,
        _size_details(value, size, free[-1][0].area if free else None),
    )


def _size_details(value: str, size: Size | None, area: tuple[int, int] | None) -> dict[str, Json]:
    seen = (size.width, size.height) if size else numbers(value) or (0, 0)
    low, high = area or (0, 0)
    return {"width": seen[0], "height": seen[1], "pixels": seen[0] * seen[1], "low": low, "high": high}


def describe(facets: Facets, separator: str) -> str:
    """What sizes are allowed, for people: presets, tokens and bounds."""
    parts: list[str] = []
    for grant in facets.grants:
        if grant.presets:
            parts.append(", ".join(size.spell(separator) for size in sorted(grant.presets, reverse=True)))
        if grant.tokens:
            parts.append(", ".join(grant.tokens))
        if grant.side:
            parts.append(f"each side {grant.side[0]} to {grant.side[1]}")
        if grant.area:
            parts.append(f"{grant.area[0]} to {grant.area[1]} pixels")
    return "; ".join(dict.fromkeys(parts))


def _broken(rule: Rule, request: ImageRequest, model: Model) -> bool:
    if not holds(rule.when, request, model):
        return False
    present = {"images"} if request.images else set()
    present |= set(request.parameters)
    return any(name in present for name in rule.forbids) or any(name not in present for name in rule.requires)


def _rule(rule: Rule, request: ImageRequest, _model: Model) -> Violation:
    names = rule.forbids or rule.requires
    seen = {name: request.parameters[name] for name in names if name in request.parameters}
    return Violation(
        rule.clause,
        names[0] if names else "",
        seen,
        rule.sentence,
        rule.beyond.value,
        rule.beyond.level,
        rule.beyond.source,
    )


def _limit(
    clause: str,
    param: Param,
    facets: Facets,
    value: Json,
    allowed: str,
    level: Level,
    details: dict[str, Json] | None = None,
) -> Violation:
    beyond = facets.beyond
    reaction = beyond.value if beyond is not None else Reaction.UNKNOWN
    return Violation(
        clause,
        param.name,
        value,
        allowed,
        reaction,
        weakest(level, beyond.level if beyond else Level.OBSERVE),
        beyond.source if beyond else facets.supported.source,
        details or {},
    )
