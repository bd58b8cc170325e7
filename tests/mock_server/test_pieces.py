"""JSON read piece by piece is JSON read at once."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from random import Random
from typing import Any

import orjson
import pytest

from qwen_image_mock import pieces
from qwen_image_mock.aside import large_object, sha256_of
from qwen_image_mock.bodies import BadBody, json_object
from qwen_image_mock.multipart import data_uri
from qwen_image_mock.pieces import LONG, PIECE, decoded, value_of
from qwen_image_spec.input_images import bytes_of

UNITS = ["a", 'b"', "山", "\\", "😀", "\n", "é", " ", "\\u", '"', "u4e00", "\x7f", "\ufeff"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is long, and pieces are short: every way to cut a text comes up."""
    monkeypatch.setattr(pieces, "LONG", 5)
    monkeypatch.setattr(pieces, "PIECE", 16)


def read(body: bytes, how: Any) -> Any:
    try:
        return how(body)
    except (orjson.JSONDecodeError, BadBody) as error:
        return error.clause if isinstance(error, BadBody) else "broken"


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("broken", [0, 1, 2])
def test_any_body_reads_the_same(plain: bool, broken: int) -> None:
    random = Random(20261120 + broken)  # noqa: S311 # repeatable on purpose
    good = 0
    for _ in range(1500):
        text = "".join(random.choice(UNITS) for _ in range(random.randrange(60)))
        document = {"k": text, "l": [text, {"m": text[:3]}], text[:9]: text[::-1]}
        body = bytearray(json.dumps(document, ensure_ascii=not plain).encode())
        for _ in range(broken):
            body[random.randrange(len(body))] = random.choice(b'\\"u\x80\xe5dD8c{}[],:\x01')
        whole = bytes(body)
        expected = read(whole, orjson.loads)
        assert read(whole, lambda one: value_of(one, orjson.loads)) == expected
        assert read(whole, large_object) == read(whole, json_object)
        assert decoded(whole) == whole.decode("utf-8", "replace")
        good += expected != "broken"
    assert good > (0 if broken else 1400), "most of them are to be JSON"


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "text",
    [
        "\\" * 99,
        '"' * 99,
        "😀" * 30,
        "山" * 99,
        "\\" * 7 + "é" * 9,
        "\\" * 40 + '"',
        "a" * 16 + "\\" * 16,
        "\ud83d",
        "a" * 31 + "\udc00",
    ],
)
def test_texts_that_are_hard_to_cut(text: str) -> None:
    for plain in (True, False):
        body = json.dumps({"k": text}, ensure_ascii=not plain).encode("utf-8", "surrogatepass")
        assert read(body, large_object) == read(body, json_object)


def test_only_long_texts_are_taken_out() -> None:
    seen: list[bytes] = []

    def parse(body: bytes) -> Any:
        seen.append(body)
        return orjson.loads(body)

    document = {"short": "s" * LONG, "long": "山" * PIECE, "l" * (LONG + 1): ["x" * (LONG + 1)]}
    assert value_of(orjson.dumps(document), parse) == document
    assert b"s" * LONG in seen[0], "a text of the usual length stays"
    assert b"l" * LONG in seen[0], "so does a key"
    assert b"x" * LONG not in seen[0]
    assert len(seen[0]) < 3 * LONG


@pytest.mark.parametrize(
    ("body", "clause"),
    [
        (b'{"a":"%b","a":1}', "body.duplicate-key"),
        (b'{"a":"%b\xff"}', "body.encoding"),
        (b'{"a":"%b\x01"}', "body.malformed"),
        (b'{"a":"%b"', "body.malformed"),
        (b'{"a":"%b}', "body.malformed"),
        (b'["%b"]', "body.not-object"),
        (b'"%b"', "body.not-object"),
    ],
)
def test_what_is_wrong_with_a_large_body_has_its_clause(body: bytes, clause: str) -> None:
    whole = body % (b"x" * (LONG + 1))
    assert read(whole, json_object) == clause
    assert read(whole, large_object) == clause


@pytest.mark.parametrize("length", [0, 1, 2, 3, (3 << 16) - 1, 3 << 16, (3 << 16) + 1, 500_000])
def test_base64_in_pieces_is_base64(length: int) -> None:
    data = Random(length).randbytes(length)  # noqa: S311 # repeatable on purpose
    uri = data_uri(data)
    assert uri == f"data:application/octet-stream;base64,{b64encode(data).decode()}"
    assert bytes_of(uri) == data


def test_padding_within_base64_is_damage() -> None:
    piece = 1 << 18
    assert bytes_of("data:a/b;base64," + "A" * (piece - 2) + "==" + "AAAA") == b""
    assert bytes_of("data:a/b;base64," + "A" * (piece - 1) + "!" + "AAAA") == b""
    assert len(bytes_of("data:a/b;base64," + "A" * (piece + 2) + "==")) == piece // 4 * 3 + 1


def test_a_digest_in_pieces_is_the_digest() -> None:
    for text in ("", "山" * (PIECE + 1), "\ud83d" + "a" * PIECE):
        assert sha256_of(text) == sha256(text.encode("utf-8", "replace")).hexdigest()
