"""Pictures for the mock's answers: real PNG files of any size, made fast, that show what was asked for."""

from __future__ import annotations

from qwen_image_mock.pictures.picture import MAX_SIDE, Picture, Thumbnail
from qwen_image_mock.pictures.render import render
from qwen_image_mock.pictures.text import measure
from qwen_image_mock.pictures.thumbnail import decode_png_thumbnail, hashed_thumbnail

__all__ = [
    "MAX_SIDE",
    "Picture",
    "Thumbnail",
    "decode_png_thumbnail",
    "hashed_thumbnail",
    "measure",
    "render",
]
