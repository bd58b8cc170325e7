"""The pictures a run bought: which model made them, and small copies to show in a report."""

from __future__ import annotations

import base64
import io
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from qwen_image_conformance.evidence import FILE
from qwen_image_conformance.report.findings import Case, place
from qwen_image_conformance.report.tally import BROKEN

MOST = 24
SIDE = 160
_MOST_PIXELS = 8192 * 8192
_AT_ONCE = 4
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Bought:
    """One delivered picture of the evidence.

    `digest` names its file; width and height are 0 when it was not readable.
    """

    digest: str
    exchange: str
    model: str
    operation: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy as a data URI, at most 160 pixels a side, with what stands below it.

    `clauses` are the broken clauses whose deciding request delivered it.
    """

    uri: str
    width: int
    height: int
    caption: str
    size: str
    clauses: tuple[str, ...] = ()


def bought(images: Path | None) -> list[Bought]:
    """Every picture that the evidence beside an `images` folder tells of; none when there is no evidence."""
    path = images.parent / FILE if images is not None else None
    if path is None or not path.is_file():
        return []
    found = []
    for line in path.read_bytes().split(b"\n"):
        if b'"pictures":[{' in line:
            event = _line(line)
            found += [
                Bought(
                    str(one.get("digest", "")),
                    str(event.get("id", "")),
                    str(event.get("model", "")),
                    str(event.get("operation", "")),
                    int(one.get("width") or 0),
                    int(one.get("height") or 0),
                )
                for one in event.get("pictures", ())
            ]
    return found


def thumbnails(
    images: Path | None, pictures: Sequence[Bought], cases: Sequence[Case], most: int = MOST
) -> list[Thumbnail]:
    """At most `most` small copies: pictures of broken clauses first, then different models and sizes in turn.

    A file that cannot be drawn, or is too large for that, is left out. Without evidence the files of the
    folder are shown with their size alone.
    """
    if images is None or not images.is_dir():
        return []
    broken = _broken(cases)
    if not pictures:
        pictures = [
            Bought(path.name, "", "", "", 0, 0)
            for path in sorted(images.iterdir())
            if set(path.name) <= _DIGITS
        ]
    shown: list[Thumbnail] = []
    candidates = _chosen(pictures, broken)
    with warnings.catch_warnings(), ThreadPoolExecutor(_AT_ONCE) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        while batch := list(islice(candidates, most - len(shown))):
            made = pool.map(lambda one: _thumbnail(images, one, tuple(broken.get(one.exchange, ()))), batch)
            shown += [thumbnail for thumbnail in made if thumbnail is not None]
    return shown


def _line(line: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) and event.get("event") == "exchange" else {}


def _broken(cases: Sequence[Case]) -> Mapping[str, list[str]]:
    """Exchange id -> the broken clauses it decided."""
    found: dict[str, list[str]] = defaultdict(list)
    for case in cases:
        if case["status"] in BROKEN:
            for exchange in str(case.get("exchange", "")).split():
                found[exchange].append(str(case["clause"]))
    return found


def _chosen(pictures: Sequence[Bought], broken: Mapping[str, list[str]]) -> Iterator[Bought]:
    """One for each broken request, then one for each model, operation and size in turn, then the rest."""
    first: dict[tuple[str, ...], Bought] = {}
    for picture in pictures:
        if picture.exchange in broken:
            first.setdefault((picture.model, picture.exchange), picture)
    models: dict[str, dict[tuple[str, int, int, str], Bought]] = defaultdict(dict)
    for picture in pictures:
        alone = "" if picture.model else picture.digest
        models[picture.model].setdefault((picture.operation, picture.width, picture.height, alone), picture)
    turns = chain.from_iterable(zip_longest(*(own.values() for own in models.values())))
    seen: set[str] = set()
    for picture in chain(first.values(), (one for one in turns if one is not None), pictures):
        if picture.digest and picture.digest not in seen:
            seen.add(picture.digest)
            yield picture


def _thumbnail(images: Path, picture: Bought, clauses: tuple[str, ...]) -> Thumbnail | None:
    path = images / picture.digest
    if not set(picture.digest) <= _DIGITS or not path.is_file():
        return None
    try:
        with Image.open(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            size = f"{image.width} x {image.height}"
            image.draft("RGB", (SIDE, SIDE))
            small = image.convert("RGB") if image.mode not in ("RGB", "L") else image
            small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
            out = io.BytesIO()
            small.convert("RGB").save(out, "JPEG", quality=82, optimize=True)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    name = place({"model": picture.model, "operation": picture.operation}) if picture.model else ""
    uri = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")
    return Thumbnail(uri, small.width, small.height, name, size, tuple(dict.fromkeys(clauses)))
