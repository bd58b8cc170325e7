from __future__ import annotations

import io

import pytest
from PIL import Image

from qwen_image_mock.pictures import Picture, render


def texts(*text: tuple[str, str]) -> dict[str, str]:
    image = Image.open(io.BytesIO(render(Picture(16, 16, b"key", text=text))))
    image.load()
    return {keyword: str(value) for keyword, value in image.text.items()}


@pytest.mark.parametrize(
    "value", ["a cat", "通义千问 😊", "two\nlines", "naïve", "", "tab\tand\x07bell", "x" * 90_000]
)
def test_a_text_comes_back_as_it_was(value: str) -> None:
    assert texts(("prompt", value)) == {"prompt": value}


def test_several_texts_come_back() -> None:
    assert texts(("prompt", "猫"), ("seed", "7")) == {"prompt": "猫", "seed": "7"}


@pytest.mark.parametrize(("value", "read"), [("a\0b", "a\ufffdb"), ("lone \ud800", "lone ?")])
def test_what_png_cannot_hold_is_replaced(value: str, read: str) -> None:
    assert texts(("prompt", value)) == {"prompt": read}


@pytest.mark.parametrize(
    ("keyword", "read"),
    [("  a   b ", "a b"), ("", "Comment"), ("k" * 100, "k" * 79), ("键", "?"), ("a\0b", "a b")],
)
def test_a_keyword_is_made_to_fit(keyword: str, read: str) -> None:
    assert texts((keyword, "v")) == {read: "v"}
