"""What a request claims: the clauses of acceptance that rest on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_image_conformance.seen import Seen

_OTHER = {"n": "n.count", "response_format": "response-format.url"}


def claims_of(seen: Seen) -> frozenset[str]:
    """The clauses that say this request must be taken; a bare request claims that the model is served."""
    request = seen.asked
    if (
        request is None
        or seen.model is None
        or request.texts > 1
        or b'"stream":true' in seen.exchange.sent.body
    ):
        return frozenset()
    slugs = {name: f"{name.replace('_', '-')}.accepted" for name in request.parameters}
    made = {
        _OTHER.get(name, slug) for name, slug in slugs.items() if name in _OTHER or slug in seen.spec.clauses
    }
    if request.get("response_format") == "b64_json":
        made.discard("response-format.url")
        made.add("response-format.b64")
    if isinstance(request.prompt, str) and not request.prompt.isascii():
        made.add("prompt.unicode")
    lengths = {violation.clause for violation in seen.violations if violation.clause.endswith(".length")}
    made |= lengths
    if "negative-prompt.length" in lengths:
        made.discard("negative-prompt.accepted")
    return frozenset(made) or frozenset({"model.served"})
