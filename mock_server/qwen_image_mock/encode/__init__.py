"""Answers on the wire: success by layout, refusals by error shape.

Neither knows a provider or a model by name.
"""

from __future__ import annotations

from qwen_image_mock.encode.errors import Refusal, encode_refusal, refusal_for, refusal_of
from qwen_image_mock.encode.success import Delivery, encode_success
from qwen_image_mock.encode.traits import documented

__all__ = [
    "Delivery",
    "Refusal",
    "documented",
    "encode_refusal",
    "encode_success",
    "refusal_for",
    "refusal_of",
]
