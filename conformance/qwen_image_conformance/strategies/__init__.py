"""Hypothesis strategies built from the spec, for your own tests.

Every strategy is constructive: nothing is drawn and thrown away, so no health check complains and every
example counts.

>>> from hypothesis import given, settings
>>> from qwen_image_conformance.strategies import wire_bodies
>>> @settings(max_examples=20, database=None, deadline=None)
... @given(wire_bodies("dieyuyun", "qwen-image-2.0-pro"))
... def test_my_client(drawn):
...     endpoint, body = drawn
...     assert endpoint.path == "/v1/images/generations"
...     assert body["prompt"]
>>> test_my_client()
"""

from __future__ import annotations

from qwen_image_conformance.strategies.invalid import breakable, invalid_requests
from qwen_image_conformance.strategies.names import operations
from qwen_image_conformance.strategies.texts import prompts
from qwen_image_conformance.strategies.valid import valid_requests, zero_values
from qwen_image_conformance.strategies.values import wrong_types
from qwen_image_conformance.strategies.wire import sizes, sizes_around, wire_bodies

__all__ = [
    "breakable",
    "invalid_requests",
    "operations",
    "prompts",
    "sizes",
    "sizes_around",
    "valid_requests",
    "wire_bodies",
    "wrong_types",
    "zero_values",
]
