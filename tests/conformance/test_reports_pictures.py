"""The pictures bought, as small copies in the report."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.pictures import MOST, SIDE, bought, thumbnails
from qwen_image_conformance.report.spending import spending
from reports_made import SPEC, case, record


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def keep(
    images: Path, number: int, *, exchange: str, model: str = "m", size: tuple[int, int] = (640, 320)
) -> str:
    """A stored picture and its line of evidence."""
    digest = f"{number:064x}"
    Image.new("RGB", size, (number % 256, 90, 120)).save(images / digest, "PNG")
    line: dict[str, Any] = {
        "event": "exchange",
        "id": exchange,
        "model": model,
        "operation": "generate",
        "pictures": [{"digest": digest, "width": size[0], "height": size[1]}],
    }
    with (images.parent / "evidence.jsonl").open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")
    return digest


def test_copies_are_small_and_say_model_and_size(images: Path) -> None:
    keep(images, 1, exchange="x1", model="first")
    shown = thumbnails(images, bought(images), [])
    assert [(one.caption, one.size) for one in shown] == [("first", "640 x 320")]
    with Image.open(io.BytesIO(base64.b64decode(shown[0].uri.partition(",")[2]))) as image:
        assert image.size == (SIDE, SIDE // 2) == (shown[0].width, shown[0].height)


def test_their_number_is_bounded_and_different_models_come_before_more_of_one(images: Path) -> None:
    for number in range(40):
        keep(images, number, exchange=f"x{number}", model="many", size=(64 + number, 64))
    keep(images, 41, exchange="x41", model="rare")
    shown = thumbnails(images, bought(images), [])
    assert len(shown) == MOST
    assert [one.caption for one in shown[:2]] == ["many", "rare"]


def test_pictures_of_broken_clauses_come_first_and_name_them(images: Path) -> None:
    for number in range(30):
        keep(images, number, exchange=f"x{number}")
    shown = thumbnails(
        images, bought(images), [case("n.count", "fail", exchange="x3 x29"), case("n.type", exchange="x5")]
    )
    assert [one.clauses for one in shown[:3]] == [("n.count",), ("n.count",), ()]


def test_what_cannot_be_drawn_is_left_out(images: Path) -> None:
    keep(images, 1, exchange="x1")
    for number, content in ((2, b"no picture"), (3, b"")):
        (images / keep(images, number, exchange="x2")).write_bytes(content)
    half = images / keep(images, 4, exchange="x4")
    half.write_bytes(half.read_bytes()[:200])
    keep(images, 5, exchange="x5")
    (images / f"{5:064x}").unlink()
    assert len(thumbnails(images, bought(images), [])) == 1


def test_a_digest_is_no_path(images: Path) -> None:
    Image.new("RGB", (8, 8)).save(images.parent / "secret", "PNG")
    line = {"event": "exchange", "id": "x1", "pictures": [{"digest": "../secret"}]}
    (images.parent / "evidence.jsonl").write_bytes(orjson.dumps(line) + b"\n")
    assert thumbnails(images, bought(images), []) == []


def test_without_evidence_the_files_are_shown_with_their_size(images: Path) -> None:
    keep(images, 1, exchange="x1")
    (images.parent / "evidence.jsonl").unlink()
    assert [(one.caption, one.size) for one in thumbnails(images, bought(images), [])] == [("", "640 x 320")]


def test_no_folder_no_pictures() -> None:
    assert bought(None) == []
    assert thumbnails(None, [], []) == []


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_picture_becomes_a_copy(images: Path, mode: str) -> None:
    Image.new(mode, (300, 200)).save(images / ("a" * 64), "TIFF")
    assert len(thumbnails(images, [], [])) == 1


def test_the_page_holds_them(images: Path) -> None:
    keep(images, 1, exchange="x1", model="first")
    keep(images, 2, exchange="x2", model="second")
    html = render(record(case(status="fail", exchange="x2")), SPEC, images=images)
    assert html.count('src="data:image/jpeg;base64,') == 2
    assert 'alt="second, 640 x 320"' in html
    assert html.index('alt="second') < html.index('alt="first')


def test_pictures_are_priced_by_the_list_when_the_run_kept_no_cost(images: Path) -> None:
    (owner, model), price = next(iter(SPEC.prices.items()))
    for number in range(3):
        keep(images, number, exchange=f"x{number}", model=model)
    run = record(case(provider=owner, model=model), provider=owner)
    words = spending(run, SPEC, bought(images)).cost
    assert words == f"{3 * float(price.amount):.2f} {price.currency} at list price"
