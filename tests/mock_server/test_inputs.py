"""The sides of input images, read from their first bytes."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from qwen_image_mock.inputs import size_of_file, size_of_image
from qwen_image_spec.size import Size


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP"])
def test_files_tell_their_size(form: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (321, 123), "teal").save(buffer, form)
    assert size_of_file(buffer.getvalue()) == Size(321, 123)
    uri = f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    assert size_of_image(uri) == Size(321, 123)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "http://example.com/a.png",
        "data:image/png;base64,",
        "data:image/png;base64,!!!",
        "oss://key",
        7,
        None,
        "data:image/png;base64,iVBORw0KGgo=",
        "http://x/pictures/20260101/AAAA/00000000-0000-4000-a000-000000000000-0.png",
        "data:image/jpeg;base64,/9j/4AAQ",
    ],
)
def test_what_cannot_be_told_is_none(value: object) -> None:
    assert size_of_image(value) is None
