# ruff: noqa: S311 # chance here only varies the tests

from __future__ import annotations

import io
import random
import zlib
from itertools import pairwise

import pytest
from PIL import Image, ImageChops

from qwen_image_mock.pictures import MAX_SIDE, Picture, Thumbnail, hashed_thumbnail, render

PROMPT = "A cozy coffee shop with a chalkboard that says 通义千问, and beneath it π≈3.1415926"
CAPTION = (PROMPT, "qwen-image-plus  1328x1328  seed 7  2/4")
SIZES = [
    (1, 1),
    (1, 2),
    (3, 1),
    (7, 5),
    (31, 33),
    (64, 48),
    (1, 700),
    (700, 1),
    (257, 255),
    (512, 512),
    (928, 1664),
    (1328, 1328),
    (2048, 2048),
    (2687, 1537),
    (5792, 724),
    (724, 5792),
    (4096, 4096),
]


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixels(picture: Picture) -> Image.Image:
    return opened(render(picture)).convert("RGB")


def scan_lines(data: bytes) -> bytes:
    """Decompress a PNG's pixels strictly: zlib checks the Adler-32, and nothing may follow it."""
    place, parts = 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(
            data[place + 8 + length : place + 12 + length], "big"
        )
        parts += [body] * (kind == b"IDAT")
        place += 12 + length
    engine = zlib.decompressobj()
    plain = engine.decompress(b"".join(parts))
    assert engine.eof
    assert not engine.unused_data
    return plain


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("thumbnail", [None, hashed_thumbnail(b"input")])
def test_every_size_is_exact_and_decodes(width: int, height: int, thumbnail: Thumbnail | None) -> None:
    data = render(Picture(width, height, b"key", CAPTION, "Qwen-Image", thumbnail=thumbnail))
    image = opened(data)
    assert (image.format, image.size) == ("PNG", (width, height))
    assert len(scan_lines(data)) == (width + 1) * height


def test_sizes_at_random_decode_too() -> None:
    choose = random.Random(7)
    for _ in range(150):
        width, height = (int(2 ** choose.uniform(0, 9.5)) for _ in range(2))
        sides = choose.randrange(1, 70), choose.randrange(1, 70)
        small = Thumbnail(*sides, choose.randbytes(3 * sides[0] * sides[1]))
        thumbnail, label = choose.choice([None, small]), choose.choice([None, "Qwen-Image", "AI生成", ""])
        lines = choose.choice([(), ("",), (PROMPT,), CAPTION, (PROMPT, PROMPT, PROMPT)])
        data = render(Picture(width, height, b"key", lines, label, thumbnail=thumbnail))
        assert opened(data).size == (width, height)
        assert len(scan_lines(data)) == (width + 1) * height


def test_the_largest_size_is_small_as_a_file() -> None:
    data = render(Picture(MAX_SIDE, MAX_SIDE, b"key", CAPTION, "Qwen-Image"))
    assert len(scan_lines(data)) == (MAX_SIDE + 1) * MAX_SIDE
    assert len(data) < 150_000
    assert len(render(Picture(4096, 4096, b"key", CAPTION, "Qwen-Image"))) < 60_000


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 5), (MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)])
def test_sizes_out_of_bounds_are_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="side"):
        Picture(width, height, b"key")


def test_an_equal_picture_gives_equal_bytes() -> None:
    pictures = [
        Picture(640, 480, b"key", CAPTION, "Qwen-Image", (("prompt", PROMPT),), hashed_thumbnail(b"input"))
        for _ in range(2)
    ]
    first, second = map(render, pictures)
    assert first == second


def test_another_key_gives_other_bytes_even_for_one_pixel() -> None:
    assert len({render(Picture(1, 1, b"%d" % seed)) for seed in range(500)}) == 500


