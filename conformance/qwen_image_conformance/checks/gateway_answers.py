"""What a gateway makes of the upstream's good answers: pictures, addresses, usage, texts, secrets."""

from __future__ import annotations

from typing import Any

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.answers import delivered
from qwen_image_conformance.upstream.both import Both
from qwen_image_conformance.verdict import Verdict, equal, holds
from qwen_image_spec.pointers import MISSING, get

_COUNTS = ("/usage/image_count", "/usage/images", "/usage/n")
_REWRITTEN = "response.revised-prompt"


def _good(seen: Seen) -> Both | None:
    """Both ends of a request that was served; None else."""
    if not seen.exchange.upstream or not seen.accepted or seen.broken:
        return None
    both = Both(seen)
    return both if both.addresses else None


@check("gateway.pictures-kept")
def kept(seen: Seen) -> Verdict | None:
    """Every picture the upstream delivered is in the answer."""
    both = _good(seen)
    return equal(expected=len(both.addresses), actual=delivered(seen.body)) if both is not None else None


@check("gateway.url-identity")
def identity(seen: Seen) -> Verdict | None:
    """The upstream's addresses, byte for byte and in its order."""
    both = _good(seen)
    here = [picture for picture in seen.exchange.pictures if picture.url]
    if (
        both is None
        or not here
        or not all(picture.address for picture in here)
        or seen.exchange.terms.get("rewrites_urls")
    ):
        return None
    order = [both.addresses.index(picture.address) for picture in here if picture.address in both.addresses]
    foreign = [picture.url for picture in here if picture.address not in both.addresses]
    return holds(
        not foreign and order == sorted(order),
        expected="the upstream's addresses in its order",
        actual=f"not an address of the upstream: {foreign[0]}"
        if foreign
        else f"{len(here)} address(es), order {order}",
    )


@check("gateway.usage")
def usage(seen: Seen) -> Verdict | None:
    """Pictures counted are pictures delivered."""
    both = _good(seen)
    counts = {at: value for at in _COUNTS if (value := _count(seen.body, at)) is not None}
    if both is None or not counts:
        return None
    number = delivered(seen.body)
    return holds(
        all(value == number for value in counts.values()),
        expected=f"{number} picture(s) counted",
        actual=counts,
    )


def _count(body: Any, at: str) -> int | None:
    value = get(body, at) if isinstance(body, dict) else MISSING
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@check("gateway.rewritten-prompt")
def rewritten(seen: Seen) -> Verdict | None:
    """The prompt as the upstream rewrote it, where the contract has a field for it."""
    both = _good(seen)
    fields = [field for shape in seen.provider.responses.values() for field in shape.fields]
    if both is None or both.last is None or not any(field.clause == _REWRITTEN for field in fields):
        return None
    output = both.last.response.get("output") if isinstance(both.last.response, dict) else None
    results = output.get("results") if isinstance(output, dict) else None
    texts = [
        text
        for result in (results if isinstance(results, list) else ())
        if isinstance(result, dict) and isinstance(text := result.get("actual_prompt"), str) and text
    ]
    if not texts:
        return None
    return holds(
        texts[0] in both.texts,
        expected=texts[0],
        actual="not in the answer" if texts[0] not in both.texts else texts[0],
    )


@check("gateway.key-stays")
def key(seen: Seen) -> Verdict | None:
    """No credentials for the host that keeps the pictures."""
    visits = [one for one in seen.exchange.upstream or () if one.operation == "picture"]
    if not visits:
        return None
    keyed = [f"{one.method} {one.path.partition('?')[0]}" for one in visits if "authorization" in one.headers]
    return holds(
        not keyed,
        expected="no Authorization to the host of the pictures",
        actual=keyed[:3] or f"{len(visits)} fetched without",
    )


@check("gateway.upstream-key")
def upstream_key(seen: Seen) -> Verdict | None:
    """The upstream's key stands in no answer."""
    leaked = seen.exchange.terms.get("upstream_key")
    if leaked is None or not seen.answered:
        return None
    return holds(
        not leaked,
        expected="no answer with the upstream's key",
        actual="in the answer" if leaked else "not there",
    )
