from __future__ import annotations

import pytest

from qwen_image_mock.pictures import glyphs, measure
from qwen_image_mock.pictures.text import bitmap, clean, magnify, wrap

CHINESE = "一副典雅庄重的对联悬挂于厅堂之中，房间是个安静古典的中式布置，桌子上放着一些青花瓷"


def rows_of(text: str) -> list[str]:
    return [f"{int.from_bytes(row, 'big'):0{8 * len(row)}b}" for row in bitmap(text)]


def test_a_letter_looks_like_itself() -> None:
    drawn = [row.replace("0", ".").replace("1", "#") for row in rows_of("A")]
    assert drawn[4:14] == [
        "...##...",
        "..#..#..",
        "..#..#..",
        ".#....#.",
        ".#....#.",
        ".######.",
        ".#....#.",
        ".#....#.",
        ".#....#.",
        ".#....#.",
    ]


@pytest.mark.parametrize(
    "text", [CHINESE, "Qwen-Image", "Здравствуй", "こんにちは 한국어", "π≈3.14 €½", "🐱😊🎨"]
)
def test_the_worlds_letters_have_glyphs_of_their_own(text: str) -> None:
    found = [glyphs.glyph(letter) for letter in text if letter != " "]
    assert all(found)
    assert glyphs.MISSING not in found
    assert len(set(found)) == len(set(text) - {" "})


@pytest.mark.parametrize("character", ["\U0010fffd", "\ue000", "\ud800", "\U0001fbff"])
def test_without_a_glyph_there_is_a_box(character: str) -> None:
    assert glyphs.glyph(character) is None
    assert b"".join(bitmap(character)) == glyphs.MISSING


@pytest.mark.parametrize(
    ("text", "halves"), [("", 0), ("abc", 3), ("通义", 4), ("a\nb", 3), ("e\u0301", 1), ("x\u0323\u0302", 1)]
)
def test_text_is_measured_in_pixels(text: str, halves: int) -> None:
    assert measure(text) == 8 * halves
    assert {len(row) for row in bitmap(clean(text))} == {halves}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a\0b\nc\td\x7fe", "a b c d e"),
        ("a\u00a0b\u3000c\u2028d", "a b c d"),
        ("👩\u200d🎨 ❤\ufe0f", "👩🎨 ❤"),
        ("e\u0301", "é"),
        ("plain", "plain"),
    ],
)
def test_text_is_cleaned(text: str, read: str) -> None:
    assert clean(text) == read


def test_an_accent_goes_over_its_letter() -> None:
    plain, accented = rows_of("x"), rows_of("x\u0302")
    assert all(
        under in ("0", over)
        for a, b in zip(plain, accented, strict=True)
        for under, over in zip(a, b, strict=True)
    )
    assert plain != accented


def test_an_accent_with_nothing_before_it_is_drawn_alone() -> None:
    assert len(bitmap("\u0302")) == 16


def test_a_row_is_magnified() -> None:
    assert magnify(b"\xa0", 2, 1, 0) == bytes((1, 1, 0, 0, 1, 1)) + bytes(10)


def test_rows_break_at_spaces() -> None:
    assert wrap("the quick brown fox", 11, 4) == ["the quick", "brown fox"]


def test_rows_break_anywhere_without_spaces() -> None:
    rows = wrap(CHINESE, 21, 9)
    assert "".join(rows) == CHINESE
    assert {measure(row) for row in rows[:-1]} == {160}


@pytest.mark.parametrize("halves", range(2, 40))
@pytest.mark.parametrize(
    "text", [CHINESE * 3, "the quick brown fox " * 9, "mixed 通义千问 text 😊 " * 5, "x" * 5000]
)
def test_rows_never_exceed_their_width_and_number(text: str, halves: int) -> None:
    rows = wrap(text, halves, 3)
    assert 1 <= len(rows) <= 3
    assert all(measure(row) <= 8 * halves for row in rows)


def test_what_is_cut_off_leaves_an_ellipsis() -> None:
    rows = wrap("word " * 2000, 20, 4)
    assert len(rows) == 4
    assert rows[-1].endswith("…")
    assert not any(row.endswith("…") for row in rows[:-1])
    assert wrap("just fits", 9, 1) == ["just fits"]


@pytest.mark.parametrize(
    ("text", "halves", "rows"), [("", 10, 2), ("   ", 10, 2), ("abc", 1, 2), ("abc", 9, 0), ("abc", -3, 2)]
)
def test_nothing_to_draw_gives_no_rows(text: str, halves: int, rows: int) -> None:
    assert wrap(text, halves, rows) == []
