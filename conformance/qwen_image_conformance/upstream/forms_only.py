"""Paths that take forms and no JSON: their probes, sent as forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import orjson

from qwen_image_conformance.probe import JSON, Probe
from qwen_image_conformance.upstream.forms import as_form
from qwen_image_spec.model import Provider

_FIELD = "image"


def as_taken(probes: Iterable[Probe], provider: Provider) -> list[Probe]:
    """The probes, those of a path that takes forms only as forms. What a form cannot say is left out.

    A form has no JSON to be broken, and no types: every value is a text. Pictures are files, not addresses.
    """
    return [made for probe in probes for made in _as_taken(probe, provider)]


def _as_taken(probe: Probe, provider: Provider) -> Iterator[Probe]:
    endpoint = provider.endpoints.get(probe.endpoint)
    if endpoint is None or "json" in endpoint.encodings or "multipart" not in endpoint.encodings:
        yield probe
        return
    if probe.method != endpoint.method or probe.path != endpoint.path or not probe.body:
        yield probe
        return
    if probe.headers.get("content-type") != JSON:
        if "multipart" in probe.headers.get("content-type", ""):
            yield probe
        return
    if _sayable(probe):
        yield replace(as_form(probe, _FIELD), splits=tuple(as_taken(probe.splits, provider)))


def _sayable(probe: Probe) -> bool:
    if (
        any(clause.endswith(".type") or clause.startswith("body.") for clause in probe.clauses)
        and not probe.buys
    ):
        return False
    try:
        body = orjson.loads(probe.body)
    except orjson.JSONDecodeError:
        return False
    images = probe.asked.images if probe.asked is not None else ()
    files = all(isinstance(image, str) and image.startswith("data:") for image in images)
    return isinstance(body, dict) and None not in body.values() and files
