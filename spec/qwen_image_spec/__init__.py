"""The contract of Qwen-Image and Wan image generation, as data: providers, models, limits, errors, clauses and their sources."""

from __future__ import annotations

from qwen_image_spec.loader import get_model, get_provider, load, load_provider
from qwen_image_spec.problems import Problem, SpecError, UnknownName
from qwen_image_spec.request import ImageRequest

__all__ = [
    "ImageRequest",
    "Problem",
    "SpecError",
    "UnknownName",
    "get_model",
    "get_provider",
    "load",
    "load_provider",
]
