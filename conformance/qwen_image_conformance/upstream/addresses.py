"""A picture of the run itself as an input image: an address that the upstream can open, known only once the run goes on."""

from __future__ import annotations

from dataclasses import replace

import orjson

from qwen_image_conformance.probe import Probe

PICTURE = "https://picture.invalid/of-this-run.png"
"""Stands in a planned request where the address of a delivered picture comes to stand."""


def needs_picture(probe: Probe) -> bool:
    """Whether a probe waits for the address of a picture."""
    return probe.asked is not None and PICTURE in probe.asked.images


def with_picture(probe: Probe, address: str) -> Probe:
    """The probe with the address in place."""
    if probe.asked is None:
        return probe
    images = tuple(address if image == PICTURE else image for image in probe.asked.images)
    body = probe.body.replace(orjson.dumps(PICTURE), orjson.dumps(address))
    body = body.replace(PICTURE.encode(), address.encode())  # in a form a text stands without quotes
    return replace(probe, body=body, asked=replace(probe.asked, images=images))
