"""Forms: what is written is what is read, and the command that shows one makes its files."""

from __future__ import annotations

import orjson

from qwen_image_conformance.curl import curl
from qwen_image_conformance.exchange import Exchange, Received, Sent
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.upstream.forms import Part, as_form, parts_of
from qwen_image_conformance.upstream.pictures import distinct

BODY = {"model": "m", "prompt": "a lantern", "n": 2, "watermark": False, "parameters": {"seed": 0}}


def _form(images: object, field: str = "image") -> Probe:
    body = orjson.dumps({**BODY, "image": images})
    return as_form(
        Probe("x", "p", "m", "edit", "edits", "POST", "/v1/images/edits", body, (), 1, Tier.CORE), field
    )


def _parts(probe: Probe) -> list[Part]:
    return parts_of(probe.body, probe.headers["content-type"])


def test_scalars_are_texts_and_objects_are_bracketed() -> None:
    texts = {part.name: part.content for part in _parts(_form(list(distinct(1)))) if not part.filename}
    assert texts == {
        "model": b"m",
        "prompt": b"a lantern",
        "n": b"2",
        "watermark": b"false",
        "parameters[seed]": b"0",
    }


def test_pictures_are_files_in_order() -> None:
    files = [part for part in _parts(_form(list(distinct(3)), "image[]")) if part.filename]
    assert [part.name for part in files] == ["image[]"] * 3
    assert len({part.content for part in files}) == 3
    assert all(part.content.startswith(b"\x89PNG") and part.kind == "image/png" for part in files)


def test_an_address_stays_a_text() -> None:
    (part,) = (part for part in _parts(_form("https://example.com/a.png")) if part.name == "image")
    assert (part.content, part.filename) == (b"https://example.com/a.png", "")


def test_other_bodies_are_no_forms() -> None:
    assert parts_of(b"{}", "application/json") == []


def test_the_command_makes_the_files_it_sends() -> None:
    probe = _form(list(distinct(1)))
    sent = Sent("POST", "http://127.0.0.1:1/v1/images/edits", dict(probe.headers), probe.body)
    text = curl(Exchange("x1", "p", "p", "m", "edit", "edits", sent, Received(200)))
    assert "base64 -d > picture-1.png && curl" in text
    assert "-F 'image=@picture-1.png;type=image/png'" in text
    assert "--form-string watermark=false" in text
    assert "content-type" not in text