def test_another_key_gives_plainly_other_colours() -> None:
    shrunk = [pixels(Picture(256, 256, b"seed %d" % seed)).resize((4, 4)).tobytes() for seed in range(40)]
    distances = [
        sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
        for place, one in enumerate(shrunk)
        for other in shrunk[:place]
    ]
    assert min(distances) > 4
    assert sorted(distances)[len(distances) // 2] > 35


def test_the_mosaic_is_a_gradient_and_no_noise() -> None:
    image = pixels(Picture(1000, 1000, b"key"))
    centres = [[image.getpixel((x, y)) for x in range(50, 1000, 100)] for y in range(50, 1000, 100)]
    steps = [
        abs(one[channel] - other[channel])
        for row in centres
        for one, other in pairwise(row)
        for channel in range(3)
    ]
    assert max(steps) <= 64
    assert len({colour for row in centres for colour in row}) > 90


@pytest.mark.parametrize(("width", "height"), [(64, 64), (333, 127), (1328, 1328), (1664, 928), (5792, 724)])
@pytest.mark.parametrize("label", ["Qwen-Image", "AI生成", ""])
def test_the_watermark_is_in_the_lower_right_and_nowhere_else(width: int, height: int, label: str) -> None:
    for lines in ((), CAPTION):
        without, with_it = (pixels(Picture(width, height, b"key", lines, mark)) for mark in (None, label))
        box = ImageChops.difference(without, with_it).getbbox()
        assert box is not None
        left, top, right, bottom = box
        assert left >= width // 2
        assert top >= height // 2
        assert right < width
        assert bottom < height


def test_a_watermark_shows_even_where_its_text_does_not_fit() -> None:
    for side in range(1, 12):
        without, with_it = (pixels(Picture(side, side, b"key", watermark=mark)) for mark in (None, "AI"))
        assert ImageChops.difference(without, with_it).getbbox() is not None


def test_two_watermarks_differ() -> None:
    assert render(Picture(512, 512, b"k", (), "Qwen")) != render(Picture(512, 512, b"k", (), "Wan"))


def strip(lines: tuple[str, ...], key: bytes = b"key", size: tuple[int, int] = (640, 640)) -> Image.Image:
    return pixels(Picture(*size, key, lines)).crop((0, 0, size[0], size[1] // 4))


def test_the_caption_differs_by_prompt() -> None:
    assert strip(("a cat", "seed 1")).tobytes() != strip(("a dog", "seed 1")).tobytes()
    assert strip(("a cat", "seed 1")).tobytes() != strip(("a cat", "seed 2")).tobytes()


def test_the_caption_is_readable_whatever_the_key() -> None:
    first, second = (strip(("a cat",), key).crop((0, 0, 640, 30)) for key in (b"one", b"two"))
    assert first.tobytes() == second.tobytes()
    darkest, brightest = first.convert("L").getextrema()
    assert darkest < 40
    assert brightest > 220


def test_without_lines_there_is_no_caption() -> None:
    assert pixels(Picture(512, 512, b"key")).getpixel((0, 0)) != (0x14, 0x16, 0x1B)
    assert pixels(Picture(512, 512, b"key", ("",))).tobytes() == pixels(Picture(512, 512, b"key")).tobytes()


def test_the_caption_leaves_half_of_the_picture() -> None:
    plain, full = (pixels(Picture(300, 200, b"key", lines)) for lines in ((), (PROMPT * 20, "seed", "more")))
    box = ImageChops.difference(plain, full).getbbox()
    assert box is not None
    assert box[3] <= 100


def test_the_small_print_stays_when_there_is_little_room() -> None:
    pictures = [
        pixels(Picture(300, 160, b"key", (PROMPT * 20, small))).tobytes() for small in ("seed 1", "seed 2")
    ]
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize("size", [(640, 480), (8, 8), (2048, 512), (300, 1800)])
def test_a_thumbnail_is_drawn_in_the_middle(size: tuple[int, int]) -> None:
    red_and_blue = Thumbnail(2, 1, bytes((250, 10, 20, 10, 20, 240)))
    image = pixels(Picture(*size, b"key", thumbnail=red_and_blue))
    middle = size[1] // 2
    assert image.getpixel((size[0] // 2 - 2, middle)) == (250, 10, 20)
    assert image.getpixel((size[0] // 2 + 1, middle)) == (10, 20, 240)
    plain = pixels(Picture(*size, b"key"))
    assert image.getpixel((0, 0)) == plain.getpixel((0, 0))


def test_a_thumbnail_keeps_its_colours_about() -> None:
    ramp = Thumbnail(256, 1, bytes(level for value in range(256) for level in (value, 255 - value, 128)))
    image = pixels(Picture(2048, 2048, b"key", thumbnail=ramp))
    row = [image.getpixel((x, 1024)) for x in range(2048 * 3 // 16 + 8, 2048 * 13 // 16 - 8)]
    assert all(abs(red + green - 255) <= 2 and blue == 128 for red, green, blue in row)
    assert [red for red, _, _ in row] == sorted(red for red, _, _ in row)
    assert len({red for red, _, _ in row}) == 5


def test_another_thumbnail_is_another_picture() -> None:
    first, second = (
        render(Picture(512, 512, b"key", thumbnail=hashed_thumbnail(data))) for data in (b"one", b"two")
    )
    assert first != second


@pytest.mark.parametrize(("width", "height", "pixels"), [(0, 1, b""), (1, 1, b"12"), (257, 1, bytes(771))])
def test_a_thumbnail_that_is_none_is_refused(width: int, height: int, pixels: bytes) -> None:
    with pytest.raises(ValueError, match="thumbnail"):
        Thumbnail(width, height, pixels)
