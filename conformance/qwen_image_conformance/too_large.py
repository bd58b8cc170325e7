"""One request a way whose input image is above every limit in bytes: it decides them all, and is sent once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qwen_image_conformance.checks.refusals import TOO_LARGE
from qwen_image_conformance.probe import Probe, Tier, pictures_of, refused
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.upstream.large import beyond, looked_at
from qwen_image_conformance.ways import Way
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.rules import check
from qwen_image_spec.situation import image_rule_of


def probes(provider: Provider, model: Model, way: Way) -> Iterator[Probe]:
    """A refusal of the full tier: its body is larger than 10 MB. None for a way without input images or without limits."""
    bare = way.request(model, PLAIN)
    rule = image_rule_of(bare, model)
    picture = beyond(rule, model.facts) if rule is not None else None
    if rule is None or picture is None or way.operation == "generate" or not rule.count.value[1]:
        return
    request = replace(bare, images=(*way.images[:-1], picture))
    violations = check(request, model, looked_at(request.images))
    clauses = tuple(clause for clause in TOO_LARGE if any(one.clause == clause for one in violations))
    reactions = {one.reaction for one in violations}
    if not clauses or len(clauses) < len(violations) or reactions - {Reaction.REJECT, Reaction.UNKNOWN}:
        return
    probe = refused(provider, model, way.operation, way.endpoint, request, clauses[0], Tier.FULL)
    promised = Reaction.REJECT in reactions
    yield replace(probe, clauses=clauses, buys=0 if promised else pictures_of(request, model))
