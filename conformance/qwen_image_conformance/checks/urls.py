"""The addresses of pictures."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, holds, observed


def _fetched(seen: Seen) -> list[str]:
    return [] if seen.broken else [picture.url for picture in seen.exchange.pictures if picture.url]


@check("url.fetchable")
def fetchable(seen: Seen) -> Verdict | None:
    """Every address gives a whole picture."""
    if not _fetched(seen):
        return None
    bad = [
        f"{picture.status} {picture.error}".strip()
        for picture in seen.exchange.pictures
        if picture.url and (picture.status != 200 or picture.error)
    ]
    if bad and all(picture.status == 401 for picture in seen.exchange.pictures if picture.url):
        return None
    return holds(not bad, expected="200 and a picture that decodes", actual=bad or "all whole")


@check("url.open")
def without_credentials(seen: Seen) -> Verdict | None:
    """No credentials needed: the suite fetches without any."""
    if not _fetched(seen):
        return None
    refused = [picture.status for picture in seen.exchange.pictures if picture.url and picture.status == 401]
    return holds(not refused, expected="fetched without credentials", actual=refused or "fetched")


@check("url.content-type")
def content_type(seen: Seen) -> Verdict | None:
    """The type said is the type delivered."""
    said = [
        (picture.content_type.split(";")[0], picture.format)
        for picture in seen.exchange.pictures
        if picture.url and picture.format
    ]
    if seen.broken or not said:
        return None
    wrong = [
        f"{kind or 'nothing'} for {form}"
        for kind, form in said
        if kind not in (f"image/{form.lower()}", "application/octet-stream")
    ]
    return holds(
        not wrong, expected="image/FORMAT of the picture", actual=wrong or sorted({kind for kind, _ in said})
    )


@check("url.png")
def png(seen: Seen) -> Verdict | None:
    """PNG, whichever way it came."""
    forms = sorted({picture.format for picture in seen.exchange.pictures if picture.format})
    return equal(expected=["PNG"], actual=forms) if forms and not seen.broken else None


@check("url.lifetime")
def lifetime(seen: Seen) -> Verdict | None:
    """An Expires in the address lies at least the documented life ahead."""
    fact = seen.provider.facts.get("url.lifetime")
    ends = [
        int(value[0])
        for url in _fetched(seen)
        if (value := parse_qs(urlsplit(url).query).get("Expires")) and value[0].isdecimal()
    ]
    if fact is None or not ends:
        return None
    left = min(ends) - seen.exchange.time
    if fact.open:
        return observed(round(left))
    return holds(
        left >= float(fact.value) - 120,
        expected=f"at least {fact.value} s",
        actual=f"{round(left)} s",
        level=fact.level,
        source=fact.source,
    )


@check("url.signed")
def signed(seen: Seen) -> Verdict | None:
    """An altered signature is refused."""
    tried = [picture.tampered for picture in seen.exchange.pictures if picture.tampered is not None]
    if seen.broken or not tried:
        return None
    return holds(
        all(400 <= status < 500 for status in tried), expected="refused with a client error", actual=tried
    )
