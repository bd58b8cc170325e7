# ruff: noqa: S311 # chance here only varies the tests

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from qwen_image_mock.pictures import Thumbnail, decode_png_thumbnail, hashed_thumbnail, thumbnail

CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
KINDS = {"L": 0, "LA": 4, "RGB": 2, "RGBA": 6}


def frame(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, lines: bytes, kind: int = 2, *, depth: int = 8, interlace: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + frame(b"IHDR", header)
        + frame(b"IDAT", zlib.compress(lines))
        + frame(b"IEND", b"")
    )


def paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda value: abs(guess - value))


def filtered(image: Image.Image, kind: int) -> bytes:
    """Filter an image's lines by the letter of the specification."""
    step, data = CHANNELS[image.mode], image.tobytes()
    length, out = image.width * step, bytearray()
    above = bytes(length)
    for start in range(0, len(data), length):
        line = data[start : start + length]
        left, corner = bytes(step) + line, bytes(step) + above
        guesses = [
            (0, left[x], above[x], (left[x] + above[x]) // 2, paeth(left[x], above[x], corner[x]))[kind]
            for x in range(length)
        ]
        out.append(kind)
        out += bytes((value - guess) & 0xFF for value, guess in zip(line, guesses, strict=True))
        above = line
    return bytes(out)


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    count = size[0] * size[1] * CHANNELS[mode]
    return Image.frombytes(mode, size, random.Random(3).randbytes(count))


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def expected(image: Image.Image) -> bytes:
    if image.mode in ("LA", "RGBA"):
        image = image.convert({"LA": "L", "RGBA": "RGB"}[image.mode])
    return image.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("mode", CHANNELS)
def test_every_filter_of_every_sort_is_undone(mode: str, kind: int) -> None:
    image = noise(mode, (33, 20))
    data = png(33, 20, filtered(image, kind), KINDS[mode])
    found = decode_png_thumbnail(data)
    assert found is not None
    assert (found.width, found.height, found.pixels) == (33, 20, expected(image))


@pytest.mark.parametrize("mode", [*CHANNELS, "P"])
def test_files_of_another_program_are_read(mode: str) -> None:
    image = Image.radial_gradient("L").resize((64, 50))
    image = Image.merge("RGB", (image, image.rotate(90), image.rotate(180))).convert(mode)
    found = decode_png_thumbnail(saved(image))
    assert found is not None
    assert (found.width, found.height, found.pixels) == (64, 50, expected(image))


@pytest.mark.parametrize(
    ("size", "small"),
    [((640, 320), (64, 32)), ((100, 1000), (6, 64)), ((1, 900), (1, 64)), ((65, 64), (64, 63))],
)
def test_a_large_image_is_shrunk(size: tuple[int, int], small: tuple[int, int]) -> None:
    found = decode_png_thumbnail(saved(Image.new("RGB", size, (9, 99, 199))))
    assert found == Thumbnail(*small, bytes((9, 99, 199)) * (small[0] * small[1]))


def test_the_parts_of_an_image_stay_in_their_places() -> None:
    image = Image.new("RGB", (400, 400), (0, 0, 0))
    image.paste((255, 0, 0), (200, 0, 400, 200))
    found = decode_png_thumbnail(saved(image))
    assert found is not None
    assert Image.frombytes("RGB", (64, 64), found.pixels).getbbox() == (32, 0, 64, 32)


def test_what_is_no_such_png_is_none() -> None:
    plain = noise("RGB", (8, 8))
    good = filtered(plain, 0)
    assert decode_png_thumbnail(png(8, 8, good)) is not None
    for data in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        saved(plain, "JPEG"),
        saved(plain.convert("1")),
        saved(Image.new("I;16", (8, 8))),
        png(8, 8, good, depth=16),
        png(8, 8, good, interlace=1),
        png(8, 8, good, kind=1),
        png(8, 8, good, kind=3),  # without a palette
        png(0, 8, good),
        png(8, 9, good),
        png(8, 8, b"\5" + good[1:]),
        png(1 << 31, 1 << 31, good),
        png(1, thumbnail.MAX_SIDE + 1, b"\0" * 4 * (thumbnail.MAX_SIDE + 1)),
    ):
        assert decode_png_thumbnail(data) is None


def test_damage_of_any_sort_never_raises() -> None:
    choose = random.Random(5)
    good = saved(noise("RGB", (20, 20)))
    for _ in range(400):
        bad = bytearray(good[: choose.randrange(len(good) + 1)] if choose.random() < 0.4 else good)
        for _ in range(choose.randrange(1, 6)):
            if bad:
                bad[choose.randrange(len(bad))] = choose.randrange(256)
        found = decode_png_thumbnail(bytes(bad))
        assert found is None or len(found.pixels) == 3 * found.width * found.height
    for length in range(0, 200, 7):
        assert decode_png_thumbnail(b"\x89PNG\r\n\x1a\n" + choose.randbytes(length)) is None


def test_a_palette_too_short_reads_as_black() -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 8, 3, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + frame(b"IHDR", header) + frame(b"PLTE", b"\1\2\3")
    found = decode_png_thumbnail(data + frame(b"IDAT", zlib.compress(b"\0\0\7")))
    assert found == Thumbnail(2, 1, b"\1\2\3\0\0\0")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decode_png_thumbnail(png(8000, 8000, b"")) is None  # 192 MB by its header
    more = png(8, 8, filtered(noise("RGB", (8, 8)), 0) + bytes(1 << 20))  # more lines than its header says
    assert decode_png_thumbnail(more) is not None
    monkeypatch.setattr(thumbnail, "MAX_DECODED_BYTES", 100)
    assert decode_png_thumbnail(saved(noise("RGB", (8, 8)))) is None


def test_too_much_work_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = png(9, 9, filtered(noise("RGB", (9, 9)), 4))
    assert decode_png_thumbnail(slow) is not None
    monkeypatch.setattr(thumbnail, "MAX_SLOW_BYTES", 200)
    assert decode_png_thumbnail(slow) is None
    assert decode_png_thumbnail(png(9, 9, filtered(noise("RGB", (9, 9)), 2))) is not None


def test_a_hashed_thumbnail_stands_for_its_bytes() -> None:
    first, second = hashed_thumbnail(b"one"), hashed_thumbnail(b"two")
    assert first == hashed_thumbnail(b"one")
    assert first != second
    assert (first.width, first.height) == (8, 8)
    assert hashed_thumbnail(b"").width == 8
